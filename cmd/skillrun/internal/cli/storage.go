package cli

import (
	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) verifyCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "verify RUN", Short: "Check every byte that is kept of a run",
		Long: `Reads a run's journal and the outputs beside it, and holds them against their
checksums and the chain that links them. Prints the hash of the last record: noted
elsewhere, it shows later whether the journal was cut. Nothing is written.`,
		Example: "  skillrun verify last\n  skillrun verify k3f9q2 --output json",
		Args:    one("verify needs a run", "`skillrun runs` lists them"),
		RunE:    func(_ *cobra.Command, args []string) error { return p.verify(args[0], f) },
	}
	siteFlags(c, &f, "a run of the sandbox")
	p.outputFlag(c, &f.output)
	p.completeArgs(c, p.completeRuns(&f))
	return c
}

func (p *Program) verify(ref string, f runFlags) error {
	e, err := p.reader(f)
	if err != nil {
		return err
	}
	id, err := runID(e, ref)
	if err != nil {
		return refused(err)
	}
	v, err := e.Verify(id)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	if f.output == "json" {
		render.JSON(p.Stdout, v)
	} else {
		render.Verdict(p.Stdout, v)
	}
	if !v.Good() {
		return &exitError{code: exitFailed}
	}
	return nil
}

// pruneFlags say which runs may go.
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
older than --older-than, but for the latest of each skill. Runs that wait, that a
process is at or that are damaged stay. Without --yes it only tells.`,
		Example: "  skillrun runs prune --older-than 90d\n  skillrun runs prune --older-than 30d --keep 10 --yes",
		Args:    atMost(0),
		RunE:    func(*cobra.Command, []string) error { return p.prune(f) },
	}
	siteFlags(c, &f.runFlags, "the sandbox's runs")
	p.outputFlag(c, &f.output)
	c.Flags().StringVar(&f.olderThan, "older-than", "90d", "only runs of which nothing was heard for this `duration`")
	c.Flags().IntVar(&f.keep, "keep", 5, "how many of the latest runs of each skill stay, however old: `N`")
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
	if err == nil {
		p.tell(map[string]any{"runs": append([]engine.Pruned{}, gone...), "removed": f.yes})
	}
	if err != nil {
		return &exitError{exitFailed, err}
	}
	return nil
}
