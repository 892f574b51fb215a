package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// site is a configuration, and the engine over the site's journals.
type site struct {
	cfg       *config.Config
	engine    *engine.Engine
	state     string // the folder of its journals
	examiners map[string]step.Examine
	world     World // nil outside the sandbox
	called    callees
}

func (s *site) close() {
	if s.world != nil {
		s.world.Close()
	}
}

// sources are the texts that diagnostics may point into.
func (s *site) sources(src source) render.Sources {
	out := s.called.with(src)
	if text, err := readFile(s.cfg.Path); err == nil {
		out[s.cfg.Path] = config.Veiled(text)
	}
	return out
}

// open opens a site whose folders and configuration nobody else can change.
func (p *Program) open(ctx context.Context, f runFlags) (*site, error) {
	for _, dir := range []string{p.stateDir(), p.cacheDir(), p.userDir()} {
		if dir == "" {
			continue // openSite says so
		}
		if err := engine.Safe(dir); err != nil {
			return nil, refused(err)
		}
	}
	if err := p.safeFiles(); err != nil {
		return nil, refused(err)
	}
	return p.openSite(ctx, f)
}

// safeFiles refuses files of the user's that others can write.
func (p *Program) safeFiles() error {
	if p.userDir() == "" {
		return nil
	}
	skills, err := filepath.Glob(filepath.Join(p.userDir(), "skills", "*.yaml"))
	types, _ := filepath.Glob(filepath.Join(p.userDir(), "skills", typesDir, "*.yaml")) // the pattern is as good as the one before
	for _, file := range append(append(skills, types...), filepath.Join(p.userDir(), "skills", typesDir), filepath.Join(p.userDir(), config.FileName), p.trustedFile(), filepath.Join(p.userDir(), "skills")) {
		err = errors.Join(err, engine.SafeFile(file))
	}
	return err
}

// openSite opens the site that the flags mean. With --sandbox it starts its world.
func (p *Program) openSite(ctx context.Context, f runFlags) (*site, error) {
	switch {
	case p.stateDir() == "" || p.cacheDir() == "":
		return nil, refused(errNoState)
	case f.sandbox && f.config != "":
		return nil, refused(errTwoConfigs)
	}
	invocation := "skillrun" + siteOf(f)
	s := &site{called: newCallees(p, false)}
	if f.sandbox {
		stand, err := p.standIns()
		if err != nil {
			return nil, err
		}
		w, err := p.Sandbox(ctx, SandboxOptions{Dir: p.sandboxDir(), Log: p.Stderr, StandIns: stand})
		if ctx.Err() != nil {
			return nil, &exitError{code: exitInterrupted}
		}
		if err != nil {
			return nil, refused(types.Errorf(types.Unavailable, "the sandbox cannot be opened: %w", err).
				WithHint("it is kept in %s: give that to the user who runs skillrun, or set XDG_STATE_HOME to another folder", p.sandboxDir()))
		}
		s.world, f.config = w, w.Config()
	}
	if err := p.configure(s, f.config, invocation); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// configure reads a site's configuration, and makes the engine that works with it.
func (p *Program) configure(s *site, explicit, invocation string) error {
	cfg, diags := p.load(explicit)
	if diags.HasErrors() {
		return p.diagnose(diags, p.configSources(diags))
	}
	s.cfg, s.state = cfg, filepath.Join(p.stateDir(), siteName(cfg))
	cat, err := p.Catalogue(cfg, Folders{Cache: p.cacheDir(), State: filepath.Join(s.state, "state")})
	if err == nil {
		s.examiners, err = p.Examiners(cfg, p.cacheDir())
	}
	if err != nil {
		return refused(err)
	}
	s.engine = engine.New(engine.Setup{
		Catalogue: cat, State: s.state,
		Clock: p.Clock, Random: p.Random, Site: cfg.Site, User: p.User, Version: p.Build.Version, Disk: p.Disk,
		Settle: cfg.Policy.Settle, Hosts: hostsOf(cfg), Services: cfg.Reaches, Skills: s.called.find, StepTypes: s.called.findStepType, Schemas: s.called.schema,
		Invocation: invocation,
		Locks:      func(service, repo string) (step.Lock, error) { return p.Locks(cfg, p.cacheDir(), service, repo) },
	})
	return nil
}

func hostsOf(cfg *config.Config) func(string) string {
	return func(service string) string {
		u, err := url.Parse(cfg.Services[service].URL)
		if err != nil {
			return ""
		}
		return u.Host
	}
}

// siteName is the folder of a site's journals below the state folder.
func siteName(cfg *config.Config) string {
	if cfg.Site != "" {
		return "site-" + cfg.Site
	}
	return "default"
}

// reader is an engine for looking at runs: no world is started, no service reached.
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

func (p *Program) load(explicit string) (*config.Config, diag.List) {
	cfg, diags := config.Load(config.Options{Explicit: explicit, Dir: p.Dir, Trusted: p.trustsHere(), UserDir: p.userDir(), ReadFile: readFile, Env: p.Env, Kinds: p.Kinds})
	if cfg != nil {
		p.vault.Store(cfg.Mask())
		p.site = cfg
	}
	return cfg, diags
}

// newChecker is an engine that only checks, and the skills that it finds called.
func (p *Program) newChecker(cat *step.Catalogue) (*engine.Engine, callees) {
	called := newCallees(p, true)
	return engine.New(engine.Setup{Catalogue: cat, Skills: called.find, StepTypes: called.findStepType, Schemas: called.schema}), called
}

// settings is the configuration that a skill is shown with. One that was asked for
// has to be right; one that only lies about does not keep a skill from being shown.
func (p *Program) settings(ctx context.Context, f runFlags) (cfg *config.Config, done func(), err error) {
	if f.sandbox {
		s, err := p.open(ctx, f)
		if err != nil {
			return nil, nil, err
		}
		return s.cfg, s.close, nil
	}
	cfg, diags := p.load(f.config)
	if !diags.HasErrors() {
		return cfg, func() {}, nil
	}
	if f.config != "" {
		return nil, nil, p.diagnose(diags, p.configSources(diags))
	}
	render.Diagnostics(p.Stderr, diags[:1], p.configSources(diags), p.look())
	fmt.Fprintln(p.Stderr, "note: shown without that configuration")
	none, _ := config.Parse("", nil, p.Kinds)
	return none, func() {}, nil
}

// configSources are the configuration files that diagnostics name, without values.
func (p *Program) configSources(diags diag.List) render.Sources {
	out := render.Sources{}
	for _, d := range diags {
		if _, there := out[d.At.File]; there { // a hostile file has thousands of mistakes
			continue
		}
		text, _ := readFile(d.At.File) // one that cannot be read is not shown
		out[d.At.File] = config.Veiled(text)
	}
	return out
}

// catalogue returns the steps as they are without any configuration.
func (p *Program) catalogue() (*step.Catalogue, error) {
	return p.Catalogue(&config.Config{}, Folders{Cache: p.cacheDir()})
}

var (
	errNoState    = errors.New("there is no folder for the state of runs: set HOME, or XDG_STATE_HOME and XDG_CACHE_HOME, to an absolute path")
	errTwoConfigs = errors.New("--sandbox brings its own configuration; leave --config out")
)
