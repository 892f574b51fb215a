package lint

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// unusedNames finds what is declared and never read: whoever runs the skill is asked
// for a value that changes nothing.
func unusedNames(f *File, out *diag.List) {
	for _, n := range f.Declared {
		if !f.reads.has(n.Path) {
			root, name, _ := strings.Cut(n.Path, ".")
			out.Warnf("unused-declaration", n.At, "nothing reads %s.%s", root, name).
				Hint = "leave it out, or read it: ${{ " + n.Path + " }}"
		}
	}
}

// unusedResults finds values that a set names for nobody, and reads that can neither
// tell anybody anything nor fail because of what they find. Of a loop the rule says
// nothing: its result is a list of them all.
func unusedResults(f *File, out *diag.List) {
	f.unusedIn(f.Steps, out)
}

func (f *File) unusedIn(nodes []program.Node, out *diag.List) {
	for i := range nodes {
		n := &nodes[i]
		if n.ForEach != "" {
			continue
		}
		switch about := f.step(n); {
		case n.Kind == program.Set:
			for _, p := range about.Node.Get("set").Pairs {
				if !f.reads.has("steps." + n.ID + "." + p.Key.Value) {
					out.Warnf("unused-result", p.Key.Range, "nothing reads steps.%s.%s", n.ID, p.Key.Value).
						Hint = "leave it out, or read it where it was meant"
				}
			}
		case n.Kind == program.Uses && n.Effect == string(step.Reads) && !f.reads.part["steps."+n.ID] && !f.reads.whole["steps"] && isIdle(about.Type, n):
			out.Warnf("unused-result", about.Node.Get("uses").Range, "nothing reads the result of %s, and %s does not fail because of what it finds", n.ID, n.Step).
				Hint = "leave the step out, or read steps." + n.ID
		}
		f.unusedIn(n.Steps, out)
		f.unusedIn(n.Rescue, out)
		f.unusedIn(n.Always, out)
		if n.Retry != nil {
			f.unusedIn(n.Retry.Before, out)
		}
	}
}

// isIdle reports whether a read that nobody reads does nothing at all. One that tells
// people something or runs a program does, and so does one that checks: it has codes of
// its own, or errors that say what they mean here.
func isIdle(s step.Step, n *program.Node) bool {
	return s.Touch.Reaches() != "" && s.Touch.Object != "program" && len(n.Errors) == 0 && !slices.ContainsFunc(s.Codes, func(c types.Code) bool {
		return c == types.NotFound || c == types.Conflict || !types.IsCode(string(c))
	})
}
