package gitlab

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func use(name string, a args) step.Use {
	return step.Use{Node: "s_" + strings.TrimPrefix(name, "gitlab_"), Step: name, Args: types.Values(a)}
}

// examine looks with the world's own token; what concerns the clock is left
// out, for the server's is the machine's.
func (w *world) examine(uses ...step.Use) []string {
	w.t.Helper()
	return w.examineAs(w.secret, uses...)
}

func (w *world) examineAs(secret string, uses ...step.Use) []string {
	w.t.Helper()
	before := w.sent()
	services := map[string]Service{"gitlab": {URL: w.url, Token: types.NewSecret(secret), Timeout: 10 * time.Second}}
	var out []string
	for _, f := range Examine(services)(w.t.Context(), "gitlab", uses, day) {
		if !strings.HasPrefix(f.Subject, "clock") && !strings.HasPrefix(f.Subject, "reach") {
			out = append(out, stated(f))
		}
		if f.Err != nil && f.Err.Hint == "" {
			w.t.Errorf("%s: no remedy for %s", f.Subject, f.Err)
		}
	}
	if n := w.sent() - before; n > 0 {
		w.t.Errorf("looking sent %d POSTs", n)
	}
	return out
}

func stated(f step.Finding) string {
	if f.Err != nil {
		return fmt.Sprintf("%s %s: %s: %s", f.State(), f.Subject, f.Err.Code, f.Err)
	}
	return fmt.Sprintf("%s %s: %s", f.State(), f.Subject, f.Detail+f.Skipped)
}

const (
	account = "ok account: GitLab accepts the token; it is bot's"
	itself  = `ok token: "bot's token" with scope api, does not end`
)

func TestExamineWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.examine(
		use("gitlab_mr_touching", args{"project": app}),
		use("gitlab_mr_create", release().with("source_project", "bot/app").with("reviewers", []any{"zoe", "ann"}).with("assignees", []any{"ann"})),
		use("gitlab_mr_note", args{"project": app}),
		use("gitlab_mr_note", args{"iid": 1}),
		use("gitlab_mr_list", args{"project": "team/shared"}),
		use("gitlab_pipeline_view", args{"project": "team/open"}),
	)
	want := []string{
		account, itself,
		"ok project bot/app: private, bot has the role Developer there",
		"ok project team/app: private, bot has the role Developer there",
		"ok project team/open: public, bot has no role there",
		"ok project team/shared: private, bot has the role Developer there",
		"ok fork bot/app: a merge request may go from it to team/app",
		"ok user ann: is there, with number 2",
		"ok user zoe: is there, with number 3",
		"skipped project of step s_mr_note: it is known only when the skill runs",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{account, itself}, w.examine()); diff != "" {
		t.Errorf("without a skill (-want +got):\n%s", diff)
	}
}

func TestExamineProjects(t *testing.T) {
	t.Parallel()
	create := func(project, source string) step.Use {
		return use("gitlab_mr_create", args{"project": project, "source_project": source})
	}
	for _, tc := range []struct {
		use  step.Use
		want []string
	}{
		{use("gitlab_mr_view", args{"project": "team/gone"}), []string{
			"failed project team/gone: not_found: look up project team/gone: 404 Not Found: 404 Project Not Found (GitLab also says 404 when the token lacks permission to see it: check the path, and the token's access)"}},
		{use("gitlab_mr_view", args{"project": "old/app"}), []string{
			"failed project old/app: not_found: project old/app was moved to team/app (write the new path, if that is the project you mean)"}},
		{use("gitlab_mr_view", args{"project": "team/old"}), []string{"ok project team/old: private, bot has the role Developer there"}},
		{use("gitlab_mr_note", args{"project": "team/old"}), []string{
			"failed project team/old: forbidden: project team/old is archived: nothing can be changed in it (have it unarchived, or name the project that took its place)"}},
		{create("team/old", ""), []string{
			"failed project team/old: forbidden: project team/old is archived: nothing can be changed in it (have it unarchived, or name the project that took its place)",
			"failed project team/old: forbidden: merge requests are disabled in project team/old (ask a maintainer to enable them: Settings, General, Visibility)"}},
		{use("gitlab_pipeline_view", args{"project": "team/old"}), []string{
			"failed project team/old: forbidden: pipelines are disabled in project team/old (ask a maintainer to enable CI/CD: Settings, General, Visibility)"}},
		{use("gitlab_mr_view", args{"project": "team/closed"}), []string{
			"failed project team/closed: forbidden: bot has the role Guest in project team/closed, and needs the role Reporter to see its merge requests (ask a maintainer of team/closed to give bot the role Reporter)"}},
		{create("team/open", ""), []string{
			"failed project team/open: forbidden: bot has no role in project team/open, and needs the role Developer to open merge requests from its branches (ask a maintainer of team/open to give bot the role Developer)"}},
		{create(app, "team/shared"), []string{
			"ok project team/app: private, bot has the role Developer there", "ok project team/shared: private, bot has the role Developer there",
			"failed fork team/shared: conflict: project team/shared is not a fork of team/app, and GitLab takes no merge request between them (fork team/app in GitLab and name the fork as source_project; if it is one already, give the token access to both)"}},
		{create(app, "guest/app"), []string{
			"ok project guest/app: private, bot has the role Developer there", "ok project team/app: private, bot has the role Developer there",
			"skipped fork guest/app: neither was made from team/app nor the other way round: whether they are related cannot be seen from here"}},
		{create(app, "team/gone"), []string{"ok project team/app: private, bot has the role Developer there",
			"failed project team/gone: not_found: look up project team/gone: 404 Not Found: 404 Project Not Found (GitLab also says 404 when the token lacks permission to see it: check the path, and the token's access)"}},
		{use("gitlab_mr_create", args{"project": app, "reviewers": []any{"who", 7}}), []string{"ok project team/app: private, bot has the role Developer there",
			`failed user who: not_found: there is no user "who" in GitLab (check the username; nothing was opened)`}},
	} {
		t.Run(fmt.Sprint(tc.use), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if diff := cmp.Diff(append([]string{account, itself}, tc.want...), w.examine(tc.use)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestExamineTokens(t *testing.T) {
	t.Parallel()
	read, write := use("gitlab_mr_view", args{"project": app}), use("gitlab_mr_note", args{"project": app})
	for _, tc := range []struct {
		secret string
		use    step.Use
		want   string
	}{
		{"wrong", read, "failed token: auth: look up whose token it is: 401 Unauthorized: 401 Unauthorized (the credential was refused: check the service's token in skillrun.yaml, and that it has not expired)"},
		{"", read, `failed token: auth: service "gitlab" has no token (name one in skillrun.yaml, e.g. token: env:GITLAB_TOKEN)`},
		{"look-token", read, `ok token: "bot's token" with scope read_api, until 2027-01-01`},
		{"look-token", write, `failed token: forbidden: the token "bot's token" has the scope read_api, and not api, which step s_mr_note needs (make a token with the scope api in GitLab, and put it where the service's token comes from)`},
		{"late-token", write, `ok token: "bot's token" with scope api, until 2026-03-06: that is in 4 days, make a new one`},
	} {
		t.Run(tc.secret+tc.use.Step, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if got := w.examineAs(tc.secret, tc.use); !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+tc.want+"\n") {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	x := examination{wants: wantsOf([]step.Use{read})}
	wantError(t, x.scope(token{Name: "t", Scopes: []string{"read_user"}}), `forbidden: the token "t" has the scope read_user, and not read_api (make a token`)
	if err := x.scope(token{Scopes: []string{"granular"}}); err != nil {
		t.Errorf("a fine-grained token: %v", err)
	}
}

// TestExamineWhatIsNotTold: other kinds of token cannot look at themselves, an
// administrator needs no role, and a broken answer is no answer.
func TestExamineWhatIsNotTold(t *testing.T) {
	t.Parallel()
	note := use("gitlab_mr_note", args{"project": "team/closed"})
	for _, tc := range []struct {
		path   string
		status int
		body   string
		want   string
	}{
		{"/self", 404, `{"message":"404 Not found"}`, "skipped token: this GitLab gives no information about this kind of token"},
		{"/self", 401, `{}`, "skipped token: this GitLab gives no information about this kind of token"},
		{"/self", 500, `{}`, "failed token: unavailable: read the token: 500 Internal Server Error"},
		{"/user", 200, `{"id":1,"username":"bot","is_admin":true}`, "ok project team/closed: private, bot has the role Guest there"},
		{"/user", 200, `<html>`, "failed token: unavailable: look up whose token it is: the answer is not GitLab's: "},
		{"team/closed", 200, `{}`, "failed project team/closed: unavailable: look up project team/closed: the answer has no id"},
		{"team/closed", 200, `{"id":`, "failed project team/closed: unavailable: look up project team/closed: the answer is not GitLab's: "},
		{"team/closed", 200, `{"id":12,"path_with_namespace":"team/closed"}`, "ok project team/closed: visible, bot has the role Guest there"},
		{"team/closed", 200, `{"id":12,"path_with_namespace":"team/closed","visibility":"private","permissions":{"group_access":{"access_level":40}}}`, "ok project team/closed: private, bot has the role Maintainer there"},
		{"/1", 500, `{}`, ""},
	} {
		t.Run(tc.path+tc.body, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
				return strings.HasSuffix(r.URL.Path, tc.path) && answer("GET", tc.status, tc.body)(rw, r, lab)
			})
			if got := w.examine(note); !strings.Contains("\n"+strings.Join(got, "\n"), "\n"+tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	w := newWorld(t)
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		return strings.Contains(r.URL.Path, "/members/") && answer("GET", 503, "")(rw, r, lab)
	})
	got := w.examine(use("gitlab_mr_view", args{"project": "team/shared"}))
	if want := "failed project team/shared: unavailable: look up the role in team/shared: 503 Service Unavailable"; !strings.HasPrefix(got[len(got)-1], want) {
		t.Errorf("got %q", got)
	}
}

func TestExamineOutOfReach(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	services := map[string]Service{"gitlab": {URL: srv.URL, Token: types.NewSecret("x")}}
	got := Examine(services)(t.Context(), "gitlab", nil, day)
	if len(got) != 1 || types.CodeOf(got[0].Err) != types.Network {
		t.Errorf("got %+v", got)
	}
	got = Examine(services)(t.Context(), "other", nil, day)
	if len(got) != 1 || stated(got[0]) != `failed service other: invalid: there is no service "other" (add it under services in skillrun.yaml; configured are: gitlab)` {
		t.Errorf("got %+v", got)
	}
}
