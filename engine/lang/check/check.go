// Package check turns a skill's tree into a typed skill, or into diagnostics:
// all of them, in one go. It also binds inputs and configuration to a checked
// skill, which gives the [program.Program] that the machine runs.
//
// # How it goes
//
// The checker walks the tree once, top to bottom, with a scope: what the names
// inputs, config, steps and run mean at this point, as one object type. A
// step's arguments are held against the types of its step type, its condition
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
// result is present.
//
// A mistake never hides others: what cannot be typed has the zero type for the
// rest of the walk, which fits everywhere, so that one misspelt name gives one
// diagnostic.
package check

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Skill is a checked skill. Its exported fields describe it; [Skill.Bind]
// makes it runnable.
type Skill struct {
	Name        string
	Description string
	Version     string
	File        string // where it was read from
	Text        []byte
	Inputs      types.Type // an object
	Config      types.Type // an object
	Outputs     types.Type // an object
	Identity    []string   // bare expressions
	// Concurrency holds texts with ${{ }}; it is nil when the skill may run
	// beside others.
	Concurrency *program.Concurrency
	Steps       []program.Node
	Uses        []step.Step // the step types it uses, each once, in order of first use
	Services    []string    // the services its steps name, sorted

	outputs  []program.Output
	places   map[string]diag.Range // of inputs and config names: "inputs.x"; of "concurrency.group" and its like
	defaults map[string]string     // "inputs.x" -> text of a default with ${{ }}
}

// Reserved are the words that are verbs of the program, so no skill may have
// them as its name.
func Reserved() []string {
	return strings.Fields("run plan apply check list show graph docs schema steps test new eval runs resume approve reject resolve cancel undo verify doctor sandbox mcp serve lsp version completion help")
}

// checker is one walk through one file.
type checker struct {
	file  string
	cat   *step.Catalogue
	diags diag.List
	skill *Skill

	steps   types.Type            // what `steps` means here: earlier results
	conds   map[string][]string   // step id -> the parts of its condition
	given   map[string][]string   // condition -> ids present where it holds
	ids     map[string]diag.Range // every id of the file, also later ones
	noValue map[string]bool       // ids of steps that have no result
	readers map[string]int        // step id -> index of the last node that reads it
	extra   map[string]types.Type // result, error
	current int                   // index of the node being checked
}

// File checks a skill. The skill is nil when it cannot be told what it is; it
// must not be bound when the diagnostics have errors.
func File(file string, text []byte, cat *step.Catalogue) (*Skill, diag.List) {
	root, diags := syntax.Parse(file, text)
	c := &checker{
		file: file, cat: cat, diags: diags, steps: types.ObjectOf(),
		conds: map[string][]string{}, given: map[string][]string{}, ids: map[string]diag.Range{},
		noValue: map[string]bool{}, readers: map[string]int{}, extra: map[string]types.Type{},
	}
	if root == nil {
		return nil, c.diags
	}
	c.skill = &Skill{
		File: file, Text: text, Inputs: types.ObjectOf(), Config: types.ObjectOf(), Outputs: types.ObjectOf(),
		places: map[string]diag.Range{}, defaults: map[string]string{},
	}
	c.top(root)
	c.diags.Sort()
	return c.skill, c.diags
}

// laterSkillKeys are keys of the language that this version does not know yet.
// They are refused by name and never ignored.
var laterSkillKeys = []string{"timeout", "tests", "always", "rescue"}

func (c *checker) top(root *syntax.Node) {
	if root.Kind != syntax.Mapping {
		c.diags.Errorf("bad-skill", root.Range, "a skill is a mapping with name, inputs and steps, not a %s", kindName(root)).
			Hint = "begin with: name: " + c.stem()
		return
	}
	c.keys(root, []string{"language", "name", "description", "version", "identity", "concurrency", "inputs", "config", "steps", "outputs"}, laterSkillKeys)
	c.language(root)
	c.name(root)
	c.skill.Description = c.str(root, "description")
	c.skill.Version = c.str(root, "version")
	c.skill.Config = c.declarations(root.Get("config"), "config")
	c.skill.Inputs = c.declarations(root.Get("inputs"), "inputs")
	c.identity(root.Get("identity"))
	c.concurrency(root.Get("concurrency"))
	c.sequence(root)
	c.outputs(root.Get("outputs"))
	c.drops()
}

func (c *checker) language(root *syntax.Node) {
	n := root.Get("language")
	if n == nil {
		return
	}
	if n.Value != "1" || n.Tag != "!!int" {
		c.diags.Errorf("bad-language", n.Range, "language %s is not known to this skillrun", n.Value).Hint = "this version speaks language 1"
	}
	if len(root.Pairs) > 0 && root.Pairs[0].Key.Value != "language" {
		c.diags.Errorf("bad-language", n.Range, "language must be the first key").Hint = "so that a reader of another version knows at once"
	}
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (c *checker) stem() string {
	return strings.TrimSuffix(strings.TrimSuffix(path.Base(strings.ReplaceAll(c.file, `\`, "/")), ".yaml"), ".yml")
}

func (c *checker) name(root *syntax.Node) {
	n := root.Get("name")
	if n == nil {
		c.diags.Errorf("missing-key", keyRange(root), "a skill needs a name").Hint = "add: name: " + c.stem()
		return
	}
	c.skill.Name = n.Value
	switch {
	case n.Kind != syntax.Scalar || !idPattern.MatchString(n.Value):
		c.diags.Errorf("bad-name", n.Range, "name %q is not lower-case letters, digits and _, beginning with a letter", n.Value)
	case slices.Contains(Reserved(), n.Value):
		c.diags.Errorf("bad-name", n.Range, "%s is a verb of the program, and cannot be a skill's name", n.Value)
	case n.Value != c.stem():
		c.diags.Errorf("bad-name", n.Range, "name %s is not the file's name %s", n.Value, c.stem()).Hint = "rename one of them: a skill is found by its file"
	}
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
		e, t, ok := c.bare(item, c.declared())
		if !ok {
			continue
		}
		c.open(item, t, "be part of the identity")
		c.skill.Identity = append(c.skill.Identity, e)
	}
}

// drops tells each node which results nothing after it reads.
func (c *checker) drops() {
	nodes := c.skill.Steps
	for id, last := range c.readers {
		if last < len(nodes) {
			nodes[last].Drop = append(nodes[last].Drop, id)
		}
	}
	for i := range nodes {
		if _, read := c.readers[nodes[i].ID]; !read && !c.noValue[nodes[i].ID] {
			nodes[i].Drop = append(nodes[i].Drop, nodes[i].ID)
		}
		slices.Sort(nodes[i].Drop)
	}
}

// read notes which steps an expression reads, and where.
func (c *checker) read(refs []expr.Ref) {
	for _, r := range refs {
		if len(r.Path) > 1 && r.Path[0] == "steps" {
			c.readers[r.Path[1]] = max(c.readers[r.Path[1]], c.current)
		}
	}
}
