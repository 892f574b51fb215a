// Package graph draws the flow of a skill: its steps in their order, with the
// conditions, groups and loops around them, as Mermaid, DOT or SVG.
//
// [Of] makes one model of a skill, [Graph.Mark] colours it by what a run or a plan
// came to, and the formats are writers of that model. Mermaid and DOT are laid out by
// whoever shows them; SVG is laid out here, in layers from the top down. The same
// model gives the same bytes.
//
// Every text of the model may be from outside. Each writer escapes all of it for its
// format, so that no text becomes markup.
package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/types"
)

// Graph is the flow of a skill.
type Graph struct {
	Title string
	Items []Item // in the order of the skill; an item stands behind the cluster it is in
	Edges []Edge // each between two items of one cluster
}

// Item is a step, a decision, an end, or a cluster of items.
type Item struct {
	ID      string // unique, letters and digits only
	In      string // the cluster around it, "" at the top
	Cluster bool
	Shape   Shape
	Lines   []string // what it says, the name first
	Path    string   // of a step: where it stands in the program; "" is no step
	Mark    Mark     // what became of it
}

// Edge leads from one item to another one.
type Edge struct {
	From, To string
	Label    string
	Kind     EdgeKind
}

// EdgeKind is what an edge is of.
type EdgeKind int

// The kinds of edges.
const (
	Then  EdgeKind = iota // what comes next
	Yes                   // what comes next when a condition holds
	Fails                 // what comes instead when something fails
)

// Shape is the outline of an item. It says what the step does without any colour.
type Shape int

// The shapes: a write has two lines around it, and what asks or ends round ends.
const (
	Box Shape = iota
	Write
	Round
	Decision
	End
	Exit
)

// Mark is what became of a step, or would: a word, the sign in front of it, and the
// class that has its colour.
type Mark struct {
	Word, Sign, Class string
}

// The marks, by the states of steps in a report. A state that is not here has none.
var marks = map[string]Mark{
	"done":        {"done", "✓", "done"},
	"skipped":     {"skipped", "–", "skipped"},
	"failed":      {"failed", "✗", "failed"},
	"continued":   {"failed, and went on", "✗", "failed"},
	"waiting":     {"parked", "‖", "parked"},
	"running":     {"not finished", "…", "parked"},
	"retrying":    {"tried again", "…", "parked"},
	"interrupted": {"interrupted", "…", "parked"},
	"returned":    {"returned", "✓", "done"},
	"pending":     {"not reached", "○", "pending"},
	"written":     {"written", "✎", "written"},
	"adopted":     {"there already", "✓", "done"},
	"create":      {"would write", "✎", "written"},
	"update":      {"would update", "✎", "written"},
	"adopt":       {"there already", "✓", "done"},
	"fail":        {"would fail", "✗", "failed"},
	"undecided":   {"would write if it holds", "?", "parked"},
	"read":        {"read", "✓", "done"},
	"later":       {"read later", "○", "pending"},
	"local":       {"in the workspace", "✓", "done"},
	"asks":        {"asks a person", "‖", "parked"},
}

// rank says which of the states of a loop's items counts for the loop: the last.
var rank = []string{"pending", "skipped", "done", "returned", "read", "local", "later", "adopted", "adopt", "written", "create", "update", "undecided", "retrying", "running", "interrupted", "waiting", "asks", "continued", "fail", "failed"}

// States are what became of steps, by their paths in the program.
type States map[string]State

// State is what became of a step, in the words of a report or a plan, and the name that
// it had then; "" is the one of the skill.
type State struct{ Is, Name string }

// Add notes the state of the step at a path of a run. Of the items of a loop the state
// counts that a person has to know first, and none of their names.
func (s States) Add(path, state, name string) {
	at := Place(path)
	if at != path {
		name = ""
	}
	was, there := s[at]
	if there && slices.Index(rank, state) <= slices.Index(rank, was.Is) {
		return
	}
	s[at] = State{state, cmp.Or(name, was.Name)}
}

// Place is the path of a step in a program for a path in a run: without the keys of
// items, and without which attempt a remedy came before.
func Place(path string) string {
	parts := strings.Split(path, "/")
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.HasPrefix(p, "before.") })
	for i, p := range parts {
		parts[i], _, _ = strings.Cut(p, "[")
	}
	return strings.Join(parts, "/")
}

// Mark gives each step that has a state its mark, and the name that it had.
func (g *Graph) Mark(states States) {
	for i := range g.Items {
		x := &g.Items[i]
		if x.Path == "" {
			continue
		}
		now := states[x.Path]
		x.Mark = marks[now.Is]
		if now.Name != "" {
			x.Lines[0] = said(now.Name)
		}
	}
}

// heading is what an item says first, with its mark: sign and word.
func (x Item) heading() string {
	name := x.Lines[0]
	if x.Mark.Word == "" {
		return name
	}
	return x.Mark.Sign + " " + name + " (" + x.Mark.Word + ")"
}

// longestLine bounds what is said of a text from outside.
const longestLine = 300

// holes are the expressions in a text.
var holes = types.Pattern(`[$]\{\{\s*(.*?)\s*\}\}`)

// said is a text on one line, clean and not longer than anybody reads. What a run will
// put there is marked as that.
func said(s string) string {
	s = holes().ReplaceAllString(render.Flat(s), "‹$1›")
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > longestLine {
		r = append(r[:longestLine-1], '…')
	}
	return cmp.Or(string(r), "(no name)")
}
