package local

import (
	"context"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (r *runner) step(name string) (step.Step, error) {
	s, ok := r.Catalogue.Lookup(name)
	if !ok {
		return s, types.Errorf(types.Internal, "this skillrun has no step %s", name)
	}
	return s, nil
}

// call performs a step; a panic in it becomes an error.
func (r *runner) call(ctx context.Context, s step.Step, rec journal.Record, hard bool) (out []byte, err error) {
	defer runtime.Recovered(s.Name, &err)
	c := r.callOf(s, rec)
	r.afterUnknown(&c, hard)
	defer r.unlock()()
	return s.Do(step.WithCall(ctx, c), rec.Input)
}

// afterUnknown says in a call that a request before it has an unknown outcome.
func (r *runner) afterUnknown(c *step.Call, hard bool) {
	if c.AfterUnknown = hard; hard {
		c.UnknownFor = r.Clock.Now().Sub(r.Announced[c.Path])
	}
}

// callOf is the call of the action that a record is of.
func (r *runner) callOf(s step.Step, rec journal.Record) step.Call {
	path := rec.Path
	return step.Call{
		Run: r.Header.ID, Path: path, Key: r.key(rec), Digest: s.Digest(rec.Input),
		StartedAt: r.Header.StartedAt, Workspaces: r.Workspaces, Programs: r.Programs, Sleep: r.Clock.Sleep,
		Made: madeIn(r.Effects), Results: resultsIn(r.Effects),
		Secrets: r.vault,
		Tell: func(text string) {
			r.emit(runtime.Event{Type: runtime.EventNotice, ID: path, Path: path, Step: s.Name, Text: text})
		},
	}
}

// again performs a read of the run again, for the secrets that it made in an earlier
// process. What else it says is in the journal.
func (r *runner) again(ctx context.Context, path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.Secrets[path]
	if !ok {
		return types.Errorf(types.Internal, "the journal has no step %s", path)
	}
	s, err := r.step(rec.Step)
	if err == nil {
		_, err = r.call(ctx, s, rec, false)
	}
	return err
}

func (r *runner) key(rec journal.Record) step.Key {
	return step.KeyOf(r.work(), rec.Path, rec.Identity)
}

// work is the part of a key that all effects of a piece of work share.
func (r *runner) work() string { return r.Header.Work }
