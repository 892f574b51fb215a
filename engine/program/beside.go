package program

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Beside tells of each node which writes may happen while it is performed: those
// of the other steps of a parallel group around it, and those of other items of
// a loop around it of which several run side by side. Writes that only a failure
// calls for, in a rescue or before another attempt, do not count. A node beside
// which nothing is written is not in it.
func Beside(nodes []Node) map[*Node][]*Node {
	out := map[*Node][]*Node{}
	beside(nodes, nil, out)
	return out
}

func beside(nodes []Node, near []*Node, out map[*Node][]*Node) {
	for i := range nodes {
		n, near := &nodes[i], near
		if n.ForEach != "" && n.MaxParallel > 1 {
			near = append(near[:len(near):len(near)], writes(nodes[i:i+1])...)
		}
		if len(near) > 0 {
			out[n] = near
		}
		if n.Parallel && (n.ForEach != "" || n.MaxParallel != 1) {
			branches(n.Steps, near, out)
		} else {
			beside(n.Steps, near, out)
		}
		beside(n.Rescue, near, out)
		beside(n.Always, near, out)
		if n.Retry != nil {
			beside(n.Retry.Before, near, out)
		}
		if n.Call != nil {
			beside(n.Call.Steps, near, out)
		}
	}
}

func branches(steps []Node, near []*Node, out map[*Node][]*Node) {
	for i := range steps {
		others := near[:len(near):len(near)]
		others = append(append(others, writes(steps[:i])...), writes(steps[i+1:])...)
		beside(steps[i:i+1], others, out)
	}
}

// writes are the nodes in a sequence that write when all goes well.
func writes(nodes []Node) []*Node {
	var out []*Node
	for i := range nodes {
		n := &nodes[i]
		if n.Effect == "write" {
			out = append(out, n)
		}
		out = append(append(out, writes(n.Steps)...), writes(n.Always)...)
		if n.Call != nil {
			out = append(out, writes(n.Call.Steps)...)
		}
	}
	return out
}

// Literals are the arguments of a node that stand in the skill as they are; open
// names the others, which expressions make.
func (n *Node) Literals() (args types.Values, open []string) {
	args = types.Values{}
	for _, name := range types.SortedKeys(n.With) {
		if literal(n.With[name]) {
			args[name] = n.With[name]
		} else {
			open = append(open, name)
		}
	}
	return args, open
}

func literal(v any) bool {
	switch v := v.(type) {
	case string:
		return !strings.Contains(v, "{{")
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !literal(e) })
	case map[string]any:
		for _, e := range v {
			if !literal(e) {
				return false
			}
		}
	}
	return true
}
