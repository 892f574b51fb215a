package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/config"
)

// TestRootTrust: the folder of a files service is taken from the
// configuration's own, and a file that merely lay in the working directory
// opens none that the user's own file does not name.
func TestRootTrust(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"/w/skillrun.yaml": "services:\n  files: {root: ~/.ssh}\n",
		"/u/skillrun.yaml": "services:\n  files: {root: reports}\n",
	}
	load := func(explicit string) (string, *config.Config) {
		o := newMachine(files, map[string]string{"HOME": "/h"}).options()
		o.Explicit = explicit
		cfg, list := config.Load(o)
		return show(list), cfg
	}
	got, _ := load("")
	want := "/w/skillrun.yaml:2:17: error: files is not trusted with the folder /h/.ssh: only the file in the working directory names it [untrusted-root] " +
		"(name the folder in your own skillrun.yaml too, trust the folder with skillrun trust, or pass --config ./skillrun.yaml)"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, cfg := load("skillrun.yaml"); got != "" || cfg.Services["files"].Root != "/h/.ssh" {
		t.Error("named on the command line:", got, cfg.Services["files"].Root)
	}
	if got, cfg := load("/u/skillrun.yaml"); got != "" || cfg.Services["files"].Root != "/u/reports" {
		t.Error("the user's own:", got, cfg.Services["files"].Root)
	}
	files["/u/skillrun.yaml"] = strings.ReplaceAll(files["/u/skillrun.yaml"], "reports", "/h/.ssh")
	if got, _ := load(""); got != "" {
		t.Error("refused although the user's own file names it:", got)
	}
}

// TestSlackURL: Slack is where it is for everybody, and a credential for it is
// held to the same rule as every other.
func TestSlackURL(t *testing.T) {
	t.Parallel()
	files := map[string]string{"/w/skillrun.yaml": "services:\n  slack: {token: env:T}\n"}
	cfg, list := config.Load(newMachine(files, nil).options())
	if cfg.Services["slack"].URL != "https://slack.com" || !strings.Contains(show(list), "slack is not trusted to send its credential to https://slack.com:443") {
		t.Error(cfg.Services["slack"].URL, show(list))
	}
}
