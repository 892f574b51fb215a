package skilltest

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/types"
)

var (
	runStates  = []string{Done, Failed, Parked, Rejected}
	stepStates = []string{
		Done, Failed, NotRun, string(machine.Skipped), string(machine.Rescued), string(machine.Returned),
		string(machine.Continued), string(machine.GivenUp), string(machine.StillWaiting),
	}
)

func (r *reader) expectation(n *syntax.Node, at diag.Range) Expectation {
	e := Expectation{At: at, Outputs: map[string]Value{}, Calls: map[string]Calls{}, Undo: map[string]Calls{}, Steps: map[string]Value{}}
	if n == nil || !r.mapping(n, "expect", expectKeys) {
		return e
	}
	if s := n.Get("state"); s != nil {
		e.At, e.State = s.Range, r.oneOf(s, "state", runStates)
	}
	if x := n.Get("error"); x != nil {
		e.At, e.Error = x.Range, r.expectedError(x)
	}
	r.each(n.Get("outputs"), "outputs", func(p syntax.Pair) {
		f, ok := r.suite.Skill.Outputs.Field(p.Key.Value)
		if !ok {
			r.diags.Errorf("unknown-key", p.Key.Range, "%s has no output %s", r.suite.Skill.Name, p.Key.Value).
				Suggest(p.Key.Value, r.suite.Skill.Outputs.Names())
			return
		}
		e.Outputs[f.Name] = Value{p.Value.Range, r.data(p.Value, f.Type.Maybe(), f.Name, exact), p.Value}
	})
	r.each(n.Get("steps"), "steps", func(p syntax.Pair) {
		if r.lookup(p.Key) != nil {
			e.Steps[p.Key.Value] = Value{p.Value.Range, r.oneOf(p.Value, "the state of a step", stepStates), p.Value}
		}
	})
	r.each(n.Get("calls"), "calls", func(p syntax.Pair) { r.calls(p, e.Calls) })
	r.each(n.Get("undo"), "undo", func(p syntax.Pair) { r.undo(p, e.Undo) })
	if w := n.Get("writes"); w != nil {
		e.Writes = r.writes(w)
	}
	return e
}

// each calls f for the pairs of a mapping that may be left out.
func (r *reader) each(n *syntax.Node, what string, f func(syntax.Pair)) {
	if n == nil || !r.mapping(n, what, nil) {
		return
	}
	for _, p := range n.Pairs {
		f(p)
	}
}

func (r *reader) oneOf(n *syntax.Node, what string, allowed []string) string {
	if s := r.text(n, what); slices.Contains(allowed, s) {
		return s
	}
	r.diags.Errorf("bad-value", n.Range, "%s is one of %s", what, strings.Join(allowed, ", ")).Suggest(n.Value, allowed)
	return ""
}

func (r *reader) expectedError(n *syntax.Node) *ExpectedError {
	x := &ExpectedError{At: n.Range}
	code := n
	if n.Kind == syntax.Mapping {
		r.mapping(n, "error", errorKeys)
		code = n.Get("code")
		if m := n.Get("message"); m != nil {
			x.Message = r.text(m, "message")
		}
		if s := n.Get("step"); s != nil {
			x.Step = r.text(s, "step")
		}
	}
	if code != nil {
		var words []string
		for _, c := range r.suite.codes(r.suite.Skill.Steps) {
			words = append(words, string(c))
		}
		x.Code = types.Code(r.oneOf(code, "the code of an error", words))
	}
	return x
}

func (r *reader) calls(p syntax.Pair, out map[string]Calls) {
	n := r.lookup(p.Key)
	if n == nil {
		return
	}
	c, ok := r.suite.contract(n)
	if !ok {
		r.diags.Errorf("bad-test", p.Key.Range, "step %s performs nothing: it is not called with arguments", p.Key.Value).Hint = "expect its state under steps, or an output"
		return
	}
	list := Calls{At: p.Key.Range, enter: n.Call != nil}
	items := p.Value.Items
	if p.Value.Kind != syntax.Sequence {
		items = []*syntax.Node{p.Value}
	}
	for _, item := range items {
		one := map[string]Value{}
		r.each(item, "a call", func(p syntax.Pair) {
			f, ok := c.in.Field(p.Key.Value)
			if !ok {
				r.diags.Errorf("unknown-argument", p.Key.Range, "%s has no argument %s", c.title, p.Key.Value).Suggest(p.Key.Value, c.in.Names())
				return
			}
			one[f.Name] = Value{p.Value.Range, r.data(p.Value, f.Type.Maybe(), f.Name, partial), p.Value}
		})
		list.List = append(list.List, one)
	}
	out[p.Key.Value] = list
}

// undo are the calls that take a write back, of a step type that says so.
func (r *reader) undo(p syntax.Pair, out map[string]Calls) {
	if n := r.lookup(p.Key); n != nil && n.Undo == nil {
		r.diags.Errorf("bad-test", p.Key.Range, "step %s does not say how it is undone", p.Key.Value).Hint = "name the exec or the http of a step type that has an undo"
		return
	}
	r.calls(p, out)
}

func (r *reader) writes(n *syntax.Node) *Value {
	if n.Kind != syntax.Sequence {
		r.diags.Errorf("bad-test", n.Range, "writes is a list of steps, not a %s", n.Kind).Hint = "write [] when nothing is written"
		return nil
	}
	names := []any{}
	for _, item := range n.Items {
		if withoutItem(item.Value) != item.Value {
			r.diags.Errorf("bad-value", item.Range, "writes names steps, without the key of an item").Hint = "write " + withoutItem(item.Value) + ", as often as it is written"
		} else if r.lookup(item) != nil {
			names = append(names, item.Value)
		}
	}
	return &Value{n.Range, names, n}
}
