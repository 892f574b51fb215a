package config_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/config"
)

// TestMembersOfTheWorkingDirectory: beside a credential of the user's, the file
// in the working directory changes nothing of who is asked and what is sent.
func TestMembersOfTheWorkingDirectory(t *testing.T) {
	t.Parallel()
	pem := certificate(t)
	own := `services:
  gitlab: {url: https://gitlab.example.com, token: env:T}
  jira: {url: https://jira.example.com/jira, deployment: datacenter, user: bob, token: env:J, ca: ca.pem}
  quay: {url: https://quay.example.com, api: quay, user: env:QU, token: env:Q}
  api: {kind: http, url: https://api.example.com, header: X-Key, token: env:A}
  gitlab2: {kind: gitlab, url: https://gitlab2.example.com, token: env:T2}
  git: {credentials: helper}
  code: {kind: git, url: https://code.example.com, token: env:C}
  minted: {kind: http, url: https://minted.example.com, user: id, token: env:M, token_url: https://id.example.com/token, scope: read}
  again: {kind: http, url: https://again.example.com, user: id, refresh_token: file:r, token_url: https://id.example.com/token}
  hub: {kind: git, url: https://hub.example.com, credentials: netrc, user: bot}
`
	const jira = "jira: {url: https://jira.example.com/jira, user: bob, token: env:J, "
	tests := []struct{ name, here, refused string }{
		{"a certificate of its own", "gitlab: {url: https://gitlab.example.com, token: env:T, ca: ca.pem}", "ca"},
		{"another certificate", jira + "deployment: datacenter, ca: ca.pem}", "ca"},
		{"the user's certificate", jira + "deployment: datacenter, ca: /u/ca.pem}", ""},
		{"no certificate", jira + "deployment: datacenter}", ""},
		{"another deployment", jira + "deployment: cloud, ca: /u/ca.pem}", "deployment"},
		{"no deployment", jira + "ca: /u/ca.pem}", "deployment"},
		{"a path", "gitlab: {url: https://gitlab.example.com/~mallory, token: env:T}", "url"},
		{"a path below", "jira: {url: https://jira.example.com/jira/x, user: bob, token: env:J, deployment: datacenter}", "url"},
		{"a shorter path", "jira: {url: https://jira.example.com, user: bob, token: env:J, deployment: datacenter}", "url"},
		{"another user", "jira: {url: https://jira.example.com/jira, user: eve, token: env:J, deployment: datacenter}", "user"},
		{"no user", "quay: {url: https://quay.example.com, api: quay, token: env:Q}", "user"},
		{"the token as the user", "quay: {url: https://quay.example.com, api: quay, token: env:QU, user: env:Q}", "token"},
		{"another protocol", "quay: {url: https://quay.example.com, api: oci, token: env:Q, user: env:QU}", "api"},
		{"another header", "api: {kind: http, url: https://api.example.com, token: env:A, header: X-Log-This}", "header"},
		{"no header", "api: {kind: http, url: https://api.example.com, token: env:A}", "header"},
		{"the header in other letters", "api: {kind: http, url: https://api.example.com, token: env:A, header: x-key}", ""},
		{"requests that are said to only read", "api: {kind: http, url: https://api.example.com, token: env:A, header: X-Key, queries: [/deploy]}", "queries"},
		{"the helper behind a certificate", "git: {credentials: helper, ca: ca.pem}", "ca"},
		{"the helper under a user", "git: {credentials: helper, user: root}", "user"},
		{"a statement in the user's name", "git: {credentials: helper, sign_off: true}", "sign_off"},
		{"the author and the time", "git: {credentials: helper, author: A <a@example.com>, committer: B <b@example.com>, timeout: 5s}", ""},
		{"netrc behind a certificate", "hub: {kind: git, url: https://hub.example.com, credentials: netrc, user: bot, ca: ca.pem}", "ca"},
		{"netrc of no user", "hub: {kind: git, url: https://hub.example.com, credentials: netrc}", "user"},
		{"the url and token of another service", "gitlab: {url: https://gitlab2.example.com, token: env:T2}", "url"},
		{"the helper in place of a token", "code: {kind: git, credentials: helper}", "url"},
		{"another service under a name of its own", "second: {kind: gitlab, url: https://gitlab2.example.com, token: env:T2}", ""},
		{"tokens of elsewhere", "minted: {kind: http, url: https://minted.example.com, user: id, token: env:M, token_url: https://evil.example.com/token, scope: read}", "token_url"},
		{"the client's secret itself", "minted: {kind: http, url: https://minted.example.com, user: id, token: env:M}", "token_url"},
		{"a wider scope", "minted: {kind: http, url: https://minted.example.com, user: id, token: env:M, token_url: https://id.example.com/token, scope: read admin}", "scope"},
		{"another client", "minted: {kind: http, url: https://minted.example.com, user: other, token: env:M, token_url: https://id.example.com/token, scope: read}", "user"},
		{"the same refresh token", "again: {kind: http, url: https://again.example.com, user: id, refresh_token: file:/u/r, token_url: https://id.example.com/token}", ""},
		{"without a credential", "gitlab: {url: https://gitlab.example.com/any, ca: ca.pem}", ""},
	}
	for _, tt := range tests {
		files := map[string]string{"/w/skillrun.yaml": "services:\n  " + tt.here + "\n", "/u/skillrun.yaml": own, "/w/ca.pem": pem, "/u/ca.pem": pem}
		o := newMachine(files, nil).options()
		_, list := config.Load(o)
		got := show(list)
		if tt.refused == "" && got != "" || tt.refused != "" && (!strings.Contains(got, " its "+tt.refused+" cannot be changed") || !strings.Contains(got, "[untrusted-service]")) {
			t.Errorf("%s: got %q, want %q refused", tt.name, got, tt.refused)
		}
		o.Explicit = "skillrun.yaml"
		if _, list := config.Load(o); len(list) > 0 {
			t.Errorf("%s: refused although it was named: %s", tt.name, show(list))
		}
	}
}

// TestOwnPolicyCounts: a file of the working directory that says nothing is no
// less careful than the user's own.
func TestOwnPolicyCounts(t *testing.T) {
	t.Parallel()
	files := map[string]string{"/w/skillrun.yaml": "site: x\n", "/u/skillrun.yaml": "policy: {confirm: always, settle: 5m}\n"}
	cfg, list := config.Load(newMachine(files, nil).options())
	if len(list) > 0 || cfg.Policy.Confirm != "always" || cfg.Policy.Settle.Minutes() != 5 {
		t.Error(cfg.Policy, show(list))
	}
	files["/w/skillrun.yaml"] = "policy: {settle: 2m}\n"
	if _, list := config.Load(newMachine(files, nil).options()); !strings.Contains(show(list), "[untrusted-policy]") {
		t.Error("a shorter time than the user's own:", show(list))
	}
}

// TestNamesOfTheUser: a name that the user has given to a service leads to no other
// service of theirs, also where there is no credential.
func TestNamesOfTheUser(t *testing.T) {
	t.Parallel()
	own := `services:
  prod: {kind: http, url: https://prod.example.com}
  test: {kind: http, url: https://test.example.com}
  out: {kind: files, root: /out}
  priv: {kind: files, root: /priv}
  git: {signing_key: /key}
  git2: {kind: git, signing_key: /key2}
`
	for here, refused := range map[string]string{
		"prod: {kind: http, url: https://test.example.com}": "prod",
		"prod: {kind: http, url: https://prod.example.com}": "",
		"mine: {kind: http, url: https://test.example.com}": "",
		"out: {kind: files, root: /priv}":                   "[untrusted-root]",
		"mine: {kind: files, root: /priv}":                  "",
		"git: {signing_key: /key2}":                         "[untrusted-key]",
		"mine: {kind: git, signing_key: /key2}":             "",
	} {
		files := map[string]string{"/w/skillrun.yaml": "services:\n  " + here + "\n", "/u/skillrun.yaml": own, "/key": "k", "/key2": "k"}
		cfg, list := config.Load(newMachine(files, nil).options())
		got := show(list)
		if cfg.Foreign("prod") {
			got += "prod"
		}
		if refused == "" && got != "" || !strings.Contains(got, refused) {
			t.Errorf("%s: got %q, want %q", here, got, refused)
		}
	}
}
