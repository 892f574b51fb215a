package check

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// World is what a skill can reach for.
type World struct {
	Catalogue *step.Catalogue
	// Skill finds another skill by its name, for `uses: skill:NAME`. The error
	// says what to do. It may be nil: then there are no others.
	Skill func(name string) (file string, text []byte, err error)
}

// family is what the files of one check share.
type family struct {
	world World
	// known are the skills that were called, nil for one with mistakes: each is
	// checked once.
	known map[string]*Skill
}

// maxSteps bounds a skill with all that it calls: a few files that call each
// other twice would be millions of steps.
const maxSteps = 10_000

// skillName returns the skill that `uses` names.
func skillName(u *syntax.Node) (string, bool) {
	if u == nil || u.Kind != syntax.Scalar {
		return "", false
	}
	return strings.CutPrefix(u.Value, "skill:")
}

// call checks the call of another skill: its inputs are the arguments, its
// outputs the result.
//
// Its effects belong to the work of the skill that was run. Its place there
// tells them apart, and the identity that it names itself.
func (c *checker) call(n *syntax.Node, name string, node *program.Node) made {
	node.Kind = program.Skill
	u := n.Get("uses")
	callee := c.load(u, name)
	with, ok := c.with(n)
	if callee == nil || !ok {
		if ok {
			c.typed(with, c.scope()) // mistakes inside show too
		}
		return made{unclear: true}
	}
	before := len(c.diags)
	node.With = c.arguments(with, callee.arguments(), c.scope(), "skill "+name)
	if !c.diags[before:].HasErrors() {
		c.defaulted(step.Step{In: callee.arguments()}, n, with)
	}
	if callee.Concurrency != nil && !c.grouped {
		c.diags.Errorf("bad-concurrency", u.Range, "skill %s has a concurrency group, and this skill has none", name).
			Hint = "declare concurrency here: a run takes the lock of its own skill only"
	}
	node.Call = &program.Call{
		Skill: callee.Name, Version: callee.Version, TextDigest: callee.digest(), Inputs: callee.arguments(),
		Identity: callee.Identity, Steps: callee.Steps, Outputs: callee.outputs, Timeout: callee.Timeout,
	}
	c.skill.calls[callee.Name] = callee
	for _, s := range callee.Uses {
		c.useStep(s)
	}
	c.skill.Reaches = append(c.skill.Reaches, callee.Reaches...)
	if c.skill.size += callee.size; c.skill.size > maxSteps {
		c.diags.Errorf("too-many-nodes", u.Range, "with the skills that it calls, the skill has more than %d steps", maxSteps)
		c.skill.size = 0 // said once
		return made{unclear: true}
	}
	return made{out: callee.Outputs}
}

// load returns the checked skill of a name, nil when it has mistakes or cannot
// be had.
func (c *checker) load(u *syntax.Node, name string) *Skill {
	if !idPattern.MatchString(name) {
		c.diags.Errorf("unknown-skill", u.Range, "%q is not the name of a skill", name).Hint = "write skill:NAME, such as skill:create_jira_issue"
		return nil
	}
	if i := slices.Index(c.chain, name); i >= 0 {
		around := append(slices.Clone(c.chain[i:]), name)
		c.diags.Errorf("recursion", u.Range, "skill %s calls itself: %s", name, strings.Join(around, " -> ")).
			Hint = "repeat with for_each, or put what they share into a third skill"
		return nil
	}
	if s, known := c.family.known[name]; known {
		return s
	}
	if c.world.Skill == nil {
		c.diags.Errorf("unknown-skill", u.Range, "there is no skill %s", name).Hint = "no other skills can be found here"
		return nil
	}
	file, text, err := c.world.Skill(name)
	if err != nil {
		e := types.AsError(err)
		c.diags.Errorf("unknown-skill", u.Range, "%s", e.Message).Hint = e.Hint
		return nil
	}
	s, diags := checkFile(file, text, c.family, c.chain)
	for _, d := range diags {
		d.Related = append(d.Related, diag.Note{At: u.Range, Message: "skill " + name + " is called here"})
		c.diags = append(c.diags, d)
	}
	if diags.HasErrors() {
		s = nil
	}
	c.family.known[name] = s
	return s
}

// arguments are the inputs as a call gives them, without what people read.
func (s *Skill) arguments() types.Type {
	out := types.ObjectOf()
	for _, f := range s.Inputs.Fields {
		out.Fields = append(out.Fields, types.Field{Name: f.Name, Type: f.Type, Required: f.Required})
	}
	return out
}

func (s *Skill) digest() string {
	sum := sha256.Sum256(s.Text)
	return hex.EncodeToString(sum[:])
}
