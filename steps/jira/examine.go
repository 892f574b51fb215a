package jira

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// Examine returns the examination of the configured services: is Jira reached,
// is it of the configured deployment, does it take the credential, and may the
// account do what the steps of a skill need? It only reads.
func Examine(services map[string]Service) step.Examine {
	f := family{services}
	return func(ctx context.Context, service string, uses []step.Use, now time.Time) []step.Finding {
		s, name, err := step.Pick(services, "jira", service)
		if err != nil {
			return []step.Finding{step.Failed("service "+name, err)}
		}
		findings, ok := rest.Reach(ctx, s.Transport, s.Timeout, s.URL, now)
		if !ok {
			return findings
		}
		e := examination{findings: findings}
		if e.deployment(ctx, name, s) && e.account(ctx, f, name) {
			e.uses(ctx, uses)
		} else if len(uses) > 0 {
			e.skip("projects and permissions", "fix what failed above first")
		}
		return e.findings
	}
}

type examination struct {
	client   *client // once the credential was taken
	findings []step.Finding
}

func (e *examination) passed(subject, detail string) {
	e.findings = append(e.findings, step.Finding{Subject: subject, Detail: detail})
}

func (e *examination) skip(subject, why string) {
	e.findings = append(e.findings, step.Finding{Subject: subject, Skipped: why})
}

// check notes how it is with a subject, and reports whether it is well.
func (e *examination) check(subject, detail string, err error) bool {
	if err != nil {
		e.findings = append(e.findings, step.Failed(subject, err))
		return false
	}
	e.passed(subject, detail)
	return true
}

// deployment asks Jira what it is, which it says to strangers: a credential in
// the other deployment's form would be refused first.
func (e *examination) deployment(ctx context.Context, name string, s Service) bool {
	const subject = "deployment"
	stranger := s
	stranger.Token = types.Secret{}
	c, err := newClient(name, stranger)
	if err != nil {
		return e.check(subject, "", err)
	}
	var info serverInfo
	err = c.get(ctx, "serverInfo", nil, "read the jira version", &info)
	if code := types.CodeOf(err); code == types.Auth || code == types.Forbidden {
		e.skip(subject, "this Jira shows its version only after a login")
		return true
	}
	if err != nil {
		return e.check(subject, "", err)
	}
	return e.check(subject, info.describe(), s.compare(info))
}

type serverInfo struct {
	Deployment string `json:"deploymentType"`
	Version    string `json:"version"`
}

func (i serverInfo) kind() string {
	switch {
	case strings.EqualFold(i.Deployment, "cloud"):
		return cloud
	case strings.EqualFold(i.Deployment, "server"), strings.EqualFold(i.Deployment, "datacenter"):
		return datacenter
	}
	return ""
}

func (i serverInfo) describe() string {
	if i.kind() == cloud {
		return "Jira Cloud"
	}
	return "Jira Data Center " + i.Version
}

func (s Service) compare(i serverInfo) error {
	configured := cmp.Or(s.Deployment, cloud)
	switch i.kind() {
	case configured:
		return nil
	case "":
		return types.Errorf(types.Unavailable, "the server does not say that it is a jira").WithHint(notJira)
	}
	return types.Errorf(types.Conflict, "it is %s, but the configured deployment is %s", i.describe(), configured).
		WithHint("write deployment: %s under the service in skillrun.yaml", i.kind())
}

// account sees whether the credential is taken, and whose it is.
func (e *examination) account(ctx context.Context, f family, service string) bool {
	const subject = "credential"
	c, err := f.connect(service)
	if err != nil {
		return e.check(subject, "", err)
	}
	me, err := c.me(ctx)
	e.client = c
	return e.check(subject, "accepted; the account is "+me.Display, err)
}

// need is what the steps of a skill need of one project.
type need struct {
	permissions []string
	creates     []step.Use
}

// projectIn is the project that a use is about, "" when only the run knows.
func projectIn(u step.Use) string {
	if key := u.Text("issue"); keyPattern().MatchString(key) {
		return projectOf(key)
	}
	return u.Text("project")
}

// uses looks at each project once. A step whose issue only the run knows is
// taken to be about the issues that the skill files.
func (e *examination) uses(ctx context.Context, uses []step.Use) {
	needs := map[string]*need{}
	steps := Steps(nil)
	for _, u := range uses {
		if p := projectIn(u); p != "" {
			if needs[p] == nil {
				needs[p] = &need{permissions: []string{toBrowse}}
			}
			needs[p].add(u, step.Needs(steps, u))
		}
	}
	for _, u := range uses {
		wanted := step.Needs(steps, u)
		switch {
		case slices.ContainsFunc(wanted, func(n step.Need) bool { return n.What == toSearch }):
			e.query(ctx, u)
		case projectIn(u) != "":
		default:
			e.later(u, wanted, needs)
		}
	}
	for _, p := range types.SortedKeys(needs) {
		e.project(ctx, p, needs[p])
	}
}

// later adds a step whose issue only the run knows to the projects in which the
// skill files issues.
func (e *examination) later(u step.Use, wanted []step.Need, needs map[string]*need) {
	files := false
	for _, n := range needs {
		if len(n.creates) > 0 {
			n.add(u, wanted)
			files = true
		}
	}
	if !files {
		e.skip("step "+u.Node, "which project it is about is known when it runs")
	}
}

func (n *need) add(u step.Use, wanted []step.Need) {
	for _, w := range wanted {
		if !slices.Contains(n.permissions, w.What) {
			n.permissions = append(n.permissions, w.What)
		}
		if w.What == toCreate && u.Text("project") != "" {
			n.creates = append(n.creates, u)
		}
	}
}

// query lets Jira look at the query of a search.
func (e *examination) query(ctx context.Context, u step.Use) {
	jql := u.Text("jql")
	if jql == "" {
		e.skip("search of step "+u.Node, "the query is known when it runs")
		return
	}
	_, err := e.client.keys(ctx, "search for issues", jql, 1)
	e.check("search of step "+u.Node, "Jira accepts the query", err)
}
