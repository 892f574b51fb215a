package machine

import (
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// An await that repeats a step type of a file performs the steps of that file for
// each poll, as a call does. Its stages are body, while a poll is under way, and
// waiting, for the next one:
//
//	begin -> body -> the outputs hold -> over
//	          ^  \-> they do not, or it failed with a code that goes by
//	   Woken  |                |
//	          +--- waiting <---+
//
// What stands inside is forgotten before the next poll. A poll after the first leaves
// no trace unless it is the last one, so a runtime need not write down what happened
// in it: a process that takes the run up stands at the wait before it ([Poll]). For
// that to be true at any time, whatever ends the await from outside, such as a
// time-out around it, gives the poll up at once: all of it only reads.

// calls reports whether a performs the steps of another file.
func (a *activation) calls() bool { return a.node.Call != nil }

// polls reports whether a is an await that repeats a step type of a file.
func (a *activation) polls() bool { return a.node.Kind == program.Await && a.calls() }

// beginAwait asks for the first answer. An await that has had one, and is begun again by
// a retry or a person, continues as if it had just waited.
func (m *Machine) beginAwait(a *activation) {
	switch {
	case !a.polls():
		m.call(a)
	case a.Since.IsZero():
		m.startPoll(a)
	default:
		m.waitForPoll(a, m.now)
	}
}

func (m *Machine) startPoll(a *activation) {
	a.Action = nil
	delete(m.live, a.Path)
	m.resetSteps(a)
	if d, err := types.ParseDuration(a.node.Call.Timeout); err == nil && d > 0 {
		a.Deadline, a.Limit = m.now.Add(d), a.node.Call.Timeout
	}
	m.enterSkill(a)
}

// pollEnded decides what the outputs of a poll, which are a's result, mean.
func (m *Machine) pollEnded(a *activation) {
	output, _ := a.result.(map[string]any)
	m.refuel()
	m.polled(a, Event{At: m.now, Output: output})
}

// pollBroke decides what it means that a poll failed. It does not end the await when it
// goes by, as a time-out of the poll does, or has a code that the await names; a retry
// that names the code comes first.
func (m *Machine) pollBroke(a *activation, f *Failure) {
	if a.Expired {
		a.Stop, a.Expired = nil, false
	}
	if a.Stop != nil || f.Unsettled || !m.goesBy(a, f.Error) {
		m.failedAt(a, f)
		return
	}
	m.pollFailed(a, Event{At: m.now, Error: f.Error})
}

// waitForPoll makes an await that polls wait for its next poll.
func (m *Machine) waitForPoll(a *activation, until time.Time) {
	a.Frames, a.Deadline = nil, time.Time{}
	m.issue(a, waiter(a, until))
}

// waiter is the wait of an await that polls.
func waiter(a *activation, until time.Time) Action {
	return Action{Kind: Wait, At: until, Poll: true, Step: a.node.Call.Uses(), Effect: "read", Input: a.Inputs}
}

// giveUpPoll ends all that is under way inside of a, without an outcome.
func (m *Machine) giveUpPoll(a *activation) {
	for _, f := range a.Frames {
		f.Stop = true
	}
	a.each(func(inner *activation) {
		m.giveUpPoll(inner)
		inner.Stage, inner.Action = ended, nil
		delete(m.live, inner.Path)
	})
	if a.Loop != nil {
		a.Loop.Live = nil
	}
	a.Frames = nil
}

// awaitAround is the outermost await whose poll a stands in, nil without one.
func (a *activation) awaitAround() *activation {
	var out *activation
	for f := a.frame; f != nil; f = f.of.frame {
		if f.of.polls() && f.Part == steps {
			out = f.of
		}
	}
	return out
}

// Poll is a poll, by an await that repeats a step type of a file, after its first one.
type Poll struct{ await *activation }

// PollOf returns the poll that an event at a path belongs to: that of an action in it, of
// its time-out, or the end of the wait before it; false for all else.
func (m *Machine) PollOf(path string) (Poll, bool) {
	a := m.live[path]
	if a == nil {
		a = m.find(m.root, path)
	}
	if a == nil {
		return Poll{}, false
	}
	await := a.awaitAround()
	if await == nil && a.polls() && (a.Stage == body || a.Stage == waiting) {
		await = a
	}
	return Poll{await}, await != nil && !await.Since.IsZero()
}

// Path is that of the await.
func (p Poll) Path() string { return p.await.Path }

// UnderWay reports whether the poll has not ended.
func (p Poll) UnderWay() bool { return p.await.Stage == body }

// WillRepeat reports whether the await waits for the next poll: nothing has changed by this one.
func (p Poll) WillRepeat() bool { return p.await.Stage == waiting }

// AwaitOf returns the await in whose poll the action at a path stands, as the wait that
// it becomes when its condition does not hold; false for an action that stands in none.
// A plan that cannot know what the action returns gives the await itself a result that
// is not known.
func (m *Machine) AwaitOf(path string) (Action, bool) {
	if a := m.live[path]; a != nil {
		if await := a.awaitAround(); await != nil {
			return m.action(await, waiter(await, time.Time{})), true
		}
	}
	return Action{}, false
}

// unknownPoll gives an await whose poll is under way a result that is not known.
func (m *Machine) unknownPoll(e Event) bool {
	for path, inner := range m.live {
		if !strings.HasPrefix(path, e.Path+"/") {
			continue
		}
		if a := inner.awaitAround(); a != nil && a.Path == e.Path {
			m.giveUpPoll(a)
			m.answered(a, e)
			return true
		}
	}
	return false
}
