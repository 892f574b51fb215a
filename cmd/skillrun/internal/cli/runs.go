package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// newChecker is an engine that only checks.
func newChecker(cat *step.Catalogue) *engine.Engine { return engine.New(engine.Setup{Catalogue: cat}) }

func (p *Program) runsCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "runs", Short: "List the runs of this site, newest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runs(c.Context(), f) },
	}
	c.Flags().StringVar(&f.config, "config", "", "configuration `file`")
	c.Flags().BoolVar(&f.sandbox, "sandbox", false, "the sandbox's runs")
	c.Flags().StringVar(&f.output, "output", "text", "`text` or json")
	return c
}

func (p *Program) runs(ctx context.Context, f runFlags) error {
	s, err := p.reader(ctx, f)
	if err != nil {
		return err
	}
	runs, err := s.Runs()
	if err != nil {
		return refused(err)
	}
	if f.output == "json" {
		render.JSON(p.Stdout, map[string]any{"runs": runs})
		return nil
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range runs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.ID, r.Skill, render.StateOf(string(r.State), r.Reason), r.StartedAt.Local().Format(time.DateTime))
	}
	return w.Flush()
}

// reader is an engine for looking at a site's runs; the sandbox's world need
// not be started for that.
func (p *Program) reader(ctx context.Context, f runFlags) (*engine.Engine, error) {
	if f.sandbox {
		return engine.New(engine.Setup{State: filepath.Join(p.stateDir(), "sandbox")}), nil
	}
	s, err := p.open(ctx, f.config, false)
	if err != nil {
		return nil, err
	}
	return s.engine, nil
}

func (p *Program) resumeCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "resume RUN", Short: "Go on with a run that was killed, parked or failed", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.resume(c.Context(), args[0], f) },
	}
	f.common(c)
	return c
}

func (p *Program) resume(ctx context.Context, id string, f runFlags) error {
	if err := checkOutput(f.output); err != nil {
		return refused(err)
	}
	s, err := p.open(ctx, f.config, f.sandbox)
	if err != nil {
		return err
	}
	defer s.close()
	run, text, err := s.engine.Skill(id)
	if types.CodeOf(err) == types.NotFound {
		return refused(types.AsError(err).WithHint("a run belongs to its site: pass the --sandbox or --config it was started with; `skillrun runs` lists a site's"))
	}
	if err != nil {
		return refused(err)
	}
	skill, diags := s.engine.Check(run.File, text)
	if diags.HasErrors() {
		return p.diagnose(f.output, diags, render.Sources{run.File: text})
	}
	if diags := s.cfg.Missing(skill.Services); diags.HasErrors() {
		return p.diagnose(f.output, diags, p.configSources(diags))
	}
	surface := p.surface(f)
	report, err := s.engine.Resume(ctx, id, p.options(f, s, surface))
	return p.conclude(surface, report, err, render.Sources{run.File: text})
}

func (p *Program) sandboxCmd() *cobra.Command {
	var dir, addr string
	c := &cobra.Command{
		Use: "sandbox", Short: "Serve the embedded world until interrupted", Args: cobra.NoArgs,
		Long: "Serves the sandbox (git remotes, a Quay registry, Jira and GitLab, on loopback) as a\nprocess of its own. It keeps its state in --dir and writes skillrun.yaml there;\npoint a run at it with --config DIR/skillrun.yaml.",
		RunE: func(c *cobra.Command, _ []string) error {
			if dir == "" {
				dir = p.sandboxDir()
			}
			w, err := p.Sandbox(c.Context(), p.path(dir), addr, p.Stderr)
			if err != nil {
				return refused(err)
			}
			defer w.Close()
			fmt.Fprintln(p.Stdout, "ready", w.URL())
			<-c.Context().Done()
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "`folder` of the world's state (default: the one --sandbox uses)")
	c.Flags().StringVar(&addr, "addr", "", "loopback `address` to listen on, such as 127.0.0.1:0 (default: the one it had)")
	c.AddCommand(&cobra.Command{
		Use: "reset", Short: "Empty the world and the runs of --sandbox", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			for _, d := range []string{p.sandboxDir(), filepath.Join(p.stateDir(), "sandbox")} {
				if err := os.RemoveAll(d); err != nil {
					return refused(err)
				}
			}
			fmt.Fprintln(p.Stdout, "the sandbox is empty")
			return nil
		},
	})
	return c
}
