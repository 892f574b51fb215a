package machine

import (
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// polled decides what an await's answer means.
func (m *Machine) polled(v *visit, e Event) {
	if v.Since.IsZero() {
		v.Since = e.At
	}
	verdict, err := m.judge(v, e.Output)
	switch {
	case err != nil:
		m.failed(v, err)
	case verdict == satisfied:
		v.result = map[string]any(e.Output)
		m.end(v, Finished)
	case v.Stop != nil:
		m.stopped(v)
	case v.expired(e.At):
		m.failed(v, v.ranOut())
	default:
		m.waitOn(v, e.At, nil)
	}
}

func (v *visit) ranOut() *types.Error {
	return types.Errorf(types.Timeout, "%s was not true within %s", v.node.Until, v.node.Timeout)
}

// waitOn makes an await wait for its next poll; why is what kept the last one from
// an answer. It comes no later than the end of the await's time.
func (m *Machine) waitOn(v *visit, now time.Time, why *types.Error) {
	every, _ := types.ParseDuration(v.node.Every)
	if why != nil {
		every = noSooner(every, why)
	}
	a := *v.Action
	a.Kind, a.At = Wait, now.Add(every)
	if end, ends := v.ends(); why != nil && ends && end.Before(a.At) {
		a.At = end
	}
	v.Action = &a
	m.note(v, Note{Kind: StillWaiting, Error: why, Next: a.At})
}

// FailureAt is the event of an action at path that failed, and surely without
// effect. An await goes on over what goes by, until its own time is up; a retry
// that names the code comes first.
func (m *Machine) FailureAt(path string, err *types.Error) Event {
	e := Event{Kind: Failed, Path: path, Error: err}
	v := m.live[path]
	if v == nil || v.node.Kind != program.Await || v.Stop != nil || !err.Code.Transient() {
		return e
	}
	if r := v.node.Retry; r == nil || !slices.Contains(r.On, err.Code) || !m.again(v, m.failure(v, err)) {
		e.Kind = Unanswered
	}
	return e
}

// unanswered lets an await go on that got no answer.
func (m *Machine) unanswered(v *visit, e Event) {
	if v.Since.IsZero() {
		v.Since = e.At
	}
	switch {
	case v.Stop != nil:
		m.stopped(v)
	case v.expired(e.At):
		err := v.ranOut().WithHint("%s", e.Error.Hint).With("cause", e.Error.Message)
		m.failed(v, err)
	default:
		m.waitOn(v, e.At, e.Error)
	}
}

type verdict int

const (
	satisfied verdict = iota
	keepWaiting
)

// judge holds an answer against fail_if and until. What a plan cannot know
// counts as satisfied.
func (m *Machine) judge(v *visit, output types.Values) (verdict, *types.Error) {
	seen := map[string]any{"result": map[string]any(output)}
	if v.node.FailIf != "" {
		bad, undecided, err := m.condition(v.names, v.node.FailIf, seen)
		if err != nil {
			return 0, err
		}
		if bad && !undecided {
			return 0, m.awaitFailure(v, seen)
		}
	}
	done, undecided, err := m.condition(v.names, v.node.Until, seen)
	if err != nil || done || undecided {
		return satisfied, err
	}
	return keepWaiting, nil
}

// expired reports whether an await's own time is over.
func (v *visit) expired(now time.Time) bool {
	end, ends := v.ends()
	return ends && !now.Before(end)
}

// ends is when an await's own time is over, if it ends at all.
func (v *visit) ends() (at time.Time, ends bool) {
	limit, err := types.ParseDuration(v.node.Timeout)
	return v.Since.Add(limit), err == nil && limit > 0
}

// StillWaits reports whether an await's answer at path would leave it waiting,
// as one before it did: such an answer need not be written down.
func (m *Machine) StillWaits(e Event) bool {
	v := m.live[e.Path]
	if v == nil || v.node.Kind != program.Await || v.Since.IsZero() || v.Stop != nil {
		return false
	}
	if v.expired(e.At) {
		return false
	}
	if e.Kind == Unanswered {
		return true
	}
	verdict, err := m.judge(v, e.Output)
	return err == nil && verdict == keepWaiting
}

// awaitFailure is the error of an await whose fail_if came true.
func (m *Machine) awaitFailure(v *visit, seen map[string]any) *types.Error {
	n := v.node
	if n.Message == "" {
		return types.Errorf(types.Conflict, "%s failed, because its fail_if is true: %s", n.ID, n.FailIf)
	}
	err := m.message(v, n.Message, seen)
	if n.Code == "" && err.Code == types.BadInput {
		err.Code = types.Conflict
	}
	return err
}
