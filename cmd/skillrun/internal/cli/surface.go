package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/plan"
)

func checkOutput(format string) error {
	switch format {
	case "text", "json", "events":
		return nil
	}
	return fmt.Errorf("--output is text, json or events, not %q", format)
}

// surface shows one run, in the format that was asked for.
type surface struct {
	format string
	out    io.Writer
	log    io.Writer
	run    engine.Run
	flags  runFlags
}

func (p *Program) surface(f runFlags) *surface {
	return &surface{format: f.output, out: p.Stdout, log: p.Stderr, flags: f}
}

// begun prints the repeatable command before anything else.
func (s *surface) begun(run engine.Run) {
	s.run = run
	if s.format == "events" {
		s.line(map[string]any{"version": 1, "type": "run_started", "run": run.ID, "skill": run.Skill, "command": run.Command, "continued": run.Continued})
		return
	}
	fmt.Fprintln(s.log, run.Command)
	if s.flags.note != "" {
		fmt.Fprintln(s.log, s.flags.note)
	}
	if run.Continued {
		fmt.Fprintf(s.log, "going on with run %s\n", run.ID)
	}
}

func (s *surface) observe(e engine.Event) {
	if s.format == "events" {
		s.line(e)
		return
	}
	render.Event(s.log, e)
}

func (s *surface) writes(w []plan.Write) {
	if s.format == "events" {
		s.line(map[string]any{"version": 1, "type": "writes", "run": s.run.ID, "writes": w})
		return
	}
	render.Writes(s.log, w)
}

func (s *surface) line(v any) {
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false)
	e.Encode(v) // stdout that cannot be written is not ours to mend
}

func (s *surface) result(r engine.Report, sources render.Sources) {
	switch s.format {
	case "json":
		render.JSON(s.out, render.ResultOf(r))
	case "events":
		s.line(map[string]any{"version": 1, "type": "run_" + string(r.State), "run": r.ID, "result": render.ResultOf(r)})
	default:
		render.Result(s.out, s.log, r, sources, s.resume(r))
	}
}

// diagnose prints diagnostics and returns the refusal.
func (p *Program) diagnose(format string, diags diag.List, sources render.Sources) error {
	if format == "text" {
		render.Diagnostics(p.Stderr, diags, sources)
	} else {
		render.JSON(p.Stdout, map[string]any{"state": "refused", "error": map[string]any{
			"code": "invalid", "message": diags[0].Message, "diagnostics": diags}})
	}
	return refused(nil)
}

// resume is the command that goes on with a run.
func (s *surface) resume(r engine.Report) string {
	words := "skillrun resume " + r.ID
	if s.flags.sandbox {
		words += " --sandbox"
	}
	if s.flags.config != "" {
		words += " --config " + quote(s.flags.config)
	}
	if r.Reason == engine.ForConfirm {
		words += " --yes"
	}
	return words
}
