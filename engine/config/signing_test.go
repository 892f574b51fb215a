package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/config"
)

// TestSigningKey: the path is taken from the configuration's folder, and what
// is not there is found before anything runs.
func TestSigningKey(t *testing.T) {
	t.Parallel()
	text := `services:
  here: {kind: git, signing_key: keys/release}
  home: {kind: git, signing_key: ~/.ssh/key}
  absent: {kind: git, signing_key: no/key}
  folder: {kind: git, signing_key: keys}
`
	files := map[string]string{"/u/skillrun.yaml": text, "/u/keys/release": "k", "/h/.ssh/key": "k"}
	cfg, list := config.Load(newMachine(files, map[string]string{"HOME": "/h"}).options())
	want := `/u/skillrun.yaml:4:36: error: the signing key of absent cannot be read: file does not exist [bad-key] (the path is taken from the folder of this file; ssh-keygen -t ed25519 makes a key)
/u/skillrun.yaml:5:36: error: the signing key of folder is a folder [bad-key] (name the file of an ssh key, such as ~/.ssh/id_ed25519)`
	if diff := cmp.Diff(want, show(list)); diff != "" {
		t.Error(diff)
	}
	for name, path := range map[string]string{"here": "/u/keys/release", "home": "/h/.ssh/key"} {
		if got := cfg.Services[name].SigningKey; got != path {
			t.Errorf("%s signs with %s, want %s", name, got, path)
		}
	}
}

// TestSigningKeyTrust: a file that merely lay in the working directory signs
// with no key that the user's own file does not name.
func TestSigningKeyTrust(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"/w/skillrun.yaml": "services:\n  git: {signing_key: ~/.ssh/key}\n",
		"/u/skillrun.yaml": "services:\n  git: {signing_key: ~/.ssh/other}\n",
		"/h/.ssh/key":      "k", "/h/.ssh/other": "k",
	}
	load := func(explicit string) string {
		o := newMachine(files, map[string]string{"HOME": "/h"}).options()
		o.Explicit = explicit
		_, list := config.Load(o)
		return show(list)
	}
	want := "/w/skillrun.yaml:2:22: error: git is not trusted to sign with /h/.ssh/key: only the file in the working directory names it [untrusted-key] " +
		"(name the key in your own skillrun.yaml too, trust the folder with skillrun trust, or pass --config ./skillrun.yaml)"
	if got := load(""); got != want {
		t.Error(got)
	}
	if got := load("skillrun.yaml"); got != "" {
		t.Error("refused although it was named:", got)
	}
	files["/u/skillrun.yaml"] = strings.ReplaceAll(files["/u/skillrun.yaml"], "other", "key")
	if got := load(""); got != "" {
		t.Error("refused although the user's own file names it:", got)
	}
}

// TestEnv: what the program was given is what the configuration knows.
func TestEnv(t *testing.T) {
	t.Parallel()
	cfg, _ := config.Load(newMachine(nil, map[string]string{"HTTPS_PROXY": "p"}).options())
	if v, ok := cfg.Env("HTTPS_PROXY"); v != "p" || !ok {
		t.Errorf("%q %v", v, ok)
	}
	if v, ok := (&config.Config{}).Env("HTTPS_PROXY"); v != "" || ok {
		t.Errorf("a configuration of nothing has %q", v)
	}
}
