package lint

import (
	"slices"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
)

// lateChecks finds checks behind the first write that read nothing which was not known
// before it: what they refuse has written already. A check of the world counts where no
// write before it reached the same service, and so could have changed what it sees.
func lateChecks(f *File, out *diag.List) {
	l := late{f: f, out: out, before: map[string]bool{}, reached: map[string]bool{}}
	l.sequence(f.Steps, true)
}

type late struct {
	f       *File
	out     *diag.List
	wrote   *program.Node   // the first write
	before  map[string]bool // the steps whose results are known before it
	reached map[string]bool // the services that were written to
	any     bool            // a program or another skill wrote: nobody knows where to
}

// sequence passes over steps. Those that are not free stand where they cannot be moved
// from, such as in a loop or a rescue.
func (l *late) sequence(nodes []program.Node, free bool) {
	for i := range nodes {
		n := &nodes[i]
		own := free && l.isKnownBefore(n)
		if l.wrote != nil && own && l.isCheck(n) {
			d := l.out.Warnf("late-check", n.At, "%s is checked after a write, and could be before it", n.ID)
			d.Hint = "move it before " + l.wrote.ID + ": what it refuses is not to be written at all"
			d.Related = []diag.Note{{At: l.wrote.At, Message: "the first write is here"}}
		}
		l.sequence(n.Steps, own && n.ForEach == "" && !n.Parallel)
		l.sequence(n.Rescue, false)
		l.sequence(n.Always, false)
		if n.Retry != nil {
			l.sequence(n.Retry.Before, false)
		}
		l.note(n)
		if l.wrote == nil || own && n.Kind == program.Set {
			l.before[n.ID] = true
		}
	}
}

// note takes in what a step writes.
func (l *late) note(n *program.Node) {
	calls := n.Call != nil && l.f.Writes(n.Call.Key())
	if n.Effect != string(step.Writes) && !calls {
		return
	}
	if l.wrote == nil {
		l.wrote = n
	}
	reaches := l.f.step(n).Type.Touch.Reaches()
	l.any = l.any || calls || reaches == ""
	l.reached[reaches] = true
}

// isKnownBefore reports whether all that a step reads is known before the first write.
func (l *late) isKnownBefore(n *program.Node) bool {
	return !slices.ContainsFunc(l.f.step(n).refs, func(r expr.Ref) bool {
		switch r.Path[0] {
		case "inputs", "config", "secrets", "run":
			return false
		case "steps":
			return len(r.Path) < 2 || !l.before[r.Path[1]]
		}
		return true
	})
}

func (l *late) isCheck(n *program.Node) bool {
	if n.ForEach != "" {
		return false
	}
	if n.Kind == program.Assert {
		return true
	}
	touch := l.f.step(n).Type.Touch
	return n.Kind == program.Uses && n.Effect == string(step.Reads) && len(n.Errors) > 0 && !n.OnError &&
		touch.Reaches() != "" && !l.any && !l.reached[touch.Reaches()]
}
