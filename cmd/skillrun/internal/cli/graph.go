package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/graph"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/types"
)

type graphFlags struct {
	runFlags
	run, format string
	plan        bool
}

// graphFormats are the formats of a graph, the usual first.
var graphFormats = []string{"mermaid", "dot", "svg"}

func (p *Program) graphCmd() *cobra.Command {
	var f graphFlags
	c := &cobra.Command{
		Use: "graph [SKILL|FILE|PLAN]", Short: "Draw the flow of a skill, of a run or of a plan",
		Long: `Draws the steps of a skill with their conditions, groups and loops: as Mermaid, which
GitHub and GitLab show, as DOT for Graphviz, or as SVG, which follows the reader's
light or dark mode. --run shows what became of each step of a run, and --plan what a
saved plan would write: in words and signs, not by colour alone. Nothing is written,
and no service is asked.`,
		Example: "  skillrun graph release_aa_backend_prod\n  skillrun graph ./skills/mine.yaml --format svg > mine.svg\n  skillrun graph --run last --format svg > run.svg\n  skillrun graph --plan plan.json",
		Args:    atMost(1),
		RunE:    func(_ *cobra.Command, args []string) error { return p.graph(strings.Join(args, ""), f) },
	}
	c.Flags().StringVar(&f.run, "run", "", "draw a `run`, and what became of its steps")
	c.Flags().BoolVar(&f.plan, "plan", false, "the file is a saved plan: draw what it would write")
	c.Flags().StringVar(&f.format, "format", graphFormats[0], "`"+graphFormats[0]+"`"+strings.TrimPrefix(orWords(graphFormats), graphFormats[0]))
	p.siteFlags(c, &f.runFlags, "of --run: a run of the sandbox")
	p.completeArgs(c, p.completeSkills)
	p.completeFlag(c, "run", p.completeRuns(&f.runFlags))
	p.completeFlag(c, "format", words(graphFormats...))
	return c
}

func (p *Program) graph(name string, f graphFlags) error {
	if err := oneOf("--format", f.format, graphFormats...); err != nil {
		return err
	}
	if (name != "") == (f.run != "") || f.plan && f.run != "" {
		return refused(types.Errorf(types.BadInput, "graph draws a skill, a run or a plan").WithHint("give one of them: skillrun graph SKILL, --run RUN or --plan FILE"))
	}
	var g *graph.Graph
	var err error
	switch {
	case f.run != "":
		g, err = p.graphOfRun(f)
	case f.plan:
		g, err = p.graphOfPlan(name)
	default:
		g, err = p.graphOfSkill(name)
	}
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := map[string]func() error{
		"mermaid": func() error { return g.Mermaid(&text) },
		"dot":     func() error { return g.DOT(&text) },
		"svg":     func() error { return g.SVG(&text) },
	}[f.format](); err != nil {
		return refused(err)
	}
	p.tell(map[string]any{"format": f.format, "graph": text.String()})
	_, err = p.told().Write([]byte(text.String()))
	return err
}

func (p *Program) graphOfSkill(name string) (*graph.Graph, error) {
	src, err := p.find(name)
	if err != nil {
		return nil, refused(err)
	}
	p.tellShadow(src)
	cat, err := p.catalogue()
	if err != nil {
		return nil, refused(err)
	}
	e, called := p.newChecker(cat)
	skill, diags := e.Check(src.File, src.Text)
	if diags.HasErrors() {
		return nil, p.diagnose(diags, called.with(src))
	}
	return graph.Of(skill.Name, skill.Steps), nil
}

func (p *Program) graphOfRun(f graphFlags) (*graph.Graph, error) {
	e, err := p.reader(f.runFlags)
	if err != nil {
		return nil, err
	}
	s, err := e.Find(f.run)
	if err != nil {
		return nil, refused(err)
	}
	x, err := e.Inspect(s)
	if err != nil {
		return nil, refused(err)
	}
	steps, _, err := e.Kept(s.ID)
	if err != nil {
		return nil, refused(err)
	}
	g := graph.Of(s.Skill+" "+s.ID, steps)
	g.Mark(runStates(x))
	return g, nil
}

// runStates are what became of the steps of a run; of a write that is there, by whose
// doing.
func runStates(x engine.Inspection) graph.States {
	states := graph.States{}
	for _, s := range x.Steps {
		states.Add(s.Path, s.State, s.Name)
	}
	for _, e := range x.Effects {
		switch e.Outcome {
		case "created", "updated", "resolved":
			states.Add(e.Path, "written", "")
		case "adopted":
			states.Add(e.Path, "adopted", "")
		}
	}
	return states
}

func (p *Program) graphOfPlan(file string) (*graph.Graph, error) {
	text, err := readUpTo(p.path(file), maxPlan)
	if err != nil {
		return nil, refused(types.Errorf(types.NotFound, "the plan cannot be read: %w", err).WithHint("make one with skillrun plan SKILL --out FILE"))
	}
	made, err := engine.ReadPlan(text)
	if err != nil {
		return nil, refused(err)
	}
	cat, err := p.catalogue()
	if err != nil {
		return nil, refused(err)
	}
	e, _ := p.newChecker(cat)
	steps, _, err := e.KeptIn(made)
	if err != nil {
		return nil, refused(err)
	}
	g := graph.Of(made.Run.Skill, steps)
	g.Mark(planStates(made.Forecast))
	return g, nil
}

// planStates are what a plan says of steps.
func planStates(f plan.Forecast) graph.States {
	states := graph.States{}
	for _, r := range f.Reads {
		states.Add(r.Path, map[bool]string{true: "read", false: "later"}[r.After == ""], r.Name)
	}
	local := f.Local
	for _, w := range f.Writes {
		local = append(local, w.Local...)
		state := w.Outcome
		if w.Undecided {
			state = "undecided"
		}
		states.Add(w.Path, state, w.Name)
	}
	for _, l := range local {
		states.Add(l.Path, "local", l.Name)
	}
	for _, q := range f.Questions {
		states.Add(q.Path, "asks", "")
	}
	if f.Failure != nil {
		states.Add(f.Failure.Path, "fail", "")
	}
	return states
}
