package check

import (
	"cmp"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (c *checker) skillSteps(root *syntax.Node) {
	n := root.Get("steps")
	if n == nil {
		c.diags.Errorf("missing-key", root.Head(), "a skill needs steps").Hint = "add a list: steps:"
		return
	}
	c.collectAll(n, nil, "")
	before := c.view
	c.skill.Steps = c.sequence(n, "steps", true)
	c.view = view{steps: c.view.steps, known: c.view.known, names: before.names} // outputs are read wherever the skill ended
}

// sequence checks steps that run one after the other; each sees those before
// it. With own, they are the nodes of the lifetime that has just begun.
func (c *checker) sequence(list *syntax.Node, key string, own bool) []program.Node {
	if list.Kind != syntax.Sequence || len(list.Items) == 0 {
		c.diags.Errorf("bad-steps", list.Range, "%s is a list with at least one step", key).
			Hint = "each begins with a dash: - {id: a_short_name, uses: …, with: {…}}"
		return nil
	}
	out := make([]program.Node, 0, len(list.Items))
	for i, item := range list.Items {
		node := c.step(item)
		out = append(out, node)
		if own {
			c.life.at++
		}
		if (node.Kind == program.Fail || node.Kind == program.Return) && item.Get("if") == nil && i+1 < len(list.Items) {
			c.unreachable(list.Items[i+1], &node)
		}
	}
	return out
}

func (c *checker) unreachable(n *syntax.Node, end *program.Node) {
	d := c.diags.Errorf("unreachable", n.Head(), "this step is never reached: the %s before it always ends the %s", end.Kind, c.skill.what())
	d.Hint = "give that one an if, or take one of the two out"
	d.Related = []diag.Note{{At: end.At, Message: "the " + string(end.Kind) + " is here"}}
}

type outcome struct {
	out types.Type
	who string // the step type, in messages about codes
	// codes are those that it can fail with; nil when they are not known one by
	// one, as those of all that stands in a group.
	codes   []types.Code
	unclear bool // it has a mistake of its own: nothing more is said about its codes
	// asserted holds behind an assert.
	asserted *expr.Expr
	// trust is that of the values of a set, by their names.
	trust map[string]expr.Trust
}

// step checks one step and adds its result to the view.
func (c *checker) step(n *syntax.Node) program.Node {
	node := program.Node{At: n.Head()}
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-step", n.Range, "a step is a mapping such as {id: image, uses: quay_get_tag, with: {…}}, not a %s", kindName(n))
		return node
	}
	c.skill.size++
	defer c.enter(n)()
	kind := c.kindOf(n)
	node.ID = c.id(n)
	before := c.view
	var items loop
	if n.Get("for_each") != nil && isAllowed("for_each", kind) {
		items = c.loop(n, &node)
	}
	looped := c.view
	var cond condition
	node.If, cond = c.ifOf(n)
	if name := n.Get("name"); name != nil {
		node.Name, _ = c.fits(name, types.OfKind(types.String), c.scope(), "name").(string)
	}
	around := c.view
	m := c.kind(n, kind, &node)
	inside := c.leaveView(around)
	c.checkModifiers(n, kind, &node, m)
	c.view = before
	unsure := node.OnError
	if items.is {
		c.checkLoopKey(n, &node, items)
		item := itemType(m.out, kind, inside)
		item.Optional = item.Optional || len(cond.parts) > 0 || unsure || node.OnItemError
		c.view = looped
		c.breakIf(n, &node, item)
		c.view = before
		m.out, m.trust = listOf(item), nil
		inside, cond, unsure = nil, condition{}, false
	}
	for _, r := range inside {
		c.addResults(r.outsideGroup(cond, unsure))
	}
	c.assumeAfter(&node, cond, m.asserted)
	if node.ID != "" && c.ids[node.ID].hasResult() {
		c.declareResult(node.ID)
		c.seeResult(node.ID, m.out)
		c.addResults(result{id: node.ID, typ: m.out, trust: m.trust}.outsideGroup(cond, unsure))
	}
	return node
}

func (c *checker) id(n *syntax.Node) string {
	id := n.Get("id")
	if id == nil {
		d := c.diags.Errorf("missing-key", n.Head(), "every step needs an id")
		id := c.anID(n)
		d.Hint = "add: id: " + id
		adding(d, n, "id", id)
		return ""
	}
	if id.Kind != syntax.Scalar || !idPattern().MatchString(id.Value) {
		c.diags.Errorf("bad-id", id.Range, "id %q is not lower-case letters, digits and _, beginning with a letter", id.Value)
		return ""
	}
	return id.Value
}

func (c *checker) kind(n *syntax.Node, kind string, node *program.Node) outcome {
	node.Kind = program.Kind(kind)
	switch kind {
	case "uses":
		return c.uses(n, node)
	case "await":
		return c.await(n, node)
	case "set":
		out, trust := c.set(n.Get("set"), node)
		return outcome{out: out, trust: trust}
	case "assert":
		var e *expr.Expr
		node.Cond, e = c.condition(n.Get("assert"), "assert", c.scope())
		c.message(n, n.Get("message"), node)
		return outcome{out: types.ObjectOf(), unclear: true, asserted: e}
	case "fail":
		c.message(n, n.Get("fail"), node)
	case "approve":
		return c.approve(n, node)
	case "steps":
		return c.group(n, node)
	case "return":
		c.returns(n, node)
	}
	return outcome{out: types.ObjectOf(), unclear: true}
}

func (c *checker) message(n, text *syntax.Node, node *program.Node) {
	if text == nil {
		c.diags.Errorf("missing-key", n.Head(), "an assert needs a message").Hint = "say what is wrong and what to do"
		return
	}
	node.Message, _ = c.fits(text, types.OfKind(types.String), c.scope(), "message").(string)
	code := n.Get("code")
	if code == nil {
		return
	}
	node.Code = types.Code(code.Value)
	if !types.IsCode(code.Value) {
		c.diags.Errorf("unknown-code", code.Range, "%s is not an error code", code.Value).Suggest(code.Value, codeNames(types.Codes()))
	}
}

func (c *checker) uses(n *syntax.Node, node *program.Node) outcome {
	u := n.Get("uses")
	if name, ok := skillName(u); ok {
		return c.call(n, c.load(u, name), node)
	}
	if c.isDeclared(u) {
		return c.call(n, c.callee(u, program.Call{Skill: u.Value, StepType: true}), node)
	}
	s, ok := c.performs(n, node)
	return outcome{out: s.Out, who: s.Name, codes: s.AllCodes(), unclear: !ok}
}

// isDeclared reports whether a file declares the step type.
func (c *checker) isDeclared(u *syntax.Node) bool {
	if _, builtin := c.world.Catalogue.Lookup(u.Value); builtin || u.Kind != syntax.Scalar || !idPattern().MatchString(u.Value) {
		return false
	}
	return types.CodeOf(c.lookFor(program.Call{Skill: u.Value, StepType: true}).err) != types.NotFound
}

// performs checks a step type and its arguments.
func (c *checker) performs(n *syntax.Node, node *program.Node) (step.Step, bool) {
	u := n.Get("uses")
	if u == nil {
		c.diags.Errorf("missing-key", n.Head(), "an await needs uses: the read to repeat")
		return step.Step{}, false
	}
	s, ok := c.stepType(u)
	if c.seeUses(u, s, nil); !ok {
		// Its arguments are still read, so that mistakes inside show too.
		if w := n.Get("with"); w != nil {
			c.typed(w, c.scope())
		}
		return step.Step{}, false // its result is unclear: what reads it does not complain too
	}
	node.Step, node.Effect = s.Name, string(s.Effect)
	if c.about != nil { // else it takes back what another step does
		c.about.Type = s
	}
	with, ok := c.with(n)
	if !ok {
		return s, true
	}
	s = c.coded(s, with)
	before := len(c.diags)
	c.program = s.Touch.Object == "program"
	node.With, node.Defaults = c.arguments(with, s.In, c.scope(), s.Name), s.Defaults()
	c.program = false
	if !c.diags[before:].HasErrors() {
		c.checkArguments(s, n, with)
	}
	if !c.diags[before:].HasErrors() {
		c.defaulted(s, n, with)
	}
	if !c.diags[before:].HasErrors() {
		c.guarded(s, with)
	}
	if !c.diags[before:].HasErrors() {
		c.pinned(s, with)
	}
	node.Services = c.service(s, with, u.Range)
	return c.picked(s, with), true
}

// with returns the arguments of a step, which stand where its type does by default.
func (c *checker) with(n *syntax.Node) (*syntax.Node, bool) {
	u, with := n.Get("uses"), n.Get("with")
	if with == nil {
		return &syntax.Node{Kind: syntax.Mapping, Range: u.Range}, true
	}
	if with.Kind != syntax.Mapping {
		c.diags.Errorf("bad-with", with.Range, "with is a mapping of arguments, not a %s", kindName(with))
		return nil, false
	}
	if len(with.Pairs) == 0 {
		with.Range = u.Range
	}
	return with, true
}

// coded is a step with the error codes that its arguments declare.
func (c *checker) coded(s step.Step, with *syntax.Node) step.Step {
	if !s.IsCoded() {
		return s
	}
	l := literals{scope: c.scope()}
	v, _ := l.of(with, "", s.In).(map[string]any)
	return s.CodedBy(types.Encode(v))
}

func (c *checker) stepType(u *syntax.Node) (step.Step, bool) {
	s, ok := c.world.Catalogue.Lookup(u.Value)
	if !ok {
		d := c.diags.Errorf("unknown-step", u.Range, "no step type is named %q", u.Value).Suggest(u.Value, c.world.Catalogue.Names())
		d.Hint = cmp.Or(d.Hint, "`skillrun steps` lists them")
	}
	return s, ok
}

// call checks the call of another skill: its inputs are the arguments, its
// outputs the result.
//
// Its effects belong to the work of the skill that was run. Its place there
// tells them apart, and the identity that it names itself.
func (c *checker) call(n *syntax.Node, callee *Skill, node *program.Node) outcome {
	node.Kind = program.Skill
	u := n.Get("uses")
	c.seeUses(u, step.Step{}, callee)
	with, ok := c.with(n)
	if callee == nil || !ok {
		if ok {
			c.typed(with, c.scope()) // mistakes inside show too
		}
		return outcome{unclear: true}
	}
	node.Call = callee.asCall()
	before := len(c.diags)
	word := "input"
	if callee.isType {
		word = "argument"
	}
	node.With = c.members(with, callee.arguments(), c.scope(), node.Call.Title(), word)
	if !c.diags[before:].HasErrors() {
		c.defaulted(step.Step{In: callee.arguments()}, n, with)
	}
	if callee.Concurrency != nil && !c.grouped {
		d := c.diags.Errorf("bad-concurrency", u.Range, "skill %s has a concurrency group, and this %s has none", callee.Name, c.skill.what())
		if d.Hint = "declare concurrency here: a run takes the lock of its own skill only"; c.skill.isType {
			d.Hint = "a step type cannot have one: call that skill in a skill which has, beside the step type"
		}
	}
	c.skill.calls[node.Call.Key()] = callee
	for _, s := range callee.Uses {
		c.useStep(s)
	}
	c.skill.Reaches = append(c.skill.Reaches, callee.Reaches...)
	c.skill.NeedsSecret = append(c.skill.NeedsSecret, callee.NeedsSecret...)
	if c.skill.size += callee.size; c.skill.size > maxSteps {
		c.diags.Errorf("too-many-nodes", u.Range, "with all that it calls, the %s has more than %d steps", c.skill.what(), maxSteps)
		c.skill.size = 0 // said once
		return outcome{unclear: true}
	}
	if callee.isType {
		return outcome{out: callee.Outputs, who: callee.Name, codes: callee.codes()}
	}
	return outcome{out: callee.Outputs}
}
