package local

import (
	"context"
	"strings"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// loop performs what the machine asks for until the run ends or lets go.
func (r *runner) loop(ctx context.Context) {
	for {
		if r.running() {
			r.pollInbox()
		}
		actions := r.Machine.Next()
		r.dropUnneeded(actions)
		switch {
		case r.running() && ctx.Err() == nil && r.beginAll(ctx, actions):
		case len(r.at) > 0:
			r.changed.Wait()
		case !r.running():
			return
		case ctx.Err() != nil:
			r.out.State = runtime.Interrupted
		case len(actions) == 0:
			r.finish()
		default:
			r.idle(ctx, actions)
		}
	}
}

// beginAll begins what can be begun, and reports whether there was something.
// An action that stands alone is performed at once.
func (r *runner) beginAll(ctx context.Context, actions []machine.Action) (begun bool) {
	for _, a := range actions {
		_, sent := r.Intents[a.Path]
		switch {
		case r.at[a.Path] != nil:
		case !a.Deadline.IsZero() && !r.Clock.Now().Before(a.Deadline) && !a.Stopping:
			r.event(machine.TimedOut, a.Bounds)
			return true
		case a.Stopping && !sent:
			r.drop(a)
			return true
		case !r.startable(a):
		case r.checkSpinning(a):
			return true
		case len(actions) == 1:
			r.carryOut(r.startWorker(ctx, a))
			return true
		default:
			go r.runParallel(r.startWorker(ctx, a))
			begun = true
		}
	}
	return begun
}

// startable reports whether an action can be begun beside what is at work. A
// question, and an await that this process does not wait for, are the last to
// be looked at: the run is parked for them.
func (r *runner) startable(a machine.Action) bool {
	switch a.Kind {
	case machine.Ask:
		return r.Wait && !r.asking && r.Decide != nil
	case machine.Wait:
		return (r.Wait || a.Retry || r.fresh[a.Path]) && !r.busyInside(a.Path)
	}
	return true
}

// busyInside reports whether a step of a poll that was given up has not ended yet: the
// next poll comes to the same paths.
func (r *runner) busyInside(path string) bool {
	for at := range r.at {
		if strings.HasPrefix(at, path+"/") {
			return true
		}
	}
	return false
}

// checkSpinning ends a run that would do the same again, with nothing done, forever.
func (r *runner) checkSpinning(a machine.Action) bool {
	told, idled := r.idled[a.Path]
	if !idled || told != r.told {
		return false
	}
	r.err = types.Errorf(types.Internal, "step %s ran without a result, and would run again", a.Path).
		WithHint("this is a bug: please report it; nothing was lost, and `%s` shows where the run stands", r.Command("runs", r.Header.ID))
	return true
}

func (r *runner) startWorker(ctx context.Context, a machine.Action) *worker {
	w := &worker{action: a, ctx: ctx}
	w.call, w.cut = context.WithCancel(ctx)
	if !a.Deadline.IsZero() && a.Kind == machine.Call {
		w.call, w.cut = context.WithTimeout(ctx, a.Deadline.Sub(r.Clock.Now()))
	}
	r.at[a.Path] = w
	return w
}

func (r *runner) runParallel(w *worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.carryOut(w)
}

// carryOut performs an action. The mutex is held.
func (r *runner) carryOut(w *worker) {
	told := r.told
	r.perform(w)
	w.cut()
	delete(r.at, w.action.Path)
	if delete(r.idled, w.action.Path); r.told == told {
		r.idled[w.action.Path] = told
	}
	r.changed.Broadcast()
}

func (r *runner) perform(w *worker) {
	a := w.action
	fresh := r.fresh[a.Path]
	delete(r.fresh, a.Path)
	switch {
	case a.Kind == machine.Wait:
		r.wait(w, fresh)
	case a.Kind == machine.Ask:
		r.ask(w)
	case a.Effect == string(step.Writes):
		r.write(w)
	default:
		r.do(w)
	}
}

// idle is asked when only time or a person moves the run on, and this process
// does not wait for either: it asks who is there, or parks the run.
func (r *runner) idle(ctx context.Context, actions []machine.Action) {
	for _, a := range actions {
		if a.Kind == machine.Ask {
			if !r.checkSpinning(a) {
				r.carryOut(r.startWorker(ctx, a))
			}
			return
		}
	}
	r.park(actions[0].Path, runtime.ForAwait, "", nil)
}
