package jira_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// TestIndexedBetweenTheSearches: the search for the label does not know the
// issue yet, and the next search does.
func TestIndexedBetweenTheSearches(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on, lag(1))
		w.wantHere("AAP-101")
	})
}

// TestTheIndexLagsByTheClock: others file issues before and after ours, and
// the index knows none of them for up to five minutes.
func TestTheIndexLagsByTheClock(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		now := time.Date(2025, 1, 15, 10, 0, 0, 0, time.UTC)
		w := start(t, nil, on, func(o *jiratest.Options) { o.IndexLag, o.Now = 5*time.Minute, func() time.Time { return now } })
		theirs := func(path string) {
			mine := w.call
			defer func() { w.call = mine }()
			w.call.Key = step.Key{Work: "others", Path: path}
			must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", release))
		}
		for n := range 7 {
			theirs(fmt.Sprint("before", n))
		}
		if got := w.found("jira_create_issue", release); got.State != step.StateAbsent {
			t.Fatalf("before: %+v", got)
		}
		made := must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", release))
		for n := range 7 {
			theirs(fmt.Sprint("after", n))
		}
		for _, after := range []bool{false, true} {
			w.call.AfterUnknown = after
			for _, wait := range []time.Duration{0, time.Minute, 299 * time.Second, 300 * time.Second} {
				now = time.Date(2025, 1, 15, 10, 0, 0, 0, time.UTC).Add(wait)
				w.wantHere(made.Key)
			}
		}
	})
}

// TestOneRequestDeliveredTwice files two issues; both are named, at once and
// when looked for, until a person takes the label off one.
func TestOneRequestDeliveredTwice(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]int{"the first answer": 0, "the second answer": 1} {
		eachOnBoth(t, name, func(t *testing.T, on func(*jiratest.Options)) {
			w := start(t, twice(answer), on, lag(1000))
			_, err := do[jira.CreateOut](w, "jira_create_issue", release)
			w.wantCode("jira_create_issue", err, types.UnknownOutcome, "file an issue in AAP: sent once, but created twice: ", "AAP-101", "AAP-102", "remove the label "+ourLabel+" from the other")
			w.call.AfterUnknown = true
			w.wantFound(step.StateInconclusive, "", "AAP-101, AAP-102 all belong to this work", "")
			if err := w.srv.Unlabel("AAP-102", ourLabel); err != nil {
				t.Fatal(err)
			}
			w.wantHere("AAP-101")
		})
	}
}

// twice delivers each write twice, and gives back the first or second answer.
func twice(answer int) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet {
			return http.DefaultTransport.RoundTrip(r)
		}
		return again(r, answer)
	})
}

func again(r *http.Request, answer int) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	second := r.Clone(r.Context())
	r.Body, second.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	first, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	other, err := http.DefaultTransport.RoundTrip(second)
	if err != nil {
		return nil, err
	}
	answers := []*http.Response{first, other}
	return answers[answer], answers[1-answer].Body.Close()
}
