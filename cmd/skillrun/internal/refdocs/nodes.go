package refdocs

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine"
)

// Node is a step of the skill, with the keys of the language for its kind.
type Node struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Kind   string `json:"kind"`
	Uses   string `json:"uses,omitempty"` // the step type; of a call skill:NAME
	Effect string `json:"effect,omitempty"`
	If     string `json:"if,omitempty"`

	ForEach     string `json:"for_each,omitempty"`
	As          string `json:"as,omitempty"`
	Key         string `json:"key,omitempty"`
	MaxParallel int    `json:"max_parallel,omitempty"`
	OnItemError string `json:"on_item_error,omitempty"` // continue, or left out
	BreakIf     string `json:"break_if,omitempty"`

	Timeout string `json:"timeout,omitempty"`  // of one visit with all its attempts; an await's is left out
	OnError string `json:"on_error,omitempty"` // continue, or left out
	Retry   *Retry `json:"retry,omitempty"`

	// Steps are those of a group, or of the skill or step type that is called, and so
	// on: the checker bounds how many there are all together.
	Steps    []Node `json:"steps,omitempty"`
	Parallel bool   `json:"parallel,omitempty"`
	Rescue   []Node `json:"rescue,omitempty"`
	Always   []Node `json:"always,omitempty"`
}

// Retry is how often a step is tried again, and what comes before that.
type Retry struct {
	Attempts int      `json:"attempts"`
	Delay    string   `json:"delay,omitempty"`
	Backoff  float64  `json:"backoff,omitempty"`
	MaxDelay string   `json:"max_delay,omitempty"`
	On       []string `json:"on,omitempty"` // error codes
	If       string   `json:"if,omitempty"`
	Before   []Node   `json:"before,omitempty"`
}

// nodesOf describes steps.
func nodesOf(nodes []engine.Node) []Node {
	var out []Node
	for _, n := range nodes {
		x := Node{
			ID: n.ID, Name: n.Name, Kind: string(n.Kind), Uses: n.Step, Effect: n.Effect, If: n.If,
			ForEach: n.ForEach, As: n.As, Key: n.Key, MaxParallel: n.MaxParallel, OnItemError: goesOn(n.OnItemError), BreakIf: n.BreakIf,
			OnError: goesOn(n.OnError),
			Steps:   nodesOf(n.Steps), Parallel: n.Parallel, Rescue: nodesOf(n.Rescue), Always: nodesOf(n.Always),
		}
		if n.Kind != "await" {
			x.Timeout = n.Timeout
		}
		if n.Call != nil {
			x.Uses, x.Steps = n.Call.Uses(), nodesOf(n.Call.Steps)
		}
		if r := n.Retry; r != nil {
			x.Retry = &Retry{
				Attempts: r.Attempts, Delay: r.Delay, Backoff: r.Backoff, MaxDelay: r.MaxDelay, If: r.If, Before: nodesOf(r.Before),
			}
			for _, code := range r.On {
				x.Retry.On = append(x.Retry.On, string(code))
			}
		}
		out = append(out, x)
	}
	return out
}

func goesOn(yes bool) string {
	if yes {
		return "continue"
	}
	return ""
}

// place is where a step stands.
type place struct {
	call string // of the steps of a called skill: the id of the call and a slash
	// around tells the loops and conditions that decide whether and how often the
	// step is performed, from the outside in; not its own condition.
	around []string
}

func (p place) in(more ...string) place {
	return place{p.call, slices.Concat(p.around, more)}
}

// each visits steps and all that stands in them. Ids are unique in a skill; of
// the steps of a called one the id begins with that of the call: call/id.
func each(nodes []engine.Node, at place, visit func(id string, at place, n *engine.Node)) {
	for i := range nodes {
		n := &nodes[i]
		visit(at.call+n.ID, at.in(often(n.ForEach, n.As, "")...), n)
		here := at.in(often(n.ForEach, n.As, n.If)...)
		if n.Retry != nil {
			each(n.Retry.Before, here.in("before "+n.ID+" is tried again"), visit)
		}
		if n.Call != nil {
			each(n.Call.Steps, place{at.call + n.ID + "/", here.around}, visit)
		}
		each(n.Steps, here, visit)
		each(n.Rescue, here.in("when "+n.ID+" fails"), visit)
		each(n.Always, here, visit)
	}
}

// often tells the loop and the condition of a step.
func often(forEach, as, cond string) []string {
	var out []string
	if forEach != "" {
		out = append(out, line("for each "+forEach+" as "+cmp.Or(as, "item")))
	}
	if cond != "" {
		out = append(out, line("if "+cond))
	}
	return out
}

// nodeRows prints steps as rows of a table, with their own below, indented.
func nodeRows(w io.Writer, nodes []Node, margin string) {
	for _, n := range nodes {
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\n", margin, n.ID, n.what(), n.Effect, strings.TrimSpace(line(n.Name)+n.around()))
		inner := margin + "  "
		if n.Retry != nil {
			part(w, "before a retry", n.Retry.Before, inner)
		}
		nodeRows(w, n.Steps, inner)
		part(w, "rescue", n.Rescue, inner)
		part(w, "always", n.Always, inner)
	}
}

func part(w io.Writer, title string, nodes []Node, margin string) {
	if len(nodes) > 0 {
		fmt.Fprintf(w, "%s%s:\t\t\t\n", margin, title)
		nodeRows(w, nodes, margin+"  ")
	}
}

func (n Node) what() string {
	switch {
	case n.Uses != "":
		return n.Uses
	case n.Parallel:
		return "parallel"
	}
	return n.Kind
}

// around tells what stands around the step, from the outside in.
func (n Node) around() string {
	parts := often(n.ForEach, n.As, "")
	if n.MaxParallel > 1 || n.MaxParallel == 1 && n.ForEach == "" {
		parts = append(parts, fmt.Sprintf("%d at a time", n.MaxParallel))
	}
	if n.OnItemError != "" {
		parts = append(parts, "continues when an item fails")
	}
	parts = append(parts, often("", "", n.If)...)
	if n.Timeout != "" {
		parts = append(parts, "timeout "+n.Timeout)
	}
	if n.OnError != "" {
		parts = append(parts, "continues when it fails")
	}
	if n.Retry != nil {
		parts = append(parts, n.Retry.text())
	}
	return brackets(parts)
}

func (r Retry) text() string {
	text := fmt.Sprintf("retry %dx", r.Attempts)
	if len(r.On) > 0 {
		text += " on " + strings.Join(r.On, ", ")
	}
	if r.If != "" {
		text += " if " + line(r.If)
	}
	return text
}

func brackets(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}
