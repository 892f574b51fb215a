package machine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// Next moves the machine as far as it goes by itself and returns what the
// outside must do, in the order of the program. It returns nothing when the run
// has ended or failed. Asking twice without an Apply between returns the same
// actions.
func (m *Machine) Next() []Action {
	m.advanceAll()
	var out []Action
	m.collect(m.root, deadline{}, &out)
	return out
}

func (m *Machine) advanceAll() {
	if m.root.Stage != ended {
		m.advance(m.root)
	}
}

// collect gathers what a and everything inside of it waits for.
func (m *Machine) collect(a *activation, d deadline, out *[]Action) {
	if a.timeoutApplies() {
		d = d.earliest(a)
	}
	switch {
	case a.Stage == ended:
		return
	case a.Action != nil:
		action := *a.Action
		action.Deadline, action.Bounds, action.Stopping = d.at, d.of, a.Stop != nil
		*out = append(*out, action)
		return
	}
	a.each(func(inner *activation) { m.collect(inner, d, out) })
}

// each calls f for every activation that runs directly inside of a.
func (a *activation) each(f func(*activation)) {
	if a.Loop != nil {
		for _, inner := range a.Loop.Live {
			f(inner)
		}
		return
	}
	for _, fr := range a.Frames {
		if fr.Now != nil {
			f(fr.Now)
		}
	}
}

// advance moves a as far as it goes without the outside.
func (m *Machine) advance(a *activation) {
	for {
		stage, action := a.Stage, a.Action
		m.runStage(a)
		if a.Stage == ended || a.Stage == stage && a.Action == action {
			return
		}
	}
}

func (m *Machine) runStage(a *activation) {
	switch a.Stage {
	case entering:
		m.enter(a)
	case body:
		if a.Loop != nil {
			m.iterate(a)
			return
		}
		m.walk(a)
	case rescuing, cleaning, remedying:
		m.walk(a)
	}
}

// proceed walks a frame until something in it needs the outside, or it ends:
// at its last node, or with one that failed or returned.
func (m *Machine) proceed(f *frame) {
	for {
		if f.Now == nil {
			if f.Stop || f.At >= len(f.nodes) {
				return
			}
			f.Now = m.newActivation(f, &f.nodes[f.At])
		}
		a := f.Now
		m.advance(a)
		if a.Stage != ended || a.Fail != nil {
			return
		}
		m.keep(f, a)
		for _, id := range a.node.Drop {
			delete(f.names.steps, id)
		}
		if a.Returned {
			return
		}
		f.Now = nil
		f.At++
	}
}

// keep puts the result of a node that is over where later ones see it.
func (m *Machine) keep(f *frame, a *activation) {
	steps := f.names.steps
	if !a.Returned && a.node.Kind == program.Group && f.names.skill {
		skill := f.of.skill() // what was not come to in it is simply absent
		visible([]program.Node{*a.node}, func(n *program.Node) {
			skill.Unreached = slices.DeleteFunc(skill.Unreached, func(id string) bool { return id == n.ID })
		})
	}
	switch {
	case a.Absent:
		visible([]program.Node{*a.node}, func(n *program.Node) { steps[n.ID] = nil })
	case a.Undecided:
		markPending(steps, []program.Node{*a.node})
	case a.node.Kind != program.Group || a.node.ForEach != "":
		steps[a.node.ID] = a.result
	}
}

func (m *Machine) newActivation(f *frame, n *program.Node) *activation {
	return &activation{Path: f.path(n.ID), Undecided: f.of.Undecided, node: n, frame: f, names: f.names}
}

// enter asks the condition of a node, and begins it.
func (m *Machine) enter(a *activation) {
	n := a.node
	if n.ForEach != "" && a.Item == nil {
		m.enterLoop(a)
		return
	}
	run, undecided, err := m.condition(a, n.If, nil)
	switch {
	case err != nil:
		m.failed(a, err)
		return
	case !run:
		a.Absent = true
		m.end(a, Skipped)
		return
	}
	a.Undecided = a.Undecided || undecided
	m.startTimeout(a)
	m.begin(a)
}

// maxComputed is how many nodes are begun between two events of the outside. A
// skill that needs more computes, which is not what skills are for; and whoever
// wants to stop it waits for the outside too.
const maxComputed = 100_000

func (m *Machine) begin(a *activation) {
	if m.computed++; m.computed > maxComputed {
		m.computed = 0
		m.stop(m.root, types.Errorf(types.BadInput, "%d steps were computed without doing anything", maxComputed).
			WithHint("make the loops around %s shorter: filter their lists first", a.node.ID))
	}
	if a.Stage == ended {
		return
	}
	a.Attempt++
	a.Tries++
	m.refuel()
	m.at = a.node
	switch n := a.node; n.Kind {
	case program.Uses:
		m.call(a)
	case program.Await:
		m.beginAwait(a)
	case program.Approve:
		m.ask(a)
	case program.Set:
		m.set(a)
	case program.Assert:
		m.assert(a)
	case program.Fail:
		if a.Undecided {
			a.Absent = true
			m.end(a, Undecided)
			return
		}
		m.failed(a, m.message(a, n.Message, nil))
	case program.Return:
		m.returnEarly(a)
	case program.Group:
		m.noteStarted(a)
		a.open(body, m.branches(a)...)
	case program.Skill:
		m.enterSkill(a)
	}
}

func (m *Machine) set(a *activation) {
	values, err := m.bindings(a)
	if err != nil {
		m.failed(a, err)
		return
	}
	a.result = values
	m.end(a, Set)
}

func (m *Machine) bindings(a *activation) (map[string]any, *types.Error) {
	values := make(map[string]any, len(a.node.Values))
	for _, b := range a.node.Values {
		x, err := m.value(a.names, b.Value.V, nil)
		if err != nil {
			return nil, err
		}
		values[b.Name] = x
	}
	return values, nil
}

func (m *Machine) assert(a *activation) {
	holds, undecided, err := m.condition(a, a.node.Cond, nil)
	a.result = map[string]any{}
	switch {
	case err != nil:
		m.failed(a, err)
	case undecided:
		m.end(a, Undecided)
	case !holds:
		m.failed(a, m.message(a, a.node.Message, nil))
	default:
		m.end(a, Asserted)
	}
}

// message makes the error of an assert or a fail.
func (m *Machine) message(a *activation, text string, extra map[string]any) *types.Error {
	x, err := m.text(a.names, text, extra)
	if err != nil {
		return err
	}
	s, _ := x.(string)
	return types.Errorf(cmp.Or(a.node.Code, types.BadInput), "%s", s)
}

func (m *Machine) returnEarly(a *activation) {
	if a.Undecided {
		a.Absent = true
		m.end(a, Undecided)
		return
	}
	values, err := m.bindings(a)
	if err != nil {
		m.failed(a, err)
		return
	}
	a.Returned = true
	a.frame.of.skill().ReturnValues = values
	m.end(a, Returned)
}

// call makes the action of a node that performs a step.
func (m *Machine) call(a *activation) {
	n := a.node
	input, err := m.arguments(a)
	if err != nil {
		m.failed(a, err)
		return
	}
	m.issue(a, Action{Kind: Call, Step: n.Step, Effect: n.Effect, Poll: n.Kind == program.Await, Input: input})
}

// arguments evaluates what a node is called with. What is absent has its default.
func (m *Machine) arguments(a *activation) (types.Values, *types.Error) {
	return m.evaluated(a.names, a.node, a.node.With)
}

func (m *Machine) evaluated(s *names, n *program.Node, with types.Values) (types.Values, *types.Error) {
	input := make(types.Values, len(with)+len(n.Defaults))
	maps.Copy(input, n.Defaults)
	for _, name := range types.SortedKeys(with) {
		x, err := m.value(s, with[name], nil)
		if err != nil {
			return nil, err
		}
		if x != nil {
			input[name] = x
		}
	}
	return input, checkDepth(n, input)
}

// checkDepth refuses what a journal could not give back.
func checkDepth(n *program.Node, input types.Values) *types.Error {
	if types.Deep(map[string]any(input)) {
		return types.Errorf(types.BadInput, "what %s is given is nested deeper than %d", n.ID, types.MaxDepth).
			WithHint("pass on the part of it that is needed")
	}
	return nil
}

// ask makes the action of a node that asks a person.
func (m *Machine) ask(a *activation) {
	message, err := m.text(a.names, a.node.Message, nil)
	if err != nil {
		m.failed(a, err)
		return
	}
	input := types.Values{"message": message}
	show, err := m.value(a.names, a.node.Show.V, nil)
	if err != nil {
		m.failed(a, err)
		return
	}
	if show != nil {
		input["show"] = show
	}
	if err := checkDepth(a.node, input); err != nil {
		m.failed(a, err)
		return
	}
	m.issue(a, Action{Kind: Ask, Input: input})
}

// issue makes a wait for an action.
func (m *Machine) issue(a *activation, action Action) {
	action = m.action(a, action)
	a.Stage, a.Action = waiting, &action
	m.live[a.Path] = a
	m.noteStarted(a)
}

// action completes what a asks of the outside.
func (m *Machine) action(a *activation, action Action) Action {
	action.Path, action.Node, action.Name, action.Def = a.Path, a.node.ID, m.title(a), a.node
	action.Identity = a.identity()
	action.Unknown, action.Undecided = unknownPaths("", map[string]any(action.Input)), a.Undecided
	action.Poll = action.Poll || a.awaitAround() != nil
	return action
}

// end ends an activation that did well, or was skipped.
func (m *Machine) end(a *activation, how NoteKind) {
	a.Stage, a.Action = ended, nil
	delete(m.live, a.Path)
	result, _ := a.result.(map[string]any)
	n := Note{Kind: how, Result: result}
	if how == Rescued {
		n.Error = a.Rescued.Error
	}
	m.note(a, n)
}

// deadline is the nearest one at a place.
type deadline struct {
	at time.Time
	of string
}

func (d deadline) earliest(a *activation) deadline {
	if d.at.IsZero() || a.Deadline.Before(d.at) {
		return deadline{a.Deadline, a.Path}
	}
	return d
}
