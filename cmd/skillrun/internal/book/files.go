package book

import (
	"strings"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// fileArguments are what steps that edit files call the file.
var fileArguments = []string{"file", "path"}

// files are the files that the skill changes: where, and what in them.
func (s *Subject) files(p *page) {
	var b page
	r := resolver{s: s, steps: map[string]*engine.Node{}}
	engine.EachOwn(s.Skill.Steps, func(n *engine.Node) { r.steps[n.ID] = n })
	engine.EachOwn(s.Skill.Steps, func(n *engine.Node) {
		file := r.fileOf(n)
		if file == "" {
			return
		}
		b.printf("- %s", code(file))
		if repo := r.repoOf(n); repo != "" {
			b.printf(" in %s", code(repo))
		}
		b.printf(", by %s", code(n.Step))
		if n.If != "" {
			b.printf(", if %s", code(n.If))
		}
		b.printf(":\n")
		for _, name := range types.SortedKeys(n.With) {
			if text, ok := n.With[name].(string); ok && name != "workspace" && r.text(text) != file {
				b.printf("  - %s: %s\n", code(name), code(r.text(text)))
			}
		}
	})
	if b.Len() > 0 {
		p.section("Files modified")
		p.printf("%s\n", b.String())
	}
}

// resolver puts into texts what is known of them without a run.
type resolver struct {
	s     *Subject
	steps map[string]*engine.Node
}

// fileOf is the file that a step changes, "" when it changes none.
func (r resolver) fileOf(n *engine.Node) string {
	if n.Kind != "uses" || n.Effect == "" || step.Effect(n.Effect) == step.Reads {
		return ""
	}
	for _, name := range fileArguments {
		if text, ok := n.With[name].(string); ok {
			return r.text(text)
		}
	}
	return ""
}

var resultOf = types.Pattern(`^[$]\{\{\s*steps\.([a-z][a-z0-9_]*)\.[a-z0-9_]+\s*\}\}$`)

// repoOf is the repository whose workspace a step changes.
func (r resolver) repoOf(n *engine.Node) string {
	text, _ := n.With["workspace"].(string)
	m := resultOf().FindStringSubmatch(text)
	if m == nil || r.steps[m[1]] == nil {
		return ""
	}
	repo, _ := r.steps[m[1]].With["repo"].(string)
	return r.text(repo)
}

var name = types.Pattern(`[$]\{\{\s*(config|steps)\.([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\s*\}\}`)

// text is a text with the values of the configuration and of set steps that it names,
// and of those what they name; what a run has to say stays.
func (r resolver) text(s string) string {
	for range 3 {
		s = name().ReplaceAllStringFunc(s, func(hole string) string {
			m := name().FindStringSubmatch(hole)
			if m[1] == "config" && m[3] == "" {
				for _, c := range r.s.Told.Config {
					if c.Name == m[2] && c.Value != nil && c.Of == "" {
						return types.Show(c.Value)
					}
				}
				return hole
			}
			if n := r.steps[m[2]]; m[1] == "steps" && n != nil {
				for _, v := range n.Values {
					if text, ok := v.Value.V.(string); ok && v.Name == m[3] {
						return text
					}
				}
			}
			return hole
		})
	}
	return strings.TrimSpace(s)
}
