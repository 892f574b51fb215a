package gitlab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
)

func brief(f step.Found[json.RawMessage]) string {
	return fmt.Sprintf("%s %s|%s|%s", f.State, f.Ref, f.Why, f.Hint)
}

const page = "https://gitlab.test/team/app/-/merge_requests/1"

// elsewhere is what to do about one that goes to or from another branch.
const elsewhere = "close it and run this again, or make new work of it with --again N: " + page

func TestFind(t *testing.T) {
	t.Parallel()
	other := step.Key{Work: "wwww", Path: "again"}
	for _, tc := range []struct {
		name string
		then func(*world) error
		key  step.Key
		in   args
		want string
	}{
		{"ours", nil, testKey, release(), "here !1||"},
		{"ours, described anew", nil, testKey, release().with("description", "other words"), "here !1||"},
		{"another title", nil, testKey, release().with("title", "Release 2"), `differs !1|title is "Release 1", now "Release 2"|`},
		{"other labels and people", nil, testKey,
			release().with("labels", []any{"b", "a"}).with("reviewers", []any{"ann"}).with("assignees", []any{"zoe"}),
			`differs !1|labels is "", now "a, b"; reviewers is "", now "ann"; assignees is "", now "zoe"|`},
		{"another target", nil, testKey, release().with("target_branch", "stable"),
			`over !1|!1 exists already, from other arguments: target_branch is "master", now "stable"|` + elsewhere},
		{"another branch", nil, testKey, release().with("source_branch", "r2"),
			`over !1|!1 exists already, from other arguments: source_branch is "r1", now "r2"|` + elsewhere},
		{"another project", nil, testKey, release().with("source_project", "bot/app"),
			`over !1|!1 exists already, from other arguments: source_project is number 7, now 8|` + elsewhere},
		{"what cannot be seen", nil, testKey, release().with("remove_source_branch", false), `differs !1|!1 looks the same, but was opened from other arguments|`},
		{"another key", nil, other, release(), "over !1|!1 from this branch was opened by bot and is not from this work|close it, or use another branch: " + page},
		{"another key, another target", nil, other, release().with("target_branch", "stable"), "absent ||"},
		{"another key, over", func(w *world) error { return w.lab.Close(app, 1, "ann") }, other, release(), "absent ||"},
		{"closed", func(w *world) error { return w.lab.Close(app, 1, "ann") }, testKey, release(),
			"over !1|!1 was closed by ann at 2026-03-01T12:00:00Z|reopen it in GitLab, or start new work with --again N: " + page},
		{"merged", func(w *world) error { return w.lab.Merge(app, 1, "zoe") }, testKey, release(),
			"over !1|!1 was merged by zoe at 2026-03-01T12:00:00Z|the work is done; to do it once more use --again N: " + page},
		{"locked", func(w *world) error { return w.lab.Lock(app, 1, "zoe") }, testKey, release(),
			"over !1|!1 was locked by GitLab at 2026-03-01T12:00:00Z|it is being merged now; try again in a minute: " + page},
		{"reopened", func(w *world) error {
			if err := w.lab.Close(app, 1, "ann"); err != nil {
				return err
			}
			return w.lab.Reopen(app, 1, "ann")
		}, testKey, release(), "here !1||"},
		{"marker taken away", func(w *world) error { return w.lab.Describe(app, 1, "ann", "tidy") }, testKey, release(),
			"over !1|!1 from this branch was opened by bot and is not from this work|close it, or use another branch: " + page},
		{"text after the marker", func(w *world) error {
			return w.lab.Describe(app, 1, "ann", w.lab.MergeRequests()[0].Description+"\nsigned, Ann")
		}, testKey, release(), "over !1|!1 from this branch was opened by bot and is not from this work|close it, or use another branch: " + page},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mustCreate(release())
			if tc.then != nil {
				if err := tc.then(w); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tc.want, brief(w.find(tc.key, tc.in))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if w.sent() != 1 {
				t.Errorf("looking sent %d POSTs", w.sent()-1)
			}
		})
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := brief(w.find(testKey, release())); got != "absent ||" {
		t.Errorf("got %s", got)
	}
}

// TestSecondCallAdopts is the engine's protocol: look, send, look again.
func TestSecondCallAdopts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.mustCreate(release())
	found := w.find(testKey, release())
	var adopted CreateOut
	if err := json.Unmarshal(found.Out, &adopted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, adopted); diff != "" {
		t.Errorf("the adopted one differs (-created +adopted):\n%s", diff)
	}
	if n := len(w.lab.MergeRequests()); n != 1 {
		t.Errorf("%d merge requests", n)
	}
}

// TestOpenWinsOverClosed opens a second one of the same key after the first
// was closed; the live one is found, wherever it stands in the list.
func TestOpenWinsOverClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release())
	if err := w.lab.Close(app, 1, "ann"); err != nil {
		t.Fatal(err)
	}
	w.mustCreate(release())
	if got := brief(w.find(testKey, release())); got != "here !2||" {
		t.Errorf("got %s", got)
	}
	if err := w.lab.Close(app, 2, "ann"); err != nil {
		t.Fatal(err)
	}
	if err := w.lab.Reopen(app, 1, "ann"); err != nil {
		t.Fatal(err)
	}
	if got := brief(w.find(testKey, release())); got != "here !1||" {
		t.Errorf("got %s", got)
	}
}

// TestFindReadsAllPages hides ours behind 250 others from the same branch.
func TestFindReadsAllPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release())
	for i := range 250 {
		a := release().with("target_branch", fmt.Sprintf("t%d", i))
		s := w.step("gitlab_mr_create")
		if _, err := s.Do(w.ctx(s, step.Key{Work: "x", Path: fmt.Sprint("p", i)}, a), a.json()); err != nil {
			t.Fatal(err)
		}
	}
	if got := brief(w.find(testKey, release())); got != "here !1||" {
		t.Errorf("got %s", got)
	}
}

// TestFindIsNoProof: what is not GitLab's list must never pass for an empty
// one.
func TestFindIsNoProof(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		body   string
		want   string
	}{
		{200, "null", "unavailable: list merge requests of team/app: the answer is not a list"},
		{200, "{}", "unavailable: list merge requests of team/app: the answer is not GitLab's: "},
		{200, "<html>", "unavailable: list merge requests of team/app: the answer is not GitLab's: invalid character '<' looking for beginning of value (check the service's url in skillrun.yaml: a login page or a proxy may be answering)"},
		{204, "", "unavailable: list merge requests of team/app: the answer is not GitLab's: EOF"},
		{500, "", "unavailable: list merge requests of team/app: 500 Internal Server Error"},
		{404, "", "not_found: list merge requests of team/app: 404 Not Found (GitLab also says 404"},
		{401, "", "auth: list merge requests of team/app: 401 Unauthorized"},
	} {
		t.Run(fmt.Sprint(tc.status, tc.body), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
				return r.URL.Query().Has("state") && answer("GET", tc.status, tc.body)(rw, r, lab)
			})
			s := w.step("gitlab_mr_create")
			_, err := s.Find(w.ctx(s, testKey, release()), testKey, release().json())
			wantError(t, err, tc.want)
		})
	}
}

func TestFindCannotTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		q := r.URL.Query()
		if !q.Has("state") {
			return false
		}
		var number int
		fmt.Sscan(q.Get("page"), &number)
		rw.Header().Set("X-Next-Page", fmt.Sprint(number+1))
		fmt.Fprint(rw, "[]")
		return true
	})
	want := `cannot_tell |team/app has more merge requests from r1 than are searched; look for "wwww-pppp" in their descriptions|`
	if got := brief(w.find(testKey, release())); got != want {
		t.Errorf("got %s", got)
	}
}
