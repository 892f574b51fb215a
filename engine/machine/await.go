package machine

import (
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
		m.failed(v, types.Errorf(types.Timeout, "%s did not come true within %s", v.node.Until, v.node.Timeout))
	default:
		every, _ := types.ParseDuration(v.node.Every)
		a := *v.Action
		a.Kind, a.At = Wait, e.At.Add(every)
		v.Action = &a
		m.note(v, Note{Kind: StillWaiting})
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
	limit, err := types.ParseDuration(v.node.Timeout)
	return err == nil && limit > 0 && !now.Before(v.Since.Add(limit))
}

// StillWaits reports whether an await's answer at path would leave it waiting,
// as one before it did: such an answer need not be written down.
func (m *Machine) StillWaits(e Event) bool {
	v := m.live[e.Path]
	if v == nil || v.node.Kind != program.Await || v.Since.IsZero() || v.Stop != nil {
		return false
	}
	verdict, err := m.judge(v, e.Output)
	return err == nil && verdict == keepWaiting && !v.expired(e.At)
}

// awaitFailure is the error of an await whose fail_if came true.
func (m *Machine) awaitFailure(v *visit, seen map[string]any) *types.Error {
	n := v.node
	if n.Message == "" {
		return types.Errorf(types.Conflict, "what %s waits for cannot happen any more: %s", n.ID, n.FailIf)
	}
	err := m.message(v, n.Message, seen)
	if n.Code == "" && err.Code == types.BadInput {
		err.Code = types.Conflict
	}
	return err
}
