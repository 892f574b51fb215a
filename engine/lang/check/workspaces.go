package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/program"
)

type making struct {
	node *program.Node
	name string // a literal, or a text of inputs and config only
}

// workspaces refuses steps that may make a workspace of one name side by side.
func (c *checker) workspaces(nodes []program.Node) {
	for i := range nodes {
		n := &nodes[i]
		if n.ForEach != "" && n.MaxParallel > 1 {
			for _, m := range c.makes(nodes[i : i+1]) {
				d := c.shared(m, n, "items of the loop %s run in parallel, and in each of them %s creates the workspace %s", n.ID, m.node.ID, m.name)
				d.Hint = "leave name out, and each creates one of its own; or use the item in the name"
			}
		}
		if n.Parallel && (n.ForEach != "" || n.MaxParallel != 1) {
			c.branches(n)
		}
		if n.Call != nil { // the skill's own check looks inside
			continue
		}
		for _, inner := range n.Inside() {
			c.workspaces(inner)
		}
	}
}

// branches looks at the steps of a parallel group two by two.
func (c *checker) branches(group *program.Node) {
	var before []making
	for i := range group.Steps {
		own := c.makes(group.Steps[i : i+1])
		for _, m := range own {
			at := slices.IndexFunc(before, func(b making) bool { return b.name == m.name })
			if at < 0 {
				continue
			}
			other := before[at].node
			d := c.shared(m, &group.Steps[i], "%s and %s create the workspace %s in parallel, in the group %s", other.ID, m.node.ID, m.name, group.ID)
			d.Hint = "leave name out in one of them, and it creates one of its own; or give it another name"
			d.Related = []diag.Note{{At: other.At, Message: "step " + other.ID + " is here"}}
		}
		before = append(before, own...)
	}
}

// shared is a diagnostic at the step that makes a workspace, or at the call of it.
func (c *checker) shared(m making, outer *program.Node, format string, args ...any) *diag.Diagnostic {
	at := m.node.At
	if at.File != c.file {
		at = outer.At
	}
	return c.diags.Errorf("shared-workspace", at, "%s", fmt.Sprintf(format, args...))
}

// makes are the steps that make a workspace of the same name wherever they are.
func (c *checker) makes(nodes []program.Node) []making {
	var out []making
	program.Each(nodes, func(n *program.Node) {
		s, known := c.world.Catalogue.Lookup(n.Step)
		if n.Kind != program.Uses || !known {
			return
		}
		for _, f := range s.In.Fields {
			name, given := n.With[f.Name].(string)
			if f.Makes && given && c.settled(name, n.At) {
				out = append(out, making{n, name})
			}
		}
	})
	return out
}

// settled reports whether a text comes to the same in all of one run.
func (c *checker) settled(text string, at diag.Range) bool {
	if !strings.Contains(text, "{{") {
		return true
	}
	t, problems := expr.ParseText(text)
	return at.File == c.file && len(problems) == 0 && !slices.ContainsFunc(t.Refs(), func(r expr.Ref) bool {
		return r.Path[0] != "inputs" && r.Path[0] != "config"
	})
}
