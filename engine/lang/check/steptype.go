package check

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// A step type that a file declares is a program, a request or a few steps behind
// typed arguments and a typed result:
//
//	exec: {…}     the arguments of exec, or of exec_read when the effect is read
//	http: {…}     those of http_request, of http_get, or of http_query for a POST that reads
//	steps: […]    steps, as in a skill
//
// It is checked by the walk that checks skills, and performed as a called one: what
// it changes is planned, found again and resumed as what the steps inside change.
// The one step of a program or a request has the id exec or http, by which the
// outputs read its result.

// laterStepTypeKeys are keys of a step type that this version does not know yet.
var laterStepTypeKeys = []string{"update"}

// goStepKeys are what a step that is written in Go declares, and a file says elsewhere.
var goStepKeys = map[string]string{
	"find":     "it belongs to the program or the request: exec: {program: …, find: {…}}",
	"touches":  "leave it out: it follows from the body, and from the services that it names",
	"defaults": "give each input its own: inputs: {lines: {type: integer, default: 100, description: …}}",
}

// effects are what a step type can do to the world, the least first.
var effects = []string{string(step.Reads), string(step.Locals), string(step.Writes)}

// IsStepType reports whether a file declares a step type, and no skill: it stands in
// a folder named steps.
func IsStepType(file string) bool {
	return path.Base(path.Dir(strings.ReplaceAll(file, `\`, "/"))) == "steps"
}

// Definition is what a step type's file declares, for whoever lists step types. It
// means nothing for one with mistakes.
func (s *Skill) Definition() step.Definition {
	every := (step.Step{Effect: s.Effect}).AllCodes()
	return step.Definition{
		Name: s.Name, Doc: s.Description, Effect: s.Effect, In: s.Inputs, Out: s.Outputs, File: s.File, Config: s.Config,
		Codes: slices.DeleteFunc(s.codes(), func(c types.Code) bool { return slices.Contains(every, c) }),
	}
}

// stepTypeHead checks the keys of a step type that say what it is, and returns where
// its steps stand.
func (c *checker) stepTypeHead(root *syntax.Node) *syntax.Node {
	c.keys(keeping(root, func(key string) bool { return goStepKeys[key] == "" }), "a step type", stepTypeKeys, laterStepTypeKeys)
	for _, p := range root.Pairs {
		if hint := goStepKeys[p.Key.Value]; hint != "" {
			c.diags.Errorf("misplaced-key", p.Key.Range, "%s is no key of a step type", p.Key.Value).Hint = hint
		}
	}
	c.language(root)
	c.name(root)
	if _, taken := c.world.Catalogue.Lookup(c.skill.Name); taken {
		c.diags.Errorf("bad-name", root.Get("name").Range, "%s is a built-in step type", c.skill.Name).Hint = "rename it and its file"
	}
	c.skill.Description = c.str(root, "doc")
	if doc := root.Get("doc"); doc == nil && root.Get(otherWord("doc")) == nil {
		c.diags.Errorf("missing-key", root.Head(), "a step type needs a doc").Hint = "add a sentence that says what it does: doc: Restart a deployment."
	} else if doc != nil && !strings.HasSuffix(c.skill.Description, ".") {
		end := doc.Place(len(doc.Value), len(doc.Value))
		c.diags.Errorf("bad-value", doc.Range, "doc is a sentence that ends in a full stop").Fix = []diag.Edit{{At: end, Text: "."}}
	}
	if e := root.Get("effect"); e == nil {
		c.diags.Errorf("missing-key", root.Head(), "a step type needs an effect").Hint = "one of " + listed(effects, "or")
	} else if c.skill.Effect = step.Effect(e.Value); !slices.Contains(effects, e.Value) {
		c.diags.Errorf("bad-value", e.Range, "effect is one of %s", listed(effects, "or")).Suggest(e.Value, effects)
	}
	c.skill.Config = c.declarations(root.Get("config"), "config")
	c.secrets(root.Get("secrets"))
	c.skill.Inputs = c.declarations(root.Get("inputs"), "inputs")
	for _, f := range c.skill.Inputs.Fields {
		if f.Doc == "" {
			c.diags.Errorf("missing-key", c.skill.places["inputs."+f.Name], "an input of a step type needs a description").Hint = "whoever uses the step type reads it"
		}
	}
	return c.body(root)
}

// declaredSteps checks the steps of a step type, and what is said of the one of a program
// or a request.
func (c *checker) declaredSteps(root, body *syntax.Node) {
	told := c.preview(root)
	c.skillSteps(body)
	if len(c.skill.Steps) == 0 {
		return
	}
	one := &c.skill.Steps[0]
	one.Name, one.Preview = cmp.Or(told.title, one.Name), told.fields
	c.undo(root, one)
}

// body returns a mapping with the steps of a step type.
func (c *checker) body(root *syntax.Node) *syntax.Node {
	var found []string
	for _, key := range bodyKeys {
		if root.Get(key) != nil {
			found = append(found, key)
		}
	}
	switch {
	case len(found) == 0:
		c.diags.Errorf("no-kind", root.Head(), "this step type does nothing").Hint = "give it one of " + listed(bodyKeys, "or")
		return nil
	case len(found) > 1:
		c.diags.Errorf("two-kinds", keyOf(root, found[1]), "a step type has one of %s, and this one has %s", listed(bodyKeys, "and"), listed(found, "and")).
			Hint = "put all of it into steps"
		return nil
	case found[0] == "steps":
		for _, key := range ofOneCall {
			if root.Get(key) != nil {
				c.diags.Errorf("misplaced-key", keyOf(root, key), "%s belongs to exec and http", key).Hint = "write it in the step that it is about"
			}
		}
		return root
	}
	return c.oneStep(root, found[0])
}

// oneStep writes the program or the request of a step type as the step that it is.
func (c *checker) oneStep(root *syntax.Node, key string) *syntax.Node {
	at, with := keyOf(root, key), root.Get(key)
	uses := c.bodyUses(key, "")
	if uses == "" {
		if c.skill.Effect == step.Locals {
			c.diags.Errorf("wrong-effect", root.Get("effect").Range, "%s reads or writes", key).Hint = "local is for steps that change a workspace only"
		}
		return nil
	}
	if with.Kind != syntax.Mapping {
		c.diags.Errorf("bad-with", with.Range, "%s is a mapping of arguments, not a %s", key, kindName(with))
		return nil
	}
	if m := with.Get("method"); key == "http" && c.skill.Effect == step.Reads && m != nil {
		switch m.Value {
		case "GET", "POST":
			uses = c.bodyUses(key, m.Value)
		default:
			c.diags.Errorf("wrong-effect", m.Range, "a request that reads is a GET or a POST, not a %s", m.Value).Hint = "effect: write, if it changes something"
		}
		with = keeping(with, func(key string) bool { return key != "method" })
	}
	one := &syntax.Node{Kind: syntax.Mapping, Range: at}
	add := func(key string, value *syntax.Node) {
		if value != nil {
			one.Pairs = append(one.Pairs, syntax.Pair{Key: word(key, at), Value: value})
		}
	}
	add("id", word(key, at))
	add("uses", word(uses, at))
	add("with", with)
	add("errors", root.Get("errors"))
	add("retry", root.Get("retry"))
	add("repeatable", root.Get("repeatable"))
	add("timeout", root.Get("timeout")) // of one use: whoever uses the step type may retry it
	list := &syntax.Node{Kind: syntax.Sequence, Range: at, Items: []*syntax.Node{one}}
	return &syntax.Node{Kind: syntax.Mapping, Range: at, Pairs: []syntax.Pair{{Key: word("steps", at), Value: list}}}
}

// bodyUses is the built-in step type that performs a body, "" for none.
func (c *checker) bodyUses(key, method string) string {
	for _, b := range Bodies() {
		if b.Key == key && b.Effect == c.skill.Effect && (b.Method == "" || b.Method == method) {
			return b.Uses
		}
	}
	return ""
}

// word is a text that stands nowhere by itself, in the place of what it is about.
func word(text string, at diag.Range) *syntax.Node {
	return &syntax.Node{Kind: syntax.Scalar, Tag: "!!str", Value: text, Range: at}
}

// keeping is a mapping with some of its keys.
func keeping(n *syntax.Node, keep func(key string) bool) *syntax.Node {
	rest := *n
	rest.Pairs = slices.DeleteFunc(slices.Clone(n.Pairs), func(p syntax.Pair) bool { return !keep(p.Key.Value) })
	return &rest
}

// declaredOutput checks an output of a step type: a type, and the value. What may be
// anything, such as parsed JSON, is held against the type when the step type has run,
// also when it is absent.
func (c *checker) declaredOutput(p syntax.Pair) (any, types.Field) {
	value := p.Value.Get("value")
	if p.Value.Kind != syntax.Mapping || value == nil {
		c.diags.Errorf("bad-declaration", p.Value.Range, "output %s needs a type and a value", p.Key.Value).
			Hint = "such as " + p.Key.Value + `: {type: string, value: "${{ steps.exec.stdout }}"}`
		return nil, types.Field{}
	}
	c.keys(p.Value, "an output", outputKeys, nil)
	declared := keeping(p.Value, func(key string) bool { return key != "value" && outputKeys.Has(key) })
	f := c.declaration(syntax.Pair{Key: p.Key, Value: declared}, "outputs")
	f.Type = readable(f.Type)
	v, t := c.typed(value, c.scope())
	if f.Type.Kind == types.SecretKind && t.Kind != types.SecretKind && t.Kind != types.Invalid {
		c.diags.Errorf("type-mismatch", value.Range, "output %s is to be a secret, and its value is none", p.Key.Value).
			Hint = "name it where it is read: secret: {" + p.Key.Value + ": stdout}, and then steps.ID.secret." + p.Key.Value
		return v, f
	}
	if f.Type.Kind != types.SecretKind && t.HoldsSecret() {
		c.refuseSecret(value, t, "be an output without secret: true")
		return v, f
	}
	if f.Required = true; holdsAny(t) {
		return v, f
	}
	if f.Required = !t.Optional; t.Optional {
		f.Type = f.Type.Maybe()
	}
	if t.Kind != types.Invalid && f.Type.Kind != types.Invalid {
		c.checkType(value, v, t, f.Type, p.Key.Value)
	}
	return v, f
}

func holdsAny(t types.Type) bool {
	return t.Kind == types.Any || t.Elem != nil && holdsAny(*t.Elem) ||
		slices.ContainsFunc(t.Fields, func(f types.Field) bool { return holdsAny(f.Type) })
}

// readable is a declared type for those who read a value of it: a member that may be
// left out, and has no default, may be absent.
func readable(t types.Type) types.Type {
	if t.Elem != nil {
		elem := readable(*t.Elem)
		t.Elem = &elem
	}
	t.Fields = slices.Clone(t.Fields)
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Type = readable(f.Type); !f.Required && f.Default == nil {
			f.Type = f.Type.Maybe()
		}
	}
	return t
}

// codes are those that a use of a step type can fail with, each once.
func (s *Skill) codes() []types.Code {
	codes := (step.Step{Effect: s.Effect}).AllCodes()
	for _, u := range s.Uses {
		codes = append(codes, u.AllCodes()...)
	}
	if s.Timeout != "" {
		codes = append(codes, types.Timeout)
	}
	program.Each(s.Steps, func(n *program.Node) {
		if n.Timeout != "" {
			codes = append(codes, types.Timeout)
		}
		if n.Code != "" {
			codes = append(codes, n.Code)
		}
	})
	slices.Sort(codes)
	return slices.Compact(codes)
}

// checkEffect refuses a step type that does more to the world than it says.
func (c *checker) checkEffect() {
	declared := slices.Index(effects, string(c.skill.Effect))
	if declared < 0 {
		return
	}
	program.Each(c.skill.Steps, func(n *program.Node) {
		if n.At.File == c.file && slices.Index(effects, most(n)) > declared {
			does := map[string]string{"local": "changes a workspace", "write": "writes"}[most(n)]
			c.diags.Errorf("wrong-effect", n.At, "the effect is %s, and step %s %s", c.skill.Effect, n.ID, does).Hint = "effect: " + most(n)
		}
	})
}

// most is the greatest effect of a step, or of those of what it calls.
func most(n *program.Node) string {
	if n.Call == nil {
		return n.Effect
	}
	out := ""
	program.Each(n.Call.Steps, func(inner *program.Node) {
		if slices.Index(effects, inner.Effect) > slices.Index(effects, out) {
			out = inner.Effect
		}
	})
	return out
}
