package gitlab

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
)

func TestView(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release().with("description", "text").with("labels", []any{"prod"}))
	view := func() ViewOut {
		t.Helper()
		out, err := do[ViewOut](w, "gitlab_mr_view", args{"project": app, "iid": 1})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	got := view()
	want := ViewOut{
		IID: 1, Title: "Release 1", Description: got.Description, State: "opened", Author: "bot", WebURL: page,
		SourceBranch: "r1", TargetBranch: "master", SHA: fmt.Sprintf("%040x", 10), Labels: []string{"prod"},
		ApprovalsRequired: 2, ApprovalsLeft: 2, ApprovedBy: []string{}, MergeStatus: "not_approved",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("new (-want +got):\n%s", diff)
	}
	must(t, w.lab.Approve(app, 1, "bot"), w.lab.SetPipeline(app, 1, "running"))
	if got = view(); got.ApprovedByOther || got.Approved || got.ApprovalsLeft != 1 || *got.PipelineStatus != "running" {
		t.Errorf("approved by its author: %+v", got)
	}
	must(t, w.lab.Approve(app, 1, "zoe"), w.lab.Close(app, 1, "ann"))
	if got = view(); !got.ApprovedByOther || !got.Approved || got.State != "closed" || *got.ClosedBy != "ann" || *got.ClosedAt != "2026-03-01T12:00:00Z" {
		t.Errorf("closed: %+v", got)
	}
	must(t, w.lab.Reopen(app, 1, "ann"), w.lab.Merge(app, 1, "zoe"))
	if got = view(); got.ClosedBy != nil || got.State != "merged" || *got.MergedBy != "zoe" || *got.MergedAt != "2026-03-01T12:00:00Z" {
		t.Errorf("merged: %+v", got)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	const what = ": read merge request !1 of team/app: "
	for _, tc := range []struct {
		status int
		body   string
		want   string
	}{
		{401, `{"message":"401 Unauthorized"}`, "auth" + what},
		{403, `{"message":"403 Forbidden"}`, "forbidden" + what},
		{404, `{"message":"404 Not found"}`, "not_found" + what + "404 Not Found: 404 Not found"},
		{429, `{"message":{"error":["slow down"],"field":[1]}}`, "rate_limited" + what + "429 Too Many Requests: slow down; field 1 (the service asks to wait: Retry-After 30)"},
		{502, strings.Repeat("x", 600), "unavailable" + what + "502 Bad Gateway: " + strings.Repeat("x", 499) + "…"},
		{200, `<html>`, "unavailable" + what + "the answer is not GitLab's: "},
		{200, `{"iid":2}`, "unavailable" + what + "the answer is about !2"},
		{200, `null`, "unavailable" + what + "the answer is about !0"},
	} {
		t.Run(fmt.Sprint(tc.status, tc.body[:4]), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gets := 0
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
				gets++
				return answer("GET", tc.status, tc.body)(rw, r, lab)
			})
			for _, name := range []string{"gitlab_mr_view", "gitlab_mr_diff"} {
				_, err := do[map[string]any](w, name, args{"project": app, "iid": 1})
				wantError(t, err, tc.want)
			}
			w.breakWith(nil) // waits for the handler
			if gets != 2 {
				t.Errorf("%d requests for 2 steps: something was repeated", gets)
			}
		})
	}
}

func TestReadsFollowAMovedProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release())
	out, err := do[ViewOut](w, "gitlab_mr_view", args{"project": "old/app", "iid": 1})
	if err != nil || out.IID != 1 {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.step("gitlab_mr_create")
	for i := range 253 {
		a := args{"project": app, "title": fmt.Sprint("T", i), "source_branch": fmt.Sprintf("%s-%d", []string{"aa", "bb"}[i%2], i)}
		if i == 5 {
			a = a.with("labels", []any{"prod"}).with("draft", true)
		}
		if _, err := s.Do(w.ctx(s, step.Key{Work: "w", Path: fmt.Sprint("p", i)}, a), a.json()); err != nil {
			t.Fatal(err)
		}
	}
	must(t, w.lab.Close(app, 3, "ann"))
	for _, tc := range []struct {
		in        args
		want      int
		lookedAt  int
		truncated bool
	}{
		{args{}, 100, 100, true},
		{args{"limit": 300}, 252, 252, false},
		{args{"limit": 252}, 252, 252, false},
		{args{"limit": 251}, 251, 251, true},
		{args{"limit": 300, "state": "all"}, 253, 253, false},
		{args{"state": "closed"}, 1, 1, false},
		{args{"limit": 300, "source_branch_prefix": "bb-"}, 126, 252, false},
		{args{"target_branch": "stable"}, 0, 0, false},
		{args{"labels": []any{"prod"}}, 1, 1, false},
		{args{"search": "T25"}, 4, 4, false},
	} {
		got, err := do[ListOut](w, "gitlab_mr_list", tc.in.with("project", app))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.MergeRequests) != tc.want || got.LookedAt != tc.lookedAt || got.Truncated != tc.truncated {
			t.Errorf("%v: %d, looked at %d, truncated %v", tc.in, len(got.MergeRequests), got.LookedAt, got.Truncated)
		}
	}
	got, err := do[ListOut](w, "gitlab_mr_list", args{"project": app, "labels": []any{"prod"}})
	must(t, err)
	want := []Listed{{IID: 6, Title: "Draft: T5", State: "opened", SourceBranch: "bb-5", TargetBranch: "master", Author: "bot",
		WebURL: "https://gitlab.test/team/app/-/merge_requests/6", Draft: true, Labels: []string{"prod"}, UpdatedAt: "2026-03-01T12:00:00Z"}}
	if diff := cmp.Diff(want, got.MergeRequests); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	w.breakWith(withoutPageHeaders)
	if got, err = do[ListOut](w, "gitlab_mr_list", args{"project": app, "limit": 300}); err != nil || len(got.MergeRequests) != 252 {
		t.Errorf("behind a proxy that drops headers: %d, %v", len(got.MergeRequests), err)
	}
}

// withoutPageHeaders is a proxy that lets only known headers through.
func withoutPageHeaders(w http.ResponseWriter, r *http.Request, lab http.Handler) bool {
	lab.ServeHTTP(headerless{w}, r)
	return true
}

type headerless struct{ http.ResponseWriter }

func (h headerless) WriteHeader(status int) {
	h.Header().Del("X-Next-Page")
	h.ResponseWriter.WriteHeader(status)
}

func TestPagesThatGoRound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakWith(func(rw http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		rw.Header().Set("X-Next-Page", "1")
		fmt.Fprint(rw, "[]")
		return true
	})
	_, err := do[ListOut](w, "gitlab_mr_list", args{"project": app})
	wantError(t, err, "unavailable: page 1 of a list names page 1 as the next")
}

func TestDiff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release())
	got, err := do[DiffOut](w, "gitlab_mr_diff", args{"project": app, "iid": 1})
	must(t, err)
	want := DiffOut{
		Files: []DiffFile{{OldPath: "deploy.yml", NewPath: "deploy.yml", Diff: "@@ -1 +1 @@\n-a\n+b\n"}, {OldPath: "x", NewPath: "y", Renamed: true}},
		Paths: []string{"deploy.yml", "x", "y"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDiffSaysWhenItIsCut(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", maxDiff/2+1)
	for _, tc := range []struct{ name, count, files string }{
		{"many", `"1000+"`, `[{"old_path":"a","new_path":"a","diff":"@@"}]`},
		{"uncounted", `null`, `[]`},
		{"fewer than counted", `"2"`, `[{"old_path":"a","new_path":"a","diff":"@@"}]`},
		{"collapsed", `"1"`, `[{"old_path":"a","new_path":"a","collapsed":true}]`},
		{"too large", `"1"`, `[{"old_path":"a","new_path":"a","too_large":true}]`},
		{"more than we hold", `"2"`, `[{"new_path":"a","diff":"` + big + `"},{"new_path":"b","diff":"` + big + `"}]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				body := `{"iid":1,"changes_count":` + tc.count + `}`
				if strings.HasSuffix(r.URL.Path, "/diffs") {
					body = tc.files
				}
				fmt.Fprint(rw, body)
				return true
			})
			got, err := do[DiffOut](w, "gitlab_mr_diff", args{"project": app, "iid": 1})
			if err != nil || !got.Truncated {
				t.Errorf("truncated is %v, error %v", got.Truncated, err)
			}
		})
	}
}

func TestDiffThatIsNoList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release())
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		return strings.HasSuffix(r.URL.Path, "/diffs") && answer("GET", 200, "null")(rw, r, lab)
	})
	_, err := do[DiffOut](w, "gitlab_mr_diff", args{"project": app, "iid": 1})
	wantError(t, err, "unavailable: read the changes of !1 of team/app: the answer is not a list")
}

func TestTouching(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.step("gitlab_mr_create")
	for _, b := range []string{"r1", "r2", "r3", "q1"} {
		a := release().with("source_branch", b)
		_, err := s.Do(w.ctx(s, step.Key{Work: "w", Path: b}, a), a.json())
		must(t, err)
	}
	for _, tc := range []struct {
		in        args
		want      string
		lookedAt  int
		truncated bool
	}{
		{args{"path": "deploy.yml"}, "r3 r1", 4, false},
		{args{"path": "deploy.yml", "exclude_branch": "r1"}, "r3", 3, false},
		{args{"path": "deploy.yml", "source_branch_prefix": "q"}, "", 1, false},
		{args{"path": "deploy.yml", "target_branch": "stable"}, "", 0, false},
		{args{"path": "deploy.yml", "limit": 2}, "r3", 2, true},
		{args{"path": "deploy.yml", "limit": 4}, "r3 r1", 4, false},
		{args{"path": "x"}, "r1", 4, false},
		{args{"path": "y"}, "r1", 4, false},
		{args{"path": "deploy"}, "", 4, false},
	} {
		got, err := do[TouchingOut](w, "gitlab_mr_touching", tc.in.with("project", app))
		must(t, err)
		var branches []string
		for _, m := range got.MergeRequests {
			branches = append(branches, m.SourceBranch)
		}
		if strings.Join(branches, " ") != tc.want || got.LookedAt != tc.lookedAt || got.Truncated != tc.truncated {
			t.Errorf("%v: got %v, looked at %d, truncated %v", tc.in, branches, got.LookedAt, got.Truncated)
		}
	}
	must(t, w.lab.Close(app, 3, "ann"))
	got, err := do[TouchingOut](w, "gitlab_mr_touching", args{"project": app, "path": "deploy.yml"})
	must(t, err)
	want := []Touching{{IID: 1, Title: "Release 1", SourceBranch: "r1", Author: "bot", WebURL: page}}
	if diff := cmp.Diff(want, got.MergeRequests); diff != "" {
		t.Errorf("after one was closed (-want +got):\n%s", diff)
	}
}

// TestTouchingIsNotSure: a no that GitLab cannot give yet is no no.
func TestTouchingIsNotSure(t *testing.T) {
	t.Parallel()
	many := "[" + strings.Repeat(`{"new_path":"f"},`, manyFiles-1) + `{"new_path":"f"}]`
	for name, tc := range map[string]struct{ status, files string }{
		"preparing": {"preparing", "[]"}, "many files": {"mergeable", many},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				rw.Header().Set("X-Next-Page", "")
				body := `[{"iid":1,"detailed_merge_status":"` + tc.status + `"}]`
				if strings.HasSuffix(r.URL.Path, "/diffs") {
					body = tc.files
				}
				fmt.Fprint(rw, body)
				return true
			})
			got, err := do[TouchingOut](w, "gitlab_mr_touching", args{"project": app, "path": "deploy.yml"})
			if err != nil || !got.Truncated || got.LookedAt != 1 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestStepsCanBeDocumentedWithoutServices(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range Steps(nil) {
		names = append(names, s.Name)
		if s.Touch.Service != "gitlab" || s.Touch.Object == "" || len(s.Codes) < 7 {
			t.Errorf("%s touches %+v and fails with %v", s.Name, s.Touch, s.Codes)
		}
	}
	want := []string{"gitlab_mr_create", "gitlab_mr_note", "gitlab_mr_view", "gitlab_mr_approval", "gitlab_mr_list", "gitlab_mr_diff", "gitlab_mr_touching", "gitlab_pipeline_view"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func FuzzDescription(f *testing.F) {
	for _, s := range []string{"/approve", " \t/merge", "a\r/close", "<!-- skillrun key=a digest=b -->", "@all @all", "\u2028/x", "\xff/approve"} {
		f.Add(s)
	}
	mark := marker{"key-path", "digest"}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := encodeDescription(text, mark)
		if err != nil {
			t.Skip()
		}
		if got, ok := readMarker(out); !ok || got != mark {
			t.Fatalf("the marker is lost: %q", out)
		}
		body, _, _ := strings.Cut(out, markerStart)
		for line := range strings.SplitSeq(body, "\n") {
			if l := strings.TrimSpace(line); len(l) > 1 && l[0] == '/' && (l[1]|0x20 >= 'a' && l[1]|0x20 <= 'z') {
				t.Fatalf("%q may be a quick action", line)
			}
		}
		if strings.Contains(body, "<!--") {
			t.Fatalf("something is hidden: %q", body)
		}
	})
}

func TestWhatGitLabNeverSays(t *testing.T) {
	t.Parallel()
	_, x := withExchange(t.Context(), "POST", "open")
	wantError(t, x.end(nil, errors.New("bad path")), "invalid: open: the request cannot be made: bad path")
	w := newWorld(t)
	w.breakWith(answer("GET", 200, `{"path_with_namespace":"team/app"}`))
	_, err := w.create(release())
	wantError(t, err, "unavailable: look up project team/app: the answer has no id")
	if w.sent() != 0 {
		t.Errorf("%d POSTs, want none", w.sent())
	}
}
