// Package lint finds what a skill without mistakes had better not say: names that
// nobody reads, conditions that are decided, checks that come too late. All of it is
// a warning, which keeps nothing from running.
//
// A rule is a function over a [File], in a file of its own, and a line in rules. The
// checker ends its walk with them. They stand here and not among its own cases because
// they need no scope: what the checker learnt on its way is enough, and a file with
// mistakes, of which it learnt half, is never asked. Each rule passes over the file once:
// checking is done at every key press of an editor.
//
// A wrong warning costs more than a missing one: where a rule is not sure, it is silent.
package lint

import (
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
)

// File is what the checker learnt of a file. The zero File is ready to be filled.
type File struct {
	Declared   []Name         // inputs, config values and secrets
	Identity   *syntax.Node   // nil when the skill has none
	Outputs    []Output       // in the order of the file
	Conditions []Condition    // those that are decided before anything runs
	Steps      []program.Node // as they are run
	Catalogue  *step.Catalogue
	// Writes reports whether what a step calls writes, by [program.Call.Key].
	Writes func(call string) bool

	about map[string]*Step
	reads reads
}

// Name is a name that a file declares.
type Name struct {
	Path string // such as inputs.tag
	At   diag.Range
}

// Output is an output, and whether it may be absent although nothing in its text says
// so.
type Output struct {
	Name   string
	At     diag.Range
	Absent bool
}

// Condition is a condition that comes to the same in every run.
type Condition struct {
	Key   string // such as if
	At    diag.Range
	Value bool
}

// Step is what the checker learnt of one step.
type Step struct {
	Node *syntax.Node // its mapping
	Type step.Step    // of one that performs a step type of the catalogue
	refs []expr.Ref
}

// Enter returns what is kept of the step whose mapping is given.
func (f *File) Enter(n *syntax.Node) *Step {
	if f.about == nil {
		f.about = map[string]*Step{}
	}
	s := &Step{Node: n}
	if id := n.Get("id"); id != nil {
		f.about[id.Value] = s
	}
	return s
}

// Read notes what an expression of a step reads; the step is nil where none stands
// around it.
func (f *File) Read(s *Step, refs []expr.Ref) {
	f.reads.add(refs)
	if s != nil {
		s.refs = append(s.refs, refs...)
	}
}

// step returns what is known of a node.
func (f *File) step(n *program.Node) *Step { return f.about[n.ID] }

// rules are all rules. None says what another one says.
var rules = []func(*File, *diag.List){
	unusedNames, unusedResults, decidedConditions, unreachableSteps, hopelessRetries, lateChecks,
	unfindableWrites, shadowingNames, identityMisses, absentOutputs, programsWithStep,
}

// Check returns the warnings about a file that has no mistakes.
func Check(f *File) diag.List {
	var out diag.List
	for _, rule := range rules {
		rule(f, &out)
	}
	return out
}

// reads are the names that are read, by their first two and three parts; whole are
// those of which everything is.
type reads struct{ part, whole map[string]bool }

func (r *reads) add(refs []expr.Ref) {
	if r.part == nil {
		r.part, r.whole = map[string]bool{}, map[string]bool{}
	}
	for _, ref := range refs {
		if len(ref.Path) < 3 {
			r.whole[strings.Join(ref.Path, ".")] = true
		}
		for n := 2; n <= min(3, len(ref.Path)); n++ {
			r.part[strings.Join(ref.Path[:n], ".")] = true
		}
	}
}

// has reports whether a name, or all of what it belongs to, is read.
func (r *reads) has(path string) bool {
	for outer := path; ; {
		i := strings.LastIndexByte(outer, '.')
		if i < 0 {
			return r.part[path]
		}
		if outer = outer[:i]; r.whole[outer] {
			return true
		}
	}
}
