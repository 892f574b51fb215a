package machine

import (
	"cmp"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// Apply folds an event. It returns an error when the event does not belong to
// where the machine stands, which means the journal is of another program.
func (m *Machine) Apply(e Event) error {
	m.advanceAll()
	m.computed = 0
	if err := m.fold(e); err != nil {
		return err
	}
	m.advanceAll()
	return nil
}

func (m *Machine) fold(e Event) error {
	if e.Kind == Resumed {
		m.resumed(e)
		return nil
	}
	if e.At.After(m.now) {
		m.now = e.At
	}
	switch e.Kind {
	case Stopped:
		m.stop(m.root, e.Error)
		return nil
	case Retried:
		return m.retry(e)
	case TimedOut:
		return m.timedOut(e)
	}
	a := m.live[e.Path]
	if a == nil && e.Unknown && m.unknownPoll(e) {
		return nil
	}
	if a == nil {
		return m.unexpectedEvent(e, "")
	}
	switch {
	case a.Stage == pausing && (e.Kind == Done || e.Kind == Failed || e.Kind == Unanswered):
		return m.unexpectedEvent(e, ", which waits for its next attempt")
	case e.Kind == Failed:
		f := m.failure(a, e.Error)
		f.Unsettled = e.Unsettled
		m.failedAt(a, f)
	case e.Kind == Done:
		m.answered(a, e)
	case e.Kind == Unanswered && a.node.Kind == program.Await && a.Action.Kind == Call:
		m.pollFailed(a, e)
	case e.Kind == Woken && a.Action.Kind != Ask:
		m.delayEnded(a)
	case e.Kind == Dropped && a.Stop != nil:
		m.stopped(a)
	default:
		return m.unexpectedEvent(e, ", which does not wait for that")
	}
	return nil
}

func (m *Machine) unexpectedEvent(e Event, why string) error {
	return types.Errorf(types.Internal, "event %s at %q%s, but the program stands at %q", e.Kind, e.Path, why, m.Current())
}

func (m *Machine) delayEnded(a *activation) {
	if a.Stage == pausing {
		m.startRemedy(a)
		return
	}
	if a.polls() {
		m.startPoll(a)
		return
	}
	action := *a.Action
	action.Kind, action.At = Call, time.Time{}
	a.Action = &action
}

func (m *Machine) answered(a *activation, e Event) {
	switch {
	case e.Unknown:
		a.result = types.Unknown{After: cmp.Or(e.After, a.node.ID)}
		m.end(a, Finished)
	case a.node.Kind == program.Await:
		m.polled(a, e)
	default:
		a.result = map[string]any(e.Output)
		m.end(a, Finished)
	}
}

func (m *Machine) timedOut(e Event) error {
	a := m.find(m.root, e.Path)
	if a == nil {
		return m.unexpectedEvent(e, "")
	}
	m.expire(a)
	return nil
}

// find returns the activation at a path that has a time-out.
func (m *Machine) find(a *activation, path string) *activation {
	if a.Path == path && a.timeoutApplies() {
		return a
	}
	var out *activation
	a.each(func(inner *activation) {
		if out == nil {
			out = m.find(inner, path)
		}
	})
	return out
}

// resumed takes the time in which no one was at the run off all time-outs.
func (m *Machine) resumed(e Event) {
	if gap := e.At.Sub(m.now); gap > 0 {
		m.extendDeadlines(m.root, gap)
		m.now = e.At
	}
}

func (m *Machine) extendDeadlines(a *activation, gap time.Duration) {
	if !a.Deadline.IsZero() {
		a.Deadline = a.Deadline.Add(gap)
	}
	a.each(func(inner *activation) { m.extendDeadlines(inner, gap) })
}

// retry takes a failed run up again where it failed. What was cleaned up
// meanwhile is begun again: a group whose always has run starts at its first
// step.
func (m *Machine) retry(e Event) error {
	if f := m.Failure(); f == nil || f.Path != e.Path {
		return types.Errorf(types.Internal, "retry at %q, where nothing failed", e.Path)
	}
	m.reopen(m.root)
	return nil
}

// reopen makes an activation that failed, or was stopped, continue.
func (m *Machine) reopen(a *activation) {
	a.Stop, a.Fail, a.Cause, a.Expired, a.Deadline = nil, nil, nil, false, time.Time{}
	a.Tries, a.Action, a.Unreached = 0, nil, nil
	switch {
	case a.Loop != nil && !a.Began: // its list was refused
		a.Loop, a.Stage = nil, entering
	case a.Loop != nil:
		a.Stage = body
		for _, x := range a.Loop.Live {
			m.reopen(x)
		}
	case len(a.Frames) > 0 && a.Frames[0].Part == steps && (!a.polls() || a.Since.IsZero()):
		a.Stage = body
		m.startTimeout(a)
		markPending(a.names.steps, a.node.Rescue)
		for _, f := range a.Frames {
			m.reopenFrame(f)
		}
	default:
		a.Frames, a.Stage, a.Began = nil, entering, false
		m.resetSteps(a)
	}
}

func (m *Machine) reopenFrame(f *frame) {
	f.Stop = false
	markPending(f.names.steps, f.unreached())
	if f.Now != nil && f.Now.Fail != nil {
		m.reopen(f.Now)
	}
}

// Live reports whether the machine waits for an action at path, and whether
// nothing needs it any more.
func (m *Machine) Live(path string) (stopping, live bool) {
	a := m.live[path]
	return a != nil && a.Stop != nil, a != nil
}

// HasCleanup reports whether stopping the run now would run an always.
func (m *Machine) HasCleanup() bool { return m.root.hasCleanup() }

func (a *activation) hasCleanup() bool {
	if a.Stage == ended || a.Stage == entering {
		return false
	}
	if a.Loop == nil && len(a.node.Always) > 0 {
		return true
	}
	out := false
	a.each(func(inner *activation) { out = out || inner.hasCleanup() })
	return out
}
