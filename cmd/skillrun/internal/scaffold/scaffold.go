// Package scaffold writes first versions of skills and step types, each with a test that
// passes. What it writes is text: whoever calls it checks it, formats it and keeps it.
package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Input is an input of a skill.
type Input struct {
	Name string
	Type string // one of [Types]
}

// example is a value of a type for a test.
type example struct{ typ, value string }

func examples() []example {
	return []example{{"string", "Ada"}, {"integer", "2"}, {"number", "1.5"}, {"boolean", "true"}}
}

// Types are the types that an input can have here.
func Types() (out []string) {
	for _, e := range examples() {
		out = append(out, e.typ)
	}
	return out
}

// Example is a value of the input, as it is written on a command line.
func (i Input) Example() string {
	all := examples()
	return all[max(0, slices.IndexFunc(all, func(e example) bool { return e.typ == i.Type }))].value
}

// Skill is what a new skill is to be. It begins with one step that puts its inputs into a
// line of text.
type Skill struct {
	Name        string
	Description string
	Inputs      []Input // one at least
}

// Texts are the skill, and its tests.
func (s Skill) Texts() (skill, tests string) {
	var inputs, line, given, expected []string
	for _, i := range s.Inputs {
		inputs = append(inputs, fmt.Sprintf("  %s: {type: %s, required: true, description: %s}\n", i.Name, i.Type, Scalar("The "+strings.ReplaceAll(i.Name, "_", " "))))
		line = append(line, fmt.Sprintf("%s: ${{ inputs.%s }}", i.Name, i.Name))
		given = append(given, i.Name+": "+i.Example())
		expected = append(expected, i.Name+": "+i.Example())
	}
	skill = fmt.Sprintf(`name: %s
description: %s
version: "1.0"

inputs:
%s
steps:
  - id: text
    name: Put the inputs into a line
    set: {line: %q}

outputs:
  line: ${{ steps.text.line }}
`, s.Name, Scalar(s.Description), strings.Join(inputs, ""), strings.Join(line, ", "))
	tests = fmt.Sprintf(`cases:
  - name: its inputs are in the line
    inputs: {%s}
    expect: {outputs: {line: %q}}
`, strings.Join(given, ", "), strings.Join(expected, ", "))
	return skill, tests
}

// Scalar writes a text as a YAML scalar: plain where nobody reads it as something else.
func Scalar(text string) string {
	if plain().MatchString(text) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off"}, strings.ToLower(text)) {
		return text
	}
	return string(types.Encode(text))
}

var plain = types.Pattern(`^[\pL/]([\pL\pN ./_'()-]*[\pL\pN./_')-])?$`)
