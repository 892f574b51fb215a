package check

import (
	"slices"

	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// group checks steps that stand together, with what runs when they fail and
// what runs last. Their results are seen behind the group; those that a rescue
// may have taken the place of are optional there.
func (c *checker) group(n *syntax.Node, node *program.Node) outcome {
	node.Parallel = c.flag(n, "parallel")
	looped := n.Get("for_each") != nil
	if !looped {
		node.MaxParallel = c.number(n, "max_parallel", 1, maxParallel)
		if node.MaxParallel > 0 && !node.Parallel && n.Get("parallel") != nil {
			c.diags.Errorf("misplaced-key", n.Get("max_parallel").Range, "max_parallel has no effect on steps that run in sequence").Hint = "write parallel: true"
		}
	} else {
		c.beginLifetime(node.ID)
	}
	start := c.view
	if node.Parallel {
		node.Steps = c.parallelSteps(n.Get("steps"), node.ID, looped)
	} else {
		node.Steps = c.sequence(n.Get("steps"), "steps", looped)
	}
	steps := c.leaveView(start)
	var rescued, last []result
	if r := n.Get("rescue"); r != nil {
		steps = asMaybeAbsent(steps)
		c.addResults(steps...)
		c.defineName("error", errorType())
		seen := c.view
		node.Rescue = c.sequence(r, "rescue", looped)
		rescued = asMaybeAbsent(c.leaveView(seen))
		c.view = start
	}
	if a := n.Get("always"); a != nil {
		c.addResults(asMaybeAbsent(steps)...)
		c.addResults(rescued...)
		c.enclose(enclosure{kind: inAlways, id: node.ID})
		seen := c.view
		node.Always = c.sequence(a, "always", looped)
		last = c.leaveView(seen)
		c.view = start
	}
	c.addResults(slices.Concat(steps, rescued, last)...)
	if looped {
		c.endLifetime(node.Steps, node.Rescue, node.Always)
	}
	return outcome{out: types.ObjectOf()}
}

// asMaybeAbsent returns results that may be absent whatever conditions hold.
func asMaybeAbsent(results []result) []result {
	out := slices.Clone(results)
	for i := range out {
		out[i].unsure = true
	}
	return out
}

func (c *checker) parallelSteps(list *syntax.Node, group string, own bool) []program.Node {
	if list.Kind != syntax.Sequence || len(list.Items) == 0 {
		return c.sequence(list, "steps", false) // which says so
	}
	start := c.view
	var all []result
	out := make([]program.Node, 0, len(list.Items))
	for i, item := range list.Items {
		c.enclose(enclosure{kind: inParallel, id: group, child: i})
		out = append(out, c.step(item))
		all = append(all, c.leaveView(start)...)
		if own {
			c.life.at++
		}
	}
	c.addResults(all...)
	return out
}

// returns checks the end of the skill before its last step.
func (c *checker) returns(n *syntax.Node, node *program.Node) {
	r := n.Get("return")
	for _, e := range c.view.where {
		c.diags.Errorf("misplaced-key", r.Range, "return is not allowed inside %s %s", map[string]string{
			inLoop: "the loop", inRemedy: "the before of", inParallel: "the parallel group", inAlways: "the always of",
		}[e.kind], e.id).Hint = "return after it instead"
		break
	}
	if r.Kind != syntax.Mapping {
		c.diags.Errorf("bad-return", r.Range, "return is a mapping of outputs to values, not a %s", kindName(r)).Hint = "return: {} names none"
		return
	}
	ret := earlyReturn{at: n.Head()}
	for _, p := range r.Pairs {
		v, t := c.typed(p.Value, c.scope())
		c.refuseSecret(p.Value, t, "be an output")
		if t.HoldsSecret() {
			t = types.Type{} // that is all that is wrong with it
		}
		node.Values = append(node.Values, program.Binding{Name: p.Key.Value, Value: types.Dynamic{V: v}})
		ret.values = append(ret.values, earlyOutput{p.Key, p.Value, v, t})
	}
	c.early = append(c.early, ret)
}
