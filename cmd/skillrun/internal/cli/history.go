package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
)

type historyFlags struct {
	runFlags
	state string
	skill string
	since string
	limit int
}

func (p *Program) runsCmd() *cobra.Command {
	var f historyFlags
	c := &cobra.Command{
		Use: "runs [RUN]", Short: "List the runs of this site, newest first, or show one",
		Long: `Lists the runs of this site, newest first, with what each waits for and the
command that resumes it. With RUN, shows that run: its steps with their durations,
its effects with links, why it stopped and how to continue. RUN is an id, the
beginning or the end of one, or "last". Nothing is written.`,
		Example: "  skillrun runs --state parked\n  skillrun runs --skill release_aa_backend_prod --since 2d\n  skillrun runs last\n  skillrun runs k3f9q2 --output json",
		Args:    atMost(1),
		RunE:    func(c *cobra.Command, args []string) error { return p.runs(c.Context(), args, f) },
	}
	p.siteFlags(c, &f.runFlags, "the sandbox's runs")
	c.Flags().StringVar(&f.state, "state", "", "only runs in this `state`: "+strings.Join(render.States(), ", "))
	c.Flags().StringVar(&f.skill, "skill", "", "only runs of this `skill`")
	c.Flags().StringVar(&f.since, "since", "", "only runs started since this `time`: 90m or 2d ago, or a date such as 2026-01-15")
	c.Flags().IntVar(&f.limit, "limit", 30, "at most `N` runs; 0 is all")
	p.completeArgs(c, p.completeRuns(&f.runFlags))
	p.completeFlag(c, "state", words(render.States()...))
	p.completeFlag(c, "skill", p.completeSkills)
	c.AddCommand(p.pruneCmd())
	return c
}

func (p *Program) runs(ctx context.Context, args []string, f historyFlags) error {
	keep, err := p.filter(f)
	if err != nil {
		return refused(err)
	}
	e, err := p.reader(f.runFlags)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		return p.inspect(e, args[0], f)
	}
	all, err := e.Runs()
	if err != nil {
		return refused(err)
	}
	found := slices.DeleteFunc(slices.Clone(all), func(s engine.Summary) bool { return !keep(s) })
	shown := found
	if f.limit > 0 && len(found) > f.limit {
		shown = found[:f.limit]
	}
	if len(found) == 0 {
		p.sayNone(all, f.skill)
	}
	return p.listRuns(e, shown, len(found), f)
}

// sayNone says why no run is listed.
func (p *Program) sayNone(all []engine.Summary, skill string) {
	var names []string
	for _, s := range all {
		names = append(names, s.Skill)
	}
	switch {
	case len(all) == 0:
		fmt.Fprintln(p.Stderr, "this site has no runs; --sandbox or --config choose another site")
	case skill != "" && !slices.Contains(names, skill):
		fmt.Fprintf(p.Stderr, "no run here is of a skill %s\n", strings.TrimSuffix(skill+"; "+didYouMean(skill, names), "; "))
	default:
		fmt.Fprintf(p.Stderr, "0 of %d runs\n", len(all))
	}
}

func (p *Program) listRuns(e *engine.Engine, shown []engine.Summary, total int, f historyFlags) error {
	rows := make([]render.RunRow, len(shown))
	for i, s := range shown {
		rows[i] = render.RunRowOf(s, nextOf(s, f.runFlags))
		if s.Reason == "" || s.Finished() {
			continue
		}
		if x, err := e.Inspect(s); err == nil { // a run that cannot be looked into is still a run
			rows[i].Waiting = x.Waiting
		}
	}
	p.tell(map[string]any{"runs": rows, "total": total})
	if err := render.Runs(p.told(), rows, p.Clock.Now()); err != nil {
		return err
	}
	if total > len(shown) && !p.forProgram() {
		fmt.Fprintf(p.Stderr, "%d of %d runs; --limit 0 lists all\n", len(shown), total)
	}
	return nil
}

func (p *Program) inspect(e *engine.Engine, ref string, f historyFlags) error {
	s, err := e.Find(ref)
	if err != nil {
		return refused(err)
	}
	x, err := e.Inspect(s)
	if err != nil {
		return refused(err)
	}
	next := nextOf(s, f.runFlags)
	var known []config.Hint
	if x.Failure != nil {
		known = p.known(x.Steps, x.Failure.Path, x.Failure.Error)
	}
	p.tell(render.InspectionOf(x, next, known))
	render.Inspection(p.told(), x, next, known, p.Clock.Now())
	return nil
}

func (p *Program) filter(f historyFlags) (func(engine.Summary) bool, error) {
	if f.state != "" {
		if err := oneOf("--state", f.state, render.States()...); err != nil {
			return nil, err
		}
	}
	if f.limit < 0 {
		return nil, types.Errorf(types.BadInput, "--limit is %d", f.limit).WithHint("give a number of runs, or 0 for all")
	}
	since, err := p.since(f.since)
	if err != nil {
		return nil, err
	}
	return func(s engine.Summary) bool {
		return (f.state == "" || string(s.State) == f.state) &&
			(f.skill == "" || s.Skill == f.skill) &&
			!engine.Started(s).Before(since)
	}, nil
}

// since is the time that --since means, zero for none.
func (p *Program) since(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := types.ParseDuration(text); err == nil && d >= 0 {
		return p.Clock.Now().Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, types.Errorf(types.BadInput, "--since %q is neither a duration nor a date", text).
		WithHint("write 90m, 36h, 2d, or a date such as 2026-01-15")
}

// nextOf is the command that continues a run, nil where there is nothing to continue.
func nextOf(s engine.Summary, f runFlags) *render.Next {
	switch s.State {
	case "done", "damaged", "running", "exported", "cancelled", "rejected", "refused", "undone": // the last four start again with their command
		return nil
	case "partly_undone":
		return &render.Next{Undo: commandOf("undo", f, s.ID)}
	}
	if s.Answer != nil { // a person has answered, and the run only has to read it
		s.Reason = ""
	}
	return new(goOn(s.ID, s.Reason, s.Path, f))
}
