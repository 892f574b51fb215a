// Package book writes pages for people: what a skill does, as Markdown or HTML, and a
// static site of the whole documentation.
//
// A page is made from the checked skill, its tests and, when one is given, the
// configuration, so that it is never behind them. HTML is made from the Markdown: there is
// one description of a page.
//
// Texts of skills, tests and configurations are from outside. In Markdown each is escaped
// where it stands, and HTML in it is never passed on.
package book

import (
	"cmp"
	"slices"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/graph"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
)

// Written stands in each file that is written into a folder, so that no other is
// replaced.
const Written = "Written by skillrun."

// Subject is what a page is made from.
type Subject struct {
	Skill   *engine.Skill
	Told    refdocs.Skill             // the same, as it is described under the configuration
	Tests   []*Example                // the cases of its tests that pass, in their order
	Known   []config.Hint             // what the site knows of failures
	Others  []Other                   // the other skills that were found
	Command string                    // that runs it: skillrun NAME, or skillrun run FILE
	Site    string                    // the flags of the configuration, with a blank before, or ""
	Source  bool                      // the page shows the YAML
	Link    func(skill string) string // where the page of another skill is; nil is nowhere
}

// Example is a case of a test, and what it came to.
type Example struct {
	Name string
	// Inputs are those of the case, with those of the defaults.
	Inputs map[string]any
	skilltest.Outcome
}

// Other is another skill, as far as it is told which of them are related.
type Other struct {
	Name, About string
	Touches     []Touch
	Calls       []string // the skills that it calls
}

// Touch is a kind of object of a service, and what is done with it.
type Touch struct {
	Object string // service and object
	Writes bool
}

// TouchesOf are the objects that a skill reads and writes.
func TouchesOf(s *engine.Skill) []Touch {
	var out []Touch
	for _, t := range s.Uses {
		x := Touch{t.Touch.Service + " " + t.Touch.Object, t.Effect == step.Writes}
		if t.Touch.Service != "" && t.Touch.Object != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// CallsOf are the skills that a skill calls, each once.
func CallsOf(s *engine.Skill) []string {
	var out []string
	engine.EachOwn(s.Steps, func(n *engine.Node) {
		if n.Call != nil && !n.Call.StepType && !slices.Contains(out, n.Call.Skill) {
			out = append(out, n.Call.Skill)
		}
	})
	return out
}

// example is the case that a page shows: the first that ends well and writes, or else
// the first that ends well.
func (s *Subject) example() *Example {
	var found *Example
	for _, x := range s.Tests {
		if x.State != skilltest.Done {
			continue
		}
		if len(x.Writes) > 0 {
			return x
		}
		found = cmp.Or(found, x)
	}
	return found
}

// Flow is the graph of the skill.
func (s *Subject) Flow() *graph.Graph { return graph.Of(s.Skill.Name, s.Skill.Steps) }

// isWriting reports whether the skill changes anything outside.
func (s *Subject) isWriting() bool { return len(s.Told.Effects) > 0 }
