package quay

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/rest"
)

// Examine returns what looks whether a registry can do what a skill needs of
// it: it is reached, it speaks the API that is configured, it takes the
// credential, and the repositories that the skill names can be seen.
func Examine(services map[string]Service) step.Examine {
	f := family{services}
	return func(ctx context.Context, name string, uses []step.Use, now time.Time) []step.Finding {
		s, name, err := f.pick(name)
		if err != nil {
			return []step.Finding{step.Failed("service", err)}
		}
		findings, ok := rest.Reach(ctx, s.Transport, s.Timeout, s.URL, now)
		if !ok {
			return findings
		}
		if s.API == apiOCI {
			return append(findings, examineOCI(ctx, name, s, step.NeededNames(Steps(nil), uses, toPull))...)
		}
		return append(findings, examineQuay(ctx, name, s, step.NeededNames(Steps(nil), uses, toPull))...)
	}
}

// toPull is what a step needs of a repository; see [step.Need].
const toPull = "pull"

const notYet = "it is not known before the skill runs"

// examineQuay asks each repository for a tag: Quay has no question that every
// token may ask, so the credential is seen to be good where a repository is.
// Without one, it is only asked whether this is Quay at all.
func examineQuay(ctx context.Context, name string, s Service, repositories []string) []step.Finding {
	c, err := newClient(name, s)
	if err != nil {
		return []step.Finding{step.Failed("service", err)}
	}
	if !slices.ContainsFunc(repositories, func(r string) bool { return r != "" }) {
		if err := c.isQuay(ctx); err != nil {
			return []step.Finding{step.Failed("API", err)}
		}
	}
	if len(repositories) == 0 {
		return []step.Finding{{Subject: "credential", Skipped: "Quay checks it only for a repository: give doctor a skill"}}
	}
	var out []step.Finding
	for _, r := range repositories {
		out = append(out, repository(r, func() error {
			_, err := c.history(ctx, r, "latest", true)
			if err != nil {
				err = c.inRepository(err, r)
			}
			return err
		}))
	}
	return out
}

func repository(name string, look func() error) step.Finding {
	if name == "" {
		return step.Finding{Subject: "repository", Skipped: notYet}
	}
	err := checkRepository(name)
	if err == nil {
		err = look()
	}
	if err != nil {
		return step.Failed("repository "+name, err)
	}
	return step.Finding{Subject: "repository " + name, Detail: "it can be read"}
}

func examineOCI(ctx context.Context, name string, s Service, repositories []string) []step.Finding {
	c, err := newOCI(name, s)
	if err != nil {
		return []step.Finding{step.Failed("credential", err)}
	}
	a, err := c.get(ctx, "ask for the API", "", "", "")
	if err == nil && a.StatusCode == http.StatusNotFound {
		err = c.odd("there is no /v2/")
	}
	if err == nil && (a.StatusCode != http.StatusUnauthorized || !s.Token.IsZero()) {
		err = c.refused(a, "ask for the API")
	}
	if err != nil {
		return []step.Finding{step.Failed("credential", err)}
	}
	out := []step.Finding{{Subject: "credential", Detail: "the registry accepts it"}}
	switch {
	case s.Token.IsZero():
		out[0].Detail = "none; public repositories need none"
	case c.auth == "":
		out[0].Detail = "the registry did not ask for it"
	}
	for _, r := range repositories {
		out = append(out, repository(r, func() error { return lookInto(ctx, name, s, r) }))
	}
	return out
}

// lookInto asks for the tags of a repository, with a token of its own.
func lookInto(ctx context.Context, name string, s Service, repository string) error {
	c, err := newOCI(name, s)
	if err != nil {
		return err
	}
	what := "list tags of " + repository
	a, err := c.get(ctx, what, repository, repository+"/tags/list?n=1", "application/json")
	switch {
	case err != nil:
		return err
	case a.StatusCode == http.StatusNotFound && a.strange():
		return c.odd(strange404)
	case a.StatusCode == http.StatusNotFound:
		return c.noRepository(repository)
	}
	return c.refused(a, what)
}
