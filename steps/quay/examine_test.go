package quay_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/quay"
	"github.com/skillrun/skillrun/steps/quay/ocitest"
	"github.com/skillrun/skillrun/steps/quay/quaytest"
)

func TestExamine(t *testing.T) {
	t.Parallel()
	of := func(repositories ...any) []step.Use {
		var out []step.Use
		for _, r := range repositories {
			out = append(out, step.Use{Node: "image", Step: "quay_get_tag", Args: types.Values{"repository": r}})
		}
		return out
	}
	private := quaytest.New(quaytest.Options{Token: "good", Private: true, Repositories: map[string][]quaytest.Tag{repo: nil}})
	oci := func(auth string, private bool) http.Handler {
		return ociWorld(func(o *ocitest.Options) { o.Auth, o.Private = auth, private })
	}
	half := http.NewServeMux() // what is at /v2/ is all it has of a registry
	half.Handle("/v2/{$}", raw(200, "application/json", "{}"))
	for _, test := range []struct {
		name, api, token string
		h                http.Handler
		uses             []step.Use
		want             []string
	}{
		{"quay", "quay", "good", private, of(repo, repo), []string{"ok repository " + repo + ": it can be read"}},
		{"quay, no skill", "quay", "good", private, nil, []string{"skipped credential: Quay checks it only for a repository: give doctor a skill"}},
		{"quay, not known yet", "quay", "good", private, []step.Use{{Step: "quay_get_tag"}}, []string{"skipped repository: it is not known before the skill runs"}},
		{"quay, which is none", "quay", "", oci(ocitest.Basic, false), nil, []string{"failed API: unavailable: HOST: the answer is not Quay's: it is a 404 that is not from Quay's API"}},
		{"quay, another API", "quay", "", raw(200, "application/json", `{"paths":{}}`), nil, []string{"failed API: unavailable: HOST: the answer is not Quay's: its API has no list of tags"}},
		{"quay, which is none, with a skill", "quay", "", oci(ocitest.Basic, false), of(repo), []string{"failed repository " + repo + ": unavailable: HOST: the answer is not Quay's: it is a 404 that is not from Quay's API"}},
		{"quay, wrong token, no skill", "quay", "bad", private, nil, []string{"failed API: auth: ask for the API's description: 401"}},
		{"quay, wrong token", "quay", "bad", private, of(repo), []string{"failed repository " + repo + ": auth: look up tag latest of " + repo + ": 401"}},
		{"quay, no such", "quay", "good", private, of("a/b"), []string{"failed repository a/b: not_found: there is no repository HOST/a/b"}},
		{"quay, no path", "quay", "good", private, of("ab"), []string{`failed repository ab: invalid: "ab" is not the full path of a repository`}},
		{"bearer", "oci", "good", oci(ocitest.Bearer, true), of(repo), []string{"ok credential: the registry accepts it", "ok repository " + repo + ": it can be read"}},
		{"basic", "oci", "good", oci(ocitest.Basic, true), of(repo), []string{"ok credential: the registry accepts it", "ok repository " + repo + ": it can be read"}},
		{"nobody", "oci", "", oci(ocitest.Bearer, false), of(repo), []string{"ok credential: none; public repositories need none", "ok repository " + repo + ": it can be read"}},
		{"nobody, private", "oci", "", oci(ocitest.Basic, true), of(repo), []string{"ok credential: none", "failed repository " + repo + ": auth: list tags of " + repo + ": 401"}},
		{"wrong password", "oci", "bad", oci(ocitest.Bearer, false), of(repo), []string{"failed credential: auth: ask for the API: ask for a token: 401"}},
		{"wrong password, basic", "oci", "bad", oci(ocitest.Basic, true), of(repo), []string{"failed credential: auth: ask for the API: 401"}},
		{"open", "oci", "bad", oci(ocitest.Basic, false), nil, []string{"ok credential: the registry did not ask for it"}},
		{"no such", "oci", "good", oci(ocitest.Bearer, false), of("a/b"), []string{"ok credential", "failed repository a/b: not_found: there is no repository HOST/a/b"}},
		{"no right", "oci", "good", oci(ocitest.Bearer, false), of("team/secret"), []string{"ok credential", "failed repository team/secret: forbidden: list tags of team/secret: 403"}},
		{"wrong API", "oci", "good", private, of(repo), []string{"failed credential: unavailable: HOST: the answer is not an OCI registry's: there is no /v2/"}},
		{"half a registry", "oci", "", half, of(repo), []string{"ok credential", "failed repository " + repo + ": unavailable: HOST: the answer is not an OCI registry's: it is a 404 that is not from a registry"}},
		{"no API", "docker", "good", private, nil, []string{"service: invalid"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(test.h)
			defer srv.Close()
			s := quay.Service{URL: srv.URL, API: test.api, Timeout: 5 * time.Second}
			if test.token != "" {
				s.User, s.Token = "team+robot", types.NewSecret(test.token)
			}
			findings := quay.Examine(map[string]quay.Service{"quay": s})(t.Context(), "quay", test.uses, time.Now())
			var got []string
			for _, f := range findings {
				if strings.HasPrefix(f.Subject, "reach ") || strings.HasPrefix(f.Subject, "clock ") {
					continue
				}
				line := f.State() + " " + f.Subject + ": " + f.Detail + f.Skipped
				if f.Err != nil {
					line += string(f.Err.Code) + ": " + f.Err.Message
					if f.Err.Hint == "" {
						t.Errorf("no remedy for %s", line)
					}
				}
				got = append(got, line)
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %q", got)
			}
			for i, want := range test.want {
				if want = strings.ReplaceAll(want, "HOST", strings.TrimPrefix(srv.URL, "http://")); !strings.Contains(got[i], want) {
					t.Error(cmp.Diff(want, got[i]))
				}
			}
		})
	}
}

func TestExamineNobodyThere(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	findings := quay.Examine(map[string]quay.Service{"quay": {URL: srv.URL}})(t.Context(), "quay", nil, time.Now())
	if len(findings) != 1 || findings[0].Err == nil || findings[0].Err.Code != types.Network {
		t.Errorf("got %+v", findings)
	}
}
