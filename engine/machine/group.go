package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// open begins the frames of a stage. What stood before is over.
func (m *Machine) open(v *visit, s stage, frames []*frame) {
	v.Stage, v.Frames = s, frames
}

// sequence is the frame of one of the node's sequences, seen from v's names.
func (v *visit) sequence(p part, nodes []program.Node, s *names) *frame {
	return &frame{Part: p, of: v, nodes: nodes, names: s}
}

// branches are the frames of a group's steps: one, or one for each step that
// runs side by side. Those for which there is no room yet follow later.
func (m *Machine) branches(v *visit) []*frame {
	if !v.node.Parallel {
		return []*frame{v.sequence(steps, v.node.Steps, v.names)}
	}
	var out []*frame
	for range m.room(v) {
		out = append(out, v.branch())
	}
	return out
}

func (m *Machine) room(v *visit) int {
	if n := v.node.MaxParallel; n > 0 && v.Item == nil { // of a loop it bounds the items
		return min(n, len(v.node.Steps))
	}
	return len(v.node.Steps)
}

// branch is the frame of the next step of a parallel group.
func (v *visit) branch() *frame {
	f := v.sequence(steps, v.node.Steps[v.Opened:v.Opened+1], v.names)
	f.Index = v.Opened
	v.Opened++
	return f
}

// busy is how many frames of v are not at their end.
func (v *visit) busy() int {
	n := 0
	for _, f := range v.Frames {
		if !f.ended() {
			n++
		}
	}
	return n
}

// walk moves the frames of v, and goes on when all have ended. When one failed,
// what is in flight beside it finishes, and nothing new begins.
func (m *Machine) walk(v *visit) {
	for i := 0; i < len(v.Frames); i++ {
		f := v.Frames[i]
		m.proceed(f)
		if !f.ended() {
			continue
		}
		switch {
		case f.failure() != nil:
			m.stopBranches(v, f.failure())
		case f.Part == steps && v.node.Parallel && v.Opened < len(v.node.Steps) && !f.Stop && v.busy() < m.room(v):
			v.Frames = append(v.Frames, v.branch())
		}
	}
	var failed *Failure
	returned := false
	for _, f := range v.Frames {
		if !f.ended() {
			return
		}
		returned = returned || f.returned()
		failed = worse(failed, f.failure())
	}
	m.turn(v, failed, returned)
}

// stopBranches lets nothing new begin beside a step that failed.
func (m *Machine) stopBranches(v *visit, failed *Failure) {
	if v.Stage == cleaning {
		return // there is one frame
	}
	why := &types.Error{Code: types.Cancelled, Message: "stopped, since " + failed.Path + " failed"}
	for _, f := range v.Frames {
		m.stopFrame(f, why)
	}
}

// turn goes on when the sequences of a stage have ended.
func (m *Machine) turn(v *visit, failed *Failure, returned bool) {
	v.Returned = v.Returned || returned
	if v.Stage == body {
		v.Cause = m.cause(v, failed)
	}
	m.close(v)
	switch v.Stage {
	case body:
		m.afterBody(v)
	case rescuing:
		m.afterRescue(v, failed)
	case cleaning:
		m.afterAlways(v, failed)
	case curing:
		m.afterCure(v, failed)
	}
}

// close marks what was not come to in the frames of v as absent, for what may
// still follow. When the skill ends before that matters, its outputs leave out
// what reads it.
func (m *Machine) close(v *visit) {
	skill := v.skill()
	absent := func(s *names) func(n *program.Node) {
		return func(n *program.Node) {
			if s.skill {
				skill.Behind = append(skill.Behind, n.ID)
			}
			s.steps[n.ID] = nil
		}
	}
	for _, f := range v.Frames {
		visible(f.rest(), absent(f.names))
	}
	if v.Stage == body && (v.Cause == nil || !m.rescues(v)) {
		visible(v.node.Rescue, absent(v.names))
	}
}

// skill is the visit of the skill, or of the called one, that v stands in.
func (v *visit) skill() *visit {
	for v.frame != nil && v.node.Kind != program.Skill {
		v = v.frame.of
	}
	return v
}

func (m *Machine) afterBody(v *visit) {
	if v.Cause == nil || !m.rescues(v) {
		m.clean(v)
		return
	}
	f := v.sequence(rescue, v.node.Rescue, nil)
	f.Error = errorValue(v.Cause)
	f.names = v.names.with("error", map[string]any(f.Error))
	if v.Expired {
		v.Stop = nil
	}
	m.open(v, rescuing, []*frame{f})
}

// cause is why the sequences of v did not do their work: what failed in them,
// or what stopped them.
func (m *Machine) cause(v *visit, failed *Failure) *Failure {
	if v.Stop == nil || m.complete(v) || failed != nil && failed.Unsettled {
		return failed
	}
	return m.stopFailure(v)
}

// complete reports whether all steps of v were done, or a return ended them.
func (m *Machine) complete(v *visit) bool {
	for _, f := range v.Frames {
		if f.At < len(f.nodes) && !f.returned() {
			return false
		}
	}
	return v.Stage != body || !v.node.Parallel || v.Opened == len(v.node.Steps)
}

// rescues reports whether the group's rescue takes a failure on. It does not
// when a person or a sibling's failure stops the group, nor when a write may
// have happened: what comes next would build on what nobody knows.
func (m *Machine) rescues(v *visit) bool {
	return len(v.node.Rescue) > 0 && (v.Stop == nil || v.Expired) && !v.Cause.Unsettled
}

func (m *Machine) afterRescue(v *visit, failed *Failure) {
	if failed = m.cause(v, failed); failed == nil {
		v.Rescued, v.Cause = v.Cause, nil
	} else {
		v.Cause = failed.with("rescued_from", v.Cause.Error.Message)
	}
	m.clean(v)
}

// clean begins the always of a group.
func (m *Machine) clean(v *visit) {
	if len(v.node.Always) == 0 {
		m.afterAlways(v, nil)
		return
	}
	m.open(v, cleaning, []*frame{v.sequence(always, v.node.Always, v.names)})
}

func (m *Machine) afterAlways(v *visit, failed *Failure) {
	switch {
	case v.Cause != nil && failed != nil:
		unsettled := failed.Unsettled
		failed = v.Cause.with("always", failed.Error.Message)
		failed.Unsettled = failed.Unsettled || unsettled
	case failed == nil:
		failed = v.Cause
	}
	switch {
	case failed != nil:
		m.failedAt(v, failed)
	case v.node.Kind == program.Skill:
		m.leaveSkill(v)
	case v.frame == nil:
		v.Stage = over
	default:
		m.finished(v)
	}
}

// finished ends a group, a loop or a called skill that did well.
func (m *Machine) finished(v *visit) {
	switch {
	case v.Returned:
		m.end(v, Returned)
	case v.Rescued != nil:
		m.end(v, Rescued)
	default:
		m.end(v, Finished)
	}
}

// enterSkill begins the steps of another skill, under names of its own.
func (m *Machine) enterSkill(v *visit) {
	if v.Inputs == nil {
		in, err := m.arguments(v)
		if err == nil {
			err = m.accept(v.node.Call, in)
		}
		if err != nil {
			m.failed(v, err)
			return
		}
		v.Inputs = in
	}
	called := m.called(v)
	if err := m.identify(v, called); err != nil {
		m.failed(v, err)
		return
	}
	m.started(v)
	m.open(v, body, []*frame{v.sequence(steps, v.node.Call.Steps, called)})
}

// identify evaluates what tells the work of a called skill from that of another
// call at the same place.
func (m *Machine) identify(v *visit, called *names) *types.Error {
	if len(v.node.Call.Identity) == 0 {
		return nil
	}
	m.refuel()
	values := make([]any, len(v.node.Call.Identity))
	for i, src := range v.node.Call.Identity {
		e, err := m.exprs.expr(src)
		if err != nil {
			return err
		}
		x, evalErr := e.Eval(m.env(called, nil))
		if evalErr != nil {
			return types.AsError(evalErr)
		}
		values[i] = x
	}
	sum := sha256.Sum256(types.Encode(values)) // they may be long, and stand in many records
	v.Identity = hex.EncodeToString(sum[:])
	return nil
}

// identity is that of the called skills that v stands in, outermost first.
func (v *visit) identity() []string {
	var out []string
	for ; v.frame != nil; v = v.frame.of {
		if in := v.frame.of; in.Identity != "" {
			out = append(out, in.Identity)
		}
	}
	slices.Reverse(out)
	return out
}

// called are the names that a called skill sees.
func (m *Machine) called(v *visit) *names {
	own := map[string]any{}
	ahead(own, v.node.Call.Steps)
	return &names{own: true, skill: true, steps: own, vars: map[string]any{
		"inputs": map[string]any(v.Inputs), "config": map[string]any(v.node.Call.Config), "steps": own, "run": m.names.vars["run"],
	}}
}

// accept fills in the defaults of a called skill's inputs, and holds the
// arguments against what it declares.
func (m *Machine) accept(c *program.Call, in types.Values) *types.Error {
	m.refuel()
	sees := &names{vars: map[string]any{"config": map[string]any(c.Config)}}
	for _, name := range types.SortedKeys(c.Defaults) {
		if _, given := in[name]; given {
			continue
		}
		x, err := m.value(sees, c.Defaults[name], nil)
		if err != nil {
			return err
		}
		in[name] = x
	}
	for _, f := range c.Inputs.Fields {
		x, given := in[f.Name]
		if _, unknown := types.FirstUnknown(x); unknown || !given && !f.Required {
			continue
		}
		if !given {
			return types.Errorf(types.BadInput, "input %s of skill %s is absent", f.Name, c.Skill).
				WithHint("give it a value with ??, or call the skill only when it is there")
		}
		if err := f.Type.Check(x); err != nil {
			return types.Errorf(types.BadInput, "input %s of skill %s %v", f.Name, c.Skill, err)
		}
		in[f.Name] = f.Type.Filled(x)
	}
	return nil
}

// leaveSkill makes the outputs of a called skill the result of its node.
func (m *Machine) leaveSkill(v *visit) {
	out := map[string]any{}
	for _, o := range v.node.Call.Outputs {
		x, err := m.output(v, v.Frames[0].names, o)
		if err != nil {
			m.failedAt(v, &Failure{Path: v.Path + "/outputs/" + o.Name, Node: o.Name, At: o.At, Error: err})
			return
		}
		if u, unknown := types.FirstUnknown(x); unknown && slices.Contains(v.Behind, u.After) {
			x = nil
		}
		out[o.Name] = x
	}
	v.result = out
	v.Returned = false // it ended the called skill, not this one
	m.finished(v)
}

// output evaluates an output of a skill. What stands behind a return counts as
// unknown.
func (m *Machine) output(v *visit, s *names, o program.Output) (any, *types.Error) {
	if x, given := v.Given[o.Name]; given {
		return x, nil
	}
	if len(v.Behind) > 0 {
		s = s.inside(nil)
		for _, id := range v.Behind {
			s.steps[id] = types.Unknown{After: id}
		}
	}
	m.refuel()
	return m.value(s, o.Value.V, nil)
}
