package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// prompt asks a person, where one sits and reads, for required inputs that are missing.
func (p *Program) prompt(ctx context.Context, s *engine.Skill, inputs map[string]any, f runFlags) error {
	if !p.Terminal || f.output != "text" || !fit(s, inputs) {
		return nil
	}
	for _, field := range s.Inputs.Fields {
		if v, given := inputs[field.Name]; !field.Required || given && v != nil {
			continue
		}
		v, err := p.question(ctx, s, field)
		if err != nil {
			return refused(err)
		}
		inputs[field.Name] = v
	}
	return nil
}

// fit reports whether what was given can be right: else the rest is not worth typing.
func fit(s *engine.Skill, inputs map[string]any) bool {
	for name, v := range inputs {
		if f, ok := s.Inputs.Field(name); !ok || f.Type.Check(v) != nil {
			return false
		}
	}
	return true
}

// question asks for one input until the answer fits its declaration.
func (p *Program) question(ctx context.Context, s *engine.Skill, f types.Field) (any, error) {
	fmt.Fprintf(p.Stderr, "\n%s: %s\n", f.Name, render.Said(f.Doc))
	options := choices(f.Type)
	for i, o := range options {
		fmt.Fprintf(p.Stderr, "  %d. %s\n", i+1, render.Flat(o))
	}
	for {
		fmt.Fprintf(p.Stderr, "%s (%s): ", f.Name, render.Flat(wanted(f.Type)))
		line, err := p.answer(ctx)
		if err != nil {
			fmt.Fprintln(p.Stderr)
			return nil, types.Errorf(types.Cancelled, "input %s was not given; nothing was run", f.Name).
				WithHint("give it on the command line: --input %s=…", f.Name)
		}
		if line == "" {
			fmt.Fprintf(p.Stderr, "  input %s is missing; Ctrl-C cancels\n", f.Name)
			continue
		}
		values, diags := s.ParseInputs(map[string]string{f.Name: chosen(line, options)})
		if !diags.HasErrors() {
			return values[f.Name], nil
		}
		render.Diagnostics(p.Stderr, diags, render.Sources{s.File: s.Text}, p.look())
	}
}

// wanted says what an answer looks like.
func wanted(t types.Type) string {
	switch {
	case len(choices(t)) > 0:
		return "a number or the value"
	case t.Format != "":
		return t.Format
	case t.Pattern != "":
		return "matching " + t.Pattern
	case t.Kind == types.List || t.Kind == types.Map || t.Kind == types.Object:
		return t.Present().String() + " as JSON"
	}
	return t.Present().String()
}

// chosen is the option that an answer means: first by its text, then by its number.
func chosen(line string, options []string) string {
	if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(options) && !slices.Contains(options, line) {
		return options[n-1]
	}
	return line
}

// answer reads a line that a person types, once the question is there whole: its end
// may be held back as the beginning of a credential.
func (p *Program) answer(ctx context.Context) (string, error) {
	if held, ok := p.Stderr.(interface{ Flush() error }); ok {
		if err := held.Flush(); err != nil {
			return "", err
		}
	}
	type reply struct {
		line string
		err  error
	}
	got := make(chan reply, 1)
	go func() {
		line, err := readLine(p.Stdin)
		got <- reply{line, err}
	}()
	select {
	case r := <-got:
		return strings.TrimSpace(r.line), r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// readLine reads a line and nothing behind it, so that the next question finds
// its own answer. A last line without an end counts.
func readLine(r io.Reader) (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < maxFile {
		n, err := r.Read(b[:])
		switch {
		case n == 1 && b[0] == '\n':
			return string(line), nil
		case n == 1:
			line = append(line, b[0])
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		}
	}
	return "", errors.New("the line has no end")
}

// yesOrNo asks a person until the answer is one. Only the whole words count: a
// key that was hit by mistake writes nothing, and ends nothing. Whoever goes away,
// or gives an empty line, has said nothing.
func (p *Program) yesOrNo(ctx context.Context, question string) engine.Answer {
	for {
		fmt.Fprint(p.Stderr, question)
		line, err := p.answer(ctx)
		switch {
		case err != nil || ctx.Err() != nil:
			fmt.Fprintln(p.Stderr)
			return engine.Unanswered
		case line == "yes":
			return engine.Yes
		case line == "no":
			return engine.No
		case line == "":
			return engine.Unanswered
		}
		fmt.Fprintf(p.Stderr, "  %q is not an answer: type yes or no in full\n", line)
	}
}
