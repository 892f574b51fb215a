package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// historyFlags say which runs of which site.
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
		Use: "runs [RUN]", Short: "List the runs of this site, newest first, or tell all about one",
		Long: `Lists the runs of this site, newest first, with what each waits for and the
command that continues it. With RUN, tells what that run did: its steps with how
long they took, its effects with links, why it stopped and how to continue. RUN
is an id, the beginning or the end of one, or "last". Nothing is written.`,
		Example: "  skillrun runs --state parked\n  skillrun runs --skill release_aa_backend_prod --since 2d\n  skillrun runs last\n  skillrun runs k3f9q2 --output json",
		Args:    atMost(1),
		RunE:    func(c *cobra.Command, args []string) error { return p.runs(c.Context(), args, f) },
	}
	siteFlags(c, &f.runFlags, "the sandbox's runs")
	p.outputFlag(c, &f.output)
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

// siteFlags are those that say which site's runs.
func siteFlags(c *cobra.Command, f *runFlags, sandbox string) {
	c.Flags().StringVar(&f.config, "config", "", "configuration `file` (default ./skillrun.yaml, then the user's)")
	c.Flags().BoolVar(&f.sandbox, "sandbox", false, sandbox)
	completeFiles(c, "config", "yaml", "yml")
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

// sayNone says why no run is listed: the site has none, none is of the skill that
// was asked for, with the one that may have been meant, or none is left by flags.
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
		rows[i] = render.RunRowOf(s, goOn(s, f.runFlags))
		if s.Reason == "" || s.Finished() {
			continue
		}
		if x, err := e.Inspect(s); err == nil { // a run that cannot be looked into is still a run
			rows[i].Waiting = x.Waiting
		}
	}
	if f.output == "json" {
		render.JSON(p.Stdout, map[string]any{"runs": rows, "total": total})
		return nil
	}
	if err := render.Runs(p.Stdout, rows, p.Clock.Now()); err != nil {
		return err
	}
	if total > len(shown) {
		fmt.Fprintf(p.Stderr, "%d of %d runs; --limit 0 lists all\n", len(shown), total)
	}
	return nil
}

// inspect tells all about one run.
func (p *Program) inspect(e *engine.Engine, ref string, f historyFlags) error {
	s, err := e.Find(ref)
	if err != nil {
		return refused(err)
	}
	x, err := e.Inspect(s)
	if err != nil {
		return refused(err)
	}
	if f.output == "json" {
		render.JSON(p.Stdout, render.InspectionOf(x, goOn(s, f.runFlags)))
		return nil
	}
	render.Inspection(p.Stdout, x, goOn(s, f.runFlags), p.Clock.Now())
	return nil
}

// filter returns what the flags let through.
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

// goOn is the command that goes on with a run, "" when there is nothing to go
// on with.
func goOn(s engine.Summary, f runFlags) string {
	switch s.State {
	case "done", "damaged", "running", "exported", "cancelled", "rejected", "refused", "undone": // the last four begin anew with their command
		return ""
	case "partly_undone":
		return commandOf("undo", f, s.ID)
	}
	switch {
	case s.Answer != nil: // a person has said it, and the run only has to hear it
		return resumeCommand(s.ID, "", f)
	case s.Reason == engine.ForRepeat:
		return repeatCommand(s.ID, s.Path, f)
	}
	return resumeCommand(s.ID, s.Reason, f)
}

// repeatCommand allows a run to do a write again that is done.
func repeatCommand(id, path string, f runFlags) string {
	return commandOf("resolve", f, id, quote(path)) + " --not-done"
}

// resumeCommand is the command that goes on with a run.
func resumeCommand(id, reason string, f runFlags) string {
	switch reason {
	case engine.ForApprove:
		return commandOf("approve", f, id)
	case engine.ForConfirm:
		return commandOf("resume", f, id) + " --yes"
	}
	return commandOf("resume", f, id)
}

// commandOf is a command of this program: the verb, what it is about, and then the
// flags that lead to the site.
func commandOf(verb string, f runFlags, about ...string) string {
	return strings.Join(append([]string{"skillrun", verb}, about...), " ") + siteOf(f)
}

// reader is an engine for looking at a site's runs. The sandbox's world is not
// started for that, and services need not be configured rightly.
func (p *Program) reader(f runFlags) (*engine.Engine, error) {
	if p.stateDir() == "" || p.cacheDir() == "" {
		return nil, refused(errNoState)
	}
	state, site, diags := p.stateOf(f)
	if diags.HasErrors() {
		return nil, p.diagnose(diags, p.configSources(diags))
	}
	cat, err := p.catalogue()
	if err != nil {
		return nil, refused(err)
	}
	return engine.New(engine.Setup{Catalogue: cat, State: state, Site: site, Clock: p.Clock, User: p.User, Disk: p.Disk, Invocation: "skillrun" + siteOf(f)}), nil
}

// stateOf is the folder of a site's journals, and the site's name.
func (p *Program) stateOf(f runFlags) (state, site string, diags diag.List) {
	if f.sandbox {
		f.config = p.sandboxConfig()
		if _, err := os.Stat(f.config); errors.Is(err, fs.ErrNotExist) {
			return filepath.Join(p.sandboxDir(), "runs"), "", nil // no world, so no runs
		}
	}
	cfg, diags := p.load(f.config)
	if diags.HasErrors() {
		return "", "", diags
	}
	return filepath.Join(p.stateDir(), siteName(cfg)), cfg.Site, diags
}

// load reads the configuration and opens nothing.
func (p *Program) load(explicit string) (*config.Config, diag.List) {
	cfg, diags := config.Load(config.Options{Explicit: explicit, Dir: p.Dir, Trusted: p.trustsHere(), UserDir: p.userDir(), ReadFile: readFile, Env: p.Env})
	p.knows(cfg)
	return cfg, diags
}

// quiet is the program without a voice, for what must not be heard.
func (p *Program) quiet() *Program {
	q := *p
	q.noted = nil
	q.Stdout, q.Stderr = io.Discard, io.Discard
	return &q
}
