package step_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestMeets: without a proof that it is another place, it may be the same.
func TestMeets(t *testing.T) {
	t.Parallel()
	at := func(kind, service, host string) step.Place {
		return step.Place{Kind: kind, Service: service, Host: host}
	}
	named := func(kind, name string) step.Place { return step.Place{Kind: kind, Name: name} }
	repo := func(name, host string) step.Place { return step.Place{Kind: "git", Name: name, Host: host} }
	cases := []struct {
		name string
		a, b step.Place
		meet bool
	}{
		{"one instance", at("jira", "jira", ""), at("jira", "jira", ""), true},
		{"two instances", at("jira", "jira", "a.example"), at("jira", "other", "b.example"), false},
		{"two instances, hosts not known", at("jira", "jira", ""), at("jira", "other", ""), false},
		{"two instances of one host", at("jira", "jira", "a.example"), at("jira", "other", "A.example"), true},
		{"an instance that is not known", at("jira", "", ""), at("jira", "other", "b.example"), true},
		{"two kinds", at("jira", "jira", "a.example"), at("gitlab", "gitlab", "a.example"), false},
		{"http is the same host", at("http", "http", "a.example"), at("jira", "jira", "a.example:443"), true},
		{"http at another port", at("http", "http", "127.0.0.1:1"), at("jira", "jira", "127.0.0.1:2"), false},
		{"http is another host", at("http", "http", "b.example"), at("jira", "jira", "a.example"), false},
		{"http and files", at("http", "http", ""), named(step.Machine, ""), false},
		{"one state", named(step.State, "a"), named(step.State, "a"), true},
		{"two states", named(step.State, "a"), named(step.State, "b"), false},
		{"a state that is not known", named(step.State, "a"), named(step.State, ""), true},
		{"a program and a state", named(step.Anywhere, ""), named(step.State, "a"), true},
		{"a program and a service", at("quay", "quay", "q.example"), named(step.Anywhere, ""), true},
		{"a program and a workspace", named(step.Anywhere, ""), named(step.Workspace, "w"), false},
		{"two workspaces", named(step.Workspace, "v"), named(step.Workspace, "w"), false},
		{"one workspace", named(step.Workspace, "w"), named(step.Workspace, "w"), true},
		{"a branch and its repository", repo("a/b#x", "g.example"), repo("a/b", "g.example"), true},
		{"two branches", repo("a/b#x", "g.example"), repo("a/b#y", "g.example"), false},
		{"two repositories", repo("a/b", "g.example"), repo("a/bc", "g.example"), false},
		{"a server's other name", repo("a/b", "g.example"), repo("a/b", "alt.example"), true},
		{"a named service", at(step.Service, "quay", "q.example"), at("quay", "quay", "q.example"), true},
		{"a named service's host", at(step.Service, "forge", "g.example"), repo("a/b", "g.example"), true},
		{"another than the named", at(step.Service, "quay", "q.example"), repo("a/b", "g.example"), false},
		{"a named service without a host", at(step.Service, "git", ""), repo("a/b", "g.example"), true},
		{"a named service and files", at(step.Service, "quay", ""), named(step.Machine, ""), false},
		{"a push, seen by the forge", repo("a/b#x", "g.example"), at("git", "gitlab", "g.example"), true},
		{"a push to another forge", repo("a/b#x", "g.example"), at("git", "gitlab", "other.example"), false},
	}
	for _, c := range cases {
		if c.a.Overlaps(c.b) != c.meet || c.b.Overlaps(c.a) != c.meet {
			t.Errorf("%s: not %v", c.name, c.meet)
		}
	}
}

// TestReachDeclaresItself: a step that declares nothing reaches the service that
// it touches; one that touches none may reach anything.
func TestReachDeclaresItself(t *testing.T) {
	t.Parallel()
	type in struct {
		Workspace string `json:"workspace,omitempty" doc:"Workspace."`
		Service   string `json:"service,omitempty" doc:"Service."`
	}
	type bare struct{}
	type out struct{}
	act := func(context.Context, in) (out, error) { return out{}, nil }
	idle := func(context.Context, bare) (out, error) { return out{}, nil }
	jira, ws := step.Place{Kind: "jira", Service: "jira"}, step.Place{Kind: step.Workspace, Name: "w"}
	anywhere := []step.Place{{Kind: step.Anywhere}}
	cases := map[string]struct {
		step step.Step
		use  step.Use
		want step.Reach
	}{
		"a read":            {step.Read("s", "S.", act).Touches("jira", "o", "v"), step.Use{}, step.Reach{Sees: []step.Place{jira}}},
		"a write":           {step.Write("s", "S.", act).Touches("jira", "o", "v"), step.Use{}, step.Reach{Sees: []step.Place{jira}, Changes: []step.Place{jira}}},
		"another instance":  {step.Read("s", "S.", act).Touches("jira", "o", "v"), step.Use{Args: types.Values{"service": "x"}}, step.Reach{Sees: []step.Place{{Kind: "jira", Service: "x"}}}},
		"not known which":   {step.Read("s", "S.", act).Touches("jira", "o", "v"), step.Use{Unknown: []string{"service"}}, step.Reach{Sees: []step.Place{{Kind: "jira"}}}},
		"a workspace":       {step.Local("s", "S.", act), step.Use{Args: types.Values{"workspace": "w"}}, step.Reach{Sees: []step.Place{ws}, Changes: []step.Place{ws}}},
		"a read of one":     {step.Read("s", "S.", act), step.Use{Args: types.Values{"workspace": "w"}}, step.Reach{Sees: []step.Place{ws}}},
		"some workspace":    {step.Local("s", "S.", act), step.Use{Unknown: []string{"workspace"}}, step.Reach{Sees: []step.Place{{Kind: step.Workspace}}, Changes: []step.Place{{Kind: step.Workspace}}}},
		"a read of nothing": {step.Read("s", "S.", idle), step.Use{}, step.Reach{Sees: anywhere}},
		"a write of any":    {step.Write("s", "S.", idle), step.Use{}, step.Reach{Sees: anywhere, Changes: anywhere}},
		"nowhere":           {step.Read("s", "S.", idle).Reaches(step.Nowhere), step.Use{}, step.Reach{}},
	}
	for name, c := range cases {
		got := c.step.Reach(t.Context(), c.use)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
