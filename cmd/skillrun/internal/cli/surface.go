package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/live"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// surface shows one run in the format that was asked for. Steps and the heartbeat
// speak at the same time; each line comes whole.
type surface struct {
	p     *Program
	flags runFlags
	run   engine.Run
	asked *engine.Question  // what a person is asked last
	start func() *live.View // nil where plain lines are wanted
	view  *live.View        // nil before the run begins, and without start

	mu    sync.Mutex
	lines *render.Lines
	work  underWay
}

// surface returns the surface of a run. Close it, also when the run never began.
func (p *Program) surface(ctx context.Context, f runFlags, steps []engine.Node) *surface {
	s := &surface{p: p, flags: f, lines: render.NewLines(p.Stderr)}
	in, isFile := p.Stdin.(*os.File)
	out, isFile2 := p.screen.(*os.File)
	if f.output == "text" && p.Terminal && isFile && isFile2 && live.Wanted(p.Env, in, out) {
		s.start = func() *live.View {
			return live.Start(ctx, live.Options{In: in, Out: out, Steps: stepsOf(steps), Now: p.Clock.Now, Colour: true, Cuts: live.Cuts(p.Env)})
		}
	}
	return s
}

// stepsOf are the steps as they are known before the run.
func stepsOf(nodes []engine.Node) []live.Step {
	var out []live.Step
	for _, n := range nodes {
		s := live.Step{
			ID: n.ID, Name: n.Name, Kind: string(n.Kind), Type: n.Step, Effect: step.Effect(n.Effect), Loop: n.ForEach != "",
			Steps: stepsOf(n.Steps), Rescue: stepsOf(n.Rescue), Always: stepsOf(n.Always),
		}
		if n.Call != nil {
			s.Steps = stepsOf(n.Call.Steps)
		}
		if n.Retry != nil {
			s.Before = stepsOf(n.Retry.Before)
		}
		out = append(out, s)
	}
	return out
}

func (s *surface) close() {
	if s.view != nil {
		s.view.Close()
	}
}

// begun prints the repeatable command before anything else.
func (s *surface) begun(run engine.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = run
	if s.flags.output == "events" {
		s.line(render.RunStartedOf(run))
		return
	}
	fmt.Fprintln(s.p.Stderr, render.Flat(run.Command))
	switch {
	case run.Followed:
		fmt.Fprintf(s.p.Stderr, "another process executes run %s; following it\n", run.ID)
	case run.Continued:
		fmt.Fprintf(s.p.Stderr, "resuming run %s\n", run.ID)
	}
	if s.start != nil {
		s.view = s.start()
	}
}

func (s *surface) observe(e engine.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work.observe(e)
	if s.flags.output == "events" {
		s.line(e)
		return
	}
	if s.view != nil {
		s.view.Observe(e)
		return
	}
	s.lines.Event(e)
}

func (s *surface) question(q engine.Question) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = &q
	if s.flags.output == "events" {
		s.line(render.AskedOf(s.run.ID, q))
		return
	}
	if s.view != nil {
		s.view.Pause()
	}
	render.Question(s.p.Stderr, q, s.p.colour(s.p.Terminal))
}

// answered goes on after the question that follows the writes.
func (s *surface) answered() {
	if s.view != nil {
		s.view.Resume()
	}
}

func (s *surface) line(v any) { render.JSONLine(s.p.Stdout, v) }

func (s *surface) result(r engine.Report, sources render.Sources) {
	if s.flags.output == "text" {
		s.text(r, sources)
		return
	}
	s.tell(s.object(r))
}

// tell gives a result to a program.
func (s *surface) tell(object render.ResultJSON) {
	if s.flags.output == "json" {
		render.JSON(s.p.Stdout, object)
		return
	}
	s.line(render.RunEndedOf(object))
}

// stopped tells a program of a run that could not go on being written down.
func (s *surface) stopped(r engine.Report, err error) {
	if s.flags.output == "text" {
		return
	}
	object := render.ResultOf(r)
	object.State, object.Error = "stopped", &render.ErrorJSON{Error: types.AsError(err)}
	object.Next = &render.Next{Resume: resumeCommand(r.ID, "", s.flags)}
	s.tell(object)
}

// object is a run's result for programs.
func (s *surface) object(r engine.Report) render.ResultJSON {
	out := render.ResultOf(r)
	if out.Error != nil {
		out.Error.Known = s.known(r)
	}
	if next := s.next(r); next != (render.Next{}) {
		out.Next = &next
	}
	if s.asked != nil && (r.Reason == engine.ForConfirm || r.Reason == engine.ForApprove) {
		out.Question = render.QuestionOf(*s.asked)
	}
	return out
}

func (s *surface) text(r engine.Report, sources render.Sources) {
	s.close()
	render.Outputs(s.p.Stdout, r, s.start != nil && s.p.colour(s.p.OutTerminal))
	render.Failure(s.p.Stderr, r, s.known(r), sources, s.p.look())
	if s.view != nil {
		s.view.Ending(r, s.next(r), !s.p.OutTerminal) // what is piped away is told here
		return
	}
	render.End(s.p.Stderr, r, s.next(r))
}

// known is what the site knows of why a run failed.
func (s *surface) known(r engine.Report) []config.Hint {
	if r.Failure == nil {
		return nil
	}
	return s.p.known(r.Steps, r.Failure.Path, r.Failure.Error)
}

// next is what a person can do with a run now.
func (s *surface) next(r engine.Report) render.Next {
	var n render.Next
	switch r.State {
	case engine.Done, engine.Cancelled, engine.Rejected:
	case engine.Refused:
		n.Plan = planCommand(r.Command)
	default:
		path := ""
		if r.Failure != nil {
			path = r.Failure.Path
		}
		n = goOn(r.ID, r.Reason, path, s.flags)
		n.Resume = cmp.Or(n.Resume, commandOf("resume", s.flags, r.ID))
		if r.Reason == engine.ForConfirm {
			n.Approve = commandOf("approve", s.flags, r.ID)
		}
	}
	if slices.ContainsFunc(r.Effects, func(e engine.Effect) bool { return e.Reversible }) {
		n.Undo = commandOf("undo", s.flags, r.ID)
	}
	return n
}

// goOn is what continues a run that stopped for a reason at a step.
func goOn(id, reason, path string, f runFlags) render.Next {
	switch reason {
	case engine.ForRepeat:
		return render.Next{Resume: repeatCommand(id, path, f)}
	case engine.ForApprove:
		return render.Next{Approve: commandOf("approve", f, id)}
	}
	return render.Next{Resume: resumeCommand(id, reason, f)}
}
