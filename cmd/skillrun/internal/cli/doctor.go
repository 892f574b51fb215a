package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) doctorCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "doctor [SKILL|FILE]", Short: "Check the set-up and the services, and say how to fix what is wrong",
		Args: atMost(1),
		Long: `Checks the configuration, the folders and each service that the skill needs:
whether it can be reached, its certificate, its clock, the credential and its
permissions. Without a skill, checks every service that is configured. Nothing is
written. Exit code 1 means that something is wrong.`,
		Example: "  skillrun doctor\n  skillrun doctor release_aa_backend_prod\n  skillrun doctor release_aa_backend_prod --sandbox --output json",
		RunE:    func(c *cobra.Command, args []string) error { return p.doctor(c.Context(), args, f) },
	}
	p.siteFlags(c, &f, "check the sandbox")
	c.Flags().StringArrayVar(&f.inputs, "input", nil, "an input that decides what the skill reaches, `name=value` (repeatable)")
	p.setFlag(c, &f)
	p.completeArgs(c, p.completeSkills)
	p.completeFlag(c, "input", p.completeInput)
	return c
}

// doctor examines. A configuration that does not read ends it: it would be guesswork.
func (p *Program) doctor(ctx context.Context, args []string, f runFlags) error {
	s, err := p.openSite(ctx, f)
	if err != nil {
		return err
	}
	defer s.close()
	x := examination{Program: p, site: s, sandbox: f.sandbox}
	if len(args) == 1 {
		if err := x.skillOf(args[0], f); err != nil {
			return err
		}
	}
	groups := append([]render.Group{x.configuration(), x.folders()}, x.services(ctx)...)
	if x.skill != nil {
		groups = append(groups, x.declared())
	}
	if ctx.Err() != nil {
		return &exitError{code: exitInterrupted}
	}
	render.Doctor(p.told(), groups)
	p.tell(render.DoctorOf(groups))
	if render.DoctorOf(groups).Failed > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

// examination is what doctor knows while it looks.
type examination struct {
	*Program
	site    *site
	sandbox bool
	skill   *engine.Skill // nil without one
	binding engine.Binding
	bound   *engine.Bound // nil where something is missing
	unbound diag.List     // that is
	needs   []config.Need // of the skill
}

func (x *examination) skillOf(name string, f runFlags) error {
	src, err := x.find(name)
	if err != nil {
		return refused(err)
	}
	if err := src.needsTrust(); err != nil {
		return refused(err)
	}
	x.tellShadow(src)
	skill, diags := x.site.engine.Check(src.File, src.Text)
	if diags.HasErrors() {
		return x.diagnose(diags, x.site.sources(src))
	}
	inputs, diags := x.inputs(skill, f)
	if diags.HasErrors() {
		return x.diagnose(diags, x.site.sources(src))
	}
	cfg := x.site.cfg
	if diags := x.set(cfg, skill, f); diags.HasErrors() {
		return x.diagnose(diags, x.site.sources(src))
	}
	x.skill = skill
	x.binding = x.Program.binding(cfg, skill)
	x.binding.Inputs = inputs
	x.bound, x.unbound = skill.Bind(x.binding)
	x.needs = refdocs.Needs(skill.Needs(x.bound))
	if slices.ContainsFunc(x.unbound, mistyped) {
		return x.diagnose(slices.DeleteFunc(x.unbound, func(d diag.Diagnostic) bool { return !mistyped(d) }), x.site.sources(src))
	}
	return nil
}

// mistyped reports whether the command line itself is wrong. Inputs that are
// not given are no mistake: the doctor looks as far as it can without them.
func mistyped(d diag.Diagnostic) bool { return d.Code == "unknown-input" || d.Code == "bad-input" }

func (x *examination) configuration() render.Group {
	cfg := x.site.cfg
	file := step.Finding{Subject: "file", Detail: cfg.Path}
	switch {
	case x.sandbox:
		file.Detail += " (the sandbox's own)"
	case cfg.Path == "":
		file.Err = types.Errorf(types.NotFound, "there is no configuration: neither ./%s nor %s", config.FileName, filepath.Join(x.userDir(), config.FileName)).
			WithHint("write one: see Configuration in the documentation; or try the sandbox: skillrun doctor --sandbox")
	}
	g := render.Group{Name: "configuration", Findings: []step.Finding{
		file, {Subject: "site", Detail: cmp.Or(cfg.Site, "(no name)")}, {Subject: "time zone", Detail: cfg.Zone.String()},
	}}
	if cfg.HintsPath != "" {
		hints := step.Finding{Subject: "hints", Detail: fmt.Sprintf("%s: %d known problems", cfg.HintsPath, len(cfg.Hints))}
		if cfg.HintsWrong.HasErrors() {
			hints.Err = types.Errorf(types.BadInput, "%s", cfg.HintsWrong.First().String()).WithHint("see all of it: skillrun check %s", cfg.HintsPath)
		}
		g.Findings = append(g.Findings, hints)
	}
	return g
}

func (x *examination) folders() render.Group {
	g := render.Group{Name: "folders"}
	for _, f := range []struct {
		what, dir string
		part      bool // only worth a word where it is wrong
	}{
		{"state", x.site.state, false}, {"state", x.stateDir(), true}, {"state", filepath.Join(x.site.state, "runs"), true},
		{"cache", x.cacheDir(), false},
	} {
		looked := engine.LookAt(f.dir)
		if f.part && (looked.Err == nil || !looked.Exists || g.Findings[0].Err != nil) {
			continue
		}
		finding := step.Finding{Subject: f.what, Err: looked.Err, Detail: f.dir}
		if !looked.Exists {
			finding.Detail += " (made when it is needed)"
		}
		if looked.Free > 0 {
			finding.Detail += fmt.Sprintf(", %d MiB free", looked.Free>>20)
		}
		g.Findings = append(g.Findings, finding)
	}
	return g
}

// services examines each service, all at the same time.
func (x *examination) services(ctx context.Context) []render.Group {
	names := types.SortedKeys(x.site.cfg.Services)
	uses := map[string][]step.Use{}
	if x.skill != nil {
		names, uses = nil, x.site.engine.Uses(x.skill, x.binding)
		for _, n := range x.needs {
			names = append(names, n.Service)
		}
		slices.Sort(names)
		names = slices.Compact(names)
	}
	out := make([]render.Group, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { out[i] = x.service(ctx, name, uses[name]) })
	}
	all.Wait()
	return out
}

func (x *examination) service(ctx context.Context, name string, uses []step.Use) render.Group {
	s := x.site.cfg.Services[name]
	g := render.Group{Name: name, URL: s.URL}
	needs := []config.Need{{Service: name, Kind: s.Kind}}
	if x.skill != nil {
		needs = slices.DeleteFunc(slices.Clone(x.needs), func(n config.Need) bool { return n.Service != name })
	}
	unmet := x.site.cfg.Unmet(needs)
	for _, d := range unmet {
		g.Findings = append(g.Findings, finding("service", d))
	}
	missing := x.site.cfg.Missing(needs)[len(unmet):]
	for _, d := range missing {
		g.Findings = append(g.Findings, finding("credential", d))
	}
	if token, err := x.site.cfg.Token(name); err == nil && mask.TooShort(token) {
		g.Findings = append(g.Findings, step.Finding{Subject: "masking", Skipped: fmt.Sprintf("the credential has fewer than %d bytes, which is too short to mask it in output", mask.Shortest)})
	}
	examine, known := x.site.examiners[s.Kind]
	switch {
	case len(unmet) > 0, x.site.cfg.Foreign(name):
	case s.Kind == step.SecretKind && len(missing) == 0:
		g.Findings = append(g.Findings, step.Finding{Subject: "secret", Detail: "it is there"})
	case s.Kind == step.SecretKind:
	case !known:
		g.Findings = append(g.Findings, finding("kind", x.site.cfg.NoKind(s)))
	default:
		for _, f := range examine(ctx, name, uses, x.Clock.Now()) {
			if len(missing) == 0 || f.Subject != "credential" && f.Subject != "token" { // said already, with its place
				g.Findings = append(g.Findings, f)
			}
		}
	}
	return g
}

// declared is what the skill wants from the configuration.
func (x *examination) declared() render.Group {
	g := render.Group{Name: "skill " + x.skill.Name}
	for _, d := range x.unbound {
		if d.Code != "missing-input" {
			g.Findings = append(g.Findings, finding("configuration", d))
		}
	}
	if len(g.Findings) == 0 {
		g.Findings = []step.Finding{{Subject: "configuration", Detail: fmt.Sprintf("every value it needs is there (%d declared)", len(x.skill.Settings()))}}
	}
	return g
}

func finding(subject string, d diag.Diagnostic) step.Finding {
	err := types.Errorf(types.BadInput, "%s", d.Message).WithHint("%s", d.Hint)
	if d.At.Start.Line > 0 {
		err.Message += " (" + d.At.String() + ")"
	}
	return step.Finding{Subject: subject, Err: err}
}
