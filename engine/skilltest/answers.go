package skilltest

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// answers reads what a step answers, nil where that is a mistake.
func (r *reader) answers(p syntax.Pair) *Answers {
	n := r.lookup(p.Key)
	if n == nil {
		return nil
	}
	out := &Answers{At: p.Key.Range, Always: p.Value.Kind != syntax.Sequence}
	items := p.Value.Items
	if out.Always {
		items = []*syntax.Node{p.Value}
	}
	before := len(r.diags)
	for _, item := range items {
		out.List = append(out.List, r.answer(item, p.Key.Value, n))
	}
	if len(items) == 0 {
		r.diags.Errorf("bad-test", p.Value.Range, "%s has no answer", p.Key.Value).Hint = "write {returns: {…}} or {fails: CODE}"
	}
	if r.diags[before:].HasErrors() {
		return nil
	}
	return out
}

func (r *reader) answer(n *syntax.Node, name string, step *program.Node) Answer {
	a := Answer{At: n.Range}
	kind := ""
	var all []string
	for _, k := range answerKinds {
		all = append(all, k.Key.Name)
		if n.Get(k.Key.Name) != nil {
			kind = k.Key.Name
			if !r.mapping(n, "an answer", append(keys.Mapping{k.Key}, k.With...)) {
				return a
			}
			break
		}
	}
	if kind == "" {
		r.diags.Errorf("bad-test", n.Range, "an answer has one of %s", strings.Join(all, ", ")).Hint = "write {returns: {…}} or {fails: CODE}"
		return a
	}
	at := n.Get(kind)
	a.At = at.Range
	if after := n.Get("after"); after != nil {
		d, err := types.ParseDuration(after.Value)
		if err != nil {
			r.diags.Errorf("bad-duration", after.Range, "after is %q, not a duration such as 90s, 5m or 3d", after.Value).Hint = types.DurationHint(after.Value)
		}
		a.After = d
	}
	if person := kind == "approves" || kind == "rejects"; person != (step.Kind == program.Approve) {
		d := r.diags.Errorf("bad-test", at.Range, "step %s does not answer with %s", name, kind)
		if d.Hint = "write {returns: {…}} or {fails: CODE}"; !person {
			d.Hint = "it asks a person: write {approves: NAME} or {rejects: NAME}"
		}
		return a
	}
	switch kind {
	case "approves":
		a.Approves = r.text(at, kind)
	case "rejects":
		a.Rejects = r.text(at, kind)
	case "returns":
		r.result(at, name, step, &a)
	case "fails":
		r.failure(n, name, step, &a)
	}
	return a
}

func (r *reader) result(n *syntax.Node, name string, step *program.Node, a *Answer) {
	c, ok := r.suite.contract(step)
	switch {
	case !ok:
		r.diags.Errorf("bad-test", n.Range, "step %s performs nothing: it has no answer", name).Hint = "leave it out"
	case n.Kind != syntax.Mapping:
		r.diags.Errorf("bad-test", n.Range, "the result of a step is a mapping, not a %s", n.Kind)
	default:
		a.Returns, _ = r.data(n, c.out, withoutItem(name), answer).(map[string]any)
	}
}

func (r *reader) failure(n *syntax.Node, name string, step *program.Node, a *Answer) {
	c, ok := r.suite.contract(step)
	code, message := n.Get("fails"), n.Get("message")
	if !ok {
		r.diags.Errorf("bad-test", code.Range, "step %s performs nothing: it has no answer", name).Hint = "leave it out"
		return
	}
	if !slices.Contains(c.codes, types.Code(code.Value)) {
		words := make([]string, len(c.codes))
		for i, code := range c.codes {
			words[i] = string(code)
		}
		slices.Sort(words)
		r.diags.Errorf("unknown-code", code.Range, "%s cannot fail with %s", c.title, code.Value).Suggest(code.Value, words)
	}
	text := "an answer of the test"
	if message != nil {
		text = r.text(message, "message")
	}
	a.Fails = types.Errorf(types.Code(code.Value), "%s", text)
	if details := n.Get("details"); details != nil && r.mapping(details, "details", nil) {
		for _, p := range details.Pairs {
			a.Fails.With(p.Key.Value, p.Value.Data())
		}
	}
}
