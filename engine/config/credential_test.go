package config_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps"
)

const credentials = `services:
  env: {url: https://e.example.com, token: env:TOKEN, user: env:WHO}
  unset: {url: https://e.example.com, token: env:UNSET}
  empty: {url: https://e.example.com, token: env:EMPTY}
  lines: {url: https://e.example.com, token: env:LINES}
  file: {url: https://e.example.com, token: file:sub/t, user: bob}
  crlf: {url: https://e.example.com, token: file:/abs/t}
  home: {url: https://e.example.com, token: file:~/t}
  nofile: {url: https://e.example.com, token: file:absent}
  blank: {url: https://e.example.com, token: file:blank}
  two: {url: https://e.example.com, token: file:two}
  netrc: {url: "https://N.example.com:8443", credentials: netrc}
  nohost: {url: https://other.example.com, credentials: netrc}
  helper: {credentials: helper}
  none: {url: https://e.example.com, credentials: none}
  plain: {url: https://e.example.com}
  nouser: {url: https://e.example.com, user: env:UNSET}
`

func credentialMachine() machine {
	return newMachine(map[string]string{
		"/u/skillrun.yaml": credentials, "/u/sub/t": "from-file\n", "/abs/t": "from-crlf\r\n", "/h/t": " from home ",
		"/u/blank": "\n", "/u/two": "a\nb\n",
		"/h/.netrc": "machine x login a password b\nmacdef init\nmachine n.example.com password no\n\n# machine n.example.com\n" +
			"default login d password no\nmachine n.example.com\n  login carol account z password #pw # yes\nmachine n.example.com password late\n",
	}, map[string]string{"TOKEN": "from-env", "WHO": "alice", "EMPTY": "", "LINES": "a\nb", "HOME": "/h"})
}

func TestToken(t *testing.T) {
	t.Parallel()
	cfg, list := config.Load(credentialMachine().options())
	if len(list) > 0 {
		t.Fatal(show(list))
	}
	tests := []struct{ service, token, user, err string }{
		{"env", "from-env", "alice", ""},
		{"unset", "", "", "the variable UNSET, the credential of unset, is not set (set UNSET, or change /u/skillrun.yaml)"},
		{"empty", "", "", "the variable EMPTY, the credential of empty, is empty (set EMPTY, or change /u/skillrun.yaml)"},
		{"lines", "", "", "the variable LINES, for lines, holds a line break or a control character (it has to be a single line)"},
		{"file", "from-file", "bob", ""},
		{"crlf", "from-crlf", "", ""},
		{"home", " from home ", "", ""},
		{"nofile", "", "", "the file /u/absent, the credential of nofile, cannot be read: file does not exist (make the file, or change /u/skillrun.yaml)"},
		{"blank", "", "", "the file /u/blank, the credential of blank, is empty (put the credential into it, as its only line, or change /u/skillrun.yaml)"},
		{"two", "", "", "the file /u/two, for two, holds a line break or a control character (it has to be a single line)"},
		{"netrc", "#pw", "carol", ""},
		{"helper", "", "", ""},
		{"none", "", "", ""},
		{"plain", "", "", ""},
		{"bitbucket", "", "", "the service bitbucket is not configured (add it under services: in /u/skillrun.yaml)"},
		{"envs", "", "", "the service envs is not configured (add it under services: in /u/skillrun.yaml)"},
	}
	for _, tt := range tests {
		got, err := cfg.Token(tt.service)
		if msg := errorText(err); got.Reveal() != tt.token || msg != tt.err {
			t.Errorf("%s: token %q, error %q", tt.service, got.Reveal(), msg)
		}
		if err != nil && types.CodeOf(err) != types.Auth {
			t.Errorf("%s: the code is %s", tt.service, types.CodeOf(err))
		}
		if user, err := cfg.User(tt.service); tt.err == "" && (user != tt.user || err != nil) {
			t.Errorf("%s: user %q, %v", tt.service, user, err)
		}
	}
	_, err := cfg.Token("nohost")
	want := "the file /h/.netrc has no password for other.example.com, the host of nohost (add a line: machine other.example.com login … password …)"
	if errorText(err) != want {
		t.Error(err)
	}
	if _, err := cfg.User("bitbucket"); types.CodeOf(err) != types.Auth {
		t.Error("user of an absent service:", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestNetrcFile(t *testing.T) {
	t.Parallel()
	token := func(m machine) (string, string) {
		cfg, _ := config.Load(m.options())
		s, err := cfg.Token("netrc")
		return s.Reveal(), errorText(err)
	}
	m := credentialMachine()
	m.files["h/.netrc"].Mode = 0o640
	if _, err := token(m); err != "the file /h/.netrc cannot be used: others may read it; chmod 600 it (netrc takes its credential from there: see /u/skillrun.yaml)" {
		t.Error("readable for others:", err)
	}
	m.env["NETRC"] = "/other"
	if _, err := token(m); !strings.Contains(err, "the file /other cannot be used: file does not exist") {
		t.Error("no file:", err)
	}
	m.files["other"] = &fstest.MapFile{Data: []byte("machine n.example.com password p"), Mode: 0o400}
	if got, err := token(m); got != "p" {
		t.Error("NETRC:", err)
	}
	delete(m.env, "NETRC")
	delete(m.env, "HOME")
	if _, err := token(m); err != "there is no netrc file for netrc: neither NETRC nor HOME is set (set one of them, or name the credential with token: in /u/skillrun.yaml)" {
		t.Error("no home:", err)
	}
}

// TestNetrcAsCurl reads passwords and comments as curl and git do, and takes
// the entry of the user that the service names.
func TestNetrcAsCurl(t *testing.T) {
	t.Parallel()
	const of = "machine n.example.com login "
	tests := []struct{ name, file, user, login, token, err string }{
		{"quoted", of + `carol password "two words"`, "", "carol", "two words", ""},
		{"escapes", of + `"ca\"rol" password "a\\b\"c\#d"`, "", `ca"rol`, `a\b"c#d`, ""},
		{"hash in quotes", of + `carol password "#pw # yes"`, "", "carol", "#pw # yes", ""},
		{"quote inside", of + `carol password p"w"`, "", "carol", `p"w"`, ""},
		{"backslash without quotes", of + `carol password p\w`, "", "carol", `p\w`, ""},
		{"keyword in quotes", of + `carol password "machine"`, "", "carol", "machine", ""},
		{"keyword as a value", of + `macdef password default`, "", "macdef", "default", ""},
		{"any case", "MACHINE N.example.com Login carol PASSWORD pw", "", "carol", "pw", ""},
		{"comments", "# machine n.example.com password no\n" + of + "carol # her\n# password no\n\tpassword pw#1 # yes\n", "", "carol", "pw#1", ""},
		{"lines", "machine\n n.example.com\n\nlogin\ncarol\r\npassword\r\n\"a b\"\r\n", "", "carol", "a b", ""},
		{"macro", "macdef init\n" + of + "x password no\nquit\n\n" + of + "carol password pw", "", "carol", "pw", ""},
		{"macro behind an entry", "machine x password a macdef init\n" + of + "x password no\n \n" + of + "carol password pw", "", "carol", "pw", ""},
		{"default first", "default login d password no\n" + of + "carol password pw", "", "carol", "pw", ""},
		{"only default", "machine x password a\ndefault login d password no", "", "", "", "has no password for n.example.com"},
		{"password first", "machine n.example.com password pw login carol", "carol", "carol", "pw", ""},
		{"several, none named", of + "alice password a\n" + of + "bob password b", "", "alice", "a", ""},
		{"several, the second", of + "alice password a\n" + of + "bob password b", "bob", "bob", "b", ""},
		{"several, one quoted", of + "alice password a\n" + of + `"b o b" password b`, "b o b", "b o b", "b", ""},
		{"of nobody", "machine n.example.com password pw", "bob", "", "pw", ""},
		{"of nobody first", "machine n.example.com password pw\n" + of + "bob password b", "bob", "bob", "b", ""},
		{"of others", of + "alice password a", "bob", "", "", "has no password of bob for n.example.com, the host of s (add a line: machine n.example.com login bob "},
		{"other host", "machine other.example.com login bob password no", "bob", "", "", "has no password of bob for n.example.com"},
		{"open quote", "\n" + of + "carol password \"pw\n\"", "", "", "", "does not read as a netrc file: line 2: a quoted word does not end on it"},
		{"line break", of + `carol password "a\nb"`, "", "", "", "holds a line break"},
	}
	for _, tt := range tests {
		service := "services:\n  s: {kind: git, url: https://n.example.com, credentials: netrc}\n"
		if tt.user != "" {
			service = strings.Replace(service, "netrc}", "netrc, user: '"+tt.user+"'}", 1)
		}
		m := newMachine(map[string]string{"/u/skillrun.yaml": service, "/h/.netrc": tt.file}, map[string]string{"HOME": "/h"})
		cfg, list := config.Load(m.options())
		if len(list) > 0 {
			t.Fatal(show(list))
		}
		token, err := cfg.Token("s")
		if token.Reveal() != tt.token || tt.err == "" && err != nil || !strings.Contains(errorText(err), tt.err) {
			t.Errorf("%s: token %q, error %v", tt.name, token.Reveal(), err)
		}
		want := tt.user
		if want == "" {
			want = tt.login
		}
		if user, err := cfg.User("s"); tt.err == "" && (user != want || err != nil) {
			t.Errorf("%s: user %q, %v", tt.name, user, err)
		}
		if strings.Contains(errorText(err), "pw") {
			t.Errorf("%s: the error shows the password: %v", tt.name, err)
		}
	}
}

// FuzzNetrc holds that nothing panics, and that no word of the file but a
// login is shown.
func FuzzNetrc(f *testing.F) {
	f.Add("machine n.example.com login a password \"b\\\"\" # c\nmacdef x\n\ndefault")
	f.Add("password \"\\")
	f.Fuzz(func(t *testing.T, text string) {
		m := newMachine(map[string]string{
			"/u/skillrun.yaml": "services:\n  s: {kind: git, url: https://n.example.com, credentials: netrc}\n",
			"/h/.netrc":        "machine n.example.com password sesame-4711\n" + text,
		}, map[string]string{"HOME": "/h"})
		cfg, _ := config.Load(m.options())
		if _, err := cfg.Token("s"); strings.Contains(errorText(err), "sesame") {
			t.Error(err)
		}
	})
}

func TestMissing(t *testing.T) {
	t.Parallel()
	cfg, _ := config.Load(credentialMachine().options())
	if list := cfg.Missing(needs("env", "file", "netrc", "helper", "none", "plain")); len(list) > 0 {
		t.Error(show(list))
	}
	want := `/u/skillrun.yaml: error: the service bitbucket is not configured [no-service] (add it under services: in /u/skillrun.yaml, as in ` + "`bitbucket: {kind: http, url: https://bitbucket.example.com, token: env:BITBUCKET_TOKEN}`" + `)
/u/skillrun.yaml:3:46: error: the variable UNSET, the credential of unset, is not set [no-credential] (set UNSET, or change /u/skillrun.yaml)
/u/skillrun.yaml:17:46: error: the variable UNSET, the user of nouser, is not set [no-credential] (set UNSET, or change /u/skillrun.yaml)`
	got := cfg.Missing(append(needs("unset", "nouser"), config.Need{Service: "bitbucket", Kind: "http"}, config.Need{Service: "bitbucket", Kind: "http"}))
	if diff := cmp.Diff(want, show(got)); diff != "" {
		t.Error(diff)
	}
	empty, _ := config.Parse("", nil, steps.Kinds())
	want = "skillrun.yaml: error: the service my-jira is not configured [no-service] (add it under services: in skillrun.yaml, as in `my-jira: {kind: jira, url: https://example.atlassian.net, deployment: cloud, user: env:JIRA_USER, token: env:MY_JIRA_TOKEN}`)"
	if got := show(empty.Missing([]config.Need{{Service: "my-jira", Kind: "jira"}})); got != want {
		t.Error(got)
	}
}

// needs are services whose kind is their name.
func needs(names ...string) []config.Need {
	var out []config.Need
	for _, n := range names {
		out = append(out, config.Need{Service: n, Kind: n})
	}
	return out
}

// TestServiceOfTheWrongKind: what steps reach has to be of their family.
func TestServiceOfTheWrongKind(t *testing.T) {
	t.Parallel()
	cfg, _ := config.Parse("f.yaml", []byte("services:\n  alerts: {url: https://a.example.com}\n  other: {kind: gitlab, url: https://o.example.com}\n  web: {kind: http, url: https://w.example.com}\n"), steps.Kinds())
	at := diag.Range{File: "s.yaml", Start: diag.Pos{Line: 3, Col: 9}, End: diag.Pos{Line: 3, Col: 12}}
	got := cfg.Unmet([]config.Need{{Service: "alerts", Kind: "http", At: at}, {Service: "other", Kind: "jira"}, {Service: "web", Kind: "http"}, {Service: "wbe", Kind: "http"}})
	want := "f.yaml:2:3: error: the service alerts is of kind alerts, but kind http is needed [wrong-kind] (add `kind: http` to it, or name one that is: web)\n" +
		"f.yaml:3:17: error: the service other is of kind gitlab, but kind jira is needed [wrong-kind] (write `kind: jira`)\n" +
		"f.yaml: error: the service wbe is not configured [no-service] (did you mean web? Or add it under services: in f.yaml, as in `wbe: {kind: http, url: https://wbe.example.com, token: env:WBE_TOKEN}`)"
	if d := cmp.Diff(want, show(got)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]diag.Note{{At: at, Message: "alerts is needed here"}}, got[0].Related); d != "" {
		t.Error(d)
	}
}

// TestExamples: what is proposed for a service that is missing can be taken as
// it is, whatever the service is called.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"files", "git", "gitlab", "http", "jira", "quay", "slack"} {
		for _, name := range []string{kind, "my_own-" + kind} {
			empty, _ := config.Parse("", nil, steps.Kinds())
			hint := empty.Unmet([]config.Need{{Service: name, Kind: kind}})[0].Hint
			_, line, _ := strings.Cut(hint, "`")
			text := "services:\n  " + strings.TrimSuffix(line, "`") + "\n"
			cfg, list := config.Parse("f.yaml", []byte(text), steps.Kinds())
			if list = append(list, cfg.Unmet([]config.Need{{Service: name, Kind: kind}})...); len(list) > 0 {
				t.Errorf("%s%s", text, show(list))
			}
		}
	}
}

// TestParsedOnly holds that a configuration that was only parsed reaches for
// nothing outside.
func TestParsedOnly(t *testing.T) {
	t.Parallel()
	cfg, _ := config.Parse("f.yaml", []byte(credentials), steps.Kinds())
	for _, name := range []string{"env", "file", "netrc"} {
		if s, err := cfg.Token(name); err == nil || !s.IsZero() {
			t.Errorf("%s has a credential", name)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	cfg, _ := config.Load(credentialMachine().options())
	s, err := cfg.Token("env")
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %#v %+v", s, s, s, cfg); strings.Contains(text, "from-env") {
		t.Error("a credential was printed")
	}
}

// TestMasked: hidden is whatever the configuration names as secret, also what no
// request could carry, and each line of a key that signs.
func TestMasked(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAzAAAAC3NzaC1lZDI1NT\n", 2) + "QyNTUxOQAAACBr7mCJ9Xv2Lk0qZt5pWcYdUe8HgRfNsT1oBiAxM3vwjAAAAJjE2y9WxNsv\nVgAAAAtzc2gtZWQyNTUxOQ==\n"
	m := newMachine(map[string]string{
		"/u/skillrun.yaml": "services:\n  git: {url: https://e.example.com, token: env:LINES, signing_key: key}\n  jira: {url: https://e.example.com, token: file:two}\n",
		"/u/key":           "-----BEGIN OPENSSH PRIVATE KEY-----\n" + key + "-----END OPENSSH PRIVATE KEY-----\n", "/u/two": "bot\npass-of-bot\n",
	}, map[string]string{"LINES": "first-of-two\nsecond-of-two"})
	cfg, list := config.Load(m.options())
	if list.HasErrors() {
		t.Fatal(show(list))
	}
	for _, secret := range []string{"first-of-two", "second-of-two", "pass-of-bot", strings.Split(key, "\n")[0], strings.Split(key, "\n")[2], key} {
		if got := cfg.Mask().Text("it says " + secret); strings.TrimSpace(got) != "it says ‹secret›" {
			t.Errorf("%q becomes %q", secret, got)
		}
	}
}
