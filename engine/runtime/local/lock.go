package local

import (
	"context"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/types"
)

// begin takes the lock of a run that begins, before its first read: what it
// checks then holds until it is written. A run that only waits needs none.
func (r *runner) begin(ctx context.Context) {
	if r.exclusive || !r.anew || !r.running() {
		return
	}
	if actions := r.Machine.Next(); len(actions) > 0 {
		r.lockGroup(&worker{ctx: ctx, call: ctx, action: machine.Action{Path: actions[0].Path}})
	}
}

func (r *runner) lockGroup(w *worker) bool {
	for told := false; !r.exclusive && r.running() && !w.idle; told = true {
		other, err := r.lock(w.call)
		switch {
		case w.call.Err() != nil:
			return false
		case err != nil:
			r.failEarly(&machine.Failure{Error: types.AsError(err)})
			return false
		case other == nil:
			if r.exclusive = true; told {
				r.emit(runtime.Event{Type: runtime.EventNotice, ID: w.action.Node, Path: w.action.Path, Text: "the other run has ended"})
			}
		case !r.Wait:
			r.park(w.action.Path, runtime.ForLock, "", other)
		default:
			if !told {
				r.emit(runtime.Event{Type: runtime.EventNotice, ID: w.action.Node, Path: w.action.Path, Text: "waits: " + other.Error() + "; checks again every " + pause.String()})
			}
			r.waitUntil(w, r.Clock.Now().Add(pause))
		}
	}
	return r.exclusive
}

func (r *runner) lock(ctx context.Context) (*types.Error, error) {
	defer r.unlock()()
	return r.Exclusive(ctx)
}
