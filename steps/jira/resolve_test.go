package jira_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// resolve reads back what a person names.
func resolve[Out any](w *world, name, ref, in string) (Out, error) {
	w.Helper()
	var out Out
	raw, err := w.steps[name].Resolve(w.ctx(), ref, json.RawMessage(in))
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

func TestWhatTheWritesCan(t *testing.T) {
	t.Parallel()
	var got []string
	for _, s := range jira.Steps(nil) {
		if s.Effect == step.Writes {
			got = append(got, fmt.Sprintf("%s: update %t, resolve %q, undo %t, late %t", s.Name, s.CanUpdate(), s.RefFormat, s.CanUndo(), s.IsEventuallyConsistent()))
		}
	}
	want := []string{
		`jira_create_issue: update false, resolve "the key of the issue, AAP-7, or its address", undo true, late true`,
		`jira_add_link: update true, resolve "the number of the link, or the address it leads to", undo true, late false`,
		`jira_add_comment: update false, resolve "the number of the comment, or its address", undo true, late true`,
		`jira_transition: update false, resolve "the key of the issue that was moved, AAP-7, or its address", undo false, late true`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestResolveAnIssue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		w.srv.File("AAP", "2025-01-15 Release") // AAP-102, a person's own
		for ref, key := range map[string]string{"AAP-101": "AAP-101", " aap-102 ": "AAP-102", w.url + "/browse/AAP-101?x=y": "AAP-101"} {
			got := must[jira.CreateOut](t)(resolve[jira.CreateOut](w, "jira_create_issue", ref, release))
			want := jira.CreateOut{Key: key, ID: got.ID, URL: w.url + "/browse/" + key, Status: "To Do"}
			if diff := cmp.Diff(want, got); diff != "" || got.ID == "" {
				t.Errorf("%s: %s", ref, diff)
			}
		}
		if w.writes() != 1 {
			t.Errorf("%d writes", w.writes())
		}
	})
}

func TestResolveAnIssueThatIsNotIt(t *testing.T) {
	t.Parallel()
	w := filed(t) // AAP-101
	w.call.Key.Path, w.call.Run = "path2", "r2"
	must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", release)) // AAP-102
	w.srv.File("AAP", "something else")                                          // AAP-103
	w.srv.File("OTHER", "2025-01-15 Release")                                    // OTHER-100
	done := w.srv.File("AAP", "2025-01-15 Release")                              // AAP-104
	if err := w.srv.Transition(done, "Done"); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		code types.Code
		says string
	}{
		"AAP-9":           {types.NotFound, "read AAP-9: 404"},
		"7":               {types.BadInput, `"7" names no issue of ` + w.url},
		"https://x/AAP-1": {types.BadInput, `"https://x/AAP-1" names no issue of `},
		"AAP-101":         {types.Conflict, "AAP-101 was created by other work, in run r1 (name the issue of this work)"},
		"AAP-103":         {types.Conflict, `AAP-103 does not match: its summary is "something else", not "2025-01-15 Release" (name another issue`},
		"OTHER-100":       {types.Conflict, "OTHER-100 is not in the project AAP"},
		"AAP-104":         {types.Conflict, "AAP-104 is Done: only an open issue can be used (reopen it"},
	}
	for ref, tc := range tests {
		_, err := resolve[jira.CreateOut](w, "jira_create_issue", ref, release)
		w.wantCode("jira_create_issue", err, tc.code, tc.says)
	}
}

func TestResolveALink(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		want := must[jira.LinkOut](t)(do[jira.LinkOut](w, "jira_add_link", mr))
		for _, ref := range []string{fmt.Sprint(want.ID), " " + want.URL, ourLink} {
			got := must[jira.LinkOut](t)(resolve[jira.LinkOut](w, "jira_add_link", ref, mr))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", ref, diff)
			}
		}
		_, err := resolve[jira.LinkOut](w, "jira_add_link", "77", mr)
		w.wantCode("jira_add_link", err, types.NotFound, `AAP-100 has no link "77" (name it by the address it leads to`)
		_, err = resolve[jira.LinkOut](w, "jira_add_link", "", mr)
		w.wantCode("jira_add_link", err, types.NotFound, `AAP-100 has no link ""`)
		_, err = resolve[jira.LinkOut](w, "jira_add_link", ourLink, strings.Replace(mr, "/7", "/8", 1))
		w.wantCode("jira_add_link", err, types.Conflict, "the link 10002 of AAP-100 leads to https://gitlab.example.com/a/-/merge_requests/7, not to")
		_, err = resolve[jira.LinkOut](w, "jira_add_link", "77", strings.Replace(mr, "AAP-100", "AAP-9", 1))
		w.wantCode("jira_add_link", err, types.NotFound, "read the links of AAP-9: 404")
	})
	w := start(t, answering("GET", 200, nil, "null"))
	_, err := resolve[jira.LinkOut](w, "jira_add_link", "77", mr)
	w.wantCode("jira_add_link", err, types.Unavailable, "the answer has no list of links")
}

func TestALinkIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		was := must[jira.LinkOut](t)(do[jira.LinkOut](w, "jira_add_link", mr))
		other := strings.NewReplacer("/7", "/8", "!7 R", "!8 R").Replace(mr)
		found := w.found("jira_add_link", other)
		if found.State != step.StateDrifted || !strings.HasSuffix(found.Why, `; the title of the link is "!7 Release", not "!8 Release"`) {
			t.Fatalf("found %+v", found)
		}
		raw := must[json.RawMessage](t)(w.steps["jira_add_link"].Update(w.ctx(), w.call.Key, json.RawMessage(other), found.Out))
		want := was
		want.URL = "https://gitlab.example.com/a/-/merge_requests/8"
		if diff := cmp.Diff(string(types.Encode(want)), string(raw)); diff != "" {
			t.Error(diff)
		}
		if got := w.found("jira_add_link", other); got.State != step.StateExists {
			t.Errorf("after: %+v", got)
		}
		if got := w.srv.Issues()[0].RemoteLinks; len(got) != 1 || got[0].Title != "!8 Release" {
			t.Errorf("links: %+v", got)
		}
	})
}

func TestResolveAComment(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		want := must[jira.CommentOut](t)(do[jira.CommentOut](w, "jira_add_comment", remark))
		for _, ref := range []string{want.ID, want.URL, "AAP-100#" + want.ID} {
			got := must[jira.CommentOut](t)(resolve[jira.CommentOut](w, "jira_add_comment", ref, remark))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", ref, diff)
			}
		}
		if err := w.srv.Comment("AAP-100", "something else"); err != nil { // 10003
			t.Fatal(err)
		}
		_, err := resolve[jira.CommentOut](w, "jira_add_comment", "10003", remark)
		w.wantCode("jira_add_comment", err, types.Conflict, `comment 10003 of AAP-100 does not match: it says "something else" (name another`)
		same := `{"issue":"AAP-100","body":" something\nelse"}`
		if _, err := resolve[jira.CommentOut](w, "jira_add_comment", "10003", same); err != nil {
			t.Errorf("a person's own that says the same: %v", err)
		}
		_, err = resolve[jira.CommentOut](w, "jira_add_comment", "10099", remark)
		w.wantCode("jira_add_comment", err, types.NotFound, "read comment 10099 of AAP-100: 404")
		for _, ref := range []string{"", "x", "https://elsewhere/browse/AAP-100?focusedCommentId=10003"} {
			_, err = resolve[jira.CommentOut](w, "jira_add_comment", ref, remark)
			w.wantCode("jira_add_comment", err, types.BadInput, "names no comment of AAP-100 (name it by its number")
		}
	})
	w := start(t, answering("GET", 200, nil, `{"id":"8"}`))
	_, err := resolve[jira.CommentOut](w, "jira_add_comment", "7", remark)
	w.wantCode("jira_add_comment", err, types.Unavailable, "read comment 7 of AAP-100: the answer is not the comment that was asked for")
}

func TestResolveATransition(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		_, err := resolve[jira.MoveOut](w, "jira_transition", "AAP-100", beginning)
		w.wantCode("jira_transition", err, types.Conflict, "AAP-100 is To Do, not in progress (move it there")
		want := must[jira.MoveOut](t)(do[jira.MoveOut](w, "jira_transition", beginning))
		want.Changed = false
		got := must[jira.MoveOut](t)(resolve[jira.MoveOut](w, "jira_transition", w.url+"/browse/AAP-100", beginning))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if err := w.srv.Transition("AAP-100", "Done"); err != nil { // someone continues: it holds our mark
			t.Fatal(err)
		}
		got = must[jira.MoveOut](t)(resolve[jira.MoveOut](w, "jira_transition", "AAP-100", beginning))
		if got.Status != "Done" {
			t.Errorf("got %+v", got)
		}
		_, err = resolve[jira.MoveOut](w, "jira_transition", "AAP-7", beginning)
		w.wantCode("jira_transition", err, types.Conflict, "the step moves AAP-100, not AAP-7 (use --found AAP-100 when it is in progress")
		_, err = resolve[jira.MoveOut](w, "jira_transition", "seven", beginning)
		w.wantCode("jira_transition", err, types.BadInput, `"seven" names no issue of`)
		_, err = resolve[jira.MoveOut](w, "jira_transition", "AAP-9", strings.Replace(beginning, "AAP-100", "AAP-9", 1))
		w.wantCode("jira_transition", err, types.NotFound, "read AAP-9: 404")
	})
}

// TestAbilitiesNeedAService: nothing is sent for a service that is not there.
func TestAbilitiesNeedAService(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	outs := map[string]json.RawMessage{"jira_create_issue": json.RawMessage(`{}`), "jira_add_comment": json.RawMessage(`{}`),
		"jira_add_link": json.RawMessage(`{"global_id":"` + ourLink + `"}`)}
	for name, in := range map[string]string{"jira_create_issue": release, "jira_add_link": mr, "jira_add_comment": remark, "jira_transition": beginning} {
		in = `{"service":"old",` + in[1:]
		s := w.steps[name]
		_, err := s.Resolve(w.ctx(), "AAP-100", json.RawMessage(in))
		w.wantCode(name, err, types.BadInput, `there is no service "old"`)
		if s.CanUndo() {
			w.wantCode(name, s.Undo(w.ctx(), w.call.Key, json.RawMessage(in), outs[name]), types.BadInput, `there is no service "old"`)
		}
		if s.CanUpdate() {
			_, err = s.Update(w.ctx(), w.call.Key, json.RawMessage(in), json.RawMessage(`{}`))
			w.wantCode(name, err, types.BadInput, `there is no service "old"`)
		}
	}
}
