package gitlab

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// update looks, and brings what it finds up to date.
func update[Out any](w *world, name string, a args) (Out, error) {
	w.t.Helper()
	s := w.step(name)
	found, err := s.Find(w.ctx(s, testKey, a), testKey, a.json())
	if err == nil && found.State != step.StateDrifted {
		w.t.Errorf("found %+v, which is not brought up to date", found)
	}
	if err != nil {
		return decoded[Out](nil, err)
	}
	raw, err := s.Update(w.ctx(s, testKey, a), testKey, a.json(), found.Out)
	return decoded[Out](raw, err)
}

// undo reverses what was made of a.
func (w *world) undo(name string, a args, out any) error {
	w.t.Helper()
	s := w.step(name)
	return s.Undo(w.ctx(s, testKey, a), testKey, a.json(), types.Encode(out))
}

func TestAMergeRequestIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release().with("labels", []any{"a"}).with("reviewers", []any{"ann"}))
	must(t, w.lab.Approve(app, 1, "ann"))
	a := release().with("title", "Release 2").with("description", "new").with("labels", []any{"b"}).with("reviewers", []any{"zoe"}).with("assignees", []any{"zoe"})
	got, err := update[CreateOut](w, "gitlab_mr_create", a)
	must(t, err)
	want := CreateOut{IID: 1, WebURL: page, Title: "Release 2", State: "opened", SourceBranch: "r1", TargetBranch: "master", Project: app, Reference: "!1",
		Labels: []string{"a", "b"}, Reviewers: []string{"zoe", "ann"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := brief(w.find(testKey, a)); got != "here !1||" {
		t.Errorf("after: %s", got)
	}
	if m := w.lab.MergeRequests(); len(m) != 1 || w.sent() != 1 {
		t.Errorf("%d POSTs, %+v", w.sent(), m)
	}
}

func TestAMergeRequestThatIsNotBroughtUpToDate(t *testing.T) {
	t.Parallel()
	a := release().with("title", "Release 2")
	for _, tc := range []struct {
		name string
		then func(*world) error
		in   args
		want string
	}{
		{"merged meanwhile", func(w *world) error { return w.lab.Merge(app, 1, "zoe") }, a, "conflict: it is no longer open: !1 was merged by zoe at 2026-03-01T12:00:00Z (the work is done"},
		{"somebody's", func(w *world) error { return w.lab.Describe(app, 1, "ann", "x") }, a,
			"conflict: merge request !1 of team/app does not have the marker of this work, so it is not changed (check it"},
		{"unknown reviewer", nil, a.with("reviewers", []any{"who"}), `not_found: there is no user "who" in GitLab`},
		{"no title", nil, a.with("title", ""), "invalid: the title is empty"},
		{"unknown service", nil, a.with("service", "other"), `invalid: there is no service "other"`},
		{"gone", nil, a.with("project", "team/open"), "not_found: read merge request !1 of team/open: 404"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			out := w.mustCreate(release())
			if tc.then != nil {
				must(t, tc.then(w))
			}
			s := w.step("gitlab_mr_create")
			_, err := s.Update(w.ctx(s, testKey, tc.in), testKey, tc.in.json(), types.Encode(out))
			wantError(t, err, tc.want)
			if got := w.lab.MergeRequests()[0].Title; got != "Release 1" {
				t.Errorf("title %q", got)
			}
		})
	}
	w := newWorld(t)
	s := w.step("gitlab_mr_create")
	_, err := s.Update(t.Context(), step.Key{}, a.json(), types.Encode(w.mustCreate(release())))
	wantError(t, err, "internal: the call has no key")
}

// TestChangesSortTheAnswer checks the ways in which a change can end against the
// four answers of the protocol.
func TestChangesSortTheAnswer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		method string
		status int
		body   string
		want   string
	}{
		{"PUT", 401, `{"message":"401 Unauthorized"}`, "auth: WHAT: 401 Unauthorized"},
		{"PUT", 403, `{"message":"403 Forbidden"}`, "forbidden: WHAT: 403 Forbidden"},
		{"PUT", 409, `{"message":"Conflict"}`, "conflict: WHAT: 409 Conflict"},
		{"PUT", 408, ``, "unknown_outcome: WHAT: 408 Request Timeout"},
		{"PUT", 503, ``, "unknown_outcome: WHAT: 503 Service Unavailable"},
		{"PUT", 307, ``, "unknown_outcome: WHAT: 307 Temporary Redirect"},
		{"PUT", 200, `<html>`, "unknown_outcome: WHAT: the answer is not GitLab's: "},
		{"PUT", 200, `{"iid":7,"id":9}`, "unknown_outcome: WHAT: the answer is not what was asked for: "},
		{"PUT", 200, `{"iid":1,"state":"locked"}`, "unknown_outcome: WHAT: the answer is not what was asked for: "},
	} {
		w, a := noted(t)
		said, err := w.note(a)
		must(t, err)
		mr, err := resolve[CreateOut](w, "gitlab_mr_create", "!1", release())
		must(t, err)
		w.breakWith(answer(tc.method, tc.status, tc.body))
		for what, do := range map[string]func() error{
			"close merge request !1 of team/app": func() error { return w.undo("gitlab_mr_create", release(), mr) },
			"update merge request !1 of team/app": func() error {
				_, err := update[CreateOut](w, "gitlab_mr_create", release().with("title", "Release 2"))
				return err
			},
			"update note 2 of !1 of team/app": func() error {
				_, err := update[NoteOut](w, "gitlab_mr_note", a.with("body", "more"))
				return err
			},
		} {
			wantError(t, do(), strings.ReplaceAll(tc.want, "WHAT", what))
		}
		w.breakWith(answer("DELETE", tc.status, tc.body))
		if err := w.undo("gitlab_mr_note", a, said); tc.status != 200 {
			wantError(t, err, strings.ReplaceAll(tc.want, "WHAT", "delete note 2 of !1 of team/app"))
		} else {
			wantError(t, err, "unknown_outcome: delete note 2 of !1 of team/app: the answer is not what was asked for: it is 200, where GitLab sends no body (resume the run")
		}
	}
}

func TestUndoAMergeRequestClosesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.mustCreate(release())
	s := w.step("gitlab_mr_create")
	say, err := s.DescribeUndo(release().json(), types.Encode(out))
	if err != nil || say != "close merge request !1 of team/app" {
		t.Errorf("says %q, %v", say, err)
	}
	for range 2 { // the second time it is closed already
		must(t, w.undo("gitlab_mr_create", release(), out))
	}
	if diff := cmp.Diff([]string{"created", "closed"}, happened(w.lab)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// TestMarkerOfOurs: a merge request that an undo ended is no obstacle, also when
// someone had closed it before; one that a person reopens is, as a stranger's.
func TestMarkerOfOurs(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"", "ann"} {
		w := newWorld(t)
		out := w.mustCreate(release())
		if first != "" {
			must(t, w.lab.Close(app, 1, first))
			if got := brief(w.find(testKey, release())); !strings.HasPrefix(got, "over !1|!1 was closed by ann") {
				t.Errorf("before the undo: %s", got)
			}
		}
		for range 2 {
			must(t, w.undo("gitlab_mr_create", release(), out))
		}
		if got := brief(w.find(testKey, release())); got != "absent ||" {
			t.Errorf("after the undo: %s", got)
		}
		if m := w.lab.MergeRequests()[0]; m.State != "closed" || !strings.Contains(m.Description, "<!-- skillrun undone key="+testKey.String()) {
			t.Errorf("%s: %s", m.State, m.Description)
		}
		w.mustCreate(release())
		if got := brief(w.find(testKey, release())); got != "here !2||" {
			t.Errorf("begun anew: %s", got)
		}
		must(t, w.lab.Close(app, 2, "zoe"))
		must(t, w.lab.Reopen(app, 1, "zoe"))
		if got := brief(w.find(testKey, release())); !strings.HasPrefix(got, "over !1|!1 from this branch was opened by") {
			t.Errorf("reopened: %s", got)
		}
	}
}

// TestLookBeforeUndo: what would be refused is known before, and nothing is sent.
func TestLookBeforeUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.mustCreate(release())
	s := w.step("gitlab_mr_create")
	look := func() error {
		return s.CheckUndo(w.ctx(s, testKey, release()), testKey, release().json(), types.Encode(out))
	}
	sent := w.sent()
	must(t, look())
	must(t, w.lab.Merge(app, 1, "zoe"))
	wantError(t, look(), "conflict: !1 cannot be closed: it was merged by zoe")
	if w.sent() != sent || w.lab.MergeRequests()[0].State != "merged" {
		t.Errorf("%d writes", w.sent()-sent)
	}
}

func TestAMergeRequestThatIsNotClosed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		then func(*world) error
		in   args
		want string
	}{
		{"merged", func(w *world) error { return w.lab.Merge(app, 1, "zoe") }, release(),
			"conflict: !1 cannot be closed: it was merged by zoe at 2026-03-01T12:00:00Z (release the previous version"},
		{"locked", func(w *world) error { return w.lab.Lock(app, 1, "zoe") }, release(), "conflict: !1 cannot be closed: it is being merged now (try again"},
		{"somebody's", func(w *world) error { return w.lab.Describe(app, 1, "ann", "x") }, release(),
			"conflict: merge request !1 of team/app does not have the marker of this work"},
		{"deleted", nil, release().with("project", "team/open"), ""},
		{"project gone", nil, release().with("project", "team/gone"), "not_found: read merge request !1 of team/gone: 404"},
		{"unknown service", nil, release().with("service", "other"), `invalid: there is no service "other"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			out := w.mustCreate(release())
			if tc.then != nil {
				must(t, tc.then(w))
			}
			was := w.lab.MergeRequests()[0].State
			wantError(t, w.undo("gitlab_mr_create", tc.in, out), tc.want)
			if got := w.lab.MergeRequests()[0].State; got != was {
				t.Errorf("it is %s", got)
			}
		})
	}
}

func TestANoteIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	was, err := w.note(a)
	must(t, err)
	more := a.with("body", "Deployed **r2**.\n/close")
	got, err := update[NoteOut](w, "gitlab_mr_note", more)
	must(t, err)
	if diff := cmp.Diff(was, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := w.findNote(testKey, more); got != "here !1#note_2||" {
		t.Errorf("after: %s", got)
	}
	if got := w.lab.MergeRequests()[0]; len(got.Notes) != 1 || got.State != "opened" || w.sent() != 2 {
		t.Errorf("%d POSTs left %+v", w.sent(), got)
	}
	s := w.step("gitlab_mr_note")
	must(t, w.lab.Note(app, 1, "ann", "nice"))
	for _, tc := range []struct {
		in   args
		out  NoteOut
		key  step.Key
		want string
	}{
		{more, NoteOut{ID: 3}, testKey, "conflict: note 3 of !1 of team/app does not have the marker of this work"},
		{more, NoteOut{ID: 9}, testKey, "not_found: read note 9 of !1 of team/app: 404"},
		{more.with("iid", 5), was, testKey, "not_found: read merge request !5 of team/app: 404"},
		{more.with("body", ""), was, testKey, "invalid: the note is empty"},
		{more.with("service", "other"), was, testKey, `invalid: there is no service "other"`},
		{more, was, step.Key{}, "internal: the call has no key"},
	} {
		_, err := s.Update(w.ctx(s, testKey, tc.in), tc.key, tc.in.json(), types.Encode(tc.out))
		wantError(t, err, tc.want)
	}
}

func TestUndoANote(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	out, err := w.note(a)
	must(t, err, w.lab.Note(app, 1, "ann", "nice"))
	say, err := w.step("gitlab_mr_note").DescribeUndo(a.json(), types.Encode(out))
	if err != nil || say != "delete note 2 of !1 of team/app" {
		t.Errorf("says %q, %v", say, err)
	}
	theirs := out
	theirs.ID = 3
	wantError(t, w.undo("gitlab_mr_note", a, theirs), "conflict: note 3 of !1 of team/app does not have the marker of this work")
	wantError(t, w.undo("gitlab_mr_note", a.with("service", "other"), out), `invalid: there is no service "other"`)
	wantError(t, w.undo("gitlab_mr_note", a.with("project", "team/gone"), out), "not_found: read note 2 of !1 of team/gone: 404")
	w.breakWith(answer("DELETE", 404, `{"message":"404 Note Not Found"}`)) // someone is faster
	must(t, w.undo("gitlab_mr_note", a, out))
	w.breakWith(nil)
	for range 2 {
		must(t, w.undo("gitlab_mr_note", a, out))
	}
	if diff := cmp.Diff([]string{"nice"}, w.lab.MergeRequests()[0].Notes); diff != "" {
		t.Error(diff)
	}
}
