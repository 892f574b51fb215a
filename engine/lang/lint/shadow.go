package lint

import (
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/program"
)

// shadowingNames finds loop variables that have the name of a step: which of the two
// is meant, item.x or steps.item.x, is easily confused. A name that another loop around
// it has is an error of the checker.
func shadowingNames(f *File, out *diag.List) {
	program.EachOwn(f.Steps, func(n *program.Node) {
		named := f.about[n.As]
		if n.ForEach == "" || named == nil {
			return
		}
		at := f.step(n).Node.Get("for_each").Range
		if as := f.step(n).Node.Get("as"); as != nil {
			at = as.Range
		}
		d := out.Warnf("shadowed-name", at, "the item %s has the name of a step: %s.x is not steps.%s.x", n.As, n.As, n.As)
		d.Hint = "choose another name for the item: as: a_name"
		d.Related = []diag.Note{{At: named.Node.Get("id").Range, Message: "the step is here"}}
	})
}
