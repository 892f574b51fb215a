package cli

import (
	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) verifyCmd() *cobra.Command {
	var f runFlags
	var all bool
	c := &cobra.Command{
		Use: "verify RUN", Short: "Verify the journal and the outputs of a run, or of all",
		Long: `Verifies a run's journal and the outputs next to it against their checksums and
the hash chain. Prints the hash of the last record: note it elsewhere to detect
later that the journal was truncated. With --all it verifies every run of the site,
and prints a line for each that is damaged. Nothing is written.`,
		Example: "  skillrun verify last\n  skillrun verify k3f9q2 --output json\n  skillrun verify --all",
		Args: func(c *cobra.Command, args []string) error {
			if all {
				return atMost(0)(c, args)
			}
			return one("verify needs a run, or --all", "`skillrun runs` lists them")(c, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := p.reader(f)
			switch {
			case err != nil:
				return err
			case all:
				return p.verifyAll(e)
			}
			return p.verify(e, args[0])
		},
	}
	p.siteFlags(c, &f, "a run of the sandbox")
	c.Flags().BoolVar(&all, "all", false, "every run of the site")
	p.completeArgs(c, p.completeRuns(&f))
	return c
}

func (p *Program) verify(e *engine.Engine, ref string) error {
	s, err := e.Find(ref)
	if err != nil {
		return refused(err)
	}
	v, err := e.Verify(s.ID)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	render.Verdict(p.told(), v)
	p.tell(v)
	if !v.Good() {
		return &exitError{code: exitFailed}
	}
	return nil
}

// verifyAll verifies all runs. One that cannot even be read is damaged too.
func (p *Program) verifyAll(e *engine.Engine) error {
	all, err := e.Runs()
	if err != nil {
		return refused(err)
	}
	bad := []engine.Verdict{}
	for _, s := range all {
		v, err := e.Verify(s.ID)
		if err != nil {
			v = engine.Verdict{ID: s.ID, State: s.State, Wrong: []string{types.AsError(err).Message}, Notes: []string{}}
		}
		if !v.Good() {
			bad = append(bad, v)
		}
	}
	render.Verdicts(p.told(), bad, len(all))
	p.tell(map[string]any{"verified": len(all), "damaged": bad})
	if len(bad) > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

type pruneFlags struct {
	runFlags
	olderThan string
	keep      int
}

func (p *Program) pruneCmd() *cobra.Command {
	var f pruneFlags
	c := &cobra.Command{
		Use: "prune", Short: "Remove finished runs that are old",
		Long: `Removes runs that are finished (done, failed, cancelled, rejected or undone) and
older than --older-than, except the latest of each skill. Runs that are parked,
running or damaged stay. Without --yes it only lists them.`,
		Example: "  skillrun runs prune --older-than 90d\n  skillrun runs prune --older-than 30d --keep 10 --yes",
		Args:    atMost(0),
		RunE:    func(*cobra.Command, []string) error { return p.prune(f) },
	}
	p.siteFlags(c, &f.runFlags, "the sandbox's runs")
	c.Flags().StringVar(&f.olderThan, "older-than", "90d", "only runs without activity for this `duration`")
	c.Flags().IntVar(&f.keep, "keep", 5, "keep the latest `N` runs of each skill, of any age")
	c.Flags().BoolVar(&f.yes, "yes", false, "remove them")
	c.ValidArgsFunction = cobra.NoFileCompletions
	return c
}

func (p *Program) prune(f pruneFlags) error {
	age, err := types.ParseDuration(f.olderThan)
	switch {
	case err != nil || age < 0:
		return refused(types.Errorf(types.BadInput, "--older-than %q is not a duration", f.olderThan).WithHint("write 36h or 90d"))
	case f.keep < 0:
		return refused(types.Errorf(types.BadInput, "--keep is %d", f.keep).WithHint("give a number of runs, or 0"))
	}
	e, err := p.reader(f.runFlags)
	if err != nil {
		return err
	}
	gone, err := e.Prune(age, f.keep, !f.yes)
	render.Pruned(p.told(), gone, f.yes)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	p.tell(map[string]any{"runs": append([]engine.Pruned{}, gone...), "removed": f.yes})
	return nil
}
