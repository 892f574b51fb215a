package skilltest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Read reads the text of a file of tests of a skill that checks. Every mistake is
// reported; with one, no case may be run.
func Read(file string, text []byte, s *check.Skill, c *step.Catalogue) (*Suite, diag.List) {
	root, diags := syntax.ParseData(file, text)
	r := &reader{suite: &Suite{File: file, Skill: s, catalogue: c}, diags: diags, places: map[string]*program.Node{}}
	for _, p := range placesOf(s.Steps) {
		r.places[p.name] = p.node
	}
	if root == nil {
		return r.suite, r.diags
	}
	r.top(root)
	r.diags = root.Ignoring(r.diags)
	r.diags.Sort()
	return r.suite, r.diags
}

type reader struct {
	suite  *Suite
	diags  diag.List
	places map[string]*program.Node // the steps that a test can name
}

func (r *reader) top(root *syntax.Node) {
	if !r.mapping(root, "a file of tests", topKeys) {
		return
	}
	if n := root.Get("language"); n != nil && n.Value != "1" {
		r.diags.Errorf("bad-language", n.Range, "language %s is not known to this skillrun", n.Value).Hint = "this version supports language 1"
	}
	base := &Case{
		Inputs: map[string]any{}, Config: map[string]any{}, Now: start, Zone: time.UTC, Answers: map[string]*Answers{}, places: map[string]diag.Range{},
	}
	if n := root.Get("defaults"); n != nil && r.mapping(n, "defaults", defaultKeys) {
		r.given(n, base)
		for _, a := range base.Answers {
			a.shared = true
		}
	}
	list, at := root.Get("cases"), root.Head()
	if list != nil {
		at = list.Range
	}
	if list == nil || list.Kind != syntax.Sequence || len(list.Items) == 0 {
		r.diags.Errorf("bad-test", at, "a file of tests needs cases").Hint = "add a list: cases: [{name: …, inputs: {…}, answers: {…}, expect: {…}}]"
		return
	}
	names := map[string]diag.Range{}
	for _, n := range list.Items {
		if !r.mapping(n, "a case", caseKeys) {
			continue
		}
		c := r.readCase(n, base)
		if first, twice := names[c.Name]; twice {
			d := r.diags.Errorf("duplicate-id", c.At, "a case named %q exists already", c.Name)
			d.Related = []diag.Note{{At: first, Message: "the first one"}}
		}
		names[c.Name] = c.At
		r.suite.Cases = append(r.suite.Cases, c)
	}
}

func (r *reader) readCase(n *syntax.Node, base *Case) *Case {
	c := *base
	c.At = n.Head()
	c.Inputs, c.Config, c.Answers, c.places = maps.Clone(base.Inputs), maps.Clone(base.Config), maps.Clone(base.Answers), maps.Clone(base.places)
	if name := n.Get("name"); name == nil {
		r.diags.Errorf("missing-key", c.At, "a case needs a name").Hint = "say what it is about: name: opens one merge request"
	} else if c.Name = r.text(name, "name"); c.Name != "" {
		c.At = name.Range
	}
	if a := n.Get("again"); a != nil {
		if i, ok := a.Data().(int); ok && i >= 0 {
			c.Again = i
		} else {
			r.diags.Errorf("bad-value", a.Range, "again is how often the work is done once more: 0, 1, …")
		}
	}
	r.given(n, &c)
	c.OwnConfig = map[string]any{}
	if own := n.Get("config"); own != nil {
		for _, p := range own.Pairs {
			c.OwnConfig[p.Key.Value] = c.Config[p.Key.Value]
		}
	}
	c.lookInside()
	if w := n.Get("world"); w != nil {
		r.world(w, &c)
	}
	c.Expect = r.expectation(n.Get("expect"), c.At)
	if c.World == Sandbox {
		r.outOfSight(c.Expect)
	}
	return &c
}

// outOfSight reports what a case expects that a run in the sandbox does not tell.
func (r *reader) outOfSight(e Expectation) {
	for _, of := range e.Undo {
		r.diags.Errorf("misplaced-key", of.At, "in the sandbox, what would undo a step is not known").Hint = "leave it out, or write a case with answers"
	}
	for _, name := range types.SortedKeys(e.Calls) {
		if of := e.Calls[name]; of.enter {
			r.diags.Errorf("misplaced-key", of.At, "in the sandbox, only the calls of the steps inside of %s are known", name).Hint = "name one of them, " + name + "/STEP, or write a case with answers"
		}
	}
}

// world reads where a case runs. In the sandbox only people are answered for.
func (r *reader) world(n *syntax.Node, c *Case) {
	if c.World = r.text(n, "world"); c.World != Sandbox {
		r.diags.Errorf("bad-value", n.Range, "world is %s, or left out", Sandbox)
	}
	people := func(a Answer) bool { return a.Approves != "" || a.Rejects != "" }
	for name, a := range c.Answers {
		if slices.ContainsFunc(a.List, people) {
			continue
		}
		if !a.shared {
			r.diags.Errorf("misplaced-key", a.At, "in the sandbox, steps are performed and not answered for").Hint = "leave out this answer, or world"
		}
		delete(c.Answers, name)
	}
}

// lookInside leaves out the answers of the defaults to calls of which the case answers
// a step inside.
func (c *Case) lookInside() {
	for name, a := range c.Answers {
		for i := range name {
			if outer := c.Answers[name[:i]]; name[i] == '/' && !a.shared && outer != nil && outer.shared {
				delete(c.Answers, name[:i])
			}
		}
	}
}

// given reads what a case, or the defaults of all, gives a run.
func (r *reader) given(n *syntax.Node, c *Case) {
	r.values(n.Get("inputs"), "inputs", r.suite.Skill.Inputs, c.Inputs, c)
	r.values(n.Get("config"), "config", r.suite.Skill.Config, c.Config, c)
	if at := n.Get("now"); at != nil {
		now, err := time.Parse(time.RFC3339, r.text(at, "now"))
		if err != nil {
			r.diags.Errorf("bad-value", at.Range, "now is not a time").Hint = `write it as "2026-01-15T10:00:00Z"`
		}
		c.Now = now
	}
	if prog := n.Get("program"); prog != nil {
		c.Program = r.text(prog, "program")
	}
	if z := n.Get("timezone"); z != nil {
		name := r.text(z, "timezone")
		zone, err := time.LoadLocation(name)
		if err != nil || name == "" || name == "Local" {
			r.diags.Errorf("bad-zone", z.Range, "there is no time zone of that name").Hint = "use a name such as Europe/Dublin or UTC"
			return
		}
		c.Zone = zone
	}
	if a := n.Get("answers"); a != nil && r.mapping(a, "answers", nil) {
		for _, p := range a.Pairs {
			if list := r.answers(p); list != nil {
				c.Answers[p.Key.Value] = list
			}
		}
	}
}

// values reads inputs or config. A skill that calls others shares its configuration
// with them, so that other names are allowed there.
func (r *reader) values(n *syntax.Node, what string, declared types.Type, out map[string]any, c *Case) {
	if n == nil || !r.mapping(n, what, nil) {
		return
	}
	for _, p := range n.Pairs {
		name := p.Key.Value
		f, ok := declared.Field(name)
		switch {
		case ok:
			out[name] = r.data(p.Value, f.Type, name, exact)
		case what == "config":
			out[name] = p.Value.Data()
		default:
			r.diags.Errorf("unknown-input", p.Key.Range, "%s has no input %s", r.suite.Skill.Name, name).Suggest(name, declared.Names())
		}
		c.places[what+"."+name] = p.Value.Range
	}
}

// lookup finds the step that a key of answers, calls or steps names.
func (r *reader) lookup(key *syntax.Node) *program.Node {
	name := withoutItem(key.Value)
	n := r.places[name]
	if n == nil {
		r.diags.Errorf("unknown-step", key.Range, "%s has no step %s", r.suite.Skill.Name, name).Suggest(key.Value, types.SortedKeys(r.places)).Hint = r.nearest(name)
	}
	return n
}

// nearest is a step that a name may mean, such as one that a run shows as each[a]/exec.
func (r *reader) nearest(name string) string {
	id, behind, _ := strings.Cut(name, "[")
	if key, inside, ok := strings.Cut(behind, "]/"); ok && r.places[id+"/"+inside] != nil {
		return "the item stands at the end: " + id + "/" + inside + "[" + key + "]"
	}
	return diag.DidYouMean(name, types.SortedKeys(r.places))
}

// withoutItem is the name of a step without the key of an item.
func withoutItem(name string) string {
	if at := strings.IndexByte(name, '['); at > 0 && strings.HasSuffix(name, "]") {
		return name[:at]
	}
	return name
}

// mapping reports whether n is a mapping with no other keys; nil allows every key.
func (r *reader) mapping(n *syntax.Node, what string, known keys.Mapping) bool {
	if n.Kind != syntax.Mapping {
		r.diags.Errorf("bad-test", n.Range, "%s is a mapping, not a %s", what, n.Kind)
		return false
	}
	for _, p := range n.Pairs {
		if known != nil && !known.Has(p.Key.Value) {
			r.diags.Errorf("unknown-key", p.Key.Range, "unknown key %s in %s", p.Key.Value, what).Suggest(p.Key.Value, known.Names())
		}
	}
	return true
}

func (r *reader) text(n *syntax.Node, what string) string {
	if n.Kind != syntax.Scalar || n.Tag != syntax.Str {
		d := r.diags.Errorf("type-mismatch", n.Range, "%s must be a string", what)
		d.Hint = "put it in quotes"
		if n.Kind == syntax.Scalar && !n.IsNull() {
			d.Replace(strconv.Quote(n.Value))
		}
		return ""
	}
	return n.Value
}
