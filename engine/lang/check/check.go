// Package check turns a skill's tree into a typed skill, or into diagnostics:
// all of them, in one go. It also binds inputs and configuration to a checked
// skill, which gives the [program.Program] that the machine runs.
//
// # How it goes
//
// The checker walks the tree once, top to bottom, with a scope: what the names
// inputs, config, steps and run mean at this point, as one object type. A
// step's arguments are checked against the types of its step type, its condition
// must be a boolean, every expression is parsed and type-checked where it
// stands. Then the step's result joins the scope, so that a later step sees
// it and an earlier one does not.
//
// # Absence
//
// A step with a condition may not have run: its result joins the scope as
// optional, and reading a field of it is an error unless the reader is guarded.
// Guards within one expression (?., ??, has, && and ?:) are the business of
// package expr. The checker adds the guard that stands around the expression:
// under a condition that holds only when the earlier step's condition held
// (every part of that one, joined by &&, stands in this one), the earlier
// result is present. What such a condition says by itself (has, != nil, == of a
// literal) counts in all that stands under it, also in the steps of a group. So
// does, for the rest of its sequence, what an assert asks for, and that the
// condition of a return or a fail did not hold.
//
// A mistake never hides others: what cannot be typed has the zero type for the
// rest of the walk, which fits everywhere, so that one misspelt name gives one
// diagnostic.
//
// # What is nested
//
// The steps of a group are seen behind it by their own ids. They are optional
// there when the group has a condition of its own, may continue after a failure, or
// has a rescue that takes the place of its steps. A loop closes in what stands
// inside: only the list of what its items gave is seen behind it. So does the
// remedy of a retry, and the steps of a parallel group do not see each other. A
// [view] says what is visible at a place, and is a value, so that a walk into
// something nested leaves no traces.
//
// # Other skills
//
// A skill that is called is checked too, once, by a walk of its own: it sees
// nothing of its caller, and its caller sees its inputs and outputs. A step type that
// a file declares is a skill in another dress: see steptype.go.
package check

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Reserved are the words that are verbs of the program, so no skill may have
// them as its name.
func Reserved() []string {
	return strings.Fields("audit run plan apply check explain fmt list show trust graph docs schema steps test new eval runs resume approve reject resolve cancel undo verify doctor lock sandbox mcp serve lsp version completion help")
}

// File checks a skill, and those that it calls. The skill is nil when it cannot
// be told what it is; it must not be bound when the diagnostics have errors.
// Those of a called skill are reported in its own file, with a note that points
// at the call.
func File(file string, text []byte, w World) (*Skill, diag.List) {
	return checkFile(file, text, newSession(w), nil)
}

// Tree checks what a file was parsed to, as [File] does. The text is the file's, for hints;
// diags are what the parsing found, which is returned with the rest.
func Tree(root *syntax.Node, text []byte, diags diag.List, w World) (*Skill, diag.List) {
	return checkTree(root, text, diags, newSession(w), nil)
}

func newSession(w World) *session {
	return &session{world: w, found: map[sought]found{}, known: map[string]*Skill{}, trial: fuel.Full()}
}

func checkFile(file string, text []byte, f *session, chain []string) (*Skill, diag.List) {
	root, diags := syntax.Parse(file, text)
	if root == nil {
		return nil, diags
	}
	return checkTree(root, text, diags, f, chain)
}

func checkTree(root *syntax.Node, text []byte, diags diag.List, f *session, chain []string) (*Skill, diag.List) {
	file := root.Range.File
	c := &checker{session: f, file: file, diags: diags, ids: map[string]place{}, offered: map[string]bool{}, owner: map[string]*lifetime{}}
	c.skill = &Skill{
		isType: IsStepType(file), File: file, Text: text, Inputs: types.ObjectOf(), Config: types.ObjectOf(), Secrets: types.ObjectOf(), Outputs: types.ObjectOf(),
		places: map[string]diag.Range{}, defaults: map[string]any{}, calls: map[string]*Skill{},
	}
	c.chain = append(slices.Clone(chain), path.Clean(file))
	c.topLevel(root)
	linted := c.world.Lint && len(chain) == 0 // what is called is somebody else's, and checked by itself
	if linted {
		c.lint(root)
	}
	c.diags = root.Ignoring(c.diags)
	if !linted { // what a comment silences may be known to lint only
		c.diags = slices.DeleteFunc(c.diags, func(d diag.Diagnostic) bool { return d.Code == "unused-ignore" })
	}
	c.diags.Sort()
	return c.skill, c.diags
}

// laterSkillKeys are keys of the language that this version does not know yet.
// They are refused by name and never ignored.
var laterSkillKeys = []string{"tests"}

func (c *checker) topLevel(root *syntax.Node) {
	if root.Kind != syntax.Mapping {
		c.diags.Errorf("bad-skill", root.Range, "a %s is a mapping with name, inputs and steps, not a %s", c.skill.what(), kindName(root)).
			Hint = "begin with: name: " + c.stem()
		return
	}
	body := root
	if c.skill.isType {
		body = c.stepTypeHead(root)
	} else {
		c.skillHead(root)
	}
	if root == body { // else it is that of the one step
		c.skill.Timeout = c.duration(root, "timeout", "")
	}
	if body == nil {
		return
	}
	c.base = nil // the head is known only now
	c.beginLifetime("")
	if c.skill.isType {
		c.declaredSteps(root, body)
	} else {
		c.skillSteps(body)
	}
	c.workspaces(c.skill.Steps)
	c.outputs(root.Get("outputs"))
	c.endLifetime(c.skill.Steps)
	c.computeDrops()
	c.services()
	c.checkEffect()
}

// skillHead checks the keys of a skill that say what it is.
func (c *checker) skillHead(root *syntax.Node) {
	c.keys(root, "a skill", skillKeys, laterSkillKeys)
	c.language(root)
	c.name(root)
	c.skill.Description = c.str(root, "description")
	c.skill.Version = c.str(root, "version")
	c.skill.Config = c.declarations(root.Get("config"), "config")
	c.secrets(root.Get("secrets"))
	c.skill.Inputs = c.declarations(root.Get("inputs"), "inputs")
	c.identity(root.Get("identity"))
	c.concurrency(root.Get("concurrency"))
}

// what is the word for what a file declares.
func (s *Skill) what() string {
	if s.isType {
		return "step type"
	}
	return "skill"
}

// label tells a skill and a step type of one name apart.
func (s *Skill) label(name string) string {
	return program.Call{Skill: name, StepType: s.isType}.Key()
}

// services sums up which services the skill needs.
func (c *checker) services() {
	kinds := map[string]Need{}
	for _, n := range c.skill.Needs(nil) {
		if n.Kind == step.SecretKind {
			continue
		}
		c.skill.Services = append(c.skill.Services, n.Service)
		if n.Kind == "" { // a step type that does not say which: any will do
			continue
		}
		if first, ok := kinds[n.Service]; !ok {
			kinds[n.Service] = n
		} else if first.Kind != n.Kind && n.At.File == c.file { // else the called skill says so
			d := c.diags.Errorf("wrong-kind", n.At, "service %s cannot be of kind %s and of kind %s", n.Service, first.Kind, n.Kind)
			d.Hint = "name another service in one of the two places"
			d.Related = []diag.Note{{At: first.At, Message: "kind " + first.Kind + " is needed here"}}
		}
	}
	slices.Sort(c.skill.Services)
	c.skill.Services = slices.Compact(c.skill.Services)
}

func (c *checker) language(root *syntax.Node) {
	n := root.Get("language")
	if n == nil {
		return
	}
	if n.Value != "1" || n.Tag != "!!int" {
		c.diags.Errorf("bad-language", n.Range, "language %s is not known to this skillrun", n.Value).Hint = "this version supports language 1"
	}
	if len(root.Pairs) > 0 && root.Pairs[0].Key.Value != "language" {
		c.diags.Errorf("bad-language", n.Range, "language must be the first key").Hint = "so that a reader of another version knows at once"
	}
}

func (c *checker) stem() string { return stem(c.file) }

func stem(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path.Base(strings.ReplaceAll(file, `\`, "/")), ".yaml"), ".yml")
}

func (c *checker) name(root *syntax.Node) {
	n := root.Get("name")
	if n == nil {
		d := c.diags.Errorf("missing-key", root.Head(), "a %s needs a name", c.skill.what())
		d.Hint = "add: name: " + c.stem()
		if root.Get("language") == nil { // which comes first
			adding(d, root, "name", c.stem())
		}
		return
	}
	c.skill.Name = n.Value
	why := BadName(n.Value, c.skill.isType)
	switch {
	case n.Kind != syntax.Scalar || why != "":
		c.diags.Errorf("bad-name", n.Range, "%s", cmp.Or(why, "a name is a text"))
	case n.Value != c.stem():
		c.diags.Errorf("bad-name", n.Range, "name %s is not the file's name %s", n.Value, c.stem()).Hint = "rename one of them: a " + c.skill.what() + " is found by its file"
	}
}

// BadName says why a skill, or a step type, cannot have a name; "" when it can.
func BadName(name string, stepType bool) string {
	switch {
	case !idPattern().MatchString(name):
		return fmt.Sprintf("name %q is not lower-case letters, digits and _, beginning with a letter", name)
	case strings.HasSuffix(name, "_test"):
		return "a file that ends in _test.yaml holds tests: " + name + " needs another name"
	case !stepType && slices.Contains(Reserved(), name):
		return name + " is a verb of the program, and cannot be a skill's name"
	}
	return ""
}

// identity checks the expressions that make two runs the same piece of work.
// They see inputs and config only: what is known before anything runs.
func (c *checker) identity(n *syntax.Node) {
	if n == nil {
		return
	}
	if n.Kind != syntax.Sequence || len(n.Items) == 0 {
		c.diags.Errorf("bad-identity", n.Range, "identity is a list of expressions, such as [inputs.commit_sha]")
		return
	}
	for _, item := range n.Items {
		e, t := c.bare(item, c.declared())
		if e == nil {
			continue
		}
		c.refuseSecret(item, t, "be part of the identity")
		c.skill.Identity = append(c.skill.Identity, item.Value)
	}
}

// load returns the checked skill of a name, nil when it has mistakes.
func (c *checker) load(u *syntax.Node, name string) *Skill {
	if !idPattern().MatchString(name) {
		c.diags.Errorf("unknown-skill", u.Range, "%q is not the name of a skill", name).Hint = "write skill:NAME, such as skill:create_jira_issue"
		return nil
	}
	return c.callee(u, program.Call{Skill: name})
}

// lookFor returns the file of what is called.
func (c *checker) lookFor(call program.Call) found {
	at := sought{c.file, call.Key()}
	if f, known := c.session.found[at]; known {
		return f
	}
	find := c.world.Skill
	if call.StepType {
		find = c.world.StepType
	}
	f := found{err: types.Errorf(types.NotFound, "there is no %s", call.Title()).WithHint("no other skills can be found here")}
	if find != nil {
		f.file, f.text, f.err = find(c.file, call.Skill)
	}
	c.session.found[at] = f
	return f
}

// callee checks what is called, once, and returns it; nil when it has mistakes or
// cannot be had.
func (c *checker) callee(u *syntax.Node, call program.Call) *Skill {
	f := c.lookFor(call)
	if i := slices.IndexFunc(c.chain, func(file string) bool {
		return file == path.Clean(f.file) || f.err != nil && called(file) == call.Key()
	}); i >= 0 {
		c.recursion(u, call, i)
		return nil
	}
	if f.err != nil {
		e := types.AsError(f.err)
		c.diags.Errorf("unknown-skill", u.Range, "%s", e.Message).Hint = e.Hint
		return nil
	}
	if s, known := c.session.known[f.file]; known {
		return s
	}
	s, diags := checkFile(f.file, f.text, c.session, c.chain)
	for _, d := range diags {
		d.Related = append(d.Related, diag.Note{At: u.Range, Message: call.Title() + " is called here"})
		c.diags = append(c.diags, d)
	}
	if diags.HasErrors() {
		s = nil
	}
	c.session.known[f.file] = s
	return s
}

// called is the key by which a file is called.
func called(file string) string {
	return program.Call{Skill: stem(file), StepType: IsStepType(file)}.Key()
}

// recursion refuses a call of what is the ith of the files that call each other down
// to this one.
func (c *checker) recursion(u *syntax.Node, call program.Call, i int) {
	var around []string
	for _, file := range append(slices.Clone(c.chain[i:]), c.chain[i]) {
		around = append(around, called(file))
	}
	c.diags.Errorf("recursion", u.Range, "%s calls itself: %s", call.Title(), strings.Join(around, " -> ")).
		Hint = "repeat with for_each, or put what they share into another file"
}
