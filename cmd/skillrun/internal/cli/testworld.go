package cli

import (
	"cmp"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/types"
)

// runCase runs a case where it says.
func (p *Program) runCase(ctx context.Context, s suite, c *skilltest.Case) skilltest.Result {
	if c.World != skilltest.Sandbox {
		return s.Run(c)
	}
	out := skilltest.Result{Case: c, Covered: skilltest.Covered{}}
	if !s.trusted {
		e := types.Errorf(types.Forbidden, "a case with world: sandbox performs its steps, and you do not trust this directory").
			WithHint("see what it runs and reaches, and trust it: skillrun trust; or for this command only: --trust, or name the file")
		out.Failures = caseFailed(c, e)
		return out
	}
	got, err := p.inSandbox(ctx, s.Suite, c)
	if err != nil {
		out.Failures = caseFailed(c, types.AsError(err))
		return out
	}
	for name, state := range got.Steps {
		if state != "skipped" {
			out.Covered[skilltest.Point{Step: name, What: skilltest.Ran}] = true
		}
	}
	out.Failures = s.Judge(c, got)
	return out
}

// readySandbox refuses what is wrong in the sandbox.yaml that the cases of the sandbox
// read, with its places, before any of them runs.
func (p *Program) readySandbox(suites []suite) error {
	inSandbox := func(c *skilltest.Case) bool { return c.World == skilltest.Sandbox }
	for _, s := range suites {
		if s.trusted && slices.ContainsFunc(s.Cases, inSandbox) {
			_, err := p.standIns()
			return err
		}
	}
	return nil
}

// caseFailed is why a case could not be run.
func caseFailed(c *skilltest.Case, why *types.Error) []skilltest.Failure {
	var l diag.List
	l.Errorf("test-failed", c.At, "%s", why.Message).Hint = why.Hint
	return []skilltest.Failure{{Diagnostic: l[0]}}
}

// inSandbox performs a case in a world of its own, which is gone afterwards.
func (p *Program) inSandbox(ctx context.Context, s *skilltest.Suite, c *skilltest.Case) (skilltest.Outcome, error) {
	dir, err := os.MkdirTemp("", "skillrun-test-*")
	if err != nil {
		return skilltest.Outcome{}, err
	}
	defer os.RemoveAll(dir)
	q := p.quiet()
	q.Terminal, q.vault = false, new(vault)
	q.Env = func(name string) (string, bool) {
		switch name {
		case "XDG_STATE_HOME", "XDG_CACHE_HOME":
			return filepath.Join(dir, strings.ToLower(name)), true
		}
		return p.Env(name)
	}
	site, err := q.openSite(ctx, runFlags{sandbox: true})
	if err != nil {
		return skilltest.Outcome{}, err
	}
	defer site.close()
	bound, err := q.bindCase(site, s.Skill, c)
	if err != nil {
		return skilltest.Outcome{}, err
	}
	r, diags, err := site.engine.Start(ctx, bound, people{s, c, map[*skilltest.Answers]int{}, map[string]string{}}.options())
	if err == nil {
		err = diags.Err()
	}
	if err != nil {
		return skilltest.Outcome{}, err
	}
	return outcomeOf(site.engine, s, r)
}

// bindCase gives the skill what the case says, over what the sandbox has; and what the
// sandbox does not have, from the defaults of all cases.
func (p *Program) bindCase(site *site, checked *engine.Skill, c *skilltest.Case) (*engine.Bound, error) {
	skill, diags := site.engine.Check(checked.File, checked.Text) // with the steps of the sandbox
	if err := diags.Err(); err != nil {
		return nil, err
	}
	b := p.binding(site.cfg, skill)
	with := func(values map[string]any) map[string]any {
		out := map[string]any{}
		maps.Copy(out, c.Config)
		maps.Copy(out, values)
		maps.Copy(out, c.OwnConfig)
		return out
	}
	of := b.ConfigOf
	b.Config, b.ConfigOf = with(b.Config), func(name string) map[string]any { return with(of(name)) }
	b.Inputs, b.Again, b.StepType = c.Inputs, c.Again, true
	bound, diags := skill.Bind(b)
	if bound != nil {
		diags = append(diags, site.cfg.Missing(refdocs.Needs(skill.Needs(bound)))...)
	}
	return bound, diags.Err()
}

// people answer the approve steps of a case, each time the next answer of a list.
type people struct {
	*skilltest.Suite
	c    *skilltest.Case
	next map[*skilltest.Answers]int
	who  map[string]string // by the path of the step
}

// options have them asked. A run asks one question after the other.
func (x people) options() engine.Options {
	return engine.Options{
		Consent: engine.Given,
		Confirm: func(_ context.Context, _ engine.Run, q engine.Question) (engine.Answer, error) {
			return x.say(q.Node), nil
		},
		AnsweredBy: func(node string) string { return x.who[node] },
	}
}

// say is what a person says to the approve step at a path, nothing when the case has no
// answer, or none any more.
func (x people) say(node string) engine.Answer {
	name := x.Name(node)
	bare, _, _ := strings.Cut(name, "[")
	list := cmp.Or(x.c.Answers[name], x.c.Answers[bare])
	switch {
	case node == "":
		return engine.Yes
	case list == nil || !list.Always && x.next[list] == len(list.List):
		return engine.Unanswered
	}
	a := list.List[x.next[list]]
	if !list.Always {
		x.next[list]++
	}
	if x.who[node] = cmp.Or(a.Approves, a.Rejects); a.Rejects != "" {
		return engine.No
	}
	return engine.Yes
}

// outcomeOf is how a run ended, in the words of a test.
func outcomeOf(e *engine.Engine, s *skilltest.Suite, r engine.Report) (skilltest.Outcome, error) {
	out := skilltest.Outcome{
		State: string(r.State), Outputs: r.Outputs, Calls: map[string][]map[string]any{}, Steps: map[string]string{},
	}
	if f := r.Failure; f != nil {
		out.Error, out.Step = f.Error, s.Name(f.Path)
	}
	for _, x := range r.Steps {
		name := s.Name(x.Path)
		out.Steps[name] = x.State
		if bare, _, of := strings.Cut(name, "["); of {
			out.Steps[bare] = x.State
		}
	}
	for _, x := range r.Effects {
		name, _, _ := strings.Cut(s.Name(x.Path), "[")
		out.Writes = append(out.Writes, name)
	}
	recorded, err := e.Recorded(r.ID)
	for _, a := range recorded.Answers {
		name, _, _ := strings.Cut(s.Name(a.Path), "[")
		out.Calls[name] = append(out.Calls[name], a.Input)
	}
	return out, err
}
