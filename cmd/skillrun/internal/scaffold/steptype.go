package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// StepType is what a new step type is to be: one that reads, by a program or a request.
type StepType struct {
	Name string
	Doc  string
	// Exec is the command line of a program, or HTTP the path of a request. A name in
	// braces is an input: /v1/items/{id}.
	Exec, HTTP string
}

// Commands that stand for one that is not given.
const (
	SomeExec = "echo {text}"
	SomeHTTP = "/v1/items/{id}"
)

// Inputs are the names of the inputs, in the order in which they are used.
func (s StepType) Inputs() (out []Input) {
	for _, m := range hole().FindAllStringSubmatch(s.Exec+s.HTTP, -1) {
		if i := (Input{m[1], "string"}); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

var hole = types.Pattern(`\{([a-z][a-z0-9_]*)\}`)

// Texts are the step type, and its tests.
func (s StepType) Texts() (text, tests string) {
	body, called, answered, expected := s.exec()
	if s.HTTP != "" {
		body, called, answered, expected = s.http()
	}
	var inputs, given string
	for i, in := range s.Inputs() {
		inputs += fmt.Sprintf("  %s: {type: string, pattern: \"^[A-Za-z0-9][A-Za-z0-9._-]*$\", required: true, description: %s}\n", in.Name, Scalar("The "+strings.ReplaceAll(in.Name, "_", " ")+"."))
		given += map[bool]string{true: "", false: ", "}[i == 0] + in.Name + ": " + in.Example()
	}
	if inputs != "" {
		inputs, given = "\ninputs:\n"+inputs, "    inputs: {"+given+"}\n"
	}
	text = fmt.Sprintf("name: %s\ndoc: %s\neffect: read # read, local or write\n%s\n%s", s.Name, Scalar(strings.TrimSuffix(s.Doc, ".")+"."), inputs, body)
	tests = fmt.Sprintf(`cases:
  - name: what is there is the result
%s    answers: {%s}
    expect:
      calls: {%s}
      outputs: {%s}

  - name: it is not there
%s    answers: {%s: {fails: not_found}}
    expect: {error: not_found}
`, given, answered, called, expected, given, s.kind())
	return text, tests
}

func (s StepType) kind() string {
	if s.HTTP != "" {
		return "http"
	}
	return "exec"
}

func (s StepType) exec() (body, called, answered, expected string) {
	words := strings.Fields(s.Exec)
	if len(words) == 0 {
		words = strings.Fields(SomeExec)
	}
	args, values := make([]string, len(words)-1), make([]string, len(words)-1)
	for i, word := range words[1:] {
		args[i], values[i] = Scalar(s.read(word)), Scalar(s.filled(word))
	}
	body = fmt.Sprintf(`exec:
  program: %s
  args: [%s]
  timeout: 30s

errors:
  not_found: %s

outputs:
  text: {type: string, description: What it says., value: "${{ trim(steps.exec.stdout) }}"}
`, Scalar(words[0]), strings.Join(args, ", "), Scalar(words[0]+" is not installed"))
	called = fmt.Sprintf("exec: {program: %s, args: [%s]}", Scalar(words[0]), strings.Join(values, ", "))
	return body, called, `exec: {returns: {stdout: "some text\n"}}`, "text: some text"
}

func (s StepType) http() (body, called, answered, expected string) {
	body = fmt.Sprintf(`http:
  path: %s

outputs:
  item:
    type: object
    properties: {name: {type: string, required: true, description: What it is called.}}
    description: What is there.
    value: ${{ steps.http.json }}
`, Scalar(s.read(s.HTTP)))
	return body, fmt.Sprintf("http: {path: %s}", Scalar(s.filled(s.HTTP))), "http: {returns: {json: {name: Ada, since: 2026}}}", "item: {name: Ada}"
}

// read is a text that reads the inputs which its braces name.
func (s StepType) read(text string) string {
	return hole().ReplaceAllString(text, "$${{ inputs.$1 }}")
}

// filled is the text with the values of the test.
func (s StepType) filled(text string) string {
	return hole().ReplaceAllString(text, Input{}.Example())
}
