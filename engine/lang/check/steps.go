package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (c *checker) sequence(root *syntax.Node) {
	n := root.Get("steps")
	if n == nil {
		c.diags.Errorf("missing-key", keyRange(root), "a skill needs steps").Hint = "add a list: steps:"
		return
	}
	if n.Kind != syntax.Sequence || len(n.Items) == 0 {
		c.diags.Errorf("bad-steps", n.Range, "steps is a list with at least one step")
		return
	}
	for _, item := range n.Items {
		c.collect(item)
	}
	for i, item := range n.Items {
		c.current = i
		c.skill.Steps = append(c.skill.Steps, c.step(item))
	}
	c.current = len(n.Items)
	slices.Sort(c.skill.Services)
	c.skill.Services = slices.Compact(c.skill.Services)
}

// collect notes a step's id, so that references to it are explained wherever
// they stand.
func (c *checker) collect(n *syntax.Node) {
	if n.Kind != syntax.Mapping {
		return
	}
	id := n.Get("id")
	if id == nil || id.Kind != syntax.Scalar {
		return
	}
	if first, twice := c.ids[id.Value]; twice {
		d := c.diags.Errorf("duplicate-id", id.Range, "a step named %s exists already", id.Value)
		d.Hint = "every id is unique in the skill"
		d.Related = []diag.Note{{At: first, Message: "the first one"}}
		return
	}
	c.ids[id.Value] = id.Range
	c.noValue[id.Value] = n.Get("assert") != nil || n.Get("fail") != nil
}

// step checks one step and adds its result to the scope.
func (c *checker) step(n *syntax.Node) program.Node {
	node := program.Node{At: keyRange(n)}
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-step", n.Range, "a step is a mapping such as {id: image, uses: quay_get_tag, with: {…}}, not a %s", kindName(n))
		return node
	}
	kind := c.kindOf(n)
	node.ID = c.id(n)
	parts := c.ifOf(n, &node)
	before := c.steps
	c.steps = c.under(parts)
	if name := n.Get("name"); name != nil {
		node.Name, _ = c.fits(name, types.OfKind(types.String), c.scope(), "name").(string)
	}
	result := c.kind(n, kind, &node)
	c.steps = before
	c.join(node.ID, result, n.Get("if") != nil, parts)
	return node
}

// join adds a step's result to the scope of the steps after it.
func (c *checker) join(id string, result types.Type, conditional bool, parts []string) {
	if id == "" || c.noValue[id] {
		return
	}
	if conditional && result.Kind != types.Invalid {
		result.Optional = true
	}
	if len(parts) > 0 {
		c.conds[id] = parts
		c.given[strings.Join(parts, " && ")] = append(c.given[strings.Join(parts, " && ")], id)
	}
	c.steps = c.steps.With(types.Field{Name: id, Type: result})
}

func (c *checker) id(n *syntax.Node) string {
	id := n.Get("id")
	if id == nil {
		c.diags.Errorf("missing-key", keyRange(n), "every step needs an id").Hint = "add: id: a_short_name"
		return ""
	}
	if id.Kind != syntax.Scalar || !idPattern.MatchString(id.Value) {
		c.diags.Errorf("bad-id", id.Range, "id %q is not lower-case letters, digits and _, beginning with a letter", id.Value)
		return ""
	}
	return id.Value
}

func (c *checker) ifOf(n *syntax.Node, node *program.Node) []string {
	cond := n.Get("if")
	if cond == nil {
		return nil
	}
	text, parts := c.condition(cond, "if")
	node.If = text
	return parts
}

func (c *checker) kind(n *syntax.Node, kind string, node *program.Node) types.Type {
	node.Kind = program.Kind(kind)
	if e := n.Get("errors"); e != nil && kind != "uses" && kind != "await" && kind != "" {
		c.diags.Errorf("misplaced-key", e.Range, "errors goes with uses and await: %s has its own message", kind)
	}
	switch kind {
	case "uses":
		s, ok := c.uses(n, node)
		c.errors(n, node, s, ok)
		return s.Out
	case "await":
		return c.await(n, node)
	case "set":
		return c.set(n.Get("set"), node)
	case "assert":
		node.Cond, _ = c.condition(n.Get("assert"), "assert")
		c.message(n, n.Get("message"), node)
	case "fail":
		c.message(n, n.Get("fail"), node)
	case "approve":
		return c.approve(n, node)
	}
	return types.ObjectOf()
}

// message checks the text of an assert or a fail, and its code.
func (c *checker) message(n, text *syntax.Node, node *program.Node) {
	if text == nil {
		c.diags.Errorf("missing-key", keyRange(n), "an assert needs a message").Hint = "say what is wrong and what to do, for the person who reads it"
		return
	}
	node.Message, _ = c.fits(text, types.OfKind(types.String), c.scope(), "message").(string)
	code := n.Get("code")
	if code == nil {
		return
	}
	node.Code = types.Code(code.Value)
	if !types.IsCode(code.Value) {
		c.diags.Errorf("unknown-code", code.Range, "%s is not an error code", code.Value).Hint = diag.DidYouMean(code.Value, codeNames(types.Codes()))
	}
}

func (c *checker) set(n *syntax.Node, node *program.Node) types.Type {
	out := types.ObjectOf()
	if n.Kind != syntax.Mapping || len(n.Pairs) == 0 {
		c.diags.Errorf("bad-set", n.Range, "set is a mapping of names to values")
		return out
	}
	for _, p := range n.Pairs {
		if !idPattern.MatchString(p.Key.Value) {
			c.diags.Errorf("bad-name", p.Key.Range, "name %q is not lower-case letters, digits and _, beginning with a letter", p.Key.Value)
		}
		v, t := c.typed(p.Value, c.scope())
		node.Values = append(node.Values, program.Binding{Name: p.Key.Value, Value: types.Dynamic{V: v}})
		out.Fields = append(out.Fields, types.Field{Name: p.Key.Value, Type: t})
	}
	return out
}

// uses checks a step type and its arguments.
func (c *checker) uses(n *syntax.Node, node *program.Node) (step.Step, bool) {
	u := n.Get("uses")
	if u == nil {
		c.diags.Errorf("missing-key", keyRange(n), "an await needs uses: the read to repeat")
		return step.Step{}, false
	}
	s, ok := c.stepType(u)
	if !ok {
		// Its arguments are still read, so that mistakes inside show too.
		if w := n.Get("with"); w != nil {
			c.typed(w, c.scope())
		}
		return step.Step{}, false // its result is unclear: what reads it does not complain too
	}
	node.Step, node.Effect = s.Name, string(s.Effect)
	with := n.Get("with")
	if with == nil {
		with = &syntax.Node{Kind: syntax.Mapping, Range: u.Range}
	}
	if with.Kind != syntax.Mapping {
		c.diags.Errorf("bad-with", with.Range, "with is a mapping of arguments, not a %s", kindName(with))
		return s, true
	}
	if len(with.Pairs) == 0 {
		with.Range = u.Range
	}
	node.With = c.arguments(with, s.In, c.scope(), s.Name)
	c.service(s, with)
	return s, true
}

// service notes which service the step will ask.
func (c *checker) service(s step.Step, with *syntax.Node) {
	if !slices.ContainsFunc(c.skill.Uses, func(o step.Step) bool { return o.Name == s.Name }) {
		c.skill.Uses = append(c.skill.Uses, s)
	}
	name := s.Touch.Service
	if v := with.Get("service"); v != nil && name != "" {
		if !c.writtenOut(v) {
			return
		}
		name = v.Value
	}
	if name != "" {
		c.skill.Services = append(c.skill.Services, name)
	}
}

func (c *checker) stepType(u *syntax.Node) (step.Step, bool) {
	if strings.HasPrefix(u.Value, "skill:") {
		c.diags.Errorf("later-key", u.Range, "uses: skill:NAME comes with a later version of skillrun")
		return step.Step{}, false
	}
	s, ok := c.cat.Lookup(u.Value)
	if !ok {
		d := c.diags.Errorf("unknown-step", u.Range, "no step type is named %q", u.Value)
		d.Hint = diag.DidYouMean(u.Value, c.cat.Names())
		if d.Hint == "" {
			d.Hint = "`skillrun steps` lists them"
		}
	}
	return s, ok
}

// errors checks the people's messages against what the step type can return.
func (c *checker) errors(n *syntax.Node, node *program.Node, s step.Step, known bool) {
	e := n.Get("errors")
	if e == nil {
		return
	}
	if e.Kind != syntax.Mapping {
		c.diags.Errorf("bad-errors", e.Range, "errors maps codes to messages, such as {not_found: Build it first.}")
		return
	}
	c.extra["error"] = errorType()
	defer delete(c.extra, "error")
	node.Errors = map[types.Code]string{}
	for _, p := range e.Pairs {
		code := types.Code(p.Key.Value)
		if known && !s.CanFail(code) {
			c.diags.Errorf("unknown-code", p.Key.Range, "%s never fails with %s", s.Name, code).Hint = diag.DidYouMean(string(code), codeNames(s.AllCodes()))
		}
		node.Errors[code], _ = c.fits(p.Value, types.OfKind(types.String), c.scope(), fmt.Sprintf("errors.%s", code)).(string)
	}
}

func codeNames(codes []types.Code) []string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = string(c)
	}
	return names
}

// await checks a read that is repeated until a condition holds.
func (c *checker) await(n *syntax.Node, node *program.Node) types.Type {
	a := n.Get("await")
	if a.Kind != syntax.Mapping {
		c.diags.Errorf("bad-await", a.Range, "await is a mapping with uses, with, until, every and timeout")
		return types.Type{}
	}
	c.keys(a, []string{"uses", "with", "until", "fail_if", "message", "code", "every", "timeout"}, nil)
	s, ok := c.uses(a, node)
	if ok && s.Effect != step.Reads {
		c.diags.Errorf("await-needs-read", a.Get("uses").Range, "await repeats a read, and %s is a %s", s.Name, s.Effect)
	}
	c.errors(n, node, s, ok)
	c.extra["result"] = s.Out
	defer delete(c.extra, "result")
	if until := a.Get("until"); until != nil {
		node.Until, _ = c.condition(until, "until")
	} else {
		c.diags.Errorf("missing-key", keyRange(a), "an await needs until").Hint = `such as until: "result.state == 'merged'"`
	}
	if f := a.Get("fail_if"); f != nil {
		node.FailIf, _ = c.condition(f, "fail_if")
	}
	if m := a.Get("message"); m != nil {
		c.message(a, m, node)
	}
	node.Every = c.duration(a, "every", "30s")
	node.Timeout = c.duration(a, "timeout", "")
	return s.Out
}

func (c *checker) duration(n *syntax.Node, key, otherwise string) string {
	v := n.Get(key)
	if v == nil {
		return otherwise
	}
	if d, err := types.ParseDuration(v.Value); err != nil || d <= 0 {
		c.diags.Errorf("bad-duration", v.Range, "%s is %q, not a duration such as 90s, 5m or 3d", key, v.Value)
		return otherwise
	}
	return v.Value
}

// outputs checks the skill's results. They may read every step.
func (c *checker) outputs(n *syntax.Node) {
	if n == nil {
		return
	}
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-outputs", n.Range, "outputs is a mapping of names to values")
		return
	}
	for _, p := range n.Pairs {
		if !idPattern.MatchString(p.Key.Value) {
			c.diags.Errorf("bad-name", p.Key.Range, "name %q is not lower-case letters, digits and _, beginning with a letter", p.Key.Value)
		}
		v, t := c.typed(p.Value, c.scope())
		c.open(p.Value, t, "be an output")
		c.skill.outputs = append(c.skill.outputs, program.Output{Name: p.Key.Value, Value: types.Dynamic{V: v}, Type: t, At: p.Value.Range})
		c.skill.Outputs.Fields = append(c.skill.Outputs.Fields, types.Field{Name: p.Key.Value, Type: t})
	}
}
