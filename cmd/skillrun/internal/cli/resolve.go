package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) resolveCmd() *cobra.Command {
	var f personFlags
	c := &cobra.Command{
		Use: "resolve RUN STEP", Short: "Record whether a write of unknown outcome happened",
		Long: `A run stops when it cannot tell whether a write happened. Look where the message
says. If it happened, name it with --found: it is read back and compared with the
step's arguments. If not, use --not-done: it is looked for once more. Then resume
the run: skillrun resume RUN.

A run also stops before it repeats a write that is done and that it cannot look
for. --not-done does it again; --done keeps its effect.`,
		Example: "  skillrun resolve last jira --found AAP-61250\n  skillrun resolve k3f9q2 mr --not-done",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return refused(types.Errorf(types.BadInput, "resolve needs a run and a step").WithHint("`skillrun runs RUN` shows which step it is"))
			}
			return atMost(2)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return p.resolve(c.Context(), args[0], args[1], f) },
	}
	p.siteFlags(c, &f.runFlags, "a run of the sandbox")
	f.reachFlag(c)
	c.Flags().StringVar(&f.found, "found", "", "it happened: the `name` of the issue, merge request, commit or note")
	c.Flags().BoolVar(&f.notDone, "not-done", false, "it did not happen and no longer can; of a step that is done: do it again")
	c.Flags().BoolVar(&f.done, "done", false, "of a step that is done and would be repeated: keep its effect")
	c.ValidArgsFunction = p.completeUnknown(&f.runFlags)
	return c
}

func (p *Program) resolve(ctx context.Context, ref, step string, f personFlags) error {
	if said := []bool{f.found != "", f.notDone, f.done}; len(slices.DeleteFunc(said, func(x bool) bool { return !x })) != 1 {
		return refused(types.Errorf(types.BadInput, "resolve needs one of --found, --not-done and --done").WithHint("name what you found, or give --not-done if it is not there"))
	}
	s, id, err := p.openRun(ctx, ref, f.runFlags)
	if err != nil {
		return err
	}
	defer s.close()
	e, err := s.engine.Resolve(ctx, id, engine.Resolution{Path: step, Ref: f.found, NotDone: f.notDone, Done: f.done}, p.bound(f.runFlags))
	if err != nil {
		return &exitError{exitFailed, err}
	}
	said := render.SaidJSON{Run: id, State: "resolved", By: p.User, Step: step, Next: &render.Next{Resume: resumeCommand(id, "", f.runFlags)}}
	if f.notDone {
		fmt.Fprintf(p.told(), "step %s of run %s will be done when the run resumes, unless it is found there\n", step, id)
	} else {
		said.Effect = &e
		render.Resolved(p.told(), e)
	}
	fmt.Fprintf(p.told(), "to continue: %s\n", said.Next.Resume)
	p.tell(said)
	return nil
}
