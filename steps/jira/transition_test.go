package jira_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

const beginning = `{"issue":"AAP-100","status":"in progress"}`

// office is a workflow with screens and detours.
func office(o *jiratest.Options) {
	o.Projects[0].Transitions = []jiratest.Transition{
		{Name: "Start", From: []string{"To Do"}, To: "In Progress"},
		{Name: "Resolve", From: []string{"In Progress"}, To: "Done", Fields: map[string]jiratest.Field{
			"resolution": {Name: "Resolution", Required: true, Allowed: []string{"Done", "Won't Do"}},
			"comment":    {Name: "Comment"},
			"assignee":   {Name: "Assignee", Required: true, Default: true},
		}},
		{Name: "Give up", From: []string{"In Progress"}, To: "Done"},
		{Name: "Reopen", From: []string{"Done"}, To: "To Do"},
	}
}

func TestTransition(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on, office)
		if got := w.found("jira_transition", beginning); got.State != step.StateAbsent {
			t.Fatalf("before: %+v", got)
		}
		got, err := do[jira.MoveOut](w, "jira_transition", beginning)
		if err != nil {
			t.Fatal(err)
		}
		want := jira.MoveOut{Issue: "AAP-100", Status: "In Progress", StatusCategory: "indeterminate", URL: w.url + "/browse/AAP-100", Changed: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		want.Changed = false
		here := w.found("jira_transition", beginning)
		if here.State != step.StateExists || here.Ref != "AAP-100" || string(here.Out) != string(types.Encode(want)) {
			t.Errorf("after: %+v", here)
		}
		w.call.Key.Path = "path2"
		resolve := `{"issue":"AAP-100","status":"Done","transition":"resolve","fields":{"resolution":{"name":"Done"}}}`
		if _, err := do[jira.MoveOut](w, "jira_transition", resolve); err != nil {
			t.Fatal(err)
		}
		if got := w.srv.Issues()[0]; got.Status != "Done" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestMovedByAPersonIsDone(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	if err := w.srv.Transition("AAP-100", "In Progress"); err != nil {
		t.Fatal(err)
	}
	if got := w.found("jira_transition", beginning); got.State != step.StateExists {
		t.Errorf("got %+v", got)
	}
}

// TestAnIssueThatWasMovedOnIsNotMovedBack is why a transition leaves a mark.
func TestAnIssueThatWasMovedOnIsNotMovedBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		if _, err := do[jira.MoveOut](w, "jira_transition", beginning); err != nil {
			t.Fatal(err)
		}
		if err := w.srv.Transition("AAP-100", "Done"); err != nil {
			t.Fatal(err)
		}
		got := w.found("jira_transition", beginning)
		if got.State != step.StateEnded || got.Why != "AAP-100 was moved to in progress, and is Done now" || !strings.Contains(got.Hint, "--again N") {
			t.Errorf("got %+v", got)
		}
		w.call.Digest = "digest2"
		got = w.found("jira_transition", beginning)
		if got.State != step.StateDrifted || got.Why != "AAP-100 was moved with other arguments than now, and is Done" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestATransitionWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if r.Method == http.MethodPost && err == nil {
				_ = resp.Body.Close()
				return nil, errors.New("connection reset by peer")
			}
			return resp, err
		}), on)
		_, err := do[jira.MoveOut](w, "jira_transition", beginning)
		w.wantCode("jira_transition", err, types.UnknownOutcome, "move AAP-100 to in progress: the request was sent and the answer was lost")
		if got := w.found("jira_transition", beginning); got.State != step.StateExists || w.posts() != 1 {
			t.Errorf("%d posts, %+v", w.posts(), got)
		}
	})
}

// TestTwoTransitionsOfOneName are told apart by their ids, and a status whose
// name is translated is named by its own.
func TestTwoTransitionsOfOneName(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		twice := func(o *jiratest.Options) {
			o.Projects[0].Transitions = []jiratest.Transition{
				{Name: "Close", To: "Done", Fields: map[string]jiratest.Field{"resolution": {Name: "Resolution"}}},
				{Name: "Close", To: "Done"}, {Name: "Start", To: "In Progress"},
			}
		}
		w := start(t, nil, on, twice)
		_, err := do[jira.MoveOut](w, "jira_transition", `{"issue":"AAP-100","status":"Done","transition":"Close"}`)
		w.wantCode("jira_transition", err, types.BadInput, "2 transitions lead AAP-100 to Done", "Close (to Done, id 11), Close (to Done, id 21)")
		move := `{"issue":"AAP-100","status":"10002","transition":"11","fields":{"resolution":{"name":"Done"}}}`
		if got := w.found("jira_transition", move); got.State != step.StateAbsent {
			t.Errorf("before: %+v", got)
		}
		out := must[jira.MoveOut](t)(do[jira.MoveOut](w, "jira_transition", move))
		if got := w.srv.Issues()[0]; out.Status != "Done" || got.Fields["resolution"] == nil {
			t.Errorf("got %+v, %+v", out, got)
		}
		if got := w.found("jira_transition", move); got.State != step.StateExists {
			t.Errorf("after: %+v", got)
		}
		_, err = do[jira.MoveOut](w, "jira_transition", `{"issue":"AAP-100","status":"Done","transition":"31"}`)
		w.wantCode("jira_transition", err, types.Conflict, "cannot be moved to Done from its status by 31")
	})
}

func TestTransitionsThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in     string
		change func(*jiratest.Options)
		from   string
		code   types.Code
		says   []string
	}{
		"no status": {`{"issue":"AAP-100","status":" "}`, office, "To Do", types.BadInput, []string{"the status is empty", "name the status"}},
		"no issue":  {`{"issue":"AAP-9","status":"Done"}`, office, "To Do", types.NotFound, []string{"read the transitions of AAP-9: 404 Not Found"}},
		"no way": {`{"issue":"AAP-100","status":"Done"}`, office, "To Do", types.Conflict,
			[]string{"AAP-100 cannot be moved to Done from its status", "possible now: Start (to In Progress)"}},
		"no such transition": {`{"issue":"AAP-100","status":"Done","transition":"Ship"}`, office, "In Progress", types.Conflict,
			[]string{"cannot be moved to Done from its status by Ship", "possible now: Resolve (to Done), Give up (to Done)"}},
		"no right": {beginning, denied("TRANSITION_ISSUES"), "To Do", types.Conflict, []string{"possible now: nothing; the account may lack the right"}},
		"two ways": {`{"issue":"AAP-100","status":"Done"}`, office, "In Progress", types.BadInput,
			[]string{"2 transitions lead AAP-100 to Done", "name one of them with transition: Resolve (to Done), Give up (to Done)"}},
		"hole in the screen": {`{"issue":"AAP-100","status":"Done","transition":"Resolve"}`, office, "In Progress", types.BadInput,
			[]string{"the transition Resolve of AAP-100 requires fields that are not given: resolution (Resolution) of Done, Won't Do", "under fields, by id"}},
		"not on the screen": {`{"issue":"AAP-100","status":"Done","transition":"Resolve","fields":{"resolution":{"name":"Done"},"colour":1}}`, office, "In Progress",
			types.BadInput, []string{"move AAP-100 to Done: 400 Bad Request: colour: Field 'colour' cannot be set."}},
		"no screen": {`{"issue":"AAP-100","status":"Done","transition":"Give up","fields":{"colour":1}}`, office, "In Progress",
			types.BadInput, []string{"move AAP-100 to Done: 400 Bad Request: colour: Field 'colour' cannot be set."}},
		"Jira's own words": {`{"issue":"AAP-100","status":"Done","transition":"Resolve","fields":{"resolution":{"name":"Eaten"}}}`, office, "In Progress",
			types.BadInput, []string{"move AAP-100 to Done: 400 Bad Request: resolution: The resolution 'Eaten' is not valid."}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil, tc.change)
			if err := w.srv.Transition("AAP-100", tc.from); err != nil {
				t.Fatal(err)
			}
			_, err := do[jira.MoveOut](w, "jira_transition", tc.in)
			w.wantCode("jira_transition", err, tc.code, tc.says...)
			if got := w.srv.Issues()[0].Status; got != tc.from {
				t.Errorf("it is %s now", got)
			}
		})
	}
}

func TestHowATransitionEnds(t *testing.T) {
	t.Parallel()
	after := func(status int, body string) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/issue/AAP-100") {
				return answering("GET", status, nil, body).RoundTrip(r)
			}
			return http.DefaultTransport.RoundTrip(r)
		})
	}
	tests := map[string]struct {
		rt   http.RoundTripper
		code types.Code
		says string
	}{
		"409":        {answering("POST", 409, nil, ""), types.Conflict, "move AAP-100 to in progress: 409 Conflict"},
		"500":        {answering("POST", 500, nil, ""), types.UnknownOutcome, "500"},
		"login page": {answering("POST", 200, nil, "<html>"), types.UnknownOutcome, "move AAP-100 to in progress: the answer is not Jira's: it has a body where Jira sends none"},
		"no list":    {answering("GET", 200, nil, `{}`), types.Unavailable, "read the transitions of AAP-100: the answer has no list of transitions"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tc.rt)
			_, err := do[jira.MoveOut](w, "jira_transition", beginning)
			w.wantCode("jira_transition", err, tc.code, tc.says)
		})
	}
	// A yes is a yes, whatever is seen afterwards: nothing is sent again.
	for told, tc := range map[string]struct {
		rt     http.RoundTripper
		status string
	}{
		"AAP-100 was moved, but cannot be read now: read AAP-100: 503 Service Unavailable": {after(503, ""), "in progress"},
		"AAP-100 was moved to in progress, and is Shipped by now":                          {after(200, `{"id":"1","key":"AAP-100","fields":{"status":{"name":"Shipped","statusCategory":{"key":"done"}}}}`), "Shipped"},
	} {
		w := start(t, tc.rt)
		var heard []string
		w.call.Tell = func(text string) { heard = append(heard, text) }
		out, err := do[jira.MoveOut](w, "jira_transition", beginning)
		if err != nil || out.Status != tc.status || !out.Changed || len(heard) != 1 || heard[0] != told {
			t.Errorf("%+v, %v; heard %q, want %q", out, err, heard, told)
		}
	}
	w := start(t, nil)
	_, err := w.find("jira_transition", `{"issue":"AAP-9","status":"Done"}`)
	w.wantCode("jira_transition", err, types.NotFound, "read AAP-9: 404")
	_, err = w.find("jira_transition", `{"issue":"AAP-9","status":""}`)
	w.wantCode("jira_transition", err, types.BadInput, "the status is empty")
	w.call = step.Call{}
	_, err = do[jira.MoveOut](w, "jira_transition", beginning)
	w.wantCode("jira_transition", err, types.Internal, "the call has no key")
}

func TestPreviewTransition(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	preview := w.steps["jira_transition"].Preview
	got, err := preview(w.ctx(), json.RawMessage(`{"issue":"","status":"Done","transition":"Resolve","fields":{"resolution":{"name":"Done"}}}`), step.UnknownPaths{"issue"})
	if err != nil {
		t.Fatal(err)
	}
	want := step.Change{Title: "move an issue to Done", Fields: []step.FieldChange{
		{Name: "status", Value: "Done"}, {Name: "transition", Value: "Resolve"},
		{Name: "fields.resolution", Value: `{"name":"Done"}`},
	}}
	if diff := cmp.Diff(want, got.Change); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(step.UnknownPaths{"status_category", "url", "issue"}, got.Unknown); diff != "" {
		t.Error(diff)
	}
	got, err = preview(w.ctx(), json.RawMessage(`{"issue":"AAP-100","status":"Done"}`), nil)
	if err != nil || !strings.Contains(string(got.Out), w.url+"/browse/AAP-100") || len(got.Unknown) != 1 || len(w.srv.Requests()) != 0 {
		t.Errorf("got %s, unknown %v, %v", got.Out, got.Unknown, err)
	}
	w.call.Presumed = true
	got, err = preview(w.ctx(), json.RawMessage(`{"issue":"AAP-100","status":"Done"}`), nil)
	if diff := cmp.Diff(step.UnknownPaths{"status_category", "changed"}, got.Unknown); diff != "" || err != nil {
		t.Errorf("behind another write: %v %s", err, diff)
	}
	_, err = preview(w.ctx(), json.RawMessage(`{"issue":"AAP-100","status":"Done","service":"old"}`), nil)
	w.wantCode("jira_transition", err, types.BadInput, `there is no service "old"`)
	_, err = preview(w.ctx(), json.RawMessage(`{"issue":"AAP-1","status":""}`), nil)
	w.wantCode("jira_transition", err, types.BadInput, "the status is empty")
}

// TestTwoTransitionsOfOneIssueAreAdopted by a second run, which knows nothing of
// the first: what the second transition moved on from is done.
func TestTwoTransitionsOfOneIssueAreAdopted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		const finishing = `{"issue":"AAP-100","status":"Done"}`
		w := start(t, nil, on)
		first := w.call.Key
		second := step.Key{Work: first.Work, Path: "second"}
		must[jira.MoveOut](t)(do[jira.MoveOut](w, "jira_transition", beginning))
		w.call.Key, w.call.Results = second, func(string) []step.Result {
			return []step.Result{{Key: first.String(), Out: types.Values{"issue": "AAP-100"}}, {Key: "work-other", Out: types.Values{"issue": "AAP-7"}}}
		}
		must[jira.MoveOut](t)(do[jira.MoveOut](w, "jira_transition", finishing))
		w.call.Results = nil
		for key, want := range map[step.Key]step.FoundState{
			first: step.StateExists, second: step.StateExists,
			{Work: first.Work, Path: "other"}:   step.StateAbsent, // of another issue
			{Work: "another", Path: first.Path}: step.StateAbsent,
		} {
			w.call.Key = key
			in := beginning
			if key == second {
				in = finishing
			}
			if got := w.found("jira_transition", in); got.State != want {
				t.Errorf("%s: %+v", key, got)
			}
		}
		// What someone else did to it since is no work of ours.
		if err := w.srv.Transition("AAP-100", "To Do"); err != nil {
			t.Fatal(err)
		}
		w.call.Key = first
		if got := w.found("jira_transition", beginning); got.State != step.StateEnded {
			t.Errorf("moved back: %+v", got)
		}
	})
}

// TestATransitionThatWasFoundDoneIsNotMovedBack: the first was a person's, so it
// left no mark, and the second moved the issue on.
func TestATransitionThatWasFoundDoneIsNotMovedBack(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	first := w.call.Key
	w.call.Key.Path, w.call.Results = "second", func(string) []step.Result {
		return []step.Result{{Key: first.String(), Out: types.Values{"issue": "AAP-100"}}}
	}
	must[jira.MoveOut](t)(do[jira.MoveOut](w, "jira_transition", `{"issue":"AAP-100","status":"Done"}`))
	w.call.Key, w.call.Results = first, nil
	if got := w.found("jira_transition", beginning); got.State != step.StateExists {
		t.Errorf("got %+v", got)
	}
	// The other way round: the first, done again, does not make the second done.
	if err := w.srv.Transition("AAP-100", "To Do"); err != nil {
		t.Fatal(err)
	}
	must[jira.MoveOut](t)(do[jira.MoveOut](w, "jira_transition", beginning))
	w.call.Key.Path = "second"
	if got := w.found("jira_transition", `{"issue":"AAP-100","status":"Done"}`); got.State != step.StateEnded {
		t.Errorf("the second: %+v", got)
	}
}
