package index

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

// Sort says what a name is the name of.
type Sort string

// The sorts of names. The first four are read in expressions by that word.
const (
	Step   Sort = "steps"
	Input  Sort = "inputs"
	Config Sort = "config"
	Secret Sort = "secrets"
	Output Sort = "outputs"
	Member Sort = "member" // a value of a set: its Text is STEP.NAME
	File   Sort = "file"   // a skill or a step type: its Text is ""
)

// Name is what a name stands for, in the file that declares it.
type Name struct {
	File string
	Sort Sort
	Text string
}

// Occurrence is a place where a name stands.
type Occurrence struct {
	Name Name
	At   diag.Range
	Decl bool // it is declared here
}

// declared are the mappings at the top of a file whose keys are names.
var declared = []Sort{Input, Config, Secret, Output}

// Occurrences are all names of the file: where it declares them, and where it reads
// those of its own and of what it calls.
func (x *Index) Occurrences() []Occurrence {
	var out []Occurrence
	if t := x.world.Table; t != nil {
		if t.Subject != nil {
			return x.tested(x.Root)
		}
		return nil
	}
	for _, sort := range declared {
		for _, p := range pairs(x.Root.Get(string(sort))) {
			out = append(out, Occurrence{Name{x.File, sort, p.Key.Value}, p.Key.Range, true})
		}
	}
	if name := x.Root.Get("name"); name != nil {
		out = append(out, Occurrence{Name{x.File, File, ""}, name.Range, true})
	}
	for _, s := range x.steps {
		out = append(out, Occurrence{Name{x.File, Step, s.id}, s.node.Get("id").Range, true})
		for _, p := range pairs(s.node.Get("set")) {
			out = append(out, Occurrence{Name{x.File, Member, s.id + "." + p.Key.Value}, p.Key.Range, true})
		}
	}
	for _, u := range x.uses {
		if u.called != nil {
			out = append(out, x.calls(u)...)
		}
	}
	for _, m := range x.members {
		if name, ok := x.nameOf(m.path); ok {
			out = append(out, Occurrence{name, m.at, false})
		}
	}
	return out
}

func pairs(n *syntax.Node) []syntax.Pair {
	if n == nil {
		return nil
	}
	return n.Pairs
}

// calls are the names of another file that a use of it names.
func (x *Index) calls(u use) []Occurrence {
	out := []Occurrence{{Name{u.called.File, File, ""}, u.node.Place(len(u.node.Value)-len(strings.TrimPrefix(u.node.Value, "skill:")), len(u.node.Value)), false}}
	for _, s := range x.steps {
		if s.node.Get("uses") != u.node && s.node.Get("await").Get("uses") != u.node {
			continue
		}
		with := s.node.Get("with")
		if with == nil {
			with = s.node.Get("await").Get("with")
		}
		for _, p := range pairs(with) {
			out = append(out, Occurrence{Name{u.called.File, Input, p.Key.Value}, p.Key.Range, false})
		}
	}
	return out
}

// nameOf is what the path of a mention ends with, where that is a name.
func (x *Index) nameOf(path []string) (Name, bool) {
	switch {
	case len(path) == 2 && slices.Contains([]string{"steps", "inputs", "config", "secrets"}, path[0]):
		return Name{x.File, Sort(path[0]), path[1]}, true
	case len(path) == 3 && path[0] == "steps":
		return x.resultName(path[1], path[2])
	}
	return Name{}, false
}

// resultName is a member of what a step gives: an output of what it calls, or a value
// that it sets.
func (x *Index) resultName(id, member string) (Name, bool) {
	n := x.stepOf(id)
	if called := x.calledBy(n); called != nil {
		return Name{called.File, Output, member}, true
	}
	if n.Get("set").Get(member) != nil && n.Get("for_each") == nil {
		return Name{x.File, Member, id + "." + member}, true
	}
	return Name{}, false
}

func (x *Index) calledBy(n *syntax.Node) *check.Skill {
	for _, u := range x.uses {
		if n != nil && u.called != nil && (u.node == n.Get("uses") || u.node == n.Get("await").Get("uses")) {
			return u.called
		}
	}
	return nil
}

// NameAt is the name at a place.
func (x *Index) NameAt(at diag.Pos) (Occurrence, bool) {
	for _, o := range x.Occurrences() {
		if within(o.At, at) {
			return o, true
		}
	}
	return Occurrence{}, false
}

// Of are the places of a name in this file.
func (x *Index) Of(name Name) []Occurrence {
	return slices.DeleteFunc(x.Occurrences(), func(o Occurrence) bool { return o.Name != name })
}

// Rename is the text that stands at an occurrence when its name is another one, or an
// error that says why it cannot be.
func (x *Index) Rename(name Name, to string) error {
	if name.Sort == File || name.Sort == Config || name.Sort == Secret {
		return types.Errorf(types.BadInput, "%s cannot be renamed here", map[Sort]string{
			File: "a file's name", Config: "a config value, which skillrun.yaml names", Secret: "a secret, which skillrun.yaml names",
		}[name.Sort])
	}
	if !types.Pattern(`^[a-z][a-z0-9_]*$`)().MatchString(to) {
		return types.Errorf(types.BadInput, "%q is not lower-case letters, digits and _, beginning with a letter", to)
	}
	for _, o := range x.Occurrences() {
		word := to
		if stem, _, ok := strings.Cut(name.Text, "."); ok {
			word = stem + "." + to
		}
		if o.Decl && o.Name == (Name{name.File, name.Sort, word}) {
			return types.Errorf(types.BadInput, "%s is already the name of another one, on line %d", to, o.At.Start.Line)
		}
	}
	return nil
}
