package engine

import (
	"cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
)

// Folder is what is known of a folder that runs need.
type Folder = journal.Folder

// LookAt says whether a folder can be made and written, and how much room its
// disk has, without making or writing anything.
func LookAt(dir string) Folder { return journal.LookAt(dir) }

// Safe refuses a folder, there or yet to be made, that others can write, or put
// another in the place of.
func Safe(dir string) error { return journal.Safe(dir) }

// SafeFile refuses a file or folder that others can write, or put another in the
// place of, also where a link leads; one that is not there is safe.
func SafeFile(path string) error { return journal.SafeFile(path) }

// EachOwn visits steps and what stands in them, but not what they call.
func EachOwn(nodes []Node, visit func(*Node)) { program.EachOwn(nodes, visit) }

// Uses returns the steps that a skill would come to, by the service they need,
// each with the arguments that are known from the binding; inputs may be
// missing. Steps that need no service are left out.
func (e *Engine) Uses(s *Skill, b Binding) map[string][]step.Use {
	out := map[string][]step.Use{}
	for _, u := range dry.Uses(s.PartialProgram(b), machine.Start{StartedAt: b.Now, Zone: b.Zone}) {
		t, ok := e.Catalogue.Lookup(u.Step)
		if !ok || t.Touch.Reaches() == "" {
			continue
		}
		if name := cmp.Or(u.Text("service"), t.Touch.Service); name != "" {
			out[name] = append(out[name], u)
		}
	}
	return out
}
