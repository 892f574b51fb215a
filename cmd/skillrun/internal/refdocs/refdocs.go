// Package refdocs writes the reference of steps and skills, from the types
// that the checker itself reads, so that it is never behind.
package refdocs

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// List prints one line a step, with the file of one that a file declares.
func List(w io.Writer, steps []step.Step) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		fmt.Fprintf(tw, "%s\t%s\t%s", s.Name, s.Effect, line(s.Doc))
		if s.File != "" {
			fmt.Fprintf(tw, "\t%s", line(s.File))
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

// Step prints everything about one step.
func Step(w io.Writer, s step.Step) error {
	fmt.Fprintf(w, "%s (%s)\n%s\n", s.Name, s.Effect, s.Doc)
	if s.File != "" {
		fmt.Fprintf(w, "file: %s\n", line(s.File))
	}
	if s.Touch.Service != "" {
		fmt.Fprintf(w, "service: %s (%s %s)\n", s.Touch.Service, s.Touch.Verb, s.Touch.Object)
	}
	table(w, "config", len(s.Config.Fields), func(tw io.Writer) {
		for _, f := range s.Config.Fields {
			fmt.Fprintf(tw, "  %s\t%s\t%s\n", f.Name, typeOf(f), line(f.Doc))
		}
	})
	fmt.Fprintln(w, "\nwith:")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range arguments("", s.In) {
		fmt.Fprintf(tw, "  %s\t%s\t%s\n", a.Name, typeOf(a), a.Doc)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nresult:")
	for _, f := range s.Out.Fields {
		fmt.Fprintf(tw, "  %s\t%s\t%s\n", f.Name, f.Type, f.Doc)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nfails with: %s\n", codes(s))
	return nil
}

func codes(s step.Step) string {
	names := make([]string, 0, len(s.AllCodes()))
	for _, c := range s.AllCodes() {
		names = append(names, string(c))
	}
	if s.IsCoded() {
		names = append(names, "those of codes")
	}
	return strings.Join(names, ", ")
}

// typeOf writes an argument's type with what a caller must know.
func typeOf(f types.Field) string {
	t := short(f.Type.Present())
	switch {
	case f.Default != nil:
		t += fmt.Sprintf(", default %s", types.Show(f.Default))
	case f.Required:
		t += ", required"
	}
	switch {
	case f.Name == "service":
		t += ", chosen among literals"
	case f.Literal:
		t += ", literal"
	case f.Type.Trusted:
		t += ", trusted"
	}
	return t
}

// arguments are the fields of an object and of the objects in it, by their paths.
func arguments(prefix string, t types.Type) (out []types.Field) {
	for _, f := range t.Fields {
		of := f.Type
		f.Name = prefix + f.Name
		out = append(out, f)
		switch {
		case of.Kind == types.Object:
			out = append(out, arguments(f.Name+".", of)...)
		case of.Kind == types.List && of.Elem != nil && of.Elem.Kind == types.Object:
			out = append(out, arguments(f.Name+"[].", *of.Elem)...)
		}
	}
	return out
}

// Markdown prints the whole reference of steps.
func Markdown(w io.Writer, cat *step.Catalogue) error {
	fmt.Fprint(w, markdownHead)
	for _, name := range cat.Names() {
		s, _ := cat.Lookup(name)
		fmt.Fprintf(w, "\n## %s\n\n%s\n\n", s.Name, s.Doc)
		fmt.Fprintf(w, "Effect: **%s**", s.Effect)
		if s.Touch.Service != "" {
			fmt.Fprintf(w, "; service `%s`: %s %s", s.Touch.Service, s.Touch.Verb, s.Touch.Object)
		}
		fmt.Fprint(w, ".\n\n"+requests(s)+"| argument | type | meaning |\n|---|---|---|\n")
		for _, f := range arguments("", s.In) {
			fmt.Fprintf(w, "| `%s` | %s | %s |\n", f.Name, cell(typeOf(f)), cell(f.Doc+constraint(f.Type)))
		}
		fmt.Fprint(w, "\n| result | type | meaning |\n|---|---|---|\n")
		results(w, "", s.Out)
		fmt.Fprintf(w, "\nFails with: %s.\n", codes(s))
	}
	return nil
}

// requests says what an effect costs that is not there yet.
func requests(s step.Step) string {
	if s.Make.Requests == 0 {
		return ""
	}
	return fmt.Sprintf("Requests: %s to check first; %s to write and confirm.\n\n", s.Look, s.Make)
}

const markdownHead = `# Steps

The built-in step types. This page is the output of ` + "`skillrun steps --markdown`" + `; a
test keeps it up to date.

A **read** changes nothing. A **local** step changes only the run's own workspace.
A **write** changes another system: it first checks whether its effect exists
already, then sends one request. A plan checks too. The numbers of requests are
those of an effect that does not exist yet, without retries. A *trusted* argument
decides where an effect lands and takes literals, configuration, and inputs with an
enum or a pattern. A *literal* argument takes no expression, so that the text of a
skill shows what it reaches; one that is *chosen among literals* takes a literal, or an
expression that chooses among those that the skill writes out.
`

// results prints an object's fields, and those of objects and lists inside.
func results(w io.Writer, prefix string, t types.Type) {
	for _, f := range t.Fields {
		fmt.Fprintf(w, "| `%s%s` | %s | %s |\n", prefix, f.Name, cell(short(f.Type)), cell(f.Doc))
		switch {
		case f.Type.Kind == types.Object:
			results(w, prefix+f.Name+".", f.Type)
		case f.Type.Kind == types.List && f.Type.Elem != nil && f.Type.Elem.Kind == types.Object:
			results(w, prefix+f.Name+"[].", *f.Type.Elem)
		}
	}
}

func short(t types.Type) string {
	s := t.Present().String()
	switch {
	case t.Kind == types.Object:
		s = "object"
	case t.Kind == types.List && t.Elem != nil && t.Elem.Kind == types.Object:
		s = "list of objects"
	}
	if t.Optional {
		return "optional " + s
	}
	return s
}

func constraint(t types.Type) string {
	switch {
	case len(t.Enum) > 0:
		return " One of " + strings.Join(t.Enum, ", ") + "."
	case t.Pattern != "":
		return " Matches `" + t.Pattern + "`."
	case t.Format != "":
		return " Format " + t.Format + "."
	case t.Minimum != nil && t.Maximum != nil:
		return " From " + grouped(*t.Minimum) + " to " + grouped(*t.Maximum) + "."
	case t.Minimum != nil:
		return " At least " + grouped(*t.Minimum) + "."
	case t.Maximum != nil:
		return " At most " + grouped(*t.Maximum) + "."
	case t.Kind == types.List && t.Elem != nil && constraint(*t.Elem) != "":
		return " Each:" + constraint(*t.Elem)
	}
	return ""
}

// grouped writes a number with a comma before every three digits.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// cell keeps a text inside one cell of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}

// StepJSON is a step type as JSON, with schemas of what it takes and gives.
type StepJSON struct {
	Name   string         `json:"name"`
	Doc    string         `json:"doc"`
	Effect step.Effect    `json:"effect"`
	File   string         `json:"file,omitempty"` // of one that a file declares
	Touch  step.Touch     `json:"touches,omitzero"`
	Config map[string]any `json:"config,omitempty"`
	With   map[string]any `json:"with"`
	Result map[string]any `json:"result"`
	Codes  []types.Code   `json:"fails_with"`
}

// JSONOf are step types as JSON.
func JSONOf(steps []step.Step) []StepJSON {
	out := make([]StepJSON, len(steps))
	for i, s := range steps {
		out[i] = StepJSON{
			Name: s.Name, Doc: s.Doc, Effect: s.Effect, File: s.File, Touch: s.Touch,
			With: s.In.Schema(), Result: s.Out.Schema(), Codes: s.AllCodes(),
		}
		if len(s.Config.Fields) > 0 {
			out[i].Config = s.Config.Schema()
		}
	}
	return out
}
