package lint

import (
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
)

// identityMisses finds inputs that decide where something is written, and are no part
// of the identity: the same work for another target would be taken for done. Each is
// reported once, where the first write reads it.
func identityMisses(f *File, out *diag.List) {
	if f.Identity == nil {
		return
	}
	known := map[string]bool{}
	for _, item := range f.Identity.Items {
		if e, problems := expr.Parse(item.Value); len(problems) == 0 {
			for _, r := range e.Refs() {
				known[inputOf(r)] = true
			}
		}
	}
	if known["inputs"] {
		return
	}
	program.EachOwn(f.Steps, func(n *program.Node) {
		about := f.step(n)
		if n.Kind != program.Uses || n.Effect != string(step.Writes) || about.Node.Get("with") == nil {
			return
		}
		for _, p := range about.Node.Get("with").Pairs {
			field, _ := about.Type.In.Field(p.Key.Value)
			if !field.Type.Trusted || p.Value.Kind != syntax.Scalar {
				continue
			}
			t, problems := expr.ParseText(p.Value.Value)
			if len(problems) > 0 {
				continue
			}
			for _, r := range t.Refs() {
				name := inputOf(r)
				if name == "" || known[name] {
					continue
				}
				known[name] = true
				d := out.Warnf("identity-misses", p.Value.Place(r.From, r.To), "%s decides where %s writes, and is no part of the identity", name, n.ID)
				d.Hint = "add it to identity: else the same work for another " + p.Key.Value + " is taken for done"
				d.Related = []diag.Note{{At: f.Identity.Range, Message: "the identity is here"}}
			}
		}
	})
}

func inputOf(r expr.Ref) string {
	if r.Path[0] != "inputs" {
		return ""
	}
	return strings.Join(r.Path[:min(2, len(r.Path))], ".")
}
