package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps"
)

// TestHints holds which failures a hint stands under.
func TestHints(t *testing.T) {
	t.Parallel()
	hints, diags := config.ParseHints("hints.yaml", []byte("hints:\n"+
		"  - {code: forbidden, service: jira, pattern: '^field .* cannot be set$', cause: one, cure: x}\n"+
		"  - {pattern: '(?i)index\\.lock', cause: two, cure: x}\n"+
		"  - {service: jira, cause: three, cure: x}\n"))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	cfg := &config.Config{Hints: hints}
	for _, x := range []struct{ code, service, message, want string }{
		{"forbidden", "jira", "field a cannot be set", "one three"},
		{"invalid", "jira", "field a cannot be set", "three"},
		{"forbidden", "git", "field a cannot be set", ""},
		{"conflict", "", "fatal: INDEX.LOCK exists", "two"},
		{"conflict", "", strings.Repeat("x", 1<<20) + "index.lock", ""}, // what nobody reads is not looked through
	} {
		var got []string
		for _, h := range cfg.KnownProblems(types.Code(x.code), x.service, x.message) {
			got = append(got, h.Cause)
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("%s of %s: %.30s: %v, want %s", x.code, x.service, x.message, got, x.want)
		}
	}
}

// TestHintsBeside holds whose hints count: those beside the configuration that does, but
// not those of a folder that nobody trusts; and that mistakes keep nothing from starting.
func TestHintsBeside(t *testing.T) {
	t.Parallel()
	dir, user := t.TempDir(), t.TempDir()
	for _, folder := range []string{dir, user} {
		write(t, filepath.Join(folder, "skillrun.yaml"), "site: x\n")
		write(t, filepath.Join(folder, "hints.yaml"), "hints: [{code: auth, cause: "+filepath.Base(folder)+", cure: x}]\n")
	}
	load := func(o config.Options) *config.Config {
		o.ReadFile, o.Kinds = os.ReadFile, steps.Kinds()
		cfg, diags := config.Load(o)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return cfg
	}
	for name, x := range map[string]struct {
		o    config.Options
		want int
	}{
		"untrusted": {config.Options{Dir: dir, UserDir: user}, 0},
		"trusted":   {config.Options{Dir: dir, UserDir: user, Trusted: true}, 1},
		"pointed":   {config.Options{Dir: user, Explicit: filepath.Join(dir, "skillrun.yaml")}, 1},
		"own":       {config.Options{Dir: t.TempDir(), UserDir: user}, 1},
		"none":      {config.Options{Dir: t.TempDir(), UserDir: t.TempDir()}, 0},
	} {
		if cfg := load(x.o); len(cfg.Hints) != x.want || cfg.HintsWrong.HasErrors() {
			t.Errorf("%s: %v, %v", name, cfg.Hints, cfg.HintsWrong)
		}
	}
	write(t, filepath.Join(user, "hints.yaml"), "hints: [{code: auth}]\n")
	if cfg := load(config.Options{Dir: t.TempDir(), UserDir: user}); len(cfg.Hints) != 0 || !cfg.HintsWrong.HasErrors() || cfg.HintsPath == "" {
		t.Errorf("%v, %v", cfg.Hints, cfg.HintsWrong)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
