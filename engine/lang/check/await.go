package check

import (
	"cmp"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (c *checker) await(n *syntax.Node, node *program.Node) outcome {
	a := n.Get("await")
	if a.Kind != syntax.Mapping {
		c.diags.Errorf("bad-await", a.Range, "await is a mapping with uses, with, until, every and timeout")
		return outcome{unclear: true}
	}
	c.keys(a, "await", awaitKeys, nil)
	if name, ok := skillName(a.Get("uses")); ok {
		c.diags.Errorf("await-needs-read", a.Get("uses").Range, "await repeats a read, and skill:%s is a skill", name).
			Hint = "call the skill in a step of its own, with retry when it has to be repeated"
		return outcome{unclear: true}
	}
	read := c.awaited(a, node)
	outside := c.view
	c.defineName("result", read.out)
	if until := a.Get("until"); until != nil {
		node.Until, _ = c.condition(until, "until", c.scope())
	} else {
		c.diags.Errorf("missing-key", a.Head(), "an await needs until").Hint = `such as until: "result.state == 'merged'"`
	}
	if f := a.Get("fail_if"); f != nil {
		node.FailIf, _ = c.condition(f, "fail_if", c.scope())
	}
	if m := a.Get("message"); m != nil {
		c.message(a, m, node)
	}
	c.view = outside
	if on := a.Get("on"); on != nil {
		node.On = c.codes(on, read, "such as on: [not_found], to wait until it is there")
	}
	node.Every = c.duration(a, "every", "30s")
	node.Timeout = c.duration(a, "timeout", "")
	read.codes = awaitCodes(read.codes, node)
	return read
}

// awaited checks what an await repeats: a step type that reads, built-in or of a file.
func (c *checker) awaited(a *syntax.Node, node *program.Node) outcome {
	u := a.Get("uses")
	if u == nil || !c.isDeclared(u) {
		s, ok := c.performs(a, node)
		if ok && s.Effect != step.Reads {
			c.diags.Errorf("await-needs-read", u.Range, "await repeats a read, and %s is a %s", s.Name, s.Effect)
		}
		return outcome{out: s.Out, who: s.Name, codes: s.AllCodes(), unclear: !ok}
	}
	callee := c.callee(u, program.Call{Skill: u.Value, StepType: true})
	out := c.call(a, callee, node)
	if node.Kind = program.Await; callee == nil {
		return out
	}
	if callee.Effect != step.Reads {
		c.diags.Errorf("await-needs-read", u.Range, "await repeats a read, and the effect of %s is %s", callee.Name, callee.Effect)
	}
	program.Each(callee.Steps, func(n *program.Node) {
		if n.Kind == program.Await || n.Kind == program.Approve {
			d := c.diags.Errorf("await-needs-read", u.Range, "await repeats what answers at once, and step %s of %s waits", n.ID, callee.Name)
			d.Related = []diag.Note{{At: n.At, Message: "it is here"}}
		}
	})
	return out
}

// awaitCodes are the codes of the read, and those that waiting adds.
func awaitCodes(codes []types.Code, node *program.Node) []types.Code {
	if node.Timeout != "" {
		codes = append(codes, types.Timeout)
	}
	if node.FailIf != "" {
		codes = append(codes, cmp.Or(node.Code, types.Conflict))
	}
	return codes
}
