package skilltest

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// place is a step that a test can name.
type place struct {
	name string
	node *program.Node
	own  bool // it stands in the file under test, and not in what that calls
}

// placesOf returns the steps of a skill, and of what it calls, in the order of the file.
func placesOf(nodes []program.Node) []place { return walk("", nodes, nil) }

func walk(prefix string, nodes []program.Node, out []place) []place {
	for i := range nodes {
		n := &nodes[i]
		out = append(out, place{name: prefix + n.ID, node: n, own: prefix == ""})
		if n.Retry != nil {
			out = walk(prefix, n.Retry.Before, out)
		}
		if n.Call != nil {
			out = walk(prefix+n.ID+"/", n.Call.Steps, out)
		}
		for _, inner := range [][]program.Node{n.Steps, n.Rescue, n.Always} {
			out = walk(prefix, inner, out)
		}
	}
	return out
}

// contract is what a step takes and gives; ok is false when it performs nothing, as
// a set or a group.
type contract struct {
	in, out types.Type
	codes   []types.Code
	title   string
	write   bool
}

func (s *Suite) contract(n *program.Node) (c contract, ok bool) {
	if n.Call != nil {
		return contract{in: n.Call.Inputs, out: outputsOf(n.Call), codes: s.codes(n.Call.Steps), title: n.Call.Title(), write: writes(n.Call.Steps)}, true
	}
	t, ok := s.catalogue.Lookup(n.Step)
	t = t.CodedBy(types.Encode(written(n.With)))
	return contract{in: t.In, out: t.Out, codes: t.AllCodes(), title: n.Step, write: t.Effect == step.Writes}, ok
}

// codes are those of steps that are called, which assert and fail with any: the
// language's, and those that only one of the step types has.
func (s *Suite) codes(nodes []program.Node) []types.Code {
	out := types.Codes()
	program.Each(nodes, func(n *program.Node) {
		c, _ := s.contract(n)
		out = append(out, c.codes...)
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// written is what of the arguments is written out: all but the texts with expressions.
func written(v any) any {
	switch v := v.(type) {
	case types.Values:
		return written(map[string]any(v))
	case map[string]any:
		out := map[string]any{}
		for name, x := range v {
			if x = written(x); x != nil {
				out[name] = x
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			if x = written(x); x != nil {
				out = append(out, x)
			}
		}
		return out
	case string:
		if strings.Contains(v, "{{") {
			return nil
		}
	}
	return v
}

func outputsOf(c *program.Call) types.Type {
	out := types.ObjectOf()
	for _, o := range c.Outputs {
		out.Fields = append(out.Fields, types.Field{Name: o.Name, Type: o.Type, Required: !o.Type.Optional})
	}
	return out
}

func writes(nodes []program.Node) bool {
	found := false
	program.Each(nodes, func(n *program.Node) { found = found || n.Effect == string(step.Writes) })
	return found
}

// body are the steps of what a bound program is about: those of a step type stand in
// the call that the program is.
func body(b *check.Bound) []program.Node {
	if b.Skill.Effect != "" {
		return b.Steps[0].Call.Steps
	}
	return b.Steps
}

// answerID is the id of the one step that a call is made of when it is answered as a whole.
const answerID = "answer"

// answered returns the nodes in which each call that has an answer is one step that
// takes its inputs and gives its outputs. What is checked and defaulted around a call
// stays as it is.
func (s *Suite) answered(prefix string, nodes []program.Node, whole map[string]bool) []program.Node {
	out := slices.Clone(nodes)
	for i := range out {
		n := &out[i]
		name := prefix + n.ID
		if n.Retry != nil {
			r := *n.Retry
			r.Before = s.answered(prefix, r.Before, whole)
			n.Retry = &r
		}
		if n.Call != nil {
			call := *n.Call
			if whole[name] {
				asOneStep(&call)
			} else {
				call.Steps = s.answered(name+"/", call.Steps, whole)
			}
			n.Call = &call
		}
		n.Steps, n.Rescue, n.Always = s.answered(prefix, n.Steps, whole), s.answered(prefix, n.Rescue, whole), s.answered(prefix, n.Always, whole)
	}
	return out
}

func asOneStep(c *program.Call) {
	effect := step.Reads
	if writes(c.Steps) {
		effect = step.Writes
	}
	one := program.Node{ID: answerID, Kind: program.Uses, Step: c.Uses(), Effect: string(effect), With: types.Values{}}
	for _, f := range c.Inputs.Fields {
		one.With[f.Name] = "${{ inputs." + f.Name + " }}"
	}
	if len(c.Steps) == 1 {
		one.Timeout = c.Steps[0].Timeout // that of a program or a request stands there
	}
	c.Steps = []program.Node{one}
	outputs := make([]program.Output, len(c.Outputs))
	for i, o := range c.Outputs {
		o.Value = types.Dynamic{V: "${{ steps." + answerID + "." + o.Name + " }}"}
		outputs[i] = o
	}
	c.Outputs = outputs
}
