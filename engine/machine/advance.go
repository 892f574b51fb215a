package machine

import (
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
	m.settle()
	var out []Action
	m.collect(m.root, deadline{}, &out)
	return out
}

// settle moves everything as far as it goes without the outside.
func (m *Machine) settle() {
	if m.root.Stage != over {
		m.advance(m.root)
	}
}

// collect gathers what v and everything inside of it waits for.
func (m *Machine) collect(v *visit, d deadline, out *[]Action) {
	if v.bounded() {
		d = d.sooner(v)
	}
	switch {
	case v.Stage == over:
		return
	case v.Action != nil:
		a := *v.Action
		a.Deadline, a.Bounds, a.Stopping = d.at, d.of, v.Stop != nil
		*out = append(*out, a)
		return
	}
	v.each(func(inner *visit) { m.collect(inner, d, out) })
}

// each visits what is at work directly inside of v.
func (v *visit) each(f func(*visit)) {
	if v.Loop != nil {
		for _, inner := range v.Loop.Live {
			f(inner)
		}
		return
	}
	for _, fr := range v.Frames {
		if fr.Now != nil {
			f(fr.Now)
		}
	}
}

// advance moves v as far as it goes without the outside.
func (m *Machine) advance(v *visit) {
	for {
		stage, action := v.Stage, v.Action
		m.move(v)
		if v.Stage == over || v.Stage == stage && v.Action == action {
			return
		}
	}
}

// move does what v's stage has to do.
func (m *Machine) move(v *visit) {
	switch v.Stage {
	case entering:
		m.enter(v)
	case body:
		if v.Loop != nil {
			m.iterate(v)
			return
		}
		m.walk(v)
	case rescuing, cleaning, curing:
		m.walk(v)
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
			f.Now = m.visitOf(f, &f.nodes[f.At])
		}
		v := f.Now
		m.advance(v)
		if v.Stage != over || v.Fail != nil {
			return
		}
		m.keep(f, v)
		for _, id := range v.node.Drop {
			delete(f.names.steps, id)
		}
		if v.Returned {
			return
		}
		f.Now = nil
		f.At++
	}
}

// keep puts the result of a node that is over where later ones see it. What a
// group's steps gave stands there already.
func (m *Machine) keep(f *frame, v *visit) {
	steps := f.names.steps
	if !v.Returned && v.node.Kind == program.Group && f.names.skill {
		skill := f.of.skill() // what was not come to in it is simply absent
		visible([]program.Node{*v.node}, func(n *program.Node) {
			skill.Behind = slices.DeleteFunc(skill.Behind, func(id string) bool { return id == n.ID })
		})
	}
	switch {
	case v.Absent:
		visible([]program.Node{*v.node}, func(n *program.Node) { steps[n.ID] = nil })
	case v.Undecided:
		ahead(steps, []program.Node{*v.node})
	case v.node.Kind != program.Group || v.node.ForEach != "":
		steps[v.node.ID] = v.result
	}
}

// visitOf begins a visit of a frame's node.
func (m *Machine) visitOf(f *frame, n *program.Node) *visit {
	return &visit{Path: f.path(n.ID), Undecided: f.of.Undecided, node: n, frame: f, names: f.names}
}

// enter asks the condition of a node, and begins it.
func (m *Machine) enter(v *visit) {
	n := v.node
	if n.ForEach != "" && v.Item == nil {
		m.enterLoop(v)
		return
	}
	run, undecided, err := m.condition(v.names, n.If, nil)
	switch {
	case err != nil:
		m.failed(v, err)
		return
	case !run:
		v.Absent = true
		m.end(v, Skipped)
		return
	}
	v.Undecided = v.Undecided || undecided
	m.limit(v)
	m.begin(v)
}

// maxComputed is how many nodes are begun between two events of the outside. A
// skill that needs more computes, which is not what skills are for; and whoever
// wants to stop it waits for the outside too.
const maxComputed = 100_000

// begin performs a node, at its first attempt or another one.
func (m *Machine) begin(v *visit) {
	if m.computed++; m.computed > maxComputed {
		m.computed = 0
		m.stop(m.root, types.Errorf(types.BadInput, "%d steps were computed without doing anything", maxComputed).
			WithHint("make the loops around %s shorter: filter their lists first", v.node.ID))
	}
	if v.Stage == over {
		return
	}
	v.Attempt++
	v.Tries++
	m.refuel()
	switch n := v.node; n.Kind {
	case program.Uses, program.Await:
		m.call(v)
	case program.Approve:
		m.ask(v)
	case program.Set:
		m.set(v)
	case program.Assert:
		m.assert(v)
	case program.Fail:
		if v.Undecided {
			v.Absent = true
			m.end(v, Undecided)
			return
		}
		m.failed(v, m.message(v, n.Message, nil))
	case program.Return:
		m.goBack(v)
	case program.Group:
		m.started(v)
		m.open(v, body, m.branches(v))
	case program.Skill:
		m.enterSkill(v)
	}
}

// set computes the values of a node.
func (m *Machine) set(v *visit) {
	values, err := m.bindings(v)
	if err != nil {
		m.failed(v, err)
		return
	}
	v.result = values
	m.end(v, Set)
}

func (m *Machine) bindings(v *visit) (map[string]any, *types.Error) {
	values := make(map[string]any, len(v.node.Values))
	for _, b := range v.node.Values {
		x, err := m.value(v.names, b.Value.V, nil)
		if err != nil {
			return nil, err
		}
		values[b.Name] = x
	}
	return values, nil
}

func (m *Machine) assert(v *visit) {
	holds, undecided, err := m.condition(v.names, v.node.Cond, nil)
	v.result = map[string]any{}
	switch {
	case err != nil:
		m.failed(v, err)
	case undecided:
		m.end(v, Undecided)
	case !holds:
		m.failed(v, m.message(v, v.node.Message, nil))
	default:
		m.end(v, Asserted)
	}
}

// message makes the error of an assert or a fail.
func (m *Machine) message(v *visit, text string, extra map[string]any) *types.Error {
	x, err := m.text(v.names, text, extra)
	if err != nil {
		return err
	}
	code := v.node.Code
	if code == "" {
		code = types.BadInput
	}
	s, _ := x.(string)
	return types.Errorf(code, "%s", s)
}

// goBack ends the skill here.
func (m *Machine) goBack(v *visit) {
	if v.Undecided {
		v.Absent = true
		m.end(v, Undecided)
		return
	}
	values, err := m.bindings(v)
	if err != nil {
		m.failed(v, err)
		return
	}
	v.Returned = true
	v.frame.of.skill().Given = values
	m.end(v, Returned)
}

// call makes the action of a node that performs a step.
func (m *Machine) call(v *visit) {
	n := v.node
	input, err := m.arguments(v)
	if err != nil {
		m.failed(v, err)
		return
	}
	m.issue(v, Action{Kind: Call, Step: n.Step, Effect: n.Effect, Poll: n.Kind == program.Await, Input: input})
}

// arguments evaluates what a node is called with; what is absent has its default, or
// is left out.
func (m *Machine) arguments(v *visit) (types.Values, *types.Error) {
	input := make(types.Values, len(v.node.With)+len(v.node.Defaults))
	maps.Copy(input, v.node.Defaults)
	for _, name := range types.SortedKeys(v.node.With) {
		x, err := m.value(v.names, v.node.With[name], nil)
		if err != nil {
			return nil, err
		}
		if x != nil {
			input[name] = x
		}
	}
	return input, shallow(v, input)
}

// shallow refuses what a journal could not give back.
func shallow(v *visit, input types.Values) *types.Error {
	if types.Deep(map[string]any(input)) {
		return types.Errorf(types.BadInput, "what %s is given is nested deeper than %d", v.node.ID, types.MaxDepth).
			WithHint("pass on the part of it that is needed")
	}
	return nil
}

// ask makes the action of a node that asks a person.
func (m *Machine) ask(v *visit) {
	message, err := m.text(v.names, v.node.Message, nil)
	if err != nil {
		m.failed(v, err)
		return
	}
	input := types.Values{"message": message}
	show, err := m.value(v.names, v.node.Show.V, nil)
	if err != nil {
		m.failed(v, err)
		return
	}
	if show != nil {
		input["show"] = show
	}
	if err := shallow(v, input); err != nil {
		m.failed(v, err)
		return
	}
	m.issue(v, Action{Kind: Ask, Input: input})
}

// issue makes v wait for an action.
func (m *Machine) issue(v *visit, a Action) {
	a.Path, a.Node, a.Name, a.Def = v.Path, v.node.ID, m.title(v), v.node
	a.Identity = v.identity()
	a.Unknown, a.Undecided = unknownPaths("", map[string]any(a.Input)), v.Undecided
	v.Stage, v.Action = waiting, &a
	m.live[v.Path] = v
	m.started(v)
}

// end ends a visit that did well, or was skipped.
func (m *Machine) end(v *visit, how NoteKind) {
	v.Stage, v.Action = over, nil
	delete(m.live, v.Path)
	result, _ := v.result.(map[string]any)
	n := Note{Kind: how, Result: result}
	if how == Rescued {
		n.Error = v.Rescued.Error
	}
	m.note(v, n)
}

// deadline is the nearest one at a place.
type deadline struct {
	at time.Time
	of string
}

func (d deadline) sooner(v *visit) deadline {
	if d.at.IsZero() || v.Deadline.Before(d.at) {
		return deadline{v.Deadline, v.Path}
	}
	return d
}
