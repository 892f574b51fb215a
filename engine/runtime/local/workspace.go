package local

import (
	"context"
	"os"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// cleanWorkspaces removes what an earlier process left in the run's folder, which may be
// anything. It comes before the first worker: what stands there later belongs to
// one of this process.
func (r *runner) cleanWorkspaces(ctx context.Context) {
	if r.Workspaces == "" {
		return
	}
	r.waitForOrphans(ctx)
	if err := os.RemoveAll(r.Workspaces); err != nil {
		r.stale = types.Errorf(types.Internal, "workspace: %w", err).WithHint("remove the folder %s, and resume the run", r.Workspaces)
	}
}

// ready makes the workspaces of a step that changes or works in one.
func (r *runner) ready(ctx context.Context, s step.Step, in types.Values) error {
	if s.Effect != step.Locals && len(s.Workspaces(in)) == 0 {
		return nil
	}
	return r.rebuild(ctx)
}

// rebuild makes the workspaces of a run that another process began, by repeating
// its local steps with their recorded arguments, and putting back what its
// programs left there. Whoever needs them meanwhile waits; after a failure the
// next one tries again.
func (r *runner) rebuild(ctx context.Context) error {
	for r.rebuilds {
		r.changed.Wait()
	}
	if r.rebuilt {
		return nil
	}
	r.rebuilds = true
	err := r.repeat(ctx)
	r.rebuilds, r.rebuilt = false, err == nil
	r.changed.Broadcast()
	return err
}

func (r *runner) repeat(ctx context.Context) error {
	if r.Workspaces == "" || r.stale != nil {
		return r.stale
	}
	if err := os.MkdirAll(r.Workspaces, 0o700); err != nil {
		return types.Errorf(types.Internal, "workspace: %w", err)
	}
	for _, rec := range r.Locals {
		s, err := r.step(rec.Step)
		if err == nil {
			err = r.redo(ctx, s, rec)
		}
		if err != nil {
			return types.At("rebuilding the workspace, at "+rec.Path, err)
		}
	}
	return nil
}

// redo does to a workspace what a recorded step did.
func (r *runner) redo(ctx context.Context, s step.Step, rec journal.Record) (err error) {
	if s.Effect == step.Locals {
		_, err = r.call(ctx, s, rec, false)
		return err
	}
	defer runtime.Recovered(s.Name, &err)
	return s.Restore(step.WithCall(ctx, r.callOf(s, rec)), rec.Input, runtime.RestoreInput(rec))
}
