package local

import (
	"context"
	"os"

	"github.com/skillrun/skillrun/engine/types"
)

// rebuild makes the workspace of a run that another process began, by
// repeating its local steps with their recorded arguments.
func (r *runner) rebuild(ctx context.Context) error {
	if r.rebuilt {
		return nil
	}
	r.rebuilt = true
	if r.Workspaces == "" {
		return nil
	}
	if err := os.RemoveAll(r.Workspaces); err != nil {
		return types.Errorf(types.Internal, "workspace: %w", err)
	}
	if err := os.MkdirAll(r.Workspaces, 0o700); err != nil {
		return types.Errorf(types.Internal, "workspace: %w", err)
	}
	for _, rec := range r.locals {
		s, err := r.step(rec.Step)
		if err == nil {
			_, err = r.call(ctx, s, rec)
		}
		if err != nil {
			e := *types.AsError(err)
			e.Message = "rebuilding the workspace, at " + rec.Path + ": " + e.Message
			return &e
		}
	}
	return nil
}
