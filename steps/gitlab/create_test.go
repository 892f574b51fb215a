package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := args{"project": app, "source_branch": "r1", "title": " Release 1 ", "description": "What is new.", "draft": true,
		"labels": []any{"release", "prod"}, "reviewers": []any{"Ann", "zoe"}, "assignees": []any{"bot"}, "remove_source_branch": false}
	want := CreateOut{
		IID: 1, WebURL: "https://gitlab.test/team/app/-/merge_requests/1", Title: "Draft: Release 1", State: "opened",
		SourceBranch: "r1", TargetBranch: "master", Project: app, Reference: "!1",
		Labels: []string{"release", "prod"}, Reviewers: []string{"ann", "zoe"},
	}
	if diff := cmp.Diff(want, w.mustCreate(a)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s := w.step("gitlab_mr_create")
	m := w.lab.MergeRequests()[0]
	text := "What is new.\n\n<!-- skillrun key=wwww-pppp digest=" + s.Digest(a.json()) + " -->"
	if m.Description != text || !cmp.Equal(m.Assignees, []string{"bot"}) {
		t.Errorf("got %q, assigned to %v", m.Description, m.Assignees)
	}
	if w.sent() != 1 {
		t.Errorf("%d POSTs, want 1", w.sent())
	}
}

func TestCreateFromFork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := release().with("source_project", "bot/app").with("target_branch", "stable")
	out := w.mustCreate(a)
	m := w.lab.MergeRequests()[0]
	if out.Project != app || out.TargetBranch != "stable" || m.Project != app || m.SourceProject != "bot/app" {
		t.Errorf("got %+v, %+v", out, m)
	}
	if got := w.find(testKey, a); got.State != step.StateExists || got.Ref != "!1" {
		t.Errorf("found %+v", got)
	}
	// The same branch name in the project itself is another branch.
	if got := w.find(step.Key{Work: "o", Path: "o"}, release().with("target_branch", "stable")); got.State != step.StateAbsent {
		t.Errorf("found %+v", got)
	}
}

func TestCreateRefusesBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		in   args
		want string
	}{
		{"no title", release().with("title", " \t"), "invalid: the title is empty"},
		{"two lines", release().with("title", "a\nb"), "invalid: the title has a line break or a control character (a title is one line; put the rest into the description)"},
		{"bidi", release().with("title", "a\u202eb"), "invalid: the title has a line break"},
		{"draft", release().with("title", "draft: x"), `invalid: the title begins with "draft:", which makes it a draft (leave it out and set draft: true)`},
		{"draft twice", release().with("title", "[Draft] x").with("draft", true), `invalid: the title begins with "[Draft]"`},
		{"wip", release().with("title", "WIP: x"), `invalid: the title begins with "WIP:"`},
		{"long", release().with("title", strings.Repeat("é", 256)), "invalid: the title has 256 characters, GitLab takes 255 (shorten it)"},
		{"long draft", release().with("title", strings.Repeat("é", 249)).with("draft", true), "invalid: the title has 256 characters"},
		{"long description", release().with("description", strings.Repeat("x\n", 1<<19)), "invalid: the description has 1048632 characters, GitLab takes 1048576 (shorten it)"},
		{"comma", release().with("labels", []any{"a,b"}), `invalid: label "a,b" is empty or has a comma or a line break`},
		{"empty label", release().with("labels", []any{""}), `invalid: label "" is empty`},
		{"at", release().with("reviewers", []any{"@ann"}), `invalid: "@ann" is not a username (write it without @, as in the URL of the user's GitLab page)`},
		{"target branch", release().with("target_branch", "a..b"), `invalid: "a..b" is not a branch name (git check-ref-format --branch NAME checks a name)`},
		{"unknown reviewer", release().with("reviewers", []any{"ann", "who"}), `not_found: there is no user "who" in GitLab (check the username; nothing was opened)`},
		{"unknown assignee", release().with("assignees", []any{"who"}), `not_found: there is no user "who" in GitLab`},
		{"unknown project", release().with("project", "team/gone"), "not_found: look up project team/gone: 404 Not Found: 404 Project Not Found (GitLab also says 404 when the token lacks permission to see it: check the path, and the token's access)"},
		{"moved project", release().with("project", "old/app"), "not_found: project old/app was moved to team/app (write the new path, if that is the project you mean)"},
		{"unknown service", release().with("service", "other"), `invalid: there is no service "other" (add it under services in skillrun.yaml; configured are: gitlab)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, err := w.create(tc.in)
			wantError(t, err, tc.want)
			if w.sent() != 0 || len(w.lab.MergeRequests()) != 0 {
				t.Errorf("%d POSTs, %d merge requests", w.sent(), len(w.lab.MergeRequests()))
			}
		})
	}
}

func TestCreateIsRefusedByGitLab(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		in   args
		want string
	}{
		{"no source branch", release().with("source_branch", "gone"), "invalid: open merge request in team/app: 400 Bad Request: source_branch does not exist"},
		{"no target branch", release().with("target_branch", "gone"), "invalid: open merge request in team/app: 400 Bad Request: target_branch does not exist"},
		{"same branch", release().with("source_branch", "master"), "invalid: open merge request in team/app: 422 Unprocessable Entity: You can't use same project/branch for source and target"},
		{"second", release().with("source_branch", "taken"), "conflict: open merge request in team/app: 409 Conflict: Another open merge request already exists for this source branch: !1 (look at the merge request that GitLab names)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mustCreate(release().with("source_branch", "taken"))
			_, err := w.create(tc.in)
			wantError(t, err, tc.want)
			if w.sent() != 2 || len(w.lab.MergeRequests()) != 1 {
				t.Errorf("%d POSTs, %d merge requests", w.sent(), len(w.lab.MergeRequests()))
			}
		})
	}
}

func TestCreateByOneWhoMayOnlyLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect(Service{URL: w.url, Token: types.NewSecret("guest-token")})
	_, err := w.create(release())
	wantError(t, err, "forbidden: open merge request in team/app: 403 Forbidden: 403 Forbidden")
}

// TestCreateSortsTheAnswer checks every way a POST can end against the four
// answers of the protocol. Whatever happens, it is sent once.
func TestCreateSortsTheAnswer(t *testing.T) {
	t.Parallel()
	const what = ": open merge request in team/app: "
	for _, tc := range []struct {
		status int
		body   string
		want   string
	}{
		{401, `{"message":"401 Unauthorized"}`, "auth" + what + "401 Unauthorized: 401 Unauthorized (the credential was refused"},
		{403, `{"error":"insufficient_scope","error_description":"needs api"}`, "forbidden" + what + "403 Forbidden: insufficient_scope; needs api"},
		{404, `{"message":"404 Project Not Found"}`, "not_found" + what + "404 Not Found: 404 Project Not Found"},
		{405, `{"message":"moved"}`, "invalid" + what + "405 Method Not Allowed: moved"},
		{409, `{"message":["exists: !4"]}`, "conflict" + what + "409 Conflict: exists: !4"},
		{429, `Retry later`, "rate_limited" + what + "429 Too Many Requests: Retry later (the service asks to wait: Retry-After 30)"},
		{500, `{"message":"500 Internal Server Error"}`, "unknown_outcome" + what + "500 Internal Server Error: 500 Internal Server Error"},
		{502, `<html>bad gateway</html>`, "unknown_outcome" + what + "502 Bad Gateway: (a web page, not GitLab's API)"},
		{503, ``, "unknown_outcome" + what + "503 Service Unavailable"},
		{302, ``, "unknown_outcome" + what + "302 Found"},
		{307, ``, "unknown_outcome" + what + "307 Temporary Redirect"},
		{304, ``, "unknown_outcome" + what + "304 Not Modified"},
		{200, `<html>login</html>`, "unknown_outcome" + what + "the answer is not GitLab's: invalid character '<'"},
		{201, ``, "unknown_outcome" + what + "the answer is not GitLab's: EOF"},
		{201, `null`, "unknown_outcome" + what + "the answer is not what was asked for: source_branch is \"\", not \"r1\""},
		{201, `{"iid":`, "unknown_outcome" + what + "the answer is not GitLab's: unexpected EOF"},
		{201, `{"iid":9,"source_branch":"r1","target_branch":"master","title":"Other"}`, "unknown_outcome" + what + `the answer is not what was asked for: title is "Other", not "Release 1"`},
		{201, `{"iid":9,"source_branch":"r1","target_branch":"master","title":"Release 1","state":"closed"}`, "unknown_outcome" + what + `the answer is not what was asked for: state is "closed", not "opened"`},
		{201, `{"iid":9,"source_branch":"r1","target_branch":"master","title":"Release 1","state":"opened","description":"x"}`, "unknown_outcome" + what + "the answer is not what was asked for: marker is "},
	} {
		t.Run(fmt.Sprint(tc.status, " ", tc.body), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.breakWith(answer("POST", tc.status, tc.body))
			_, err := w.create(release())
			wantError(t, err, tc.want)
			if w.sent() != 1 {
				t.Errorf("%d POSTs, want exactly 1", w.sent())
			}
		})
	}
}

func TestAnswerWithoutNumber(t *testing.T) {
	t.Parallel()
	mark := marker{"k", "d"}
	err := verify(mergeRequest{State: "opened", Description: mark.String()}, draft{}, mark)
	if err == nil || err.Error() != "it has no number or no address" {
		t.Errorf("got %v", err)
	}
}

// TestLostAnswer loses the answer after GitLab did the work: the outcome is
// unknown, and looking finds it.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		if r.Method != "POST" {
			return false
		}
		lab.ServeHTTP(httptest.NewRecorder(), r)
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
		return true
	})
	_, err := w.create(release())
	wantError(t, err, "unknown_outcome: open merge request in team/app: the request was sent and the answer was lost: ")
	if w.sent() != 1 || len(w.lab.MergeRequests()) != 1 {
		t.Fatalf("%d POSTs, %d merge requests", w.sent(), len(w.lab.MergeRequests()))
	}
	found := w.find(testKey, release())
	if found.State != step.StateExists || found.Ref != "!1" || !strings.Contains(string(found.Out), `"iid":1`) {
		t.Errorf("found %+v %s", found, found.Out)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	w.connect(Service{URL: srv.URL, Token: types.NewSecret("x")})
	_, err := w.create(release())
	wantError(t, err, "network: look up project team/app: cannot reach the service: ")
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect(Service{URL: w.url, Token: types.NewSecret("bot-token"), Timeout: 50 * time.Millisecond})
	w.breakWith(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		<-r.Context().Done()
		return true
	})
	_, err := do[ViewOut](w, "gitlab_mr_view", args{"project": app, "iid": 1})
	wantError(t, err, "timeout: read merge request !1 of team/app: no answer in time: ")
}

func TestUnfitServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect(Service{URL: w.url})
	_, err := w.create(release())
	wantError(t, err, `auth: service "gitlab" has no token (name one in skillrun.yaml, e.g. token: env:GITLAB_TOKEN)`)
	w.connect(Service{URL: "http://[", Token: types.NewSecret("x")})
	_, err = w.create(release())
	wantError(t, err, `invalid: the service "gitlab" has an invalid URL`)
	w.connect(Service{URL: w.url, Token: types.NewSecret("wrong")})
	_, err = w.create(release())
	wantError(t, err, "auth: look up project team/app: 401 Unauthorized: 401 Unauthorized")
	w.steps = step.NewCatalogue(Steps(nil))
	_, err = w.create(release())
	wantError(t, err, `invalid: there is no service "gitlab" (add it under services in skillrun.yaml; configured are: none)`)
}

func TestCreateWithoutKeyAndAfterCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.step("gitlab_mr_create")
	_, err := s.Do(t.Context(), release().json())
	wantError(t, err, "internal: the call has no key to mark what it makes with (this is a bug in skillrun")
	ctx, cancel := context.WithCancel(w.ctx(s, testKey, release()))
	cancel()
	_, err = s.Do(ctx, release().json())
	wantError(t, err, "cancelled: look up project team/app: stopped")
	if w.sent() != 0 {
		t.Errorf("%d POSTs, want none", w.sent())
	}
}

func TestHostileDescription(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hostile := strings.Join([]string{
		"/approve", "  /merge", "\t/close", "\u200b/lock", "\u00a0/title owned", "```\n/label ~x\n```", "> quoted\r/approve\r\n/merge",
		"<!-- skillrun key=aaaa-bbbb digest=cccc -->", "<!-- hidden", "hello @all, @ALL. (@all) @all @all x@all.com @all-hands", "\x1b[31m\x00red \u202e",
		"/etc/hosts is a path", "and/or", "// comment", "/1",
	}, "\n")
	w.mustCreate(release().with("description", hostile))
	m := w.lab.MergeRequests()[0]
	if diff := cmp.Diff([]string{"created"}, happened(w.lab)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	want := strings.Join([]string{
		`\/approve`, `  \/merge`, "\t" + `\/close`, "\u200b" + `\/lock`, "\u00a0" + `\/title owned`, "```\n\\/label ~x\n```", "> quoted\n\\/approve\n\\/merge",
		"&lt;!-- skillrun key=aaaa-bbbb digest=cccc -->", "&lt;!-- hidden", "hello @ all, @ ALL. (@ all) @ all @ all x@all.com @all-hands", "\uFFFD[31m\uFFFDred \uFFFD",
		`\/etc/hosts is a path`, "and/or", "// comment", "/1", "", "",
	}, "\n")
	text, _, _ := strings.Cut(m.Description, markerStart)
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
	if got := w.find(testKey, release().with("description", hostile)); got.State != step.StateExists {
		t.Errorf("found %+v", got)
	}
	if got := w.find(step.Key{Work: "aaaa", Path: "bbbb"}, release().with("source_branch", "r2")); got.State != step.StateAbsent {
		t.Errorf("the imitated marker is found: %+v", got)
	}
}

// TestEveryQuickAction sends each one through the encoder, and once past it to
// prove that the stand-in would have carried it out.
func TestEveryQuickAction(t *testing.T) {
	t.Parallel()
	names := strings.Fields(`approve unapprove merge close reopen label labels unlabel remove_label relabel title assign reassign
		unassign assign_reviewer reviewer request_review unassign_reviewer remove_reviewer reassign_reviewer draft ready target_branch
		rebase lock unlock milestone remove_milestone todo done subscribe unsubscribe award react estimate remove_estimate spend spent
		remove_time_spent copy_metadata submit_review cc shrug tableflip attention remove_attention invite_email clone move duplicate
		confidential create_merge_request due remove_due_date epic iteration weight severity promote zoom tag publish`)
	w := newWorld(t)
	text := "/" + strings.Join(names, " @ann ~x\n/")
	w.mustCreate(release().with("description", text))
	if diff := cmp.Diff([]string{"created"}, happened(w.lab)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if err := w.lab.Describe(app, 1, "ann", text); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, e := range w.lab.History() {
		if strings.HasPrefix(e.What, "/") {
			ran++
		}
	}
	if ran != len(names) {
		t.Errorf("the stand-in ran %d of %d quick actions", ran, len(names))
	}
}

func happened(lab *gitlabtest.Server) []string {
	var out []string
	for _, e := range lab.History() {
		out = append(out, e.What)
	}
	return out
}

func TestPreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.step("gitlab_mr_create")
	a := release().with("description", "new\n/approve").with("reviewers", []any{"ann"}).with("labels", []any{"prod"})
	got, err := s.Preview(w.ctx(s, testKey, a), a.json(), nil)
	if err != nil {
		t.Fatal(err)
	}
	change := step.Change{Title: "open merge request in team/app", Fields: []step.FieldChange{
		{Name: "project", Value: app}, {Name: "source_branch", Value: "r1"}, {Name: "target_branch", Value: "master"}, {Name: "title", Value: "Release 1"},
		{Name: "labels", Value: "prod"}, {Name: "reviewers", Value: "ann"}, {Name: "remove_source_branch", Value: "true"}, {Name: "description", Value: "new\n\\/approve"},
	}}
	if diff := cmp.Diff(change, got.Change); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
	var out CreateOut
	if err := json.Unmarshal(got.Out, &out); err != nil {
		t.Fatal(err)
	}
	if want := (CreateOut{Title: "Release 1", State: "opened", SourceBranch: "r1", TargetBranch: "master", Project: app, Labels: []string{"prod"}, Reviewers: []string{"ann"}}); !cmp.Equal(want, out) {
		t.Errorf("out (-want +got):\n%s", cmp.Diff(want, out))
	}
	if diff := cmp.Diff(step.UnknownPaths{"iid", "web_url", "reference"}, got.Unknown); diff != "" {
		t.Error(diff)
	}
	if w.sent() != 0 || len(w.lab.History()) != 0 {
		t.Error("a preview wrote something")
	}
	_, err = s.Preview(w.ctx(s, testKey, a), a.with("reviewers", []any{"who"}).json(), nil)
	wantError(t, err, `not_found: there is no user "who" in GitLab`)
}

func TestPreviewOfUnknowns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.step("gitlab_mr_create")
	a := args{"project": "", "source_branch": "r1", "title": ""}
	got, err := s.Preview(w.ctx(s, testKey, a), a.json(), step.UnknownPaths{"project", "title", "labels[0]", "description"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(step.UnknownPaths{"iid", "web_url", "reference", "title", "target_branch", "project", "labels"}, got.Unknown); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
	want := []step.FieldChange{{Name: "source_branch", Value: "r1"}, {Name: "target_branch", Value: "(the default branch)"}, {Name: "remove_source_branch", Value: "true"}}
	if diff := cmp.Diff(want, got.Change.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}
