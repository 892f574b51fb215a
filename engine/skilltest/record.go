package skilltest

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// Recording is a run that has ended or waits, as its journal has it.
type Recording struct {
	Run      string // its id
	Program  *program.Program
	Now      time.Time
	Timezone string
	Command  string     // how the program was called, run.program
	Answers  []Recorded // in the order in which they came
	State    string     // of the run
	Outputs  map[string]any
	Failure  *machine.Failure
}

// Recorded is what a step answered, or a person. It is the engine's Answered.
type Recorded struct {
	Path   string
	Write  bool // it made, or found, an effect
	Input  types.Values
	Output types.Values
	Error  *types.Error
}

type (
	caseYAML struct {
		Name     string         `yaml:"name"`
		Inputs   map[string]any `yaml:"inputs,omitempty"`
		Config   map[string]any `yaml:"config,omitempty"`
		Again    int            `yaml:"again,omitempty"`
		Program  string         `yaml:"program,omitempty"`
		Now      string         `yaml:"now"`
		Timezone string         `yaml:"timezone,omitempty"`
		Answers  map[string]any `yaml:"answers,omitempty"`
		Expect   expectYAML     `yaml:"expect"`
	}
	expectYAML struct {
		State   string         `yaml:"state,omitempty"`
		Error   map[string]any `yaml:"error,omitempty"`
		Outputs map[string]any `yaml:"outputs,omitempty"`
		Calls   map[string]any `yaml:"calls,omitempty"`
		Writes  []string       `yaml:"writes,flow"`
	}
)

// Case returns a file of tests with the run as its one case: what each step answered,
// and, as what is expected, how the run ended, its outputs, and each write with its
// arguments. What the journal masks is masked here.
func (r Recording) Case() (string, error) {
	c := caseYAML{
		Name: "run " + r.Run, Inputs: r.Program.Inputs, Config: configOf(r.Program), Again: r.Program.Again, Program: r.Command,
		Now: r.Now.UTC().Format(time.RFC3339), Answers: map[string]any{},
	}
	if r.Timezone != time.UTC.String() && r.Timezone != time.Local.String() {
		c.Timezone = r.Timezone
	}
	lists, calls, waits := map[string][]any{}, map[string][]any{}, map[string]bool{}
	c.Expect.Writes = []string{}
	for _, a := range r.Answers {
		name, n := nameOf(r.Program.Steps, a.Path)
		lists[name] = append(lists[name], a.yaml(n))
		waits[name] = r.State == Parked && awaited(r.Program.Steps, a.Path)
		if a.Write && a.Error == nil {
			calls[withoutItem(name)] = append(calls[withoutItem(name)], a.Input)
			c.Expect.Writes = append(c.Expect.Writes, withoutItem(name))
		}
	}
	for name, list := range lists {
		if c.Answers[name] = any(list); len(list) == 1 && !waits[name] {
			c.Answers[name] = list[0]
		}
	}
	c.expect(r, calls)
	return yamltext.Encode(map[string]any{"cases": []caseYAML{c}})
}

// awaited reports whether an answer is that of an await, or of a step in a poll of one.
func awaited(nodes []program.Node, at string) bool {
	for ; at != "."; at = path.Dir(at) {
		if n := program.At(nodes, at); n != nil && n.Kind == program.Await {
			return true
		}
	}
	return false
}

func (c *caseYAML) expect(r Recording, calls map[string][]any) {
	if c.Expect.Outputs = r.Outputs; r.State != Done {
		c.Expect.State = r.State
	}
	if f := r.Failure; f != nil {
		c.Expect.State = ""
		c.Expect.Error = map[string]any{"code": string(f.Error.Code), "message": f.Error.Message}
	}
	if len(calls) > 0 {
		c.Expect.Calls = map[string]any{}
	}
	for name, list := range calls {
		if c.Expect.Calls[name] = any(list); len(list) == 1 {
			c.Expect.Calls[name] = list[0]
		}
	}
}

func (a Recorded) yaml(n *program.Node) map[string]any {
	switch {
	case n != nil && n.Kind == program.Approve:
		return map[string]any{"approves": a.Output["by"]}
	case a.Error != nil:
		out := map[string]any{"fails": string(a.Error.Code), "message": a.Error.Message}
		if len(a.Error.Details) > 0 {
			out["details"] = a.Error.Details
		}
		return out
	}
	return map[string]any{"returns": present(a.Output)}
}

// present leaves out the members that are absent.
func present(v map[string]any) map[string]any {
	out := maps.Clone(v)
	maps.DeleteFunc(out, func(_ string, x any) bool { return x == nil })
	return out
}

// configOf is the configuration of a program, and of what it calls.
func configOf(p *program.Program) map[string]any {
	out := map[string]any{}
	program.Each(p.Steps, func(n *program.Node) {
		if n.Call != nil {
			maps.Copy(out, n.Call.Config)
		}
	})
	maps.Copy(out, p.Config)
	return out
}

// Name is the name of the step at a path of a run, with the key of the item that it is of.
func (s *Suite) Name(path string) string {
	if s.Skill.Effect != "" { // a step type is the one step of what runs
		path = strings.TrimPrefix(path, s.Skill.Name+"/")
	}
	name, _ := nameOf(s.Skill.Steps, path)
	return name
}

// nameOf is the step at a path, and its name with the key of the item that it is of.
func nameOf(nodes []program.Node, path string) (name string, step *program.Node) {
	prefix := ""
	for segment := range strings.SplitSeq(path, "/") {
		id, _, _ := strings.Cut(segment, "[")
		n := at(nodes, id)
		if n == nil {
			continue // the remedy of the step before
		}
		name, step = prefix+n.ID, n
		if nodes = slices.Concat(n.Steps, n.Rescue, n.Always); n.Retry != nil {
			nodes = slices.Concat(nodes, n.Retry.Before)
		}
		if n.Call != nil {
			nodes, prefix = n.Call.Steps, name+"/"
		}
	}
	if key, ok := itemOf(path); ok {
		name += "[" + key + "]"
	}
	return name, step
}

func at(nodes []program.Node, id string) *program.Node {
	i := slices.IndexFunc(nodes, func(n program.Node) bool { return n.ID == id })
	if i < 0 {
		return nil
	}
	return &nodes[i]
}
