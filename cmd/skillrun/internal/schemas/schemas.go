// Package schemas writes JSON Schemas of the files that skillrun reads and of what it
// prints, for editors and for whoever checks them with other tools.
//
// They are made of what the checker itself reads: the tables of keys
// ([github.com/skillrun/skillrun/engine/lang/keys]), the types of the step types, and the
// Go structs that are printed. There is no second list. What a schema cannot say is left
// to `skillrun check`: expressions, names of steps, what depends on other files. What a
// schema refuses, check refuses too.
//
// # Draft 7
//
// The schemas are of draft 7. It is the newest draft of which yaml-language-server and
// the JSON support of VS Code each implement all; of 2019-09 and 2020-12 they implement
// parts, and nothing here needs a keyword of those. The arguments of each step type stand
// in a `then` behind an `if` on `uses`: with one alternative for each step type under
// anyOf or oneOf, editors offer the arguments of all of them at once.
//
// A step type may be declared by a file beside the skill, so that any name may stand in
// `uses`; the known ones are offered, and their arguments are checked.
package schemas

import (
	"maps"
	"slices"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/step"
)

// Schema is a JSON Schema, or a part of one.
type Schema = map[string]any

// World is what schemas depend on.
type World struct {
	// Catalogue has the step types whose arguments are known.
	Catalogue *step.Catalogue
	// Kinds are the kinds of services.
	Kinds []step.ServiceKind
}

// Document is a schema that the program prints.
type Document struct {
	Name string               // as `skillrun schema` takes it
	Of   string               // what it is the schema of, for people
	Make func(w World) Schema // writes it
}

// Documents are all schemas.
func Documents() []Document {
	return []Document{
		{"skill", "a skill: skills/NAME.yaml", func(w World) Schema { return Skill(w.Catalogue) }},
		{"step-type", "a step type in YAML: skills/steps/NAME.yaml", func(w World) Schema { return StepType(w.Catalogue) }},
		{"test", "the tests of a skill or a step type: NAME_test.yaml", func(World) Schema { return Tests() }},
		{"config", "the configuration: skillrun.yaml", func(w World) Schema { return Config(w.Kinds) }},
		{"sandbox", "what a team adds to the sandbox: sandbox.yaml", func(World) Schema { return Sandbox() }},
		{"hints", "what a team knows of failures: hints.yaml", func(World) Schema { return Hints() }},
		{"run", "what run --output json prints", func(World) Schema { return Run() }},
		{"events", "a line of what run --output events prints", func(World) Schema { return Events() }},
	}
}

// Modeline is the comment that makes an editor with yaml-language-server check a file
// against a schema: the path of its file, from the folder of the YAML file, or its URL.
// It stands on a line of its own, best the first. `skillrun schema skill > FILE` writes
// such a file; nothing has to be fetched.
func Modeline(schema string) string { return "# yaml-language-server: $schema=" + schema }

// draft is the dialect of all schemas.
const draft = "http://json-schema.org/draft-07/schema#"

// builder makes one schema of several mappings, which refer to each other by name.
type builder struct {
	places map[string]keys.Mapping
	steps  []step.Step // the known step types, by name
	defs   Schema
	extra  map[string]func(Schema) // what a mapping has beside its keys
	// nullable says that a key without a value is an empty mapping.
	nullable bool
}

func newBuilder(places map[string]keys.Mapping, cat *step.Catalogue) *builder {
	b := &builder{places: places, defs: Schema{}, extra: map[string]func(Schema){}}
	if cat != nil {
		for _, name := range cat.Names() {
			s, _ := cat.Lookup(name)
			b.steps = append(b.steps, s)
		}
	}
	return b
}

// document is the schema of a file that is a mapping.
func (b *builder) document(place, title, description string) Schema {
	out := b.mapping(place)
	out["$schema"], out["title"], out["description"] = draft, title, description
	for len(b.defs) < b.referred() {
		continue
	}
	if len(b.defs) > 0 {
		out["definitions"] = b.defs
	}
	return out
}

// referred makes the definitions that are referred to, and returns how many there are.
func (b *builder) referred() int {
	for _, name := range slices.Sorted(maps.Keys(b.defs)) {
		if b.defs[name] == nil {
			b.defs[name] = b.mapping(name)
		}
	}
	return len(b.defs)
}

// Skill is the schema of a skill's file. cat are the step types whose arguments it knows.
func Skill(cat *step.Catalogue) Schema {
	b := languageBuilder(cat)
	return b.document("skill", "skill", "A skill of skillrun: typed inputs, typed steps, typed outputs.")
}

// StepType is the schema of a file that declares a step type. cat are the step types
// whose arguments it knows.
func StepType(cat *step.Catalogue) Schema {
	b := languageBuilder(cat)
	b.extra["step type"] = b.bodies
	return b.document("step type", "step type", "A step type of skillrun that a file declares: a program, a request, a tool, or a few steps.")
}

func languageBuilder(cat *step.Catalogue) *builder {
	b := newBuilder(check.Keys(), cat)
	b.extra["step"], b.extra["await"], b.extra["approve"] = b.stepRules, b.awaitRules, b.approveRules
	for _, place := range []string{"declaration", "argument", "output"} {
		b.extra[place] = declarationRules
	}
	return b
}
