package gitlab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
)

// resolve reads back what a person names.
func resolve[Out any](w *world, name, ref string, a args) (Out, error) {
	w.t.Helper()
	s := w.step(name)
	raw, err := s.Resolve(w.ctx(s, testKey, a), ref, a.json())
	return decoded[Out](raw, err)
}

func decoded[Out any](raw json.RawMessage, err error) (Out, error) {
	var out Out
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

func TestWhatTheWritesCan(t *testing.T) {
	t.Parallel()
	var got []string
	for _, s := range Steps(nil) {
		if s.Effect == step.Writes {
			got = append(got, fmt.Sprintf("%s: update %t, resolve %q, undo %t, late %t", s.Name, s.CanUpdate(), s.RefFormat, s.CanUndo(), s.IsEventuallyConsistent()))
		}
	}
	want := []string{
		`gitlab_mr_create: update true, resolve "the number of the merge request, !12, or its address", undo true, late false`,
		`gitlab_mr_note: update true, resolve "the number of the note, or its address", undo true, late true`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestResolveAMergeRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.mustCreate(release())
	for _, ref := range []string{"!1", " 1", app + "!1", page, page + "/diffs?x=1"} {
		got, err := resolve[CreateOut](w, "gitlab_mr_create", ref, release())
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", ref, diff)
		}
	}
	must(t, w.lab.Describe(app, 1, "ann", "tidy")) // without our marker
	if _, err := resolve[CreateOut](w, "gitlab_mr_create", "!1", release()); err != nil {
		t.Error(err)
	}
	if w.sent() != 1 {
		t.Errorf("%d POSTs", w.sent())
	}
}

func TestResolveAMergeRequestThatIsNotIt(t *testing.T) {
	t.Parallel()
	const page3 = "https://gitlab.test/team/app/-/merge_requests/3"
	w := newWorld(t)
	w.mustCreate(release()) // !1
	other := w.step("gitlab_mr_create")
	for i, a := range []args{release().with("source_branch", "r2"), release().with("source_branch", "r3")} {
		_, err := other.Do(w.ctx(other, step.Key{Work: "other", Path: fmt.Sprint("p", i)}, a), a.json()) // !2, !3
		must(t, err)
	}
	must(t, w.lab.Describe(app, 3, "ann", "tidy"))
	for _, tc := range []struct {
		ref  string
		then func() error
		in   args
		want string
	}{
		{"", nil, release(), `invalid: "" names no merge request of team/app (name it by its number, e.g. --found !12)`},
		{"r1", nil, release(), `invalid: "r1" names no merge request of team/app`},
		{"team/other!1", nil, release(), `invalid: "team/other!1" names no merge request of team/app`},
		{"!9", nil, release(), "not_found: read merge request !9 of team/app: 404"},
		{"https://gitlab.test/team/other/-/merge_requests/1", nil, release(),
			"conflict: https://gitlab.test/team/other/-/merge_requests/1 is not in team/app: !1 of that has the address " + page + " (name the merge"},
		{"!2", nil, release(), "conflict: !2 was opened by other work (name the one of this work: "},
		{"!3", nil, release(), `conflict: !3 does not match: source_branch is "r3", now "r1" (name the merge request from this branch)`},
		{"!3", nil, release().with("source_branch", "r3").with("title", "Other"), `conflict: !3 does not match: title is "Release 1", now "Other" (name another`},
		{"!3", func() error { return w.lab.Close(app, 3, "ann") }, release().with("source_branch", "r3"),
			"conflict: only an open merge request can be used: !3 was closed by ann at 2026-03-01T12:00:00Z (reopen it in GitLab, or start new work with --again N: " + page3},
		{"!1", nil, release().with("title", ""), "invalid: the title is empty"},
		{"!1", nil, release().with("service", "other"), `invalid: there is no service "other"`},
		{"!1", nil, release().with("project", "team/gone"), "not_found: look up project team/gone: 404"},
	} {
		if tc.then != nil {
			must(t, tc.then())
		}
		_, err := resolve[CreateOut](w, "gitlab_mr_create", tc.ref, tc.in)
		wantError(t, err, tc.want)
	}
}

func TestResolveANote(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	want, err := w.note(a) // 2
	must(t, err, w.lab.Note(app, 1, "ann", "Deployed  **r1**."), w.lab.Note(app, 1, "ann", "nice"))
	for _, ref := range []string{"2", "note_2", "#note_2", "!1#note_2", page + "#note_2"} {
		got, err := resolve[NoteOut](w, "gitlab_mr_note", ref, a)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", ref, diff)
		}
	}
	if got, err := resolve[NoteOut](w, "gitlab_mr_note", "3", a); err != nil || got.Author != "ann" {
		t.Errorf("a person's own that says the same: %+v, %v", got, err)
	}
	for _, tc := range []struct {
		ref  string
		in   args
		want string
	}{
		{"4", a, `conflict: note 4 of !1 of team/app does not match: it says "nice" (name another note`},
		{"9", a, "not_found: read note 9 of !1 of team/app: 404 Not Found: 404 Note Not Found"},
		{"", a, `invalid: "" names no note of !1 of team/app (name it by its number`},
		{"!2#note_2", a, `invalid: "!2#note_2" names no note of !1 of team/app`},
		{"2", a.with("iid", 5), "not_found: read merge request !5 of team/app: 404"},
		{"2", a.with("service", "other"), `invalid: there is no service "other"`},
	} {
		_, err := resolve[NoteOut](w, "gitlab_mr_note", tc.ref, tc.in)
		wantError(t, err, tc.want)
	}
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		return r.URL.Path == "/api/v4/projects/team/app/merge_requests/1/notes/2" && answer("GET", 200, `{"id":7}`)(rw, r, lab)
	})
	_, err = resolve[NoteOut](w, "gitlab_mr_note", "2", a)
	wantError(t, err, "unavailable: read note 2 of !1 of team/app: the answer is about note 7")
}

func TestTwoNotesOfOurs(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	for range 2 {
		_, err := w.note(a)
		must(t, err)
	}
	want := "cannot_tell |notes 2, 3 of !1 of team/app all belong to this work; delete all but one|"
	if got := w.findNote(testKey, a); got != want {
		t.Errorf("got %s", got)
	}
}
