package machine

import (
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// polled decides what an await's answer means.
func (m *Machine) polled(a *activation, e Event) {
	if a.Since.IsZero() {
		a.Since = e.At
	}
	holds, err := m.checkAnswer(a, e.Output)
	switch {
	case err != nil:
		m.failed(a, err)
	case holds:
		a.result = map[string]any(e.Output)
		m.end(a, Finished)
	case a.Stop != nil:
		m.stopped(a)
	case a.expired(e.At):
		m.failed(a, a.timeoutError())
	default:
		m.pollAgain(a, e.At, nil)
	}
}

func (a *activation) timeoutError() *types.Error {
	return types.Errorf(types.Timeout, "%s was not true within %s", a.node.Until, a.node.Timeout)
}

// pollAgain makes an await wait for its next poll; why is what kept the last one from
// an answer. It comes no later than the end of the await's time.
func (m *Machine) pollAgain(a *activation, now time.Time, why *types.Error) {
	every, _ := types.ParseDuration(a.node.Every)
	if why != nil {
		every = atLeastRetryAfter(every, why)
	}
	at := now.Add(every)
	if end, ends := a.pollDeadline(); why != nil && ends && end.Before(at) {
		at = end
	}
	if a.polls() {
		m.waitForPoll(a, at)
	} else {
		action := *a.Action
		action.Kind, action.At = Wait, at
		a.Action = &action
	}
	m.note(a, Note{Kind: StillWaiting, Error: why, Next: at})
}

// FailureAt is the event of an action at path that failed, and surely without
// effect. An await continues past what goes by, and past the codes that it names, until
// its own time is up; a retry that names the code comes first.
func (m *Machine) FailureAt(path string, err *types.Error) Event {
	e := Event{Kind: Failed, Path: path, Error: err}
	a := m.live[path]
	if a != nil && a.node.Kind == program.Await && a.Stop == nil && m.goesBy(a, err) {
		e.Kind = Unanswered
	}
	return e
}

// goesBy reports whether an await continues past a failure of its read.
func (m *Machine) goesBy(a *activation, err *types.Error) bool {
	if !err.Code.Transient() && !slices.Contains(a.node.On, err.Code) {
		return false
	}
	r := a.node.Retry
	return r == nil || !slices.Contains(r.On, err.Code) || !m.retries(a, m.failure(a, err))
}

// pollFailed lets an await continue that got no answer.
func (m *Machine) pollFailed(a *activation, e Event) {
	if a.Since.IsZero() {
		a.Since = e.At
	}
	switch {
	case a.Stop != nil:
		m.stopped(a)
	case a.expired(e.At):
		err := a.timeoutError().WithHint("%s", e.Error.Hint).With("cause", e.Error.Message)
		m.failed(a, err)
	default:
		m.pollAgain(a, e.At, e.Error)
	}
}

// checkAnswer reports whether until holds of an answer, and fails with what fail_if
// says. What a plan cannot know holds.
func (m *Machine) checkAnswer(a *activation, output types.Values) (bool, *types.Error) {
	seen := map[string]any{"result": map[string]any(output)}
	if a.node.FailIf != "" {
		bad, undecided, err := m.condition(a, a.node.FailIf, seen)
		if err != nil {
			return false, err
		}
		if bad && !undecided {
			return false, m.awaitFailure(a, seen)
		}
	}
	holds, undecided, err := m.condition(a, a.node.Until, seen)
	return holds || undecided, err
}

func (a *activation) expired(now time.Time) bool {
	end, ends := a.pollDeadline()
	return ends && !now.Before(end)
}

// pollDeadline is when an await's own time is over, if it ends at all.
func (a *activation) pollDeadline() (at time.Time, ends bool) {
	limit, err := types.ParseDuration(a.node.Timeout)
	return a.Since.Add(limit), err == nil && limit > 0
}

// StillWaits reports whether an await's answer at path would leave it waiting,
// as one before it did: such an answer need not be written down.
func (m *Machine) StillWaits(e Event) bool {
	a := m.live[e.Path]
	if a == nil || a.node.Kind != program.Await || a.Since.IsZero() || a.Stop != nil || a.expired(e.At) {
		return false
	}
	if e.Kind == Unanswered {
		return true
	}
	holds, err := m.checkAnswer(a, e.Output)
	return err == nil && !holds
}

func (m *Machine) awaitFailure(a *activation, seen map[string]any) *types.Error {
	n := a.node
	if n.Message == "" {
		return types.Errorf(types.Conflict, "%s failed, because its fail_if is true: %s", n.ID, n.FailIf)
	}
	err := m.message(a, n.Message, seen)
	if n.Code == "" && err.Code == types.BadInput {
		err.Code = types.Conflict
	}
	return err
}
