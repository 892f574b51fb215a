package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
)

// Run runs one command line and returns the exit code.
func (p *Program) Run(ctx context.Context, args []string) int {
	p.format = outputOf(args)
	defer p.guard()()
	out := &sink{w: p.Stdout}
	p.Stdout = out
	root := p.root()
	typed := arrange(root, args)
	root.SetArgs(typed.args)
	soft, stop := context.WithCancel(ctx)
	defer stop()
	p.hard = ctx
	go func() {
		select {
		case <-p.Interrupt:
			stop()
		case <-soft.Done():
		}
	}()
	code := p.exit(unknownWord(root.ExecuteContext(soft), root, typed.skill), out)
	if out.err != nil && code == exitDone {
		render.Error(p.Stderr, fmt.Errorf("the result could not be written: %w", out.err))
		return exitFailed
	}
	return code
}

func (p *Program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "skillrun SKILL [flags]",
		Version:       p.Build.Version,
		Short:         "Run ops skills written in YAML: checked whole, shown first, resumable",
		Long:          longHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetVersionTemplate("skillrun {{.Version}}\n")
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.AddCommand(p.runCmd(), p.planCmd(), p.applyCmd(), p.checkCmd(), p.explainCmd(), p.testCmd(), p.listCmd(), p.showCmd(), p.graphCmd(), p.docsCmd(), p.stepsCmd(), p.runsCmd(), p.resumeCmd(), p.approveCmd(), p.rejectCmd(),
		p.resolveCmd(), p.cancelCmd(), p.undoCmd(), p.exportCmd(), p.importCmd(), p.auditCmd(), p.verifyCmd(), p.doctorCmd(), p.lockCmd(), p.schemaCmd(), p.trustCmd(), p.sandboxCmd(), p.lspCmd(), p.completionCmd(), p.versionCmd())
	root.AddCommand(p.fmtCmd(), p.newCmd(), p.evalCmd())
	root.AddCommand(topics()...)
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = checkOutputFlag
	root.SetHelpCommand(helpCmd())
	root.InitDefaultHelpCmd()
	p.completeArgs(root, p.completeSkills)
	p.everywhere(root)
	return root
}

const longHelp = `skillrun runs skills: YAML files with typed inputs, typed steps and typed
outputs. A skill is checked whole before anything runs, its writes are shown
before the first one, and a run that was killed is resumed without doing
anything twice.

  skillrun release_aa_backend_prod --sandbox --input commit_sha=<40 hex>

A first word that is not a verb is the name of a skill. Flags may come before or
after it; every verb takes --config and --sandbox, which choose the site.
"skillrun completion bash" sets up completion in a shell.`

func (p *Program) versionCmd() *cobra.Command {
	var output string
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Print the version; as JSON, also its commit and Go version", Args: atMost(0),
		Example: "  skillrun version\n  skillrun version --output json", ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			if asJSON || output == "json" {
				render.JSON(p.Stdout, p.Build)
				return nil
			}
			fmt.Fprintln(p.Stdout, "skillrun", p.Build.Version)
			return nil
		},
	}
	p.outputFlag(c, &output)
	c.Flags().BoolVar(&asJSON, "json", false, "the same as --output json")
	return c
}
