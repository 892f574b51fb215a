package cli

import (
	"path/filepath"
)

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

func (p *Program) stateDir() string { return p.xdg("XDG_STATE_HOME", ".local/state") }

func (p *Program) cacheDir() string { return p.xdg("XDG_CACHE_HOME", ".cache") }

func (p *Program) userDir() string { return p.xdg("XDG_CONFIG_HOME", ".config") }

func (p *Program) sandboxDir() string { return filepath.Join(p.stateDir(), "sandbox-world") }

// sandboxConfig is the configuration of --sandbox; there is none before its first run.
func (p *Program) sandboxConfig() string { return filepath.Join(p.sandboxDir(), "skillrun.yaml") }
