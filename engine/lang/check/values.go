package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

func kindName(n *syntax.Node) string {
	switch n.Kind {
	case syntax.Mapping:
		return "mapping"
	case syntax.Sequence:
		return "list"
	}
	return "scalar"
}

// keys refuses what is not known in a mapping, which messages call what: later keys by name.
func (c *checker) keys(n *syntax.Node, what string, known keys.Mapping, later []string) {
	for _, p := range n.Pairs {
		k := p.Key.Value
		switch {
		case known.Has(k):
		case slices.Contains(later, k):
			d := c.diags.Errorf("later-key", p.Key.Range, "%s comes with a later version of skillrun", k)
			d.Hint = "leave it out for now"
			c.without(d, p)
		case k == "rescue" || k == "always":
			c.unknownKey(p, what).
				Hint = k + " belongs to a group: put the steps into one, {id: all, steps: […], " + k + ": […]}"
		case known.Has(otherWord(k)):
			c.unknownKey(p, what).Replace(otherWord(k)).Hint = "did you mean " + otherWord(k) + "?"
		default:
			d := c.unknownKey(p, what).Suggest(k, known.Names())
			c.unknownTopKey(d, k, known.Names())
		}
	}
}

func (c *checker) unknownKey(p syntax.Pair, what string) *diag.Diagnostic {
	return c.diags.Errorf("unknown-key", p.Key.Range, "unknown key %s in %s", p.Key.Value, what)
}

// otherWord is the key for what a key says elsewhere: a step type has a doc, and a
// skill, an input and an output have a description.
func otherWord(key string) string {
	return map[string]string{"description": "doc", "doc": "description"}[key]
}

func keyOf(n *syntax.Node, key string) diag.Range {
	for _, p := range n.Pairs {
		if p.Key.Value == key {
			return p.Key.Range
		}
	}
	return n.Range
}

// str reads an optional string. Another scalar has to be quoted.
func (c *checker) str(n *syntax.Node, key string) string {
	v := n.Get(key)
	if v == nil {
		return ""
	}
	if v.Kind != syntax.Scalar {
		c.diags.Errorf("type-mismatch", v.Range, "%s must be a string, not a %s", key, kindName(v))
		return ""
	}
	if v.Tag != "!!str" {
		quoteIt(c.diags.Errorf("type-mismatch", v.Range, "%s must be a string; YAML reads %s as another type", key, v.Value), v)
	}
	return v.Value
}

// typed checks a value of any shape and returns it as the program keeps it
// (strings are texts with holes) with its type.
func (c *checker) typed(n *syntax.Node, s expr.Scope) (any, types.Type) {
	switch n.Kind {
	case syntax.Mapping:
		value, t := map[string]any{}, types.ObjectOf()
		for _, p := range n.Pairs {
			v, ft := c.typed(p.Value, s)
			value[p.Key.Value] = v
			t.Fields = append(t.Fields, types.Field{Name: p.Key.Value, Type: ft, Required: !ft.Optional})
		}
		return value, t
	case syntax.Sequence:
		value, elem := []any{}, types.Type{}
		for _, item := range n.Items {
			v, et := c.typed(item, s)
			value, elem = append(value, v), types.Merge(elem, et)
		}
		if elem.Kind == types.Invalid {
			return value, types.Type{Kind: types.List}
		}
		return value, types.ListOf(elem)
	}
	return c.scalar(n, s)
}

func (c *checker) scalar(n *syntax.Node, s expr.Scope) (any, types.Type) {
	if n.Tag != "!!str" {
		v := n.Data()
		if v == nil {
			return nil, types.OfKind(types.Any).Maybe()
		}
		return v, types.OfKind(types.KindOf(v))
	}
	t, problems := textOf(n)
	c.seeText(n, t, s)
	if len(problems) > 0 {
		c.problems(n, problems)
		return n.Value, types.OfKind(types.Invalid)
	}
	typ, problems := t.Check(s)
	c.problems(n, problems)
	for _, x := range expr.Lookalikes(n.Value, c.program) {
		c.diags.Warnf("not-filled-in", n.Place(x.From, x.To), "%s is literal text here: nothing is substituted", n.Value[x.From:x.To]).Hint = x.Hint
	}
	c.noteReads(t.Refs())
	if len(problems) > 0 {
		typ = types.OfKind(types.Invalid)
	}
	return n.Value, typ
}

// fits checks a value where want is wanted and returns it as the program keeps
// it. It descends into literal lists and mappings, so that a mismatch is shown
// at the very member.
func (c *checker) fits(n *syntax.Node, want types.Type, s expr.Scope, what string) any {
	c.seeValue(n, want)
	switch {
	case n.Kind == syntax.Sequence && want.Kind == types.List && want.Elem != nil:
		out := []any{}
		elem := *want.Elem
		elem.Trusted = elem.Trusted || want.Trusted
		for i, item := range n.Items {
			out = append(out, c.fits(item, elem, s, what+"["+strconv.Itoa(i)+"]"))
		}
		return out
	case n.Kind == syntax.Mapping && want.Kind == types.Map && want.Elem != nil:
		out := map[string]any{}
		for _, p := range n.Pairs {
			out[p.Key.Value] = c.fits(p.Value, *want.Elem, s, what+"."+p.Key.Value)
		}
		return out
	case n.Kind == syntax.Mapping && want.Kind == types.Object:
		return c.members(n, want, s, what, "field")
	}
	value, t := c.typed(n, s)
	if t.Kind == types.Invalid {
		return value // its own diagnostics say why
	}
	c.checkType(n, value, t, want, what)
	c.trusted(n, want, s, what)
	return value
}

func (c *checker) checkType(n *syntax.Node, value any, t, want types.Type, what string) {
	if want.Kind == types.Invalid {
		return // what it has to be is not known: that has a mistake of its own
	}
	if why, ok := want.Accepts(t); !ok {
		d := c.diags.Errorf("type-mismatch", n.Range, "%s: %s", what, why)
		switch {
		case n.IsNull():
			d.Code, d.Message, d.Hint = "maybe-absent", what+" has no value", "give it one, or leave the key out"
		case t.Optional && !want.Optional:
			d.Code = "maybe-absent"
		case n.Kind == syntax.Scalar && n.Tag != "!!str" && want.Kind == types.String:
			quoteIt(d, n)
		case want.Kind == types.String && (t.Kind == types.Boolean || t.Kind == types.Integer || t.Kind == types.Number):
			asString(d, n)
		case want.Kind == types.List && t.Kind == types.String:
			d.Hint = "write a list: [" + n.Value + "]"
		}
		return
	}
	if t.HoldsSecret() && !want.HoldsSecret() {
		c.refuseSecret(n, t, "stand in "+what)
		return
	}
	if n.Kind != syntax.Scalar || !isLiteral(n) {
		return
	}
	if n.Tag == "!!str" {
		value = unescaped(n.Value)
	}
	if err := want.Check(value); err != nil {
		d := c.diags.Errorf("bad-value", n.Range, "%s %v", what, err)
		if want.Format == "duration" {
			asDuration(d, n)
		}
	}
}

func isLiteral(n *syntax.Node) bool {
	if n.Tag != "!!str" {
		return true
	}
	t, problems := textOf(n)
	return len(problems) == 0 && t.Literal()
}

// parsed is the memo of a scalar that was read as a text with ${{ }}.
type parsed struct {
	text     *expr.Text
	problems []expr.Problem
}

// textOf is a scalar as a text with ${{ }}, parsed once however often it is asked for.
func textOf(n *syntax.Node) (*expr.Text, []expr.Problem) {
	if p, ok := n.Memo.(parsed); ok {
		return p.text, p.problems
	}
	t, problems := expr.ParseText(n.Value)
	n.Memo = parsed{t, problems}
	return t, problems
}

func unescaped(text string) any {
	t, problems := expr.ParseText(text)
	if len(problems) > 0 {
		return text
	}
	v, err := t.Eval(expr.Env{})
	if err != nil {
		return text
	}
	return v
}

// trusted refuses text from outside that decides where an effect lands.
func (c *checker) trusted(n *syntax.Node, want types.Type, s expr.Scope, what string) {
	if want.Trusted {
		c.authoredOnly(n, s, what+" decides where an effect lands")
	}
}

// authoredOnly refuses what the authors of the skill and the site did not write.
func (c *checker) authoredOnly(n *syntax.Node, s expr.Scope, why string) {
	if n.Kind != syntax.Scalar || n.Tag != "!!str" {
		return
	}
	t, problems := textOf(n)
	if len(problems) > 0 {
		return
	}
	if ok, offender := t.Trusted(s); !ok {
		c.diags.Errorf("untrusted", n.Place(offender.From, offender.To), "%s, and %s may hold anything", why, strings.Join(offender.Path, ".")).
			Hint = "use a literal, config, an input with an enum or a pattern, or a set of these"
	}
}

func (c *checker) arguments(n *syntax.Node, want types.Type, s expr.Scope, what string) map[string]any {
	return c.members(n, want, s, what, "argument")
}

// members checks what a mapping gives to the members of an object; word is what those
// are called.
func (c *checker) members(n *syntax.Node, want types.Type, s expr.Scope, what, word string) map[string]any {
	c.seeArguments(n, want)
	out, meant := map[string]any{}, map[string]bool{}
	for _, p := range n.Pairs {
		f, ok := want.Field(p.Key.Value)
		if !ok && want.Elem != nil {
			out[p.Key.Value] = c.fits(p.Value, *want.Elem, s, p.Key.Value)
			continue
		}
		if !ok {
			c.diags.Errorf("unknown-argument", p.Key.Range, "%s has no %s %s", what, word, p.Key.Value).Suggest(p.Key.Value, want.Names())
			meant[diag.Nearest(p.Key.Value, want.Names())] = true
			continue
		}
		t := f.Type
		if !f.Required {
			t = t.Maybe()
		}
		out[f.Name] = c.fits(p.Value, t, s, f.Name)
		if f.Literal {
			_, env := want.Field("env")
			c.writtenOut(p.Value, f.Name, env)
		}
	}
	for _, f := range want.Fields {
		if f.Required && n.Get(f.Name) == nil && !meant[f.Name] {
			c.diags.Errorf("missing-argument", n.Head(), "%s needs %s", what, f.Name).Hint = f.Doc
		}
	}
	return out
}

func (c *checker) mustBeLiteral(n *syntax.Node) {
	if n.Kind != syntax.Scalar || !isLiteral(n) {
		c.diags.Errorf("bad-value", n.Range, "service is the literal name of a service in skillrun.yaml")
	}
}

// writtenOut refuses expressions, also inside of a value, where they read something. Of a
// script they would be a part; with env, it gets their values in variables.
func (c *checker) writtenOut(n *syntax.Node, what string, env bool) {
	if n.Kind == syntax.Scalar && !isLiteral(n) {
		at, name, value := n.Range, "NAME", "…"
		if t, problems := expr.ParseText(n.Value); len(problems) == 0 && len(t.Refs()) > 0 {
			read := t.Refs()[0]
			at, value = n.Place(read.From, read.To), "${{ "+strings.Join(read.Path, ".")+" }}"
			name = strings.ToUpper(read.Path[len(read.Path)-1])
		}
		if d := c.diags.Errorf("bad-value", at, "%s takes no expressions: it is checked before anything runs", what); env {
			d.Message = what + " takes no expressions: their values would run as code"
			d.Hint = "hand the value over beside it, env: {" + name + ": \"" + value + "\"}; in its place read the variable " + name + " (in sh $" + name + ", inside double quotes)"
		}
	}
	for _, p := range children(n, "") {
		c.writtenOut(p.node, what, env)
	}
}

func (c *checker) duration(n *syntax.Node, key, otherwise string) string {
	v := n.Get(key)
	if v == nil {
		return otherwise
	}
	if d, err := types.ParseDuration(v.Value); err != nil || d <= 0 {
		asDuration(c.diags.Errorf("bad-duration", v.Range, "%s is %q, not a duration such as 90s, 5m or 3d", key, v.Value), v)
		return otherwise
	}
	return v.Value
}

// refuseSecret refuses a secret, also one inside of a value, where people will see it.
func (c *checker) refuseSecret(n *syntax.Node, t types.Type, what string) {
	if t.HoldsSecret() {
		c.diags.Errorf("secret-leak", n.Range, "a secret cannot %s", what).Hint = "leave it out: it may only reach an argument that takes a secret"
	}
}
