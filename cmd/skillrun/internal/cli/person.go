package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// What people say to a run that is there: yes, no, stop, this is what happened,
// take it back.

type personFlags struct {
	runFlags
	digest  string
	reason  string
	found   string
	notDone bool
	done    bool
}

func (p *Program) approveCmd() *cobra.Command {
	var f personFlags
	c := &cobra.Command{
		Use: "approve RUN", Short: "Show what a run would write, and approve it",
		Long: `Plans the rest of the run again, shows what it would write now and what an
approve step shows, and records who approved it and when. The approval is valid
for exactly that: if the resumed run would write something else, it asks again.
Without a terminal, approve with --digest and the digest that was shown.`,
		Example: "  skillrun approve last\n  skillrun approve k3f9q2 --digest 5f0c1d2e3a4b",
		Args:    one("approve needs a run", "`skillrun runs --state parked` lists those that wait"),
		RunE:    func(c *cobra.Command, args []string) error { return p.approve(c.Context(), args[0], f) },
	}
	p.siteFlags(c, &f.runFlags, "a run of the sandbox")
	f.reachFlag(c)
	c.Flags().StringVar(&f.digest, "digest", "", "approve without being asked, if what would be written has this `digest`")
	p.completeArgs(c, p.completeRuns(&f.runFlags))
	return c
}

func (p *Program) approve(ctx context.Context, ref string, f personFlags) error {
	s, id, err := p.openRun(ctx, ref, f.runFlags)
	if err != nil {
		return err
	}
	defer s.close()
	a, err := s.engine.PendingQuestion(ctx, id, p.bound(f.runFlags))
	switch {
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupted}
	case err != nil:
		return refused(err)
	}
	render.Question(p.told(), a.Question, p.colour(p.OutTerminal))
	said := render.SaidJSON{Run: id, State: "waiting", By: p.User, KnownBy: engine.KnownByMachine, Question: render.QuestionOf(a.Question)}
	if a.Forecast.Failure != nil {
		sources := render.Sources{}
		if run, text, err := s.engine.Skill(id); err == nil {
			sources[run.File] = text
		}
		render.Stopped(p.Stderr, a.Forecast.Failure, sources, p.look())
		return &exitError{code: exitFailed}
	}
	switch answer, err := p.agrees(ctx, a, f); {
	case err != nil:
		said.By, said.KnownBy, said.Next = "", "", &render.Next{Approve: approveCommand(a, f)}
		said.Error = errorOf(err)
		p.tell(said)
		return err
	case answer == engine.No:
		if err := s.engine.Reject(ctx, id, "", p.bound(f.runFlags)); err != nil {
			return refused(err)
		}
		fmt.Fprintf(p.told(), "run %s is rejected\n", id)
		said.State = "rejected"
		p.tell(said)
		return &exitError{code: exitFailed}
	}
	if err := s.engine.Approve(a); err != nil {
		return refused(err)
	}
	said.State, said.Next = "approved", &render.Next{Resume: resumeCommand(id, "", f.runFlags)}
	fmt.Fprintf(p.told(), "approved by %s (user of this machine): %s\nto continue: %s\n", cmp.Or(p.User, "an unknown user"), a.Forecast.Digest, said.Next.Resume)
	p.tell(said)
	return nil
}

// approveCommand agrees to just what was shown.
func approveCommand(a engine.PendingQuestion, f personFlags) string {
	return commandOf("approve", f.runFlags, a.Run.ID) + " --digest " + a.Forecast.Digest
}

// errorOf is the error that an exit carries, nil without one.
func errorOf(err error) *types.Error {
	if e, ok := errors.AsType[*exitError](err); ok && e.err == nil {
		return nil
	}
	return types.AsError(err)
}

// agrees asks the person, or takes the digest for the answer.
func (p *Program) agrees(ctx context.Context, a engine.PendingQuestion, f personFlags) (engine.Answer, error) {
	switch {
	case f.digest == a.Forecast.Digest:
		return engine.Yes, nil
	case f.digest != "":
		return engine.Unanswered, &exitError{exitPerson, types.Errorf(types.Conflict, "what would be written now has the digest %s, not %s", a.Forecast.Digest, f.digest).
			WithHint("check what is shown, and approve that digest")}
	case !p.Terminal || p.forProgram():
		fmt.Fprintf(p.Stderr, "cannot prompt here; to approve this: %s\n", approveCommand(a, f))
		return engine.Unanswered, &exitError{code: exitPerson}
	}
	said := p.yesOrNo(ctx, asks(a.Question)+` Type "yes" to continue, "no" to end the run, Enter to wait: `)
	switch {
	case ctx.Err() != nil:
		return said, &exitError{code: exitInterrupted}
	case said == engine.Unanswered:
		fmt.Fprintln(p.Stderr, "not approved; the run waits")
		return said, &exitError{code: exitPerson}
	}
	return said, nil
}

// openRun opens the site and finds the run that is meant.
func (p *Program) openRun(ctx context.Context, ref string, f runFlags) (*site, string, error) {
	s, err := p.open(ctx, f)
	if err != nil {
		return nil, "", err
	}
	run, err := s.engine.Find(ref)
	if err != nil {
		s.close()
		return nil, "", refused(err)
	}
	return s, run.ID, nil
}

func (p *Program) rejectCmd() *cobra.Command {
	return p.endCmd("reject", "rejected", "Reject what a run asks for, which ends it", (*engine.Engine).Reject)
}

func (p *Program) cancelCmd() *cobra.Command {
	return p.endCmd("cancel", "cancelled", "End a run; what it has written stays", (*engine.Engine).Cancel)
}

// endCmd is a verb that ends a run, whoever holds it.
func (p *Program) endCmd(verb, done, short string, end func(*engine.Engine, context.Context, string, string, engine.Options) error) *cobra.Command {
	var f personFlags
	c := &cobra.Command{
		Use: verb + " RUN", Short: short,
		Long: short + `. If another process
executes the run, it stops before its next step. The always steps run first.`,
		Example: "  skillrun " + verb + " last --reason \"the wrong commit\"",
		Args:    one(verb+" needs a run", "`skillrun runs` lists them"),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := p.reader(f.runFlags)
			if err != nil {
				return err
			}
			run, err := e.Find(args[0])
			if err != nil {
				return refused(err)
			}
			id := run.ID
			if e.Cleans(id) { // steps of it are performed, which takes more than a look
				s, _, err := p.openRun(c.Context(), id, f.runFlags)
				if err != nil {
					return err
				}
				defer s.close()
				e = s.engine
			}
			if err := end(e, c.Context(), id, p.vault.Load().Text(f.reason), p.bound(f.runFlags)); err != nil {
				return refused(err)
			}
			fmt.Fprintf(p.told(), "run %s is %s\n", id, done)
			p.tell(render.SaidJSON{Run: id, State: done, By: p.User})
			return nil
		},
	}
	p.siteFlags(c, &f.runFlags, "a run of the sandbox")
	f.reachFlag(c)
	c.Flags().StringVar(&f.reason, "reason", "", "why, in `words` that are recorded in the journal")
	p.completeArgs(c, p.completeRuns(&f.runFlags))
	return c
}

type undoFlags struct {
	runFlags
	partly  bool
	adopted bool
}

func (p *Program) undoCmd() *cobra.Command {
	var f undoFlags
	c := &cobra.Command{
		Use: "undo RUN", Short: "Show how to undo the effects of a run, and undo them",
		Long: `Lists how each effect of a run would be undone, the latest first, and does so
after you agree. A write whose outcome is unknown is looked for first. Only what
the run made is undone; what it adopted is left to the undo of the run that made
it, or with --adopted undone too. All effects are checked before the first is
undone: if one cannot be undone, such as a merge request that was merged, none
is, or with --partly the others are. A run that is partly undone can only be
continued with undo. It is safe to repeat.`,
		Example: "  skillrun undo last\n  skillrun undo k3f9q2 --yes",
		Args:    one("undo needs a run", "`skillrun runs` lists them"),
		RunE:    func(c *cobra.Command, args []string) error { return p.undo(c.Context(), args[0], f) },
	}
	p.siteFlags(c, &f.runFlags, "a run of the sandbox")
	f.reachFlag(c)
	c.Flags().BoolVar(&f.yes, "yes", false, "undo without asking")
	c.Flags().BoolVar(&f.partly, "partly", false, "undo what can be undone, even if something cannot")
	c.Flags().BoolVar(&f.adopted, "adopted", false, "also undo what another run of the same work made")
	p.completeArgs(c, p.completeRuns(&f.runFlags))
	return c
}

func (p *Program) undo(ctx context.Context, ref string, f undoFlags) error {
	s, id, err := p.openRun(ctx, ref, f.runFlags)
	if err != nil {
		return err
	}
	defer s.close()
	refusal := error(nil)
	said, again := render.SaidJSON{Run: id, State: "unchanged", By: p.User}, commandOf("undo", f.runFlags, id)
	o := p.bound(f.runFlags)
	o.Observe = p.undoing(&said)
	done, err := s.engine.Undo(ctx, id, f.adopted, func(list []engine.Reversal) (bool, error) {
		said.Reversals = list
		refusal = stuck(list, again, f)
		// without a question, what is done is told when it is done
		if !render.Reversals(p.told(), list, f.yes && refusal == nil) || refusal != nil {
			return false, nil
		}
		yes := false
		yes, refusal = p.undoes(ctx, list, again, f, &said)
		return yes, nil
	}, o)
	switch {
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupted}
	case err != nil && done:
		fmt.Fprintf(p.told(), "what is undone stays undone; to continue: %s\n", again)
		said.State, said.Error, said.Next = "partly_undone", types.AsError(err), &render.Next{Undo: again}
		p.tell(said)
		return &exitError{exitFailed, err}
	case err != nil:
		said.State, said.Error = "failed", types.AsError(err)
		p.tell(said)
		return &exitError{exitFailed, err}
	case done:
		said.State = "undone"
		fmt.Fprintf(p.told(), "run %s is undone\n", id)
	}
	if refusal != nil {
		said.Error = errorOf(refusal)
	}
	p.tell(said)
	return refusal
}

// undoing tells what is undone, once it is.
func (p *Program) undoing(said *render.SaidJSON) func(engine.Event) {
	lines := render.NewLines(p.told())
	return func(e engine.Event) {
		if e.Type != engine.EventEffect || e.Effect.Outcome != "undone" {
			lines.Event(e)
			return
		}
		for _, x := range said.Reversals {
			if x.Path == e.Effect.Path {
				render.Undone(p.told(), x)
			}
		}
	}
}

// cannot are those that an undo would be refused.
func cannot(list []engine.Reversal) []engine.Reversal {
	return slices.DeleteFunc(slices.Clone(list), func(x engine.Reversal) bool { return !x.Can() || x.Stuck == nil })
}

// stuck says why nothing is undone: something of it would be refused, and the
// rest is not wanted all the same.
func stuck(list []engine.Reversal, again string, f undoFlags) error {
	stuck := cannot(list)
	left := slices.ContainsFunc(list, func(x engine.Reversal) bool { return x.Can() && x.Stuck == nil })
	switch {
	case len(stuck) > 0 && !left:
		return &exitError{exitFailed, types.Errorf(stuck[0].Stuck.Code, "nothing can be undone").WithHint("see above; to continue: %s", again)}
	case len(stuck) > 0 && !f.partly:
		return &exitError{exitFailed, types.Errorf(stuck[0].Stuck.Code, "%d of the effects cannot be undone, so none is", len(stuck)).
			WithHint("see above; to undo the others: %s --partly", again)}
	}
	return nil
}

// undoes asks for all that can be undone.
func (p *Program) undoes(ctx context.Context, list []engine.Reversal, again string, f undoFlags, said *render.SaidJSON) (bool, error) {
	switch {
	case f.yes:
		return true, nil
	case !p.Terminal || p.forProgram():
		if f.partly {
			again += " --partly"
		}
		said.State, said.Next = "waiting", &render.Next{Undo: again + " --yes"}
		fmt.Fprintf(p.Stderr, "cannot prompt here; to undo this: %s\n", said.Next.Undo)
		return false, &exitError{code: exitPerson}
	}
	what := "Undo this?"
	if n := len(cannot(list)); n > 0 {
		what = fmt.Sprintf("Undo this, except for the %d that cannot be undone?", n)
	}
	if p.yesOrNo(ctx, what+` Type "yes" to continue: `) != engine.Yes {
		fmt.Fprintln(p.Stderr, "nothing is undone")
		return false, &exitError{code: exitPerson}
	}
	return true, nil
}
