package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
)

// reachFlag is of the verbs that go on with a run.
func (f *runFlags) reachFlag(c *cobra.Command) {
	c.Flags().StringVar(&f.reaching, "reaching", "", "agree to what the run would reach now instead of when it started, by its `digest`")
	c.RegisterFlagCompletionFunc("reaching", cobra.NoFileCompletions) // only the message knows it
}

// bound are the options by which a person agrees to what a run would reach now
// and was not bound to: with its digest, or when they are shown it.
func (p *Program) bound(f runFlags) engine.Options {
	o := engine.Options{AcceptedReach: f.reaching}
	if !p.Terminal || p.forProgram() {
		return o
	}
	o.ConfirmReach = func(ctx context.Context, c engine.ReachChange) bool {
		fmt.Fprintf(p.Stderr, "run %s would reach something else now than when it started:%s\n", c.Run, render.Clean(engine.Indented(c.Lines())))
		return p.yesOrNo(ctx, `Type "yes" to continue with that: `) == engine.Yes
	}
	return o
}
