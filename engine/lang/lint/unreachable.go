package lint

import (
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/program"
)

// unreachableSteps finds what stands behind a step that always ends the skill, and does
// not look like it: a group all of whose ways end it, an if that always holds, an
// assert that never does. Behind a plain fail or return it is an error of the checker.
func unreachableSteps(f *File, out *diag.List) {
	e := ends{f: f, decided: map[diag.Range]bool{}}
	for _, c := range f.Conditions {
		e.decided[c.At] = c.Value
	}
	e.sequence(f.Steps, out)
}

type ends struct {
	f       *File
	decided map[diag.Range]bool
}

// sequence warns of what is behind an end, once, and reports how a sequence ends.
func (e *ends) sequence(nodes []program.Node, out *diag.List) (fails, returns bool) {
	var end *program.Node
	for i := range nodes {
		n := &nodes[i]
		if end != nil && !fails && !returns {
			end = nil
		}
		if end != nil {
			d := out.Warnf("unreachable", n.At, "this step is never reached: %s before it always ends the skill", end.ID)
			d.Hint = "take one of the two out, or give the end a condition"
			d.Related = []diag.Note{{At: end.At, Message: "the skill ends here"}}
			return fails, returns
		}
		if fails, returns = e.node(n, out); fails || returns {
			end = n
		}
	}
	return fails, returns
}

// node reports whether a step always fails or always returns.
func (e *ends) node(n *program.Node, out *diag.List) (fails, returns bool) {
	fails, returns = e.inside(n, out)
	if cond := e.f.step(n).Node.Get("if"); cond != nil {
		if holds, decided := e.decided[cond.Range]; !decided || !holds {
			return false, false
		}
	}
	if n.ForEach != "" || n.OnError {
		return false, false
	}
	return fails, returns
}

func (e *ends) inside(n *program.Node, out *diag.List) (fails, returns bool) {
	switch n.Kind {
	case program.Fail:
		return true, false
	case program.Return:
		return false, true
	case program.Assert:
		holds, decided := e.decided[e.f.step(n).Node.Get("assert").Range]
		return decided && !holds, false
	case program.Group:
		fails, returns = e.sequence(n.Steps, out)
		if len(n.Rescue) > 0 {
			rescueFails, rescueReturns := e.sequence(n.Rescue, out)
			if fails {
				fails, returns = rescueFails, rescueReturns
			}
		}
		e.sequence(n.Always, out)
		return fails && n.Retry == nil, returns
	}
	return false, false
}
