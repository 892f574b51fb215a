package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	m := newMachine(map[string]string{
		"/u/skillrun.yaml": "secrets:\n  db: env:DB\n  key: file:k\n  gone: env:GONE\n", "/u/k": "from-a-file\n",
	}, map[string]string{"DB": "from-env"})
	cfg, list := config.Load(m.options())
	if len(list) > 0 {
		t.Fatal(show(list))
	}
	for name, want := range map[string]string{"secrets.db": "from-env", "secrets.key": "from-a-file", "secrets.gone": "", "db": ""} {
		if got, _ := cfg.Token(name); got.Reveal() != want {
			t.Errorf("%s: %q", name, got.Reveal())
		}
	}
	if got := cfg.Mask().Text("so from-env and from-a-file"); got != "so ‹secret› and ‹secret›" {
		t.Error(got)
	}
	need := func(name string) config.Need {
		return config.Need{Service: "secrets." + name, Kind: "secret", At: diag.Range{File: "s.yaml", Start: diag.Pos{Line: 3, Col: 3}}}
	}
	want := strings.Join([]string{
		"/u/skillrun.yaml: error: the secret dbs is not configured [no-secret] (did you mean db? Or add it under secrets: in /u/skillrun.yaml, as in `dbs: env:DBS`)",
		"/u/skillrun.yaml:4:9: error: the variable GONE, the credential of secrets.gone, is not set [no-credential] (set GONE, or change /u/skillrun.yaml)",
	}, "\n")
	if d := cmp.Diff(want, show(cfg.Missing([]config.Need{need("db"), need("dbs"), need("dbs"), need("gone")}))); d != "" {
		t.Error(d)
	}
}

// TestRefreshToken: it is looked up, masked and missed as a token is.
func TestRefreshToken(t *testing.T) {
	t.Parallel()
	m := newMachine(map[string]string{"/u/skillrun.yaml": "services:\n  a: {kind: http, url: https://a.example.com, user: me, token_url: https://id.example.com/t, refresh_token: env:R}\n"}, map[string]string{"R": "refresh-me"})
	cfg, list := config.Load(m.options())
	if got, err := cfg.RefreshToken("a"); len(list) > 0 || err != nil || got.Reveal() != "refresh-me" || cfg.Mask().Text("refresh-me") != "‹secret›" {
		t.Errorf("%s %v %q", show(list), err, got.Reveal())
	}
	if got := cfg.Reaches("a"); got != "https://a.example.com:443, http, as me, with tokens of https://id.example.com:443/t" {
		t.Error(got)
	}
	delete(m.env, "R")
	cfg, _ = config.Load(m.options())
	if got := show(cfg.Missing([]config.Need{{Service: "a", Kind: "http"}})); !strings.Contains(got, "skillrun.yaml:2:109: error: the variable R, the credential of a, is not set") {
		t.Error(got)
	}
	m.files["u/skillrun.yaml"].Data = append(m.files["u/skillrun.yaml"].Data, "policy: {hosts: [a.example.com]}\n"...)
	if _, list = config.Load(m.options()); !strings.Contains(show(list), "this site does not let skills reach id.example.com") {
		t.Error(show(list))
	}
}

// TestEnvironment: the program of a server gets what is named, and its credentials are
// masked.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	const server = "services:\n  s: {kind: mcp, command: [run], pass_env: [HOME, UNSET], secret_env: {TOKEN: env:T}}\n"
	m := newMachine(map[string]string{"/u/skillrun.yaml": server}, map[string]string{"PATH": "/bin", "HOME": "/h", "T": "sesame-open", "OTHER": "x"})
	cfg, list := config.Load(m.options())
	got, err := cfg.Environment("s")
	if d := cmp.Diff(map[string]string{"PATH": "/bin", "HOME": "/h", "TOKEN": "sesame-open"}, got); d != "" || err != nil || len(list) > 0 {
		t.Errorf("%s%v%s", d, err, show(list))
	}
	if cfg.Mask().Text("sesame-open /h") != "‹secret› /h" || cfg.Reaches("s") != "run, mcp" {
		t.Errorf("%s, %s", cfg.Mask().Text("sesame-open /h"), cfg.Reaches("s"))
	}
	delete(m.env, "T")
	cfg, _ = config.Load(m.options())
	if got := show(cfg.Missing([]config.Need{{Service: "s", Kind: "mcp"}})); !strings.Contains(got, "the variable T, the credential of s, is not set") {
		t.Error(got)
	}
	for here, refused := range map[string]bool{
		server: false, strings.ReplaceAll(server, "[run]", "[evil]"): true, strings.ReplaceAll(server, "HOME, UNSET", "HOME, OTHER"): true,
		strings.ReplaceAll(server, "env:T", "env:OTHER"): true, strings.ReplaceAll(server, "  s:", "  other:"): true,
	} {
		m := newMachine(map[string]string{"/w/skillrun.yaml": here, "/u/skillrun.yaml": server}, nil)
		_, list := config.Load(m.options())
		if got := show(list); strings.Contains(got, "[untrusted-command]") != refused || !refused && got != "" {
			t.Errorf("%s: %s", here, got)
		}
	}
}

// TestSecretsOfTheWorkingDirectory: a file that merely lies there names no credential
// of the user's that the user's own file does not name so.
func TestSecretsOfTheWorkingDirectory(t *testing.T) {
	t.Parallel()
	for here, refused := range map[string]bool{
		"{db: env:DB}": false, "{db: file:/u/k}": true, "{key: file:/u/k}": false, "{key: file:k}": true, "{db: env:AWS}": true, "{other: env:DB}": true, "{}": false,
	} {
		m := newMachine(map[string]string{"/w/skillrun.yaml": "secrets: " + here + "\n", "/u/skillrun.yaml": "secrets: {db: env:DB, key: file:k}\n", "/u/k": "x"}, nil)
		_, list := config.Load(m.options())
		if got := show(list); strings.Contains(got, "untrusted-secret") != refused || !refused && got != "" {
			t.Errorf("%s: %s", here, got)
		}
		o := m.options()
		if o.Trusted = true; here != "" {
			if _, list := config.Load(o); len(list) > 0 {
				t.Errorf("trusted, %s: %s", here, show(list))
			}
		}
	}
}
