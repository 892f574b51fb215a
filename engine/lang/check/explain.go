package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

// collectAll notes the steps of a list and all inside, to explain references to them.
func (c *checker) collectAll(list *syntax.Node, where []enclosure, parallel string) {
	if list == nil || list.Kind != syntax.Sequence {
		return
	}
	for i, item := range list.Items {
		inner := slices.Clip(where)
		if parallel != "" {
			inner = append(inner, enclosure{kind: inParallel, id: parallel, child: i})
		}
		c.collect(item, inner)
	}
}

func (c *checker) collect(n *syntax.Node, where []enclosure) {
	if n.Kind != syntax.Mapping {
		return
	}
	id := ""
	if v := n.Get("id"); v != nil && v.Kind == syntax.Scalar {
		id = v.Value
		c.note(n, v, where)
	}
	inside, parallel := where, ""
	if n.Get("for_each") != nil {
		inside = append(slices.Clip(where), enclosure{kind: inLoop, id: id})
	}
	if p := n.Get("parallel"); p != nil && p.Value == "true" {
		parallel = id
	}
	c.collectAll(n.Get("retry").Get("before"), append(slices.Clip(inside), enclosure{kind: inRemedy, id: id}), "")
	c.collectAll(n.Get("steps"), inside, parallel)
	c.collectAll(n.Get("rescue"), inside, "")
	c.collectAll(n.Get("always"), append(slices.Clip(inside), enclosure{kind: inAlways, id: id}), "")
}

// note keeps the place of a step's id, and refuses a second one.
func (c *checker) note(n, id *syntax.Node, where []enclosure) {
	if first, twice := c.ids[id.Value]; twice {
		d := c.diags.Errorf("duplicate-id", id.Range, "the id %s is taken by another step", id.Value)
		d.Hint = "give this step another id: each is unique in the " + c.skill.what()
		d.Related = []diag.Note{{At: first.at, Message: "step " + id.Value + " is here"}}
		return
	}
	p := place{at: id.Range, where: where, looped: n.Get("for_each") != nil}
	for _, k := range kinds {
		if n.Get(k.Key.Name) != nil {
			p.kind = k.Key.Name
			break
		}
	}
	c.ids[id.Value] = p
}

// problems adds what an expression in n complains of, at its exact place.
func (c *checker) problems(n *syntax.Node, problems []expr.Problem) {
	for _, p := range problems {
		d := c.diags.Errorf(p.Code, n.Place(p.From, p.To), "%s", p.Message)
		d.Hint = p.Hint
		replaced(d, n, p)
		if p.Code == expr.CodeSyntax && c.commented(n) {
			d.Hint, d.Fix = "YAML takes the rest of the line for a comment: put the whole text in quotes", nil
		}
		c.explain(d, n, p)
	}
}

// commented reports whether a comment follows a scalar on its line: a # after a
// blank, inside of an expression that has no quotes around it.
func (c *checker) commented(n *syntax.Node) bool {
	lines := strings.Split(string(c.skill.Text), "\n")
	at := n.Range.End.Line - 1
	if n.Range.File != c.file || at < 0 || at >= len(lines) {
		return false
	}
	rest := []rune(lines[at])
	rest = rest[min(len(rest), max(0, n.Range.End.Col-1)):]
	return strings.HasPrefix(strings.TrimSpace(string(rest)), "#")
}

func (c *checker) explain(d *diag.Diagnostic, n *syntax.Node, p expr.Problem) {
	if d.Code != "unknown-name" || p.From < 0 || p.To > len(n.Value) || p.From > p.To {
		return
	}
	text := n.Value[p.From:p.To]
	_, after, found := strings.Cut(text, "steps.")
	if !found {
		after = text
	}
	id := after[:len(after)-len(strings.TrimLeft(after, "abcdefghijklmnopqrstuvwxyz0123456789_"))]
	target, exists := c.ids[id]
	if near := diag.Nearest(id, types.SortedKeys(c.ids)); !exists && near != "" && d.Hint == "" && found {
		why, _ := c.explainUnreadable(near, c.ids[near])
		d.Hint = "did you mean " + near + "? " + why
		return
	}
	if !exists || slices.ContainsFunc(c.view.steps, func(r *result) bool { return r.id == id }) {
		return
	}
	d.Related = append(d.Related, diag.Note{At: target.at, Message: "step " + id + " is here"})
	d.Message, d.Hint = c.explainUnreadable(id, target)
	d.Fix = nil
}

// explainUnreadable says why a step cannot be read here, and what to do about it.
func (c *checker) explainUnreadable(id string, target place) (message, hint string) {
	if !target.hasResult() {
		if target.kind == "steps" {
			return "group " + id + " has no result to read", "read the steps inside it, by their own ids"
		}
		return "step " + id + " has no result to read", "assert, fail and return give none"
	}
	i := 0
	for i < len(target.where) && i < len(c.view.where) && target.where[i] == c.view.where[i] {
		i++
	}
	if i < len(target.where) && i < len(c.view.where) {
		t, h := target.where[i], c.view.where[i]
		if t.kind == inParallel && h.kind == inParallel && t.id == h.id {
			return "step " + id + " runs in parallel with this one in the group " + t.id,
				"move this step after the group, or leave parallel out"
		}
	}
	for _, e := range target.where[i:] {
		switch e.kind {
		case inLoop:
			return "step " + id + " is inside the loop " + e.id + ", and can be read there only",
				"after the loop read steps." + e.id + ": the list of the results of its items"
		case inRemedy:
			return "step " + id + " belongs to the before of " + e.id + ", and can be read there only",
				"read what " + e.id + " gives"
		}
	}
	return "step " + id + " has not run yet at this point", "move step " + id + " before this one"
}
