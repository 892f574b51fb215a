package cli

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// site is what a command works with: the configuration, and the engine over
// the site's journals.
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
	if s.cfg.Path != "" {
		if text, err := readFile(s.cfg.Path); err == nil {
			out[s.cfg.Path] = config.Veiled(text)
		}
	}
	return out
}

// open opens a site whose folders nobody else can change: what is kept of runs,
// what is taken for a repository's objects, and the configuration that may name
// credentials.
func (p *Program) open(ctx context.Context, explicit string, sandbox bool) (*site, error) {
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
	return p.openSite(ctx, explicit, sandbox)
}

// safeFiles refuses a configuration of the user's that others can write in the
// user's stead: what it says, which folders are trusted, and the skills beside it.
func (p *Program) safeFiles() error {
	if p.userDir() == "" {
		return nil
	}
	skills, err := filepath.Glob(filepath.Join(p.userDir(), "skills", "*.yaml"))
	for _, file := range append(skills, filepath.Join(p.userDir(), config.FileName), p.trustedFile(), filepath.Join(p.userDir(), "skills")) {
		err = errors.Join(err, engine.SafeFile(file))
	}
	return err
}

// openSite reads the configuration and opens the site. With sandbox the embedded
// world is started first, and its configuration is the one that counts.
func (p *Program) openSite(ctx context.Context, explicit string, sandbox bool) (*site, error) {
	asked := explicit
	s := &site{called: callees{program: p, texts: render.Sources{}}}
	if p.stateDir() == "" || p.cacheDir() == "" {
		return nil, refused(errNoState)
	}
	if sandbox {
		w, err := p.Sandbox(ctx, SandboxOptions{Dir: p.sandboxDir(), Log: p.Stderr})
		if ctx.Err() != nil {
			return nil, &exitError{code: exitInterrupted}
		}
		if err != nil {
			return nil, refused(types.Errorf(types.Unavailable, "the sandbox cannot be opened: %w", err).
				WithHint("it is kept in %s: give that to the user who runs skillrun, or set XDG_STATE_HOME to another folder", p.sandboxDir()))
		}
		s.world, explicit = w, w.Config()
	}
	cfg, diags := p.load(explicit)
	if diags.HasErrors() {
		s.close()
		return nil, p.diagnose(diags, p.configSources(diags))
	}
	s.cfg, s.state = cfg, filepath.Join(p.stateDir(), siteName(cfg))
	cat, err := p.Catalogue(cfg, Folders{Cache: p.cacheDir(), State: filepath.Join(s.state, "state")})
	if err != nil {
		s.close()
		return nil, refused(err)
	}
	if s.examiners, err = p.Examiners(cfg, p.cacheDir()); err != nil {
		s.close()
		return nil, refused(err)
	}
	s.engine = engine.New(engine.Setup{
		Catalogue: cat, State: s.state,
		Clock: p.Clock, Random: p.Random, Site: cfg.Site, User: p.User, Version: p.Build.Version, Disk: p.Disk,
		Settle: cfg.Policy.Settle, Hosts: hostsOf(cfg), Services: cfg.Reaches, Skills: s.called.find,
		Invocation: "skillrun" + siteOf(runFlags{sandbox: sandbox, config: asked}),
		Locks:      func(service, repo string) (step.Lock, error) { return p.Locks(cfg, p.cacheDir(), service, repo) },
	})
	return s, nil
}

// hostsOf names the hosts of services.
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

// xdg returns a folder of the XDG base directory specification.
func (p *Program) xdg(variable, otherwise string) string {
	if d := p.env(variable); filepath.IsAbs(d) {
		return filepath.Join(d, "skillrun")
	}
	if home := p.env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, otherwise, "skillrun")
	}
	return ""
}

func (p *Program) stateDir() string   { return p.xdg("XDG_STATE_HOME", ".local/state") }
func (p *Program) cacheDir() string   { return p.xdg("XDG_CACHE_HOME", ".cache") }
func (p *Program) userDir() string    { return p.xdg("XDG_CONFIG_HOME", ".config") }
func (p *Program) sandboxDir() string { return filepath.Join(p.stateDir(), "sandbox-world") }

// sandboxConfig is the configuration of the world of --sandbox, as it was last
// written; there is none before its first run.
func (p *Program) sandboxConfig() string { return filepath.Join(p.sandboxDir(), "skillrun.yaml") }
