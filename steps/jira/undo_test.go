package jira_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// undo reverses what was made of in.
func (w *world) undo(name, in string, out any) error {
	return w.steps[name].Undo(w.ctx(), w.call.Key, json.RawMessage(in), types.Encode(out))
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// writes are all requests but reads that reached the stand-in.
func (w *world) writes() int {
	n := 0
	for _, r := range w.srv.Requests() {
		if r.Method != http.MethodGet {
			n++
		}
	}
	return n
}

func TestUndoAnIssueClosesIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		out := jira.CreateOut{Key: "AAP-101"}
		say := must[string](t)(w.steps["jira_create_issue"].DescribeUndo(json.RawMessage(release), types.Encode(out)))
		if say != "close issue AAP-101" {
			t.Errorf("says %q", say)
		}
		for range 2 { // the second time it is closed already
			if err := w.undo("jira_create_issue", release, out); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.srv.Issues()[1]; got.Status != "Done" || w.writes() != 2 {
			t.Errorf("%d writes left %+v", w.writes(), got)
		}
		w.wantFound(step.StateAbsent, "", "", "") // an issue that we ended is no obstacle
		if err := w.srv.Transition("AAP-101", "To Do"); err != nil {
			t.Fatal(err)
		}
		w.wantFound(step.StateExists, "AAP-101", "", "") // unless a person reopens it
		if err := w.srv.Delete("AAP-101"); err != nil {
			t.Fatal(err)
		}
		if err := w.undo("jira_create_issue", release, out); err != nil {
			t.Errorf("deleted meanwhile: %v", err)
		}
	})
}

// TestMarkerOfOurs: an issue that a person closed before the undo is ended by it
// too; until then it is an obstacle.
func TestMarkerOfOurs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		if err := w.srv.Transition("AAP-101", "Done"); err != nil {
			t.Fatal(err)
		}
		w.wantFound(step.StateEnded, "AAP-101", "AAP-101 is Done since", "reopen AAP-101")
		before := w.writes()
		for range 2 {
			if err := w.undo("jira_create_issue", release, jira.CreateOut{Key: "AAP-101"}); err != nil {
				t.Fatal(err)
			}
		}
		w.wantFound(step.StateAbsent, "", "", "")
		if n := w.writes() - before; n != 1 {
			t.Errorf("%d writes, want the one that marks it", n)
		}
	})
}

func TestAnIssueThatCannotBeClosed(t *testing.T) {
	t.Parallel()
	resolution := map[string]jiratest.Field{"resolution": {Name: "Resolution", Required: true, Allowed: []string{"Fixed", "Won't Do"}}}
	wants := func(list ...jiratest.Transition) func(*jiratest.Options) {
		return func(o *jiratest.Options) { o.Projects[0].Transitions = list }
	}
	tests := map[string]struct {
		change func(*jiratest.Options)
		key    string
		code   types.Code
		says   string
	}{
		"no way": {wants(jiratest.Transition{Name: "Start", To: "In Progress"}), "AAP-101", types.Conflict,
			"AAP-101 is To Do, and no transition leads from there to a done status (possible now: Start (to In Progress); close it by hand: "},
		"screen": {wants(jiratest.Transition{Name: "Resolve", To: "Done", Fields: resolution}), "AAP-101", types.Conflict,
			"AAP-101 cannot be closed without more fields: Resolve requires resolution (Resolution) of Fixed, Won't Do (close it in Jira by hand: "},
		"no right":  {denied("TRANSITION_ISSUES"), "AAP-101", types.Conflict, "possible now: nothing; close it by hand"},
		"not ours":  {wants(), "AAP-100", types.Conflict, "AAP-100 does not have the marker of this work, so it is not changed (check it"},
		"not there": {wants(), "NO-1", types.NotFound, "read NO-1: 404"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := filed(t, tc.change)
			err := w.undo("jira_create_issue", release, jira.CreateOut{Key: tc.key})
			w.wantCode("jira_create_issue", err, tc.code, tc.says)
			if w.writes() != 1 {
				t.Errorf("%d writes", w.writes())
			}
		})
	}
}

// TestUndoThatIsNotAnswered loses the answer of each undo after it was done.
func TestUndoThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	var lose bool
	w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if lose && r.Method != http.MethodGet && err == nil {
			_ = resp.Body.Close()
			return nil, errors.New("connection reset by peer")
		}
		return resp, err
	}))
	issue := must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", release))
	link := must[jira.LinkOut](t)(do[jira.LinkOut](w, "jira_add_link", mr))
	said := must[jira.CommentOut](t)(do[jira.CommentOut](w, "jira_add_comment", remark))
	for name, x := range map[string]struct {
		in  string
		out any
	}{"jira_create_issue": {release, issue}, "jira_add_link": {mr, link}, "jira_add_comment": {remark, said}} {
		lose = true
		w.wantCode(name, w.undo(name, x.in, x.out), types.UnknownOutcome, "the answer was lost")
		lose = false
		if err := w.undo(name, x.in, x.out); err != nil {
			t.Errorf("%s again: %v", name, err)
		}
	}
	if got := w.srv.Issues(); got[1].Status != "Done" || len(got[0].RemoteLinks) != 0 || len(got[0].Comments) != 0 || w.writes() != 6 {
		t.Errorf("%d writes left %+v", w.writes(), got)
	}
}

func TestNothingIsClosedWithoutAKey(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	say := must[string](t)(w.steps["jira_create_issue"].DescribeUndo(json.RawMessage(release), json.RawMessage(`{}`)))
	if say != "" {
		t.Errorf("says %q", say)
	}
}

func TestUndoALink(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		out := must[jira.LinkOut](t)(do[jira.LinkOut](w, "jira_add_link", mr))
		say := must[string](t)(w.steps["jira_add_link"].DescribeUndo(json.RawMessage(mr), types.Encode(out)))
		if say != "remove the link to https://gitlab.example.com/a/-/merge_requests/7 from AAP-100" {
			t.Errorf("says %q", say)
		}
		for range 2 {
			if err := w.undo("jira_add_link", mr, out); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.srv.Issues()[0].RemoteLinks; len(got) != 0 || w.writes() != 2 {
			t.Errorf("%d writes left %+v", w.writes(), got)
		}
		theirs := out
		theirs.GlobalID = "else"
		w.wantCode("jira_add_link", w.undo("jira_add_link", mr, theirs), types.Conflict, "the link 10002 of AAP-100 does not have the marker of this work")
		gone := out
		gone.Issue = "NO-1"
		w.wantCode("jira_add_link", w.undo("jira_add_link", mr, gone), types.NotFound, "read NO-1: 404")
	})
}

func TestUndoAComment(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		out := must[jira.CommentOut](t)(do[jira.CommentOut](w, "jira_add_comment", remark)) // 10002
		if err := w.srv.Comment("AAP-100", "theirs"); err != nil {                          // 10003
			t.Fatal(err)
		}
		say := must[string](t)(w.steps["jira_add_comment"].DescribeUndo(json.RawMessage(remark), types.Encode(out)))
		if say != "delete comment 10002 of AAP-100" {
			t.Errorf("says %q", say)
		}
		for range 2 {
			if err := w.undo("jira_add_comment", remark, out); err != nil {
				t.Fatal(err)
			}
		}
		theirs := out
		theirs.ID = "10003"
		w.wantCode("jira_add_comment", w.undo("jira_add_comment", remark, theirs), types.Conflict, "comment 10003 of AAP-100 does not have the marker of this work")
		if diff := cmp.Diff([]string{"theirs"}, w.srv.Issues()[0].Comments); diff != "" || w.writes() != 2 {
			t.Errorf("%d writes, comments: %s", w.writes(), diff)
		}
	})
}

// TestSomebodyElseDeletesItFirst deletes between the look and the request.
func TestSomebodyElseDeletesItFirst(t *testing.T) {
	t.Parallel()
	w := start(t, answering("DELETE", 404, nil, ""))
	out := must[jira.CommentOut](t)(do[jira.CommentOut](w, "jira_add_comment", remark))
	if err := w.undo("jira_add_comment", remark, out); err != nil {
		t.Error(err)
	}
	w = start(t, answering("DELETE", 403, nil, "no"))
	out = must[jira.CommentOut](t)(do[jira.CommentOut](w, "jira_add_comment", remark))
	w.wantCode("jira_add_comment", w.undo("jira_add_comment", remark, out), types.Forbidden, "delete comment 10002 of AAP-100: 403 Forbidden: no")
}
