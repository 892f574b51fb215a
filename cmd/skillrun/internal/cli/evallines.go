package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/lineedit"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// evaluation evaluates lines, one after the other.
type evaluation struct {
	p      *Program
	names  engine.Environment
	flags  evalFlags
	number int  // of the line
	failed bool // one of them
}

// evalLines evaluates the lines that a person types, or those of stdin. A mistake ends
// nothing; where no person sits, it decides the exit code.
func (p *Program) evalLines(ctx context.Context, names engine.Environment, f evalFlags) error {
	s := &evaluation{p: p, names: names, flags: f}
	read := func() (string, error) { return p.answer(ctx) }
	if p.Terminal && !p.forProgram() {
		read = s.typed(ctx)
	}
	for last := false; !last; {
		line, err := read()
		switch {
		case errors.Is(err, io.EOF):
			last = true
		case ctx.Err() != nil:
			return &exitError{code: exitInterrupted}
		case err != nil:
			return refused(err)
		default:
			s.number++
			last = s.line(strings.TrimSpace(line))
		}
	}
	if s.failed && !p.Terminal {
		return &exitError{code: exitRefused}
	}
	return nil
}

// typed reads what a person types. A terminal that cannot move its cursor has lines and
// no editing.
func (s *evaluation) typed(ctx context.Context) func() (string, error) {
	const prompt = "> "
	in, isFile := s.p.Stdin.(*os.File)
	out, isFile2 := s.p.screen.(*os.File)
	if term := s.p.env("TERM"); !isFile || !isFile2 || term == "" || term == "dumb" {
		return func() (string, error) {
			s.flush()
			fmt.Fprint(s.p.Stderr, prompt)
			return s.p.answer(ctx)
		}
	}
	reader := lineedit.New(in, out, prompt, s.complete)
	return func() (string, error) {
		s.flush()
		return reader.Read(ctx)
	}
}

// flush prints what an outlet held back, before something else is printed.
func (s *evaluation) flush() {
	for _, w := range []io.Writer{s.p.Stdout, s.p.Stderr} {
		if held, ok := w.(interface{ Flush() error }); ok {
			held.Flush() // a terminal that is gone is not ours to mend
		}
	}
}

// lineCommands are what a line can be that is no expression.
var lineCommands = [][2]string{
	{":type EXPRESSION", "print the type instead of the value"},
	{":doc FUNCTION", "explain a function; without one, list them"},
	{":help", "list the commands"},
	{":quit", "end, as Ctrl-D does"},
}

// complete completes commands, functions behind :doc, and expressions.
func (s *evaluation) complete(before string) (words []string, length int) {
	command, about, found := strings.Cut(before, " ")
	switch {
	case strings.HasPrefix(before, ":") && !found:
		for _, c := range lineCommands {
			if word, _, _ := strings.Cut(c[0], " "); strings.HasPrefix(word, before) {
				words = append(words, word)
			}
		}
		return words, len(before)
	case command == ":doc":
		for _, f := range engine.Functions() {
			if strings.HasPrefix(f.Name, about) {
				words = append(words, f.Name)
			}
		}
		slices.Sort(words)
		return words, len(about)
	}
	return s.names.Complete(before)
}

// line does what a line says, and reports whether it was the last one.
func (s *evaluation) line(line string) (last bool) {
	command, about, _ := strings.Cut(line, " ")
	about = strings.TrimSpace(about)
	switch {
	case line == "":
	case !strings.HasPrefix(line, ":"):
		s.value(line, s.flags.kind)
	case command == ":quit" || command == ":q":
		return true
	case command == ":type" && about != "":
		s.value(about, true)
	case command == ":doc":
		s.doc(about)
	case command == ":help":
		for _, c := range lineCommands {
			fmt.Fprintf(s.p.told(), "%-16s  %s\n", c[0], c[1])
		}
	default:
		s.fail(types.Errorf(types.BadInput, "there is no command %s", command).WithHint("`:help` lists them"), nil)
	}
	return false
}

// value evaluates an expression, and prints its value or its type on one line.
func (s *evaluation) value(src string, kind bool) {
	file := "expression"
	if !s.p.Terminal {
		file = fmt.Sprintf("line-%d", s.number)
	}
	e, diags := s.names.Expression(file, src, s.flags.isText(src))
	if diags.HasErrors() {
		s.failed = true
		if s.p.forProgram() {
			s.fail(types.Errorf(types.BadInput, "%s", diags.First().Message), diags)
			return
		}
		render.Diagnostics(s.p.Stderr, diags, render.Sources{file: []byte(src)}, s.p.look())
		return
	}
	if kind {
		s.print(e.Type().String(), map[string]any{"type": e.Type().String()})
		return
	}
	v, err := e.Value()
	if err != nil {
		s.fail(err, nil)
		return
	}
	s.print(string(types.Encode(v)), map[string]any{"value": v, "type": e.Type().String()})
}

func (s *evaluation) print(text string, object map[string]any) {
	if s.p.forProgram() {
		render.JSONLine(s.p.Stdout, object)
		return
	}
	fmt.Fprintln(s.p.Stdout, render.Flat(text))
}

func (s *evaluation) fail(err error, diags diag.List) {
	s.failed = true
	if s.p.forProgram() {
		render.Refusal(s.p.Stdout, "events", "refused", types.AsError(err), diags)
		return
	}
	render.Error(s.p.Stderr, err)
}

// doc explains a function, or names all of them.
func (s *evaluation) doc(name string) {
	var names []string
	for _, f := range engine.Functions() {
		if f.Name == name || f.Alias == name && name != "" {
			fmt.Fprintf(s.p.told(), "%s\n  %s\n  %s is %s\n", f.Signature, f.Doc, f.Example, f.Want)
			return
		}
		names = append(names, f.Name)
	}
	if name == "" {
		fmt.Fprintln(s.p.told(), strings.Join(names, " "))
		return
	}
	s.fail(types.Errorf(types.NotFound, "there is no function %s", name).WithHint("%s", diag.DidYouMean(name, names)), nil)
}
