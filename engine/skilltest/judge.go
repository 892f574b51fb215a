package skilltest

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// Judge holds how a run ended against what a case expects.
func (s *Suite) Judge(c *Case, got Outcome) []Failure {
	j := &judge{got: got}
	j.state(c.Expect)
	j.outputs(c.Expect)
	for _, name := range types.SortedKeys(c.Expect.Steps) {
		want := c.Expect.Steps[name]
		j.equal(want, cmp.Or(got.Steps[name], NotRun), "the state of step "+name)
	}
	for _, name := range types.SortedKeys(c.Expect.Calls) {
		j.calls(name, c.Expect.Calls[name], got.Calls, "step %s is called %s, not %s", "of "+name)
	}
	for _, name := range types.SortedKeys(c.Expect.Undo) {
		j.calls(name, c.Expect.Undo[name], got.Undo, "what step %s wrote is undone %s, not %s", "of the undo of "+name)
	}
	if w := c.Expect.Writes; w != nil {
		names := make([]any, len(got.Writes))
		for i, name := range got.Writes {
			names[i] = name
		}
		j.equal(*w, names, "writes")
	}
	return j.failures
}

type judge struct {
	got      Outcome
	failures []Failure
}

func (j *judge) fail(at diag.Range, format string, args ...any) *Failure {
	var l diag.List
	l.Errorf("test-failed", at, format, args...)
	j.failures = append(j.failures, Failure{Diagnostic: l[0]})
	return &j.failures[len(j.failures)-1]
}

func (j *judge) state(e Expectation) {
	want := e.State
	if want == "" {
		if want = Done; e.Error != nil {
			want = Failed
		}
	}
	got := j.got
	if got.State != want {
		f := j.fail(e.At, "the run is %s, not %s", got.State, want)
		if x := got.Error; x != nil {
			f.Message += fmt.Sprintf(": %s: %s: %s", got.place(), x.Code, x.Message)
			f.Hint = x.Hint
		}
		return
	}
	if x := e.Error; x != nil && got.Error != nil {
		switch {
		case x.Code != "" && x.Code != got.Error.Code:
			j.fail(x.At, "the run failed with %s, not %s: %s", got.Error.Code, x.Code, got.Error.Message)
		case !strings.Contains(got.Error.Message, x.Message):
			j.fail(x.At, "the message of the failure does not contain %q: %s", x.Message, got.Error.Message)
		case x.Step != "" && x.Step != got.Step:
			j.fail(x.At, "%s failed, not %s", got.place(), x.Step)
		}
	}
}

// place is where a run failed, in words: at a step, or at an output of the skill.
func (o Outcome) place() string {
	if o.atOutput {
		return "output " + o.Step
	}
	return "step " + o.Step
}

func (j *judge) outputs(e Expectation) {
	for _, name := range types.SortedKeys(e.Outputs) {
		j.equal(e.Outputs[name], j.got.Outputs[name], "output "+name)
	}
}

func (j *judge) calls(name string, want Calls, all map[string][]map[string]any, number, of string) {
	got := all[withoutItem(name)]
	if name != withoutItem(name) {
		got = all[name]
	}
	if len(got) != len(want.List) {
		j.fail(want.At, number, name, times(len(got)), times(len(want.List)))
		return
	}
	for i, args := range want.List {
		for _, arg := range types.SortedKeys(args) {
			what := "argument " + arg + " " + of
			if len(got) > 1 {
				what = fmt.Sprintf("%s, call %d", what, i+1)
			}
			j.equal(args[arg], got[i][arg], what)
		}
	}
}

func times(n int) string {
	switch n {
	case 0:
		return "not at all"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func (j *judge) equal(want Value, got any, what string) {
	if matches(want.Want, got) {
		return
	}
	f := j.fail(want.At, "%s is not as expected", what)
	f.Diff = difference(only(want.Want, want.Want), only(want.Want, got))
	if want.node != nil {
		f.edit = &edit{want.node, only(want.Want, got)}
	}
}

// matches reports whether a value is the one that is wanted. In a mapping, what is not
// named is free; nil is what is absent.
func matches(want, got any) bool {
	want, got = spelling(want), spelling(got)
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return false
		}
		for name, v := range w {
			if !matches(v, g[name]) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !matches(w[i], g[i]) {
				return false
			}
		}
		return true
	}
	return bytes.Equal(types.Encode(want), types.Encode(got))
}

// spelling is what stands for a secret in a test: its name.
func spelling(v any) any {
	if s, ok := v.(types.Secret); ok {
		return s.Name()
	}
	return v
}

// only is a value without the members of mappings that are free.
func only(want, got any) any {
	w, ok := want.(map[string]any)
	g, is := got.(map[string]any)
	if !ok || !is {
		return spelling(got)
	}
	out := map[string]any{}
	for name, v := range w {
		if x, there := g[name]; there {
			out[name] = only(v, x)
		}
	}
	return out
}

// difference shows two values line by line.
func difference(want, got any) string {
	text := diff.Diff("expected", []byte(spelt(want)), "got", []byte(spelt(got)))
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[min(4, len(lines)):], "") // without the names and the line numbers
}

// spelt writes a value over several lines, texts as they are.
func spelt(v any) string {
	var b strings.Builder
	spell(&b, "", v)
	return b.String()
}

func spell(b *strings.Builder, indent string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range types.SortedKeys(v) {
			member(b, indent+k+":", indent, v[k])
		}
	case []any:
		for _, e := range v {
			member(b, indent+"-", indent, e)
		}
		if len(v) == 0 {
			b.WriteString(indent + "[]\n")
		}
	case nil:
		b.WriteString(indent + "null\n")
	case string:
		for line := range strings.Lines(v) {
			b.WriteString(indent + strings.TrimSuffix(line, "\n") + "\n")
		}
		if v == "" {
			b.WriteString(indent + `""` + "\n")
		}
	default:
		b.WriteString(indent + types.Show(v) + "\n")
	}
}

// member writes an element behind its head, below it where it has several lines.
func member(b *strings.Builder, head, indent string, v any) {
	var inner strings.Builder
	if spell(&inner, indent+"  ", v); strings.Count(inner.String(), "\n") == 1 {
		b.WriteString(head + " " + strings.TrimLeft(inner.String(), " "))
		return
	}
	b.WriteString(head + "\n" + inner.String())
}
