package machine

import (
	"slices"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// open begins the frames of a stage. What stood before is over.
func (a *activation) open(s stage, frames ...*frame) { a.Stage, a.Frames = s, frames }

// sequence is the frame of one of the node's sequences, seen from a's names.
func (a *activation) sequence(p part, nodes []program.Node, s *names) *frame {
	return &frame{Part: p, of: a, nodes: nodes, names: s}
}

// branches are the frames of a group's steps: one, or one for each step that
// runs side by side. Those for which there is no room yet follow later.
func (m *Machine) branches(a *activation) []*frame {
	if !a.node.Parallel {
		return []*frame{a.sequence(steps, a.node.Steps, a.names)}
	}
	var out []*frame
	for range m.freeSlots(a) {
		out = append(out, a.nextBranch())
	}
	return out
}

func (m *Machine) freeSlots(a *activation) int {
	if n := a.node.MaxParallel; n > 0 && a.Item == nil { // of a loop it bounds the items
		return min(n, len(a.node.Steps))
	}
	return len(a.node.Steps)
}

func (a *activation) nextBranch() *frame {
	f := a.sequence(steps, a.node.Steps[a.Opened:a.Opened+1], a.names)
	f.Index = a.Opened
	a.Opened++
	return f
}

func (a *activation) runningFrames() int {
	n := 0
	for _, f := range a.Frames {
		if !f.ended() {
			n++
		}
	}
	return n
}

// walk moves the frames of a, and continues when all have ended. When one failed,
// what is in flight beside it finishes, and nothing new begins.
func (m *Machine) walk(a *activation) {
	for i := 0; i < len(a.Frames); i++ {
		f := a.Frames[i]
		m.proceed(f)
		if !f.ended() {
			continue
		}
		switch {
		case f.failure() != nil:
			m.stopBranches(a, f.failure())
		case f.Part == steps && a.node.Parallel && a.Opened < len(a.node.Steps) && !f.Stop && a.runningFrames() < m.freeSlots(a):
			a.Frames = append(a.Frames, a.nextBranch())
		}
	}
	var failed *Failure
	returned := false
	for _, f := range a.Frames {
		if !f.ended() {
			return
		}
		returned = returned || f.returned()
		failed = worse(failed, f.failure())
	}
	m.afterStage(a, failed, returned)
}

// stopBranches lets nothing new begin beside a step that failed.
func (m *Machine) stopBranches(a *activation, failed *Failure) {
	if a.Stage == cleaning {
		return // there is one frame
	}
	why := &types.Error{Code: types.Cancelled, Message: "stopped, since " + failed.Path + " failed"}
	for _, f := range a.Frames {
		m.stopFrame(f, why)
	}
}

func (m *Machine) afterStage(a *activation, failed *Failure, returned bool) {
	a.Returned = a.Returned || returned
	if a.Stage == body {
		a.Cause = m.cause(a, failed)
	}
	m.markUnreached(a)
	switch a.Stage {
	case body:
		m.afterBody(a)
	case rescuing:
		m.afterRescue(a, failed)
	case cleaning:
		m.afterAlways(a, failed)
	case remedying:
		m.afterRemedy(a, failed)
	}
}

// markUnreached marks what was not come to in the frames of a as absent, for what may
// still follow. When the skill ends before that matters, its outputs leave out
// what reads it.
func (m *Machine) markUnreached(a *activation) {
	skill := a.skill()
	absent := func(s *names) func(n *program.Node) {
		return func(n *program.Node) {
			if s.skill {
				skill.Unreached = append(skill.Unreached, n.ID)
			}
			s.steps[n.ID] = nil
		}
	}
	for _, f := range a.Frames {
		visible(f.unreached(), absent(f.names))
	}
	if a.Stage == body && (a.Cause == nil || !m.canRescue(a)) {
		visible(a.node.Rescue, absent(a.names))
	}
}

// skill is the activation of the skill, or of the called one, that a stands in.
func (a *activation) skill() *activation {
	for a.frame != nil && !a.calls() {
		a = a.frame.of
	}
	return a
}

func (m *Machine) afterBody(a *activation) {
	if a.Cause == nil || !m.canRescue(a) {
		m.startAlways(a)
		return
	}
	f := a.sequence(rescue, a.node.Rescue, nil)
	f.Error = errorValue(a.Cause)
	f.names = a.names.with("error", map[string]any(f.Error))
	if a.Expired {
		a.Stop = nil
	}
	a.open(rescuing, f)
}

// cause is what failed in the sequences of a, or what stopped them.
func (m *Machine) cause(a *activation, failed *Failure) *Failure {
	if a.Stop == nil || m.complete(a) || failed != nil && failed.Unsettled {
		return failed
	}
	return m.stopFailure(a)
}

// complete reports whether all steps of a were done, or a return ended them.
func (m *Machine) complete(a *activation) bool {
	for _, f := range a.Frames {
		if f.At < len(f.nodes) && !f.returned() {
			return false
		}
	}
	return a.Stage != body || !a.node.Parallel || a.Opened == len(a.node.Steps)
}

// canRescue reports whether the group's rescue takes a failure on. It does not
// when a person or a sibling's failure stops the group, nor when a write may
// have happened: what comes next would build on what is unknown.
func (m *Machine) canRescue(a *activation) bool {
	return len(a.node.Rescue) > 0 && (a.Stop == nil || a.Expired) && !a.Cause.Unsettled
}

func (m *Machine) afterRescue(a *activation, failed *Failure) {
	if failed = m.cause(a, failed); failed == nil {
		a.Rescued, a.Cause = a.Cause, nil
	} else {
		a.Cause = failed.with("rescued_from", a.Cause.Error.Message)
	}
	m.startAlways(a)
}

func (m *Machine) startAlways(a *activation) {
	if len(a.node.Always) == 0 {
		m.afterAlways(a, nil)
		return
	}
	a.open(cleaning, a.sequence(always, a.node.Always, a.names))
}

func (m *Machine) afterAlways(a *activation, failed *Failure) {
	switch {
	case a.Cause != nil && failed != nil:
		unsettled := failed.Unsettled
		failed = a.Cause.with("always", failed.Error.Message)
		failed.Unsettled = failed.Unsettled || unsettled
	case failed == nil:
		failed = a.Cause
	}
	switch {
	case failed != nil && a.calls():
		m.brokeOff(a, failed.outside(a.node.ID))
	case failed != nil:
		m.failedAt(a, failed)
	case a.calls():
		m.leaveSkill(a)
	case a.frame == nil:
		a.Stage = ended
	default:
		m.finished(a)
	}
}

func (m *Machine) finished(a *activation) {
	switch {
	case a.Returned:
		m.end(a, Returned)
	case a.Rescued != nil:
		m.end(a, Rescued)
	default:
		m.end(a, Finished)
	}
}

// enterSkill begins the steps of another skill, under names of its own.
func (m *Machine) enterSkill(a *activation) {
	if a.Inputs == nil {
		in, err := m.arguments(a)
		if err == nil {
			err = m.accept(a.node.Call, in)
		}
		if err != nil {
			m.failed(a, err)
			return
		}
		a.Inputs = in
	}
	if err := m.evalIdentity(a); err != nil {
		m.failed(a, err)
		return
	}
	if t := m.start.Trace; t != nil && t.Entered != nil {
		t.Entered(a.node, a.Path, a.Inputs)
	}
	m.noteStarted(a)
	a.open(body, a.sequence(steps, a.node.Call.Steps, m.calleeNames(a)))
}

// evalIdentity tells the work of a called skill from that of another call there.
func (m *Machine) evalIdentity(a *activation) *types.Error {
	if len(a.node.Call.Identity) == 0 {
		return nil
	}
	m.refuel()
	called := m.calleeNames(a)
	values := make([]any, len(a.node.Call.Identity))
	for i, src := range a.node.Call.Identity {
		x, err := m.bare(src, m.env(called, nil))
		if err != nil {
			return err
		}
		values[i] = x
	}
	a.Identity = types.Digest(types.Encode(values)) // they may be long, and stand in many records
	return nil
}

// identity is that of the called skills that a stands in, outermost first.
func (a *activation) identity() []string {
	var out []string
	for ; a.frame != nil; a = a.frame.of {
		if in := a.frame.of; in.Identity != "" {
			out = append(out, in.Identity)
		}
	}
	slices.Reverse(out)
	return out
}

// calleeNames are the names that a called skill sees.
func (m *Machine) calleeNames(a *activation) *names {
	own := map[string]any{}
	markPending(own, a.node.Call.Steps)
	return &names{own: true, skill: true, steps: own, vars: map[string]any{
		"inputs": map[string]any(a.Inputs), "config": map[string]any(a.node.Call.Config), "steps": own,
		"secrets": m.names.vars["secrets"], "run": m.runOf(a),
	}}
}

// accept fills in a called skill's defaults, and checks the arguments.
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
			return types.Errorf(types.BadInput, "input %s of %s is absent", f.Name, c.Title()).
				WithHint("give it a value with ??, or call the skill only when it is there")
		}
		if err := f.Type.Check(x); err != nil {
			return types.Errorf(types.BadInput, "input %s of %s %v", f.Name, c.Title(), err)
		}
		in[f.Name] = f.Type.Filled(x)
	}
	return nil
}

// leaveSkill makes the outputs of a called skill the result of its node.
func (m *Machine) leaveSkill(a *activation) {
	out := map[string]any{}
	for _, o := range a.node.Call.Outputs {
		x, err := m.output(a, a.Frames[0].names, o)
		if err != nil {
			m.brokeOff(a, &Failure{Path: a.Path + "/outputs/" + o.Name, Node: o.Name, At: o.At, Called: a.node.ID, Error: err})
			return
		}
		if u, unknown := types.FirstUnknown(x); unknown && slices.Contains(a.Unreached, u.After) {
			x = nil
		}
		out[o.Name] = x
	}
	a.result = out
	a.Returned = false // it ended the called skill, not this one
	if a.polls() {
		m.pollEnded(a)
		return
	}
	m.finished(a)
}

// brokeOff ends a call with what failed in it.
func (m *Machine) brokeOff(a *activation, f *Failure) {
	if a.polls() {
		m.pollBroke(a, f)
		return
	}
	m.failedAt(a, f)
}

// output evaluates an output of a skill. What stands behind a return is unknown.
func (m *Machine) output(a *activation, s *names, o program.Output) (any, *types.Error) {
	if x, given := a.ReturnValues[o.Name]; given {
		return x, nil
	}
	if len(a.Unreached) > 0 {
		s = s.inside(nil)
		for _, id := range a.Unreached {
			s.steps[id] = types.Unknown{After: id}
		}
	}
	m.refuel()
	m.at = a.node
	x, err := m.value(s, o.Value.V, nil)
	if err != nil || !o.Held {
		return x, err
	}
	x = o.Type.Filled(o.Type.Only(x))
	if wrong := o.Type.Check(x); wrong != nil {
		return nil, types.Errorf(types.BadInput, "output %s of %s: the value %v", o.Name, a.node.Call.Title(), wrong).
			WithHint("change its type, or its value, in the file of the step type, and start a new run with --anew: a write that has a find is adopted")
	}
	return x, nil
}
