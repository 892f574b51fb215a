package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) auditCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "audit [RUN]", Short: "Print the audit log: who did what where, as lines of JSON",
		Long: `Prints the audit log of the runs of this site, or of RUN, from their journals:
one JSON object a line, the earliest first. It says who started, approved,
rejected, cancelled, resolved and undid a run, how that user is known, and each
write with its service, host and link. A damaged journal has a line of its own,
and the exit code is 1. Nothing is written.`,
		Example: "  skillrun audit last\n  skillrun audit > audit.jsonl",
		Args:    atMost(1),
		RunE:    func(_ *cobra.Command, args []string) error { return p.audit(args, f) },
	}
	p.whichSite(c, &f, "the sandbox's runs")
	p.outputWords(c, &f.output, "json")
	p.completeArgs(c, p.completeRuns(&f))
	return c
}

func (p *Program) audit(args []string, f runFlags) error {
	e, err := p.reader(f)
	if err != nil {
		return err
	}
	ids, err := audited(e, args)
	if err != nil {
		return refused(err)
	}
	actions := e.Audit(ids...)
	out := jsonOutlet{p.Stdout, p.vault} // it is JSON by default
	for _, d := range actions {
		render.JSONLine(out, d)
	}
	damaged := slices.DeleteFunc(actions, func(d engine.Action) bool { return d.Kind != engine.ActionDamaged })
	if len(damaged) == 0 {
		return nil
	}
	return &exitError{exitFailed, types.Errorf(types.Conflict, "%d of %d journals cannot be read; run %s: %s", len(damaged), len(ids), damaged[0].Run, damaged[0].Error.Message).
		WithHint("skillrun verify --all%s says what is wrong with each", siteOf(f))}
}

// audited are the ids of the run that is named, else of all.
func audited(e *engine.Engine, args []string) ([]string, error) {
	if len(args) == 1 {
		s, err := e.Find(args[0])
		return []string{s.ID}, err
	}
	all, err := e.Runs()
	ids := make([]string, len(all))
	for i, s := range all {
		ids[i] = s.ID
	}
	return ids, err
}
