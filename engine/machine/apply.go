package machine

import (
	"cmp"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Apply folds an event. It returns an error when the event does not belong to
// where the machine stands, which means the journal is of another program.
func (m *Machine) Apply(e Event) error {
	m.settle()
	m.computed = 0
	if err := m.fold(e); err != nil {
		return err
	}
	m.settle()
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
	v := m.live[e.Path]
	if v == nil {
		return m.stray(e, "")
	}
	switch {
	case v.Stage == pausing && (e.Kind == Done || e.Kind == Failed || e.Kind == Unanswered):
		return m.stray(e, ", which waits for its next attempt")
	case e.Kind == Failed:
		f := m.failure(v, e.Error)
		f.Unsettled = e.Unsettled
		m.failedAt(v, f)
	case e.Kind == Done:
		m.answered(v, e)
	case e.Kind == Unanswered && v.Action.Poll && v.Action.Kind == Call:
		m.unanswered(v, e)
	case e.Kind == Woken && v.Action.Kind != Ask:
		m.woken(v)
	case e.Kind == Dropped && v.Stop != nil:
		m.stopped(v)
	default:
		return m.stray(e, ", which does not wait for that")
	}
	return nil
}

// stray is the error of an event that does not belong here.
func (m *Machine) stray(e Event, why string) error {
	return types.Errorf(types.Internal, "event %s at %q%s, but the program stands at %q", e.Kind, e.Path, why, m.Current())
}

func (m *Machine) woken(v *visit) {
	if v.Stage == pausing {
		m.cure(v)
		return
	}
	a := *v.Action
	a.Kind, a.At = Call, time.Time{}
	v.Action = &a
}

// answered gives the node its result.
func (m *Machine) answered(v *visit, e Event) {
	switch {
	case e.Unknown:
		v.result = types.Unknown{After: cmp.Or(e.After, v.node.ID)}
		m.end(v, Finished)
	case v.Action.Poll:
		m.polled(v, e)
	default:
		v.result = map[string]any(e.Output)
		m.end(v, Finished)
	}
}

// timedOut ends the node at a path, whose time is up.
func (m *Machine) timedOut(e Event) error {
	v := m.find(m.root, e.Path)
	if v == nil {
		return m.stray(e, "")
	}
	m.expire(v)
	return nil
}

// find returns the visit at a path that has a time-out.
func (m *Machine) find(v *visit, path string) *visit {
	if v.Path == path && v.bounded() {
		return v
	}
	var out *visit
	v.each(func(inner *visit) {
		if out == nil {
			out = m.find(inner, path)
		}
	})
	return out
}

// resumed takes the time in which nobody was at the run off all time-outs.
func (m *Machine) resumed(e Event) {
	if gap := e.At.Sub(m.now); gap > 0 {
		m.shift(m.root, gap)
		m.now = e.At
	}
}

func (m *Machine) shift(v *visit, gap time.Duration) {
	if !v.Deadline.IsZero() {
		v.Deadline = v.Deadline.Add(gap)
	}
	v.each(func(inner *visit) { m.shift(inner, gap) })
}

// retry takes a failed run up again where it failed. What was cleaned up
// meanwhile is begun anew: a group whose always has run starts at its first
// step.
func (m *Machine) retry(e Event) error {
	if f := m.Failure(); f == nil || f.Path != e.Path {
		return types.Errorf(types.Internal, "retry at %q, where nothing failed", e.Path)
	}
	m.reopen(m.root)
	return nil
}

// reopen makes a visit that failed, or was stopped, go on.
func (m *Machine) reopen(v *visit) {
	v.Stop, v.Fail, v.Cause, v.Expired, v.Deadline = nil, nil, nil, false, time.Time{}
	v.Tries, v.Action, v.Behind = 0, nil, nil
	switch {
	case v.Loop != nil && !v.Began: // its list was refused
		v.Loop, v.Stage = nil, entering
	case v.Loop != nil:
		v.Stage = body
		for _, x := range v.Loop.Live {
			m.reopen(x)
		}
	case len(v.Frames) > 0 && v.Frames[0].Part == steps:
		v.Stage = body
		m.limit(v)
		ahead(v.names.steps, v.node.Rescue)
		for _, f := range v.Frames {
			m.reopenFrame(f)
		}
	default:
		v.Frames, v.Stage, v.Began = nil, entering, false
		m.fresh(v)
	}
}

func (m *Machine) reopenFrame(f *frame) {
	f.Stop = false
	ahead(f.names.steps, f.rest())
	if f.Now != nil && f.Now.Fail != nil {
		m.reopen(f.Now)
	}
}

// Live reports whether the machine waits for an action at path, and whether
// nothing needs it any more.
func (m *Machine) Live(path string) (stopping, live bool) {
	v := m.live[path]
	return v != nil && v.Stop != nil, v != nil
}

// Cleans reports whether stopping the run now would run an always.
func (m *Machine) Cleans() bool { return m.root.cleans() }

func (v *visit) cleans() bool {
	if v.Stage == over || v.Stage == entering {
		return false
	}
	if v.Loop == nil && len(v.node.Always) > 0 {
		return true
	}
	out := false
	v.each(func(inner *visit) { out = out || inner.cleans() })
	return out
}
