package lint

import (
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
)

// finders are the arguments of which one lets a step know its effect again.
var finders = []string{"find", "idempotency_header"}

// unfindableWrites finds writes that could look whether they are done already, and were
// not told how: when such a run is killed or an answer is lost, a person has to look.
func unfindableWrites(f *File, out *diag.List) {
	program.EachOwn(f.Steps, func(n *program.Node) {
		about := f.step(n)
		if n.Kind != program.Uses || n.Effect != string(step.Writes) || n.Repeatable {
			return
		}
		if _, can := about.Type.In.Field(finders[0]); !can {
			return
		}
		for _, name := range finders {
			if _, given := n.With[name]; given {
				return
			}
		}
		d := out.Warnf("no-find", about.Node.Get("uses").Range, "%s cannot tell whether it has been done: it has no find", n.ID)
		d.Hint = "add find: how to look; or repeatable: true, if to do it twice does no harm"
	})
}
