package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// outputWords is the annotation of a flag --output with what it can be.
const outputWords = "output-words"

// outputFlag gives a verb --output: text, json, or what more it can.
func (p *Program) outputFlag(c *cobra.Command, output *string, more ...string) {
	p.outputWords(c, output, append([]string{"text", "json"}, more...)...)
}

// outputWords gives a verb --output with what it can be, the usual first.
func (p *Program) outputWords(c *cobra.Command, output *string, all ...string) {
	c.Flags().StringVar(output, "output", all[0], "`"+all[0]+"`"+strings.TrimPrefix(orWords(all), all[0]))
	c.Flags().Lookup("output").Annotations = map[string][]string{outputWords: all}
	p.completeFlag(c, "output", words(all...))
}

// checkOutputFlag refuses a value of --output that the verb does not have.
func checkOutputFlag(c *cobra.Command, _ []string) error {
	f := c.Flags().Lookup("output")
	if f == nil {
		return nil
	}
	return oneOf("--output", f.Value.String(), f.Annotations[outputWords]...)
}

// outputOf is the --output of a command line, looked for by itself: what is
// wrong with the line is told in that format too.
func outputOf(args []string) string {
	format := "text"
	for i, a := range args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--output="); ok {
			format = v
		} else if a == "--output" && i+1 < len(args) {
			format = args[i+1]
		}
	}
	if !slices.Contains([]string{"json", "events"}, format) && !render.IsReport(format) {
		return "text"
	}
	return format
}

// told is stdout as people read it: nowhere when a program does.
func (p *Program) told() io.Writer {
	if p.format != "text" {
		return io.Discard
	}
	return p.Stdout
}

// tell prints an object on stdout when a program reads it.
func (p *Program) tell(v any) {
	if p.forProgram() {
		render.JSON(p.Stdout, v)
	}
}

// states are what exit codes say, for a command that came to nothing else.
var states = map[int]string{
	exitFailed: "failed", exitRefused: "refused", exitPerson: "waiting", exitInterrupted: "interrupted",
}

// exit prints err and returns the exit code it carries. A program that reads
// stdout finds the error there, unless the verb has said something already.
func (p *Program) exit(err error, out *sink) int {
	if err == nil {
		return exitDone
	}
	e := &exitError{exitRefused, err}
	errors.As(err, &e)
	switch {
	case p.forProgram() && !out.used:
		render.Refusal(p.Stdout, p.format, states[e.code], codedAs(e), nil)
	case e.err != nil:
		render.Error(p.Stderr, e.err)
	}
	return e.code
}

// codedAs is what ended a command, as an error with a code.
func codedAs(e *exitError) *types.Error {
	if e.err == nil {
		return types.Errorf(types.Cancelled, "%s", states[e.code])
	}
	coded := types.AsError(e.err)
	if coded.Code == types.Internal && e.code == exitRefused {
		coded = types.Errorf(types.BadInput, "%s", coded.Message).WithHint("%s", coded.Hint)
	}
	return coded
}

// diagnose prints diagnostics and returns the refusal.
func (p *Program) diagnose(diags diag.List, sources render.Sources) error {
	if p.forProgram() {
		render.Refusal(p.Stdout, p.format, "refused", types.Errorf(types.BadInput, "%s", diags.First().Message), diags)
	} else {
		render.Diagnostics(p.Stderr, diags, sources, p.look())
	}
	return refused(nil)
}
