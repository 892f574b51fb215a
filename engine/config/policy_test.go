package config_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
)

func TestPolicyAdmits(t *testing.T) {
	t.Parallel()
	p := config.Policy{Hosts: []string{"a.example.com", "*.example.org", "b.example.com:8443", "[::1]:8080"}}
	for host, want := range map[string]bool{
		"a.example.com": true, "a.example.com:443": true, "A.Example.com.:22": true, "x.a.example.com": false, "aXexample.com": false,
		"x.example.org:443": true, "x.y.example.org": true, "example.org": false, "evil-example.org": false,
		"b.example.com:8443": true, "b.example.com:443": false, "b.example.com": false, "[::1]:8080": true, "[::1]:80": false, "": false,
		"[::1%x.example.org]:443": false, "::1%x.example.org": false, "2130706433": false, "0x7f.1": false,
	} {
		err := p.Admits(host)
		if (err == nil) != want || err != nil && types.CodeOf(err) != types.Forbidden {
			t.Errorf("%s: %v", host, err)
		}
	}
	if err := (config.Policy{}).Admits("anything"); err != nil {
		t.Error(err)
	}
	if err := (config.Policy{Hosts: []string{}}).Admits("a.example.com"); err == nil {
		t.Error("an empty list allows a host")
	}
}

// TestListsOfTheWorkingDirectory: a file that merely lies there makes the lists of
// the user's own shorter, and never longer.
func TestListsOfTheWorkingDirectory(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ own, here, want string }{
		{"", "policy: {exec: [sh]}", "allows sh under policy.exec"},
		{"policy: {exec: [git]}", "policy: {exec: [git, sh, jq]}", "allows sh, jq under policy.exec"},
		{"", "policy: {exec: []}", ""},
		{"", "policy: {hosts: [a.example.com]}", ""},
		{"policy: {exec: [git, sh]}", "policy: {exec: [git]}", ""},
		{"policy: {exec: [git]}", "policy: {exec: [git, /usr/bin/git]}", "allows /usr/bin/git under policy.exec"},
		{"policy: {exec: [git]}", "site: x", ""},
		{"policy: {hosts: ['*.example.com']}", "policy: {hosts: [a.example.com]}", ""},
		{"policy: {hosts: [a.example.com]}", "policy: {hosts: ['*.example.com']}", "allows *.example.com under policy.hosts"},
		{"policy: {hosts: [a.example.com]}", "services: {b: {kind: http, url: 'https://b.example.com', credentials: none}}", "b: this site does not let skills reach b.example.com"},
		{"", "policy: {exec: git}", "policy.exec has to be a list"},
		{"", "policy: {exec: [./x]}", "policy.exec cannot name"},
		{"", "policy: {hosts: ['https://a']}", "policy.hosts cannot name"},
	} {
		files := map[string]string{"/w/skillrun.yaml": c.here + "\n"}
		if c.own != "" {
			files["/u/skillrun.yaml"] = c.own + "\n"
		}
		cfg, diags := config.Load(newMachine(files, nil).options())
		var said []string
		for _, d := range diags {
			said = append(said, d.Message)
		}
		got := strings.Join(said, "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s beside %s: %q", c.here, c.own, got)
		}
		if c.here == "site: x" && (len(cfg.Policy.Exec) != 1 || cfg.Policy.Exec[0] != "git") {
			t.Errorf("the user's own list is lost: %v", cfg.Policy.Exec)
		}
	}
}
