package machine

import (
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// Next moves the machine as far as it goes by itself and returns what the
// outside must do. It returns nothing when the run has ended or failed.
// Asking twice without an Apply between returns the same actions.
func (m *Machine) Next() []Action {
	m.advance(m.root)
	if m.fail != nil || m.root.Wait == nil {
		return nil
	}
	return []Action{m.root.Wait.Action}
}

// advance walks f until a node needs the outside, the sequence ends, or the
// run fails.
func (m *Machine) advance(f *frame) {
	for m.fail == nil && f.Wait == nil && f.At < len(m.prog.Steps) {
		n := &m.prog.Steps[f.At]
		run, undecided, err := m.condition(n.If)
		switch {
		case err != nil:
			m.failAt(f, n, err)
		case !run:
			m.finish(f, n, nil, Skipped)
		default:
			m.enter(f, n, undecided)
		}
	}
}

// enter runs a node whose condition holds.
func (m *Machine) enter(f *frame, n *program.Node, undecided bool) {
	switch n.Kind {
	case program.Uses, program.Await:
		m.call(f, n, undecided)
	case program.Approve:
		m.ask(f, n, undecided)
	case program.Set:
		values := make(map[string]any, len(n.Values))
		for _, b := range n.Values {
			v, err := m.value(b.Value.V, nil)
			if err != nil {
				m.failAt(f, n, err)
				return
			}
			values[b.Name] = v
		}
		m.finish(f, n, values, Set)
	case program.Assert:
		m.assert(f, n)
	case program.Fail:
		if undecided {
			m.finish(f, n, nil, Undecided)
			return
		}
		m.failAt(f, n, m.message(n, n.Message, nil))
	}
}

func (m *Machine) assert(f *frame, n *program.Node) {
	holds, undecided, err := m.condition(n.Cond)
	switch {
	case err != nil:
		m.failAt(f, n, err)
	case undecided:
		m.finish(f, n, map[string]any{}, Undecided)
	case !holds:
		m.failAt(f, n, m.message(n, n.Message, nil))
	default:
		m.finish(f, n, map[string]any{}, Asserted)
	}
}

// message makes the error of an assert or a fail.
func (m *Machine) message(n *program.Node, text string, extra map[string]any) *types.Error {
	v, err := m.text(text, extra)
	if err != nil {
		return err
	}
	code := n.Code
	if code == "" {
		code = types.BadInput
	}
	s, _ := v.(string)
	return types.Errorf(code, "%s", s)
}

// call makes the action of a node that performs a step.
func (m *Machine) call(f *frame, n *program.Node, undecided bool) {
	input := make(map[string]any, len(n.With))
	for _, name := range types.SortedKeys(n.With) {
		v, err := m.value(n.With[name], nil)
		if err != nil {
			m.failAt(f, n, err)
			return
		}
		if v != nil {
			input[name] = v
		}
	}
	a := Action{
		Kind: Call, Path: m.path(f), Node: n.ID, Name: m.title(n), Step: n.Step, Effect: n.Effect,
		Poll: n.Kind == program.Await, Input: input, Unknown: unknownPaths("", input), Undecided: undecided,
	}
	f.Wait = &pending{Action: a}
	m.note(f, n, Started, nil)
}

// ask makes the action of a node that asks a person.
func (m *Machine) ask(f *frame, n *program.Node, undecided bool) {
	message, err := m.text(n.Message, nil)
	if err != nil {
		m.failAt(f, n, err)
		return
	}
	input := map[string]any{"message": message}
	show, err := m.value(n.Show.V, nil)
	if err != nil {
		m.failAt(f, n, err)
		return
	}
	if show != nil {
		input["show"] = show
	}
	f.Wait = &pending{Action: Action{
		Kind: Ask, Path: m.path(f), Node: n.ID, Name: m.title(n), Input: input, Unknown: unknownPaths("", input), Undecided: undecided,
	}}
	m.note(f, n, Started, nil)
}

// finish ends the node at f with its result (nil: absent) and moves on.
func (m *Machine) finish(f *frame, n *program.Node, result map[string]any, how NoteKind) {
	if result == nil {
		m.steps[n.ID] = nil
	} else {
		m.steps[n.ID] = result
	}
	m.note(f, n, how, result) // its name may read what is dropped next
	for _, id := range n.Drop {
		delete(m.steps, id)
	}
	f.Wait = nil
	f.At++
}

// failAt ends the run at a node. The people's message of `errors:` takes the
// place of the step's own.
func (m *Machine) failAt(f *frame, n *program.Node, err *types.Error) {
	shown := *err
	if text, ok := n.Errors[err.Code]; ok {
		v, evalErr := m.text(text, map[string]any{"error": errorValue(n, err)})
		if evalErr == nil {
			shown.Message, shown.Hint = v.(string), ""
			shown.With("cause", err.Message)
		}
	}
	m.fail = &Failure{Path: m.path(f), Node: n.ID, At: n.At, Error: &shown}
	m.note(f, n, FailedNote, nil)
}

// errorValue is what the name `error` means.
func errorValue(n *program.Node, err *types.Error) map[string]any {
	details := map[string]any{}
	for k, v := range err.Details {
		details[k] = v
	}
	return map[string]any{"code": string(err.Code), "message": err.Message, "step": n.ID, "details": details}
}

// Apply folds an event. It returns an error when the event does not belong to
// where the machine stands, which means the journal is of another program.
func (m *Machine) Apply(e Event) error {
	if e.Kind == Retried {
		return m.retry(e)
	}
	m.advance(m.root)
	f := m.root
	if m.fail != nil || f.Wait == nil || f.Wait.Action.Path != e.Path {
		return types.Errorf(types.Internal, "event %s at %q, but the program stands at %q", e.Kind, e.Path, m.Current())
	}
	n := &m.prog.Steps[f.At]
	switch e.Kind {
	case Failed:
		m.failAt(f, n, e.Error)
	case Woken:
		if f.Wait.Action.Kind == Ask {
			return types.Errorf(types.Internal, "event %s at %q, which asks a person", e.Kind, e.Path)
		}
		f.Wait.Action.Kind, f.Wait.Action.At = Call, time.Time{}
	case Done:
		m.answered(f, n, e)
	default:
		return types.Errorf(types.Internal, "unknown event %q", e.Kind)
	}
	return nil
}

// answered gives the node its result.
func (m *Machine) answered(f *frame, n *program.Node, e Event) {
	switch {
	case e.Unknown:
		m.finish(f, n, nil, Finished)
		if !slices.Contains(n.Drop, n.ID) {
			m.steps[n.ID] = types.Unknown{After: n.ID}
		}
	case f.Wait.Action.Poll:
		m.polled(f, n, e)
	default:
		m.finish(f, n, e.Output, Finished)
	}
}

// retry takes a failed run up again at the node that failed.
func (m *Machine) retry(e Event) error {
	if m.fail == nil || m.fail.Path != e.Path {
		return types.Errorf(types.Internal, "retry at %q, where nothing failed", e.Path)
	}
	m.fail, m.root.Wait = nil, nil
	return nil
}

// polled decides what an await's answer means.
func (m *Machine) polled(f *frame, n *program.Node, e Event) {
	if f.Wait.Since.IsZero() {
		f.Wait.Since = e.At
	}
	verdict, err := m.judge(n, e.Output)
	switch {
	case err != nil:
		m.failAt(f, n, err)
	case verdict == keepWaiting && m.expired(f, n, e.At):
		m.failAt(f, n, types.Errorf(types.Timeout, "%s did not come true within %s", n.Until, n.Timeout))
	case verdict == keepWaiting:
		every, _ := types.ParseDuration(n.Every)
		f.Wait.Action.Kind, f.Wait.Action.At = Wait, e.At.Add(every)
		m.note(f, n, StillWaiting, nil)
	default:
		m.finish(f, n, e.Output, Finished)
	}
}

type verdict int

const (
	satisfied verdict = iota
	keepWaiting
)

// judge holds an answer against fail_if and until. What a plan cannot know
// counts as satisfied.
func (m *Machine) judge(n *program.Node, output types.Values) (verdict, *types.Error) {
	seen := map[string]any{"result": map[string]any(output)}
	if n.FailIf != "" {
		bad, undecided, err := m.conditionIn(n.FailIf, seen)
		if err != nil {
			return 0, err
		}
		if bad && !undecided {
			return 0, m.awaitFailure(n, seen)
		}
	}
	done, undecided, err := m.conditionIn(n.Until, seen)
	if err != nil || done || undecided {
		return satisfied, err
	}
	return keepWaiting, nil
}

func (m *Machine) expired(f *frame, n *program.Node, now time.Time) bool {
	limit, err := types.ParseDuration(n.Timeout)
	return err == nil && limit > 0 && !now.Before(f.Wait.Since.Add(limit))
}

// StillWaits reports whether an await's answer at path would leave it waiting,
// as one before it did: such an answer need not be written down.
func (m *Machine) StillWaits(e Event) bool {
	f := m.root
	if m.fail != nil || f.Wait == nil || f.Wait.Action.Path != e.Path || f.Wait.Since.IsZero() {
		return false
	}
	n := &m.prog.Steps[f.At]
	v, err := m.judge(n, e.Output)
	return err == nil && v == keepWaiting && !m.expired(f, n, e.At)
}

// awaitFailure is the error of an await whose fail_if came true.
func (m *Machine) awaitFailure(n *program.Node, seen map[string]any) *types.Error {
	if n.Message == "" {
		return types.Errorf(types.Conflict, "what %s waits for cannot happen any more: %s", n.ID, n.FailIf)
	}
	err := m.message(n, n.Message, seen)
	if n.Code == "" && err.Code == types.BadInput {
		err.Code = types.Conflict
	}
	return err
}
