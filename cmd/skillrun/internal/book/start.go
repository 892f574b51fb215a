package book

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// quickStart are the commands for a terminal, for CI and for agents.
func (s *Subject) quickStart(p *page) {
	p.section("Quick start")
	first := s.given(nil)
	p.lines("sh", s.command(first))
	shown := 0
	for _, i := range s.Told.Inputs {
		value, other := s.another(i)
		if i.Required || !other || shown == 3 {
			continue
		}
		shown++
		p.printf("With %s (%s):\n\n", code(i.Name), plain(i.Description))
		with := s.given(nil)
		with[i.Name] = value
		p.lines("sh", s.command(with))
	}
	p.printf("### In CI\n\n")
	config := s.Site
	if config == "" && len(s.Skill.Services)+len(s.Told.Config) > 0 {
		config = " --config skillrun.yaml"
	}
	about := s.about()
	if s.isWriting() {
		p.printf("Nobody is asked there, so a run that writes is told so: with a plan that somebody has seen, or with `--yes`.\n\n")
		p.lines("sh", "skillrun plan "+about+config+" --input-file inputs.json --out plan.json\nskillrun apply plan.json"+config+" --output json")
	} else {
		p.lines("sh", "skillrun run "+about+config+" --input-file inputs.json --output json")
	}
	p.printf("`inputs.json` is\n\n")
	data, _ := json.Marshal(first) // values of YAML always encode
	p.lines("json", string(data))
	p.printf("The result is one object on stdout. The exit code is 0 when it is done, 1 when it failed, 2 when it was refused before anything was asked, and 3 when a person has to decide.\n\n")
	p.printf("### For agents\n\n")
	p.printf("An agent passes its arguments as `inputs.json`, and reads the object. A run that would write stops first, with what it would write under `question`; a person answers with `skillrun approve RUN`. As a tool, in the words of MCP, the skill is:\n\n")
	p.lines("json", s.tool())
}

// given are the inputs of the example as far as they are required, with others.
func (s *Subject) given(more map[string]any) map[string]any {
	out := map[string]any{}
	for _, i := range s.Told.Inputs {
		if !i.Required {
			continue
		}
		out[i.Name] = "VALUE"
		if len(i.Enum) > 0 {
			out[i.Name] = i.Enum[0]
		}
		if x := s.example(); x != nil && x.Inputs[i.Name] != nil {
			out[i.Name] = x.Inputs[i.Name]
		}
	}
	for name, v := range more {
		out[name] = v
	}
	return out
}

// another is a value of an input that a test gives, and that is not the default.
func (s *Subject) another(i refdocs.Input) (any, bool) {
	for _, x := range s.Tests {
		if v, there := x.Inputs[i.Name]; there && i.Default != nil && !reflect.DeepEqual(v, i.Default) && !strings.Contains(types.Show(i.Default), "${{") {
			return v, true
		}
	}
	return nil, false
}

func (s *Subject) command(inputs map[string]any) string {
	var b strings.Builder
	b.WriteString(s.Command + s.Site)
	for _, name := range s.Skill.Inputs.Names() {
		if v, ok := inputs[name]; ok {
			b.WriteString(" --input " + shell(name+"="+types.Show(v)))
		}
	}
	return b.String()
}

var safe = types.Pattern(`^[A-Za-z0-9=_./:@,+-]+$`)

// shell quotes a word for a shell.
func shell(s string) string {
	if safe().MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(render.Flat(s), "'", `'\''`) + "'"
}

// exampleOutput is what a case of the tests came to.
func (s *Subject) exampleOutput(p *page) {
	x := s.example()
	if x == nil {
		return
	}
	p.section("Example output")
	p.printf("From its test “%s”, with answers instead of services.\n\n", plain(x.Name))
	var b strings.Builder
	b.WriteString("$ " + s.command(x.Inputs) + "\n")
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	engine.EachOwn(s.Skill.Steps, func(n *engine.Node) {
		if state := x.Steps[n.ID]; state != "" && (n.Kind != "set" || n.Name != "") {
			io.WriteString(tw, state+"\t"+flat(nameOf(n))+"\n")
		}
	})
	tw.Flush()
	render.Outputs(&b, engine.Report{Outcome: engine.Outcome{State: engine.Done, Outputs: x.Outputs}}, false)
	p.lines("console", b.String())
}

func nameOf(n *engine.Node) string {
	if n.Name != "" {
		return n.Name
	}
	return n.ID
}
