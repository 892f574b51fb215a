package local

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// crew is the workers of a run. All of it is guarded by the baton.
type crew struct {
	baton   *sync.Mutex
	changed *sync.Cond
	at      map[string]*worker // by path
	asking  bool               // one question at a time
	told    int                // how many events the machine was told
	idled   map[string]int     // by path: what told was when an action ended without an event
}

func newCrew() crew {
	baton := new(sync.Mutex)
	return crew{baton: baton, changed: sync.NewCond(baton), at: map[string]*worker{}, idled: map[string]int{}}
}

// worker performs one action.
type worker struct {
	action machine.Action
	ctx    context.Context // of the process
	call   context.Context // of what is performed: it ends early when nothing needs it, or at its deadline
	cut    context.CancelFunc
	idle   bool // nothing needs it any more
	asks   bool // it waits for a person or a lock, and has begun nothing
}

// free hands the baton on while something takes time, and returns what takes it
// back.
func (r *runner) free() func() {
	r.baton.Unlock()
	return r.baton.Lock
}

// going reports whether the run goes on in this process.
func (r *runner) going() bool { return r.err == nil && r.out.State == "" }

// loop performs what the machine asks for until the run ends or lets go. What
// is in flight then comes to its end.
func (r *runner) loop(ctx context.Context) {
	for {
		if r.going() {
			r.heed()
		}
		actions := r.Machine.Next()
		r.trim(actions)
		switch {
		case r.going() && ctx.Err() == nil && r.beginAll(ctx, actions):
		case len(r.at) > 0:
			r.changed.Wait()
		case !r.going():
			return
		case ctx.Err() != nil:
			r.out.State = runtime.Interrupted
		case len(actions) == 0:
			r.finish()
		default:
			r.rest(ctx, actions)
		}
	}
}

// trim lets workers go whose action nothing needs any more. A request that may
// change something is not taken back: it comes to its end.
func (r *runner) trim(actions []machine.Action) {
	needed := map[string]machine.Action{}
	for _, a := range actions {
		needed[a.Path] = a
	}
	for path, w := range r.at {
		a, there := needed[path]
		w.idle = !there || a.Stopping
		if w.idle && (w.asks || w.action.Effect != string(step.Writes)) || !r.going() && w.action.Kind != machine.Call {
			w.cut()
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
		case r.spins(a):
			return true
		case len(actions) == 1:
			r.carryOut(r.hire(ctx, a))
			return true
		default:
			go r.side(r.hire(ctx, a))
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
		return r.Wait || a.Retry || r.fresh[a.Path]
	}
	return true
}

// spins ends the run when an action would be begun again and nothing has
// happened since it was begun last: it would be for ever.
func (r *runner) spins(a machine.Action) bool {
	told, idled := r.idled[a.Path]
	if !idled || told != r.told {
		return false
	}
	r.err = types.Errorf(types.Internal, "step %s was performed and nothing came of it, and it would be performed again", a.Path).
		WithHint("this is a bug: please report it; nothing was lost, and `%s` shows where the run stands", r.Command("runs", r.Header.ID))
	return true
}

// hire makes a worker for an action.
func (r *runner) hire(ctx context.Context, a machine.Action) *worker {
	w := &worker{action: a, ctx: ctx}
	w.call, w.cut = context.WithCancel(ctx)
	if !a.Deadline.IsZero() && a.Kind == machine.Call {
		w.call, w.cut = context.WithTimeout(ctx, a.Deadline.Sub(r.Clock.Now()))
	}
	r.at[a.Path] = w
	return w
}

// side performs an action beside others.
func (r *runner) side(w *worker) {
	r.baton.Lock()
	defer r.baton.Unlock()
	r.carryOut(w)
}

// carryOut performs an action. The baton is held.
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

// rest is asked when only time or a person moves the run on, and this process
// does not wait for either: it asks who is there, or parks the run.
func (r *runner) rest(ctx context.Context, actions []machine.Action) {
	for _, a := range actions {
		if a.Kind == machine.Ask {
			if !r.spins(a) {
				r.carryOut(r.hire(ctx, a))
			}
			return
		}
	}
	r.park(actions[0].Path, runtime.ForAwait, "", nil)
}

// wait lets time pass. A process that takes the run up asks at once instead.
func (r *runner) wait(w *worker, fresh bool) {
	a := w.action
	if !fresh || a.Retry {
		until := a.At
		if !a.Deadline.IsZero() && a.Deadline.Before(until) {
			until = a.Deadline
		}
		if !r.linger(w, until) || r.late(w) {
			return
		}
	}
	_, live := r.Machine.Live(a.Path)
	switch {
	case !live:
	case a.Retry:
		r.event(machine.Woken, a.Path)
	case r.err == nil:
		r.err = r.tell(machine.Event{Kind: machine.Woken, Path: a.Path, At: r.Clock.Now().UTC()})
	}
}

// overdue reports whether the time of what bounds an action is up.
func (r *runner) overdue(w *worker) bool {
	at := w.action.Deadline
	return !at.IsZero() && !w.idle && (!r.Clock.Now().Before(at) || errors.Is(w.call.Err(), context.DeadlineExceeded))
}

// late ends what bounds an action when its time is up, and reports whether it
// is.
func (r *runner) late(w *worker) bool {
	if !r.overdue(w) {
		return false
	}
	a := w.action
	r.event(machine.TimedOut, a.Bounds)
	if a.Bounds != a.Path && a.Kind == machine.Call {
		r.drop(a)
	}
	return true
}

// drop tells that an action was not begun, or given up without an effect.
func (r *runner) drop(a machine.Action) { r.event(machine.Dropped, a.Path) }

// alone does something of which there is one at a time, such as asking a person.
func (r *runner) alone(do func()) {
	for r.asking {
		r.changed.Wait()
	}
	r.asking = true
	do()
	r.asking = false
	r.changed.Broadcast()
}

// forGood reports whether the run does not go on after it was told to stop.
func forGood(x *runtime.Ending) bool { return x.State != runtime.Interrupted }

// endBy ends the run for good, as soon as it has cleaned up after itself and knows
// what it has written.
func (r *runner) endBy(x runtime.Ending) {
	r.Ending, r.endedHere = &x, true
	if !r.Stops() || !r.Consented { // nobody agreed to a write, so nothing is there to clean up
		r.end(x)
		return
	}
	why := types.Errorf(types.Cancelled, "the run was %s", x.State)
	if x.By != "" {
		why.Message += " by " + x.By
	}
	rec := journal.Record{Kind: journal.Event, State: string(x.State), By: x.By, Reason: x.Words}
	r.err = r.apply(rec, machine.Event{Kind: machine.Stopped, Error: why}, true)
}

// listen heeds [Options.Interrupt], and what others ask of the run while what
// is in flight takes its time. What it returns ends that.
func (r *runner) listen(ctx context.Context, cut context.CancelFunc) func() {
	done := make(chan struct{})
	var look <-chan time.Time
	stop := func() {}
	if r.Inbox != nil {
		t := time.NewTicker(pause)
		look, stop = t.C, t.Stop
	}
	interrupt := r.Interrupt
	go func() {
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-interrupt:
				interrupt = nil
				r.locked(func() { r.interrupt(cut) })
			case <-look:
				r.locked(func() { r.overhear() })
			}
		}
	}()
	return func() { stop(); close(done) }
}

// locked does something with the baton.
func (r *runner) locked(do func()) {
	r.baton.Lock()
	defer r.baton.Unlock()
	do()
}

// overhear looks at the inbox.
func (r *runner) overhear() {
	if !r.going() || r.replaying {
		return
	}
	r.heed()
	r.trim(r.Machine.Next())
	r.changed.Broadcast()
}

// interrupt stops the run as a person at the terminal wants it.
func (r *runner) interrupt(cut context.CancelFunc) {
	defer r.changed.Broadcast()
	switch {
	case !r.going():
		return
	case r.Ending != nil || !r.Machine.Cleans() || !r.Consented:
		cut()
		return
	}
	r.Ending, r.endedHere = &runtime.Ending{State: runtime.Interrupted, By: r.User}, true
	rec := journal.Record{Kind: journal.Event, State: string(runtime.Interrupted), By: r.User}
	r.err = r.apply(rec, machine.Event{Kind: machine.Stopped, Error: types.Errorf(types.Cancelled, "the run was interrupted")}, true)
	r.trim(r.Machine.Next())
	r.emit(runtime.Event{Type: "notice", Text: "stopping: what is in flight comes to its end, and the steps that clean up are run; a second signal stops at once"})
}

// pause is how often a waiting process looks at the inbox and at locks.
const pause = 2 * time.Second

// linger lets time pass while it looks at the inbox. It is false when the run
// ended meanwhile, when nothing needs the action any more, or when the process
// is to stop.
func (r *runner) linger(w *worker, until time.Time) bool {
	for {
		left := until.Sub(r.Clock.Now())
		if left <= 0 {
			return true
		}
		if r.Inbox != nil {
			left = min(left, pause)
		}
		if r.sleep(w, left) != nil || w.idle {
			return false
		}
		if r.heed(); !r.going() {
			return false
		}
	}
}

func (r *runner) sleep(w *worker, d time.Duration) error {
	ctx := w.call
	if w.action.Effect == string(step.Writes) {
		ctx = w.ctx
	}
	defer r.free()()
	return r.Clock.Sleep(ctx, d)
}
