package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
)

func (p *Program) resumeCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "resume RUN", Short: "Resume a run that was killed, parked or failed",
		Example: resumeExample, Args: one("resume needs a run", "`skillrun runs` lists them; `skillrun resume last` takes the newest"),
		RunE: func(c *cobra.Command, args []string) error { return p.resume(c.Context(), args[0], f) },
	}
	p.common(c, &f)
	p.completeArgs(c, p.completeRuns(&f))
	return c
}

func (p *Program) resume(ctx context.Context, id string, f runFlags) error {
	s, err := p.open(ctx, f)
	if err != nil {
		return err
	}
	defer s.close()
	found, err := s.engine.Find(id)
	if err != nil {
		return refused(err)
	}
	id = found.ID
	run, text, err := s.engine.Skill(id)
	if err != nil {
		return refused(err)
	}
	steps, needs, err := s.engine.Kept(id)
	if err != nil {
		return refused(err)
	}
	return p.again(ctx, s, f, kept{source{File: run.File, Text: text}, steps, needs}, func(skill *engine.Skill, today diag.List, o engine.Options) (engine.Report, error) {
		p.tellChanged(s, run, skill, today)
		return s.engine.Resume(p.hard, id, o)
	})
}

func (p *Program) sandboxCmd() *cobra.Command {
	var o SandboxOptions
	c := &cobra.Command{
		Use: "sandbox", Short: "Serve the sandbox until interrupted", Args: atMost(0),
		Example: "  skillrun sandbox --dir world\n  skillrun sandbox --dir world --tls --deployment datacenter --registry oci\n  skillrun sandbox reset",
		Long:    "Serves the sandbox (git remotes, a Quay registry, Jira and GitLab, on loopback) as a\nprocess of its own. It keeps its state in --dir and writes skillrun.yaml there;\npoint a run at it with --config DIR/skillrun.yaml.",
		RunE: func(c *cobra.Command, _ []string) error {
			o.Dir, o.Log = p.path(cmp.Or(o.Dir, p.sandboxDir())), p.Stderr
			stand, err := p.standIns()
			if err != nil {
				return err
			}
			o.StandIns = stand
			w, err := p.Sandbox(c.Context(), o)
			if err != nil {
				return refused(err)
			}
			defer w.Close()
			fmt.Fprintln(p.told(), "ready", w.URL())
			p.tell(map[string]any{"state": "ready", "url": w.URL(), "config": w.Config()})
			<-c.Context().Done()
			return nil
		},
	}
	c.Flags().StringVar(&o.Dir, "dir", "", "`folder` of the sandbox's state (default: the one --sandbox uses)")
	c.Flags().StringVar(&o.Addr, "addr", "", "loopback `address` to listen on, such as 127.0.0.1:0 (default: the last one)")
	c.Flags().BoolVar(&o.TLS, "tls", false, "serve https, with a certificate authority of its own")
	c.Flags().StringVar(&o.Deployment, "deployment", "", "the Jira deployment: `cloud` or datacenter (default: the last one, at first cloud)")
	c.Flags().StringVar(&o.Registry, "registry", "", "the API of its registry: `quay` or oci (default: the last one, at first quay)")
	c.Flags().DurationVar(&o.Delay, "delay", 0, "delay of each response, such as `300ms`, for demonstrations")
	p.completeSandbox(c)
	p.outputFlag(c, new(string))
	reset := &cobra.Command{
		Use: "reset", Short: "Delete the state and the runs of --sandbox", Args: atMost(0),
		Example: "  skillrun sandbox reset",
		RunE:    func(*cobra.Command, []string) error { return p.resetSandbox() },
	}
	p.outputFlag(reset, new(string))
	c.AddCommand(reset)
	return c
}

// resetSandbox removes the runs of --sandbox, and its world. Which runs those
// are stands in the world's own configuration; one that cannot be read, or that
// a person gave another site's name, leaves the runs alone.
func (p *Program) resetSandbox() error {
	cfg, diags := p.load(p.sandboxConfig())
	if !diags.HasErrors() && strings.HasPrefix(cfg.Site, "sandbox-") {
		if err := os.RemoveAll(filepath.Join(p.stateDir(), siteName(cfg))); err != nil {
			return refused(err)
		}
	}
	if err := os.RemoveAll(p.sandboxDir()); err != nil {
		return refused(err)
	}
	fmt.Fprintln(p.told(), "the sandbox is empty")
	p.tell(map[string]any{"state": "empty"})
	return nil
}
