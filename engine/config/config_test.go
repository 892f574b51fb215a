package config_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"math/big"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/steps"
)

// machine is the files and variables of a test.
type machine struct {
	files fstest.MapFS
	env   map[string]string
}

func newMachine(files, env map[string]string) machine {
	m := machine{fstest.MapFS{}, env}
	for path, text := range files {
		m.files[strings.TrimPrefix(path, "/")] = &fstest.MapFile{Data: []byte(text), Mode: 0o600}
	}
	return m
}

func (m machine) options() config.Options {
	return config.Options{
		Kinds: steps.Kinds(),
		Dir:   "/w", UserDir: "/u",
		ReadFile: func(path string) ([]byte, error) { return m.files.ReadFile(strings.TrimPrefix(path, "/")) },
		Stat:     func(path string) (fs.FileInfo, error) { return m.files.Stat(strings.TrimPrefix(path, "/")) },
		Env:      func(name string) (string, bool) { v, ok := m.env[name]; return v, ok },
	}
}

func show(list diag.List) string {
	var lines []string
	for _, d := range list {
		lines = append(lines, d.String())
	}
	return strings.Join(lines, "\n")
}

func TestParse(t *testing.T) {
	t.Parallel()
	cfg, list := config.Parse("f.yaml", []byte(diagtest.Cases(t, "testdata/fine.yaml")[0].Text), steps.Kinds())
	if len(list) > 0 {
		t.Fatal(show(list))
	}
	if cfg.Site != "prod" || cfg.Zone.String() != "Europe/Dublin" || cfg.Policy.Confirm != "always" {
		t.Errorf("site %q, zone %v, confirm %q", cfg.Site, cfg.Zone, cfg.Policy.Confirm)
	}
	g := cfg.Services["gitlab"]
	got := []any{g.Name, g.Kind, g.URL, g.Token, g.CA, g.Timeout, cfg.Services["gitlab-eu"].Kind, cfg.Services["again"].Credentials}
	want := []any{"gitlab", "gitlab", "https://gitlab.example.com/git", "env:GITLAB_TOKEN", "ca.pem", 30 * time.Second, "gitlab", "netrc"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if at := g.PlaceOf("url").String(); at != "f.yaml:4:17" {
		t.Error("the url is at", at)
	}
	signer := cfg.Services["git"]
	got, want = []any{signer.Author, signer.Committer, signer.SignOff, signer.SigningKey}, []any{"Release Bot <bot@example.com>", "CI <ci@example.com>", true, "~/.ssh/release"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	values := map[string]any{"deploy_file": "other.yml", "replicas": 3, "list": []any{"a", map[string]any{"b": "c"}}}
	if diff := cmp.Diff(values, cfg.ValuesFor("release")); diff != "" {
		t.Error(diff)
	}
	if got := cfg.ValuesFor("other")["deploy_file"]; got != "data/x.yml" {
		t.Error("another skill gets", got)
	}
	for skill, want := range map[string]string{"release": "f.yaml:17:35", "other": "f.yaml:15:23"} {
		if at := cfg.PlaceOf(skill, "deploy_file").String(); at != want {
			t.Errorf("%s has its value at %s, want %s", skill, at, want)
		}
	}
	if at := cfg.PlaceOf("release", "absent").String(); at != "f.yaml" {
		t.Error("what is absent is at", at)
	}
}

// TestNothingLeaks holds that no diagnostic shows a credential, nor points at
// a line that does.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	for _, c := range diagtest.Cases(t, "testdata/wrong.yaml") {
		_, list := config.Parse("f.yaml", []byte(c.Text), steps.Kinds())
		lines := strings.Split(c.Text, "\n")
		for _, d := range list {
			if strings.Contains(d.String(), "hunter") {
				t.Error(d)
			}
			if d.At.Start.Line > 0 && d.Code != "wrong-type" && strings.Contains(lines[d.At.Start.Line-1], "hunter") {
				t.Error("points at the credential:", d)
			}
		}
	}
}

// TestNumberBeyond64BitsIsText: in a file of inputs, as in an answer.
func TestNumberBeyond64BitsIsText(t *testing.T) {
	t.Parallel()
	got, list := config.Values("in.json", []byte(`{"id": 99999999999999999999, "x": [1.5e999, 1e400, -0]}`))
	want := map[string]any{"id": "99999999999999999999", "x": []any{"1.5e999", "1e400", 0}}
	if diff := cmp.Diff(want, got); diff != "" || len(list) > 0 {
		t.Error(diff, list)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	got, list := config.Values("in.yaml", []byte("a: 1\nb: {c: [true]}\n"))
	if diff := cmp.Diff(map[string]any{"a": 1, "b": map[string]any{"c": []any{true}}}, got); diff != "" || len(list) > 0 {
		t.Error(diff, list)
	}
	for text, want := range map[string]string{"- a": "the file has to be a mapping", "": "nothing in the file", "a: [": "yaml-syntax"} {
		got, list := config.Values("in.yaml", []byte(text))
		if got == nil || !strings.Contains(show(list), want) {
			t.Errorf("%q: %v, %s", text, got, show(list))
		}
	}
}

func TestLoadFinds(t *testing.T) {
	t.Parallel()
	all := map[string]string{"/w/skillrun.yaml": "site: here", "/u/skillrun.yaml": "site: own", "/w/x/f.yaml": "site: given"}
	without := func(paths ...string) map[string]string {
		m := map[string]string{}
		for k, v := range all {
			if !strings.Contains(strings.Join(paths, " "), k) {
				m[k] = v
			}
		}
		return m
	}
	tests := []struct {
		name     string
		files    map[string]string
		explicit string
		site     string
		path     string
	}{
		{"given", all, "x/f.yaml", "given", "/w/x/f.yaml"},
		{"given in full", all, "/u/skillrun.yaml", "own", "/u/skillrun.yaml"},
		{"here", all, "", "here", "/w/skillrun.yaml"},
		{"own", without("/w/skillrun.yaml"), "", "own", "/u/skillrun.yaml"},
		{"none", nil, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newMachine(tt.files, nil).options()
			o.Explicit = tt.explicit
			cfg, list := config.Load(o)
			if len(list) > 0 || cfg.Site != tt.site || cfg.Path != tt.path || cfg.Zone == nil {
				t.Errorf("site %q from %q, want %q from %q; %s", cfg.Site, cfg.Path, tt.site, tt.path, show(list))
			}
		})
	}
}

func TestLoadFails(t *testing.T) {
	t.Parallel()
	o := newMachine(nil, nil).options()
	o.Explicit = "absent.yaml"
	if _, list := config.Load(o); show(list) != "/w/absent.yaml: error: there is no such file [no-config] (check --config)" {
		t.Error(show(list))
	}
	o = newMachine(nil, nil).options()
	o.ReadFile = func(path string) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
	}
	if _, list := config.Load(o); !strings.Contains(show(list), "/w/skillrun.yaml: error: the file cannot be read: permission denied [no-config] (check its permissions") {
		t.Error(show(list))
	}
}

func certificate(t *testing.T) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	pem := certificate(t)
	text := `services:
  good: {ca: ca.pem}
  home: {ca: ~/ca.pem}
  absent: {ca: no.pem}
  empty: {ca: /etc/empty.pem}
`
	files := map[string]string{"/u/skillrun.yaml": text, "/u/ca.pem": pem, "/h/ca.pem": pem, "/etc/empty.pem": "x"}
	cfg, list := config.Load(newMachine(files, map[string]string{"HOME": "/h"}).options())
	want := `/u/skillrun.yaml:4:16: error: the certificates of absent cannot be read: file does not exist [bad-ca] (the path is taken from the folder of this file)
/u/skillrun.yaml:5:15: error: there is no certificate in the file [bad-ca] (it has to be in PEM form)`
	if diff := cmp.Diff(want, show(list)); diff != "" {
		t.Error(diff)
	}
	for name, path := range map[string]string{"good": "/u/ca.pem", "home": "/h/ca.pem"} {
		if s := cfg.Services[name]; s.CA != path || string(s.CAData) != pem {
			t.Errorf("%s has %d bytes from %s", name, len(s.CAData), s.CA)
		}
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	const own = `services:
  gitlab: {url: https://gitlab.example.com, token: env:GITLAB_TOKEN}
  files: {kind: quay, url: "https://Quay.example.com:443/x", token: file:quay.token, user: env:QUAY_USER}
  git: {credentials: helper}
  hub: {kind: http, url: https://hub.example.com, credentials: netrc, user: bot}
`
	tests := []struct{ name, here, refused string }{
		{"the same user", "http: {url: https://hub.example.com, credentials: netrc, user: bot}", ""},
		{"another user of the host", "http: {url: https://hub.example.com, credentials: netrc, user: root}", "http is not trusted"},
		{"the same", "gitlab: {url: https://gitlab.example.com, token: env:GITLAB_TOKEN}", ""},
		{"another name", "mine: {kind: gitlab, url: https://GITLAB.example.com/, token: env:GITLAB_TOKEN}", ""},
		{"the same file", "quay: {url: https://quay.example.com/x, token: file:/u/quay.token, user: env:QUAY_USER}", ""},
		{"nothing sent", "other: {url: https://evil.example.com}", ""},
		{"said aloud", "other: {url: https://evil.example.com, credentials: none}", ""},
		{"helper without a host", "git: {credentials: helper}", ""},
		{"another host", "gitlab: {url: https://evil.example.com, token: env:GITLAB_TOKEN}", "gitlab is not trusted to send its credential to https://evil.example.com:443"},
		{"a host below", "gitlab: {url: https://gitlab.example.com.evil.com, token: env:GITLAB_TOKEN}", "gitlab is not trusted"},
		{"another port", "gitlab: {url: https://gitlab.example.com:8443, token: env:GITLAB_TOKEN}", "gitlab is not trusted"},
		{"another scheme", "gitlab: {url: http://localhost, token: env:GITLAB_TOKEN}", "gitlab is not trusted"},
		{"another kind", "jira: {url: https://gitlab.example.com, token: env:GITLAB_TOKEN}", "jira is not trusted"},
		{"another credential", "gitlab: {url: https://gitlab.example.com, token: env:AWS_KEY}", "gitlab is not trusted"},
		{"another file", "quay: {url: https://quay.example.com, token: file:quay.token}", "quay is not trusted"},
		{"a user from the environment", "jira: {url: https://evil.example.com, user: env:GITLAB_TOKEN}", "jira is not trusted"},
		{"netrc", "gitlab: {url: https://evil.example.com, credentials: netrc}", "gitlab is not trusted"},
		{"helper with a host", "git: {url: https://evil.example.com, credentials: helper}", "git is not trusted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"/w/skillrun.yaml": "services:\n  " + tt.here + "\n", "/u/skillrun.yaml": own}
			o := newMachine(files, nil).options()
			_, list := config.Load(o)
			got := show(list)
			if tt.refused == "" && got != "" || !strings.Contains(got, tt.refused) {
				t.Errorf("got %q, want %q", got, tt.refused)
			}
			if tt.refused != "" && (list[0].Code != "untrusted-host" || list[0].At.Start.Line != 2 ||
				!strings.Contains(list[0].Hint, "give /u/skillrun.yaml a") || !strings.Contains(list[0].Hint, "trust the folder with skillrun trust, or pass --config ./skillrun.yaml")) {
				t.Error(got)
			}
			o.Explicit = "./skillrun.yaml"
			if _, list := config.Load(o); len(list) > 0 {
				t.Error("refused although it was named:", show(list))
			}
		})
	}
}

func TestTrustEdges(t *testing.T) {
	t.Parallel()
	here := "services: {gitlab: {url: https://x.example.com, token: env:T}}"
	load := func(own string, userDir string) string {
		files := map[string]string{"/w/skillrun.yaml": here}
		if own != "" {
			files["/u/skillrun.yaml"] = own
		}
		o := newMachine(files, nil).options()
		o.UserDir = userDir
		_, list := config.Load(o)
		return show(list)
	}
	if got := load("", ""); !strings.Contains(got, "[untrusted-host] (give your own skillrun.yaml a gitlab service") {
		t.Error("no user's folder:", got)
	}
	if got := load("", "/u"); !strings.Contains(got, "[untrusted-host]") {
		t.Error("no user's file:", got)
	}
	if got := load("sites: x", "/u"); !strings.Contains(got, "/u/skillrun.yaml:1:1") || !strings.Contains(got, "[untrusted-host]") {
		t.Error("a broken user's file:", got)
	}
	if got := load("", "/w"); got != "" {
		t.Error("the user's own folder is the working directory:", got)
	}
}

// FuzzParse holds that nothing panics and that no literal token is shown.
func FuzzParse(f *testing.F) {
	for _, path := range []string{"testdata/fine.yaml", "testdata/wrong.yaml"} {
		for _, c := range diagtest.Cases(f, path) {
			f.Add([]byte(c.Text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, list := config.Parse("f.yaml", data, steps.Kinds())
		if cfg == nil {
			t.Fatal("no configuration")
		}
		for name, s := range cfg.Services {
			how, _, _ := strings.Cut(s.Token, ":")
			if s.Token != "" && how != "env" && how != "file" {
				t.Errorf("%s holds %q", name, s.Token)
			}
			if !list.HasErrors() && s.Token != "" && s.URL == "" {
				t.Errorf("%s has a credential for no host", name)
			}
		}
	})
}

// TestPolicyOfTheWorkingDirectory: a file that merely lies there cannot switch
// the question off.
func TestPolicyOfTheWorkingDirectory(t *testing.T) {
	t.Parallel()
	files := map[string]string{"/here/skillrun.yaml": "policy: {confirm: never}\n"}
	load := func(explicit string) diag.List {
		_, list := config.Load(config.Options{
			Kinds:    steps.Kinds(),
			Explicit: explicit, Dir: "/here", UserDir: "/u", Env: func(string) (string, bool) { return "", false },
			ReadFile: func(name string) ([]byte, error) {
				if text, ok := files[name]; ok {
					return []byte(text), nil
				}
				return nil, fs.ErrNotExist
			},
		})
		return list
	}
	if list := load(""); len(list) != 1 || list[0].Code != "untrusted-policy" || list[0].At.Start.Col != 19 {
		t.Errorf("found there: %v", list)
	}
	if list := load("skillrun.yaml"); len(list) != 0 {
		t.Errorf("pointed at: %v", list)
	}
	files["/u/skillrun.yaml"] = "policy: {confirm: never}\n"
	if list := load(""); len(list) != 0 {
		t.Errorf("the user's own says so too: %v", list)
	}
	files["/here/skillrun.yaml"] = "policy: {settle: 1s}\n"
	if list := load(""); len(list) != 1 || list[0].Code != "untrusted-policy" || list[0].At.Start.Col != 18 {
		t.Errorf("a shorter time found there: %v", list)
	}
	files["/u/skillrun.yaml"] = "policy: {settle: 1s}\n"
	if list := load(""); len(list) != 0 {
		t.Errorf("the user's own is as short: %v", list)
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"": config.DefaultSettle, "policy: {settle: 5m}": 5 * time.Minute, "policy: {settle: 0s}": 0} {
		if cfg, list := config.Parse("f", []byte(text), steps.Kinds()); len(list) != 0 || cfg.Policy.Settle != want {
			t.Errorf("%q: %s %v", text, cfg.Policy.Settle, list)
		}
	}
	for _, text := range []string{"policy: {settle: 2h}", "policy: {settle: -1s}", "policy: {settle: soon}"} {
		if _, list := config.Parse("f", []byte(text), steps.Kinds()); len(list) != 1 || list[0].Code != "bad-duration" || list[0].Hint == "" {
			t.Errorf("%q: %v", text, list)
		}
	}
}
