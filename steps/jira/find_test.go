package jira_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

const ourLabel = "skr-work1-path1"

// filed is a world in which the issue of the call was filed.
func filed(t *testing.T, change ...func(*jiratest.Options)) *world {
	t.Helper()
	w := start(t, nil, change...)
	if _, err := do[jira.CreateOut](w, "jira_create_issue", release); err != nil {
		t.Fatal(err)
	}
	return w
}

// wantHere checks that the issue is adopted.
func (w *world) wantHere(key string) {
	w.Helper()
	got := w.found("jira_create_issue", release)
	var out jira.CreateOut
	if got.State != step.StateExists || got.Ref != key {
		w.Fatalf("got %+v, want %s here", got, key)
	}
	if err := json.Unmarshal(got.Out, &out); err != nil {
		w.Fatal(err)
	}
	want := jira.CreateOut{Key: key, ID: out.ID, URL: w.url + "/browse/" + key, Status: "To Do"}
	if diff := cmp.Diff(want, out); diff != "" || out.ID == "" {
		w.Error(diff)
	}
}

func (w *world) wantFound(state step.FoundState, ref, why, hint string) {
	w.Helper()
	got := w.found("jira_create_issue", release)
	if got.State != state || got.Ref != ref || !strings.Contains(got.Why, why) || !strings.Contains(got.Hint, hint) {
		w.Errorf("got %+v\nwant %s %s: %s (%s)", got, state, ref, why, hint)
	}
}

func TestFindByLabel(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) { filed(t, on).wantHere("AAP-101") })
}

func TestFindWhileTheIndexLags(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on, lag(100))
		w.wantHere("AAP-101")
		for range 4 { // issues of others do not hide ours, indexed or not
			w.srv.File("AAP", "of somebody else")
		}
		w.wantHere("AAP-101")
		if got := w.ours(); len(got) != 1 {
			t.Errorf("issues of ours: %v", got)
		}
	})
}

func TestFindOursBelowTheOnlyIndexedIssue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on, lag(100))
		w.srv.File("AAP", "indexed before ours")
		if err := w.srv.Delete("AAP-100"); err != nil {
			t.Fatal(err)
		}
		w.wantHere("AAP-101")
	})
}

func TestFindAcrossNumbersThatAreGone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on, lag(1000))
		skip := func(n int) {
			for range n {
				if err := w.srv.Delete(w.srv.File("AAP", "gone")); err != nil {
					t.Fatal(err)
				}
			}
		}
		skip(4)
		if _, err := do[jira.CreateOut](w, "jira_create_issue", release); err != nil {
			t.Fatal(err)
		}
		w.wantHere("AAP-105")

		w.call.Key.Path = "path2"
		skip(15)
		if _, err := do[jira.CreateOut](w, "jira_create_issue", release); err != nil {
			t.Fatal(err)
		}
		w.call.AfterUnknown = true
		w.wantHere("AAP-121")
	})
}

func TestAbsentIsProvedByProbing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		after  bool
		probes int
	}{"first": {false, 5}, "after an unknown outcome": {true, 20}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			w.call.AfterUnknown = tc.after
			w.wantFound(step.StateAbsent, "", "", "")
			above := 0
			for _, r := range w.srv.Requests() {
				var n int
				if _, err := fmt.Sscanf(r.URL, "/rest/api/2/issue/AAP-%d?", &n); err == nil && n > 100 {
					above++
				}
			}
			if above != tc.probes {
				t.Errorf("%d numbers above the newest were read, want %d", above, tc.probes)
			}
		})
	}
}

func TestAnEmptyProject(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on, func(o *jiratest.Options) { o.FirstNumber = 0; o.SearchLag = 100 })
		if err := w.srv.Delete("AAP-1"); err != nil {
			t.Fatal(err)
		}
		w.wantFound(step.StateAbsent, "", "", "")
		w.call.AfterUnknown = true
		w.wantFound(step.StateInconclusive, "", "look in AAP for an issue with the label "+ourLabel, "")
		if _, err := do[jira.CreateOut](w, "jira_create_issue", release); err != nil {
			t.Fatal(err)
		}
		w.wantHere("AAP-2")
	})
}

func TestTheProbeGivesUp(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/issue/AAP-") { // numbers never end
				r = r.Clone(r.Context())
				r.URL.Path = "/rest/api/2/issue/AAP-100"
			}
			return http.DefaultTransport.RoundTrip(r)
		}), on)
		w.wantFound(step.StateInconclusive, "", "the search index may lag", "")
		if n := len(w.srv.Requests()); n > 510 {
			t.Errorf("%d requests", n)
		}
	})
}

// TestALostAnswer lets the stand-in file the issue and then drops its answer,
// with the index lagging: the worst case.
func TestALostAnswer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if r.Method == http.MethodPost && err == nil {
				_ = resp.Body.Close()
				return nil, errors.New("connection reset by peer")
			}
			return resp, err
		}), on, lag(100))
		_, err := do[jira.CreateOut](w, "jira_create_issue", release)
		w.wantCode("jira_create_issue", err, types.UnknownOutcome, "file an issue in AAP: the request was sent and the answer was lost")
		w.call.AfterUnknown = true
		w.wantHere("AAP-101")
		if got := w.ours(); len(got) != 1 || w.posts() != 1 {
			t.Errorf("%d posts made %v", w.posts(), got)
		}
	})
}

func TestOverWhenAPersonClosedIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, change func(*jiratest.Options)) {
		w := filed(t, change)
		if err := w.srv.Transition("AAP-101", "In Progress"); err != nil {
			t.Fatal(err)
		}
		if got := w.found("jira_create_issue", release); got.State != step.StateExists {
			t.Errorf("in progress: %+v", got)
		}
		if err := w.srv.Transition("AAP-101", "Done"); err != nil {
			t.Fatal(err)
		}
		w.wantFound(step.StateEnded, "AAP-101", "AAP-101 is Done since 2025-01-15T10:00:00Z", "reopen AAP-101 and run this again, or use --again N")
		if err := w.srv.Transition("AAP-101", "To Do"); err != nil {
			t.Fatal(err)
		}
		w.wantHere("AAP-101")
	})
}

func TestOverWhenItWasMoved(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on, lag(1))
		if err := w.srv.Move("AAP-101", "OTHER"); err != nil {
			t.Fatal(err)
		}
		for range 2 { // by number, then by label
			w.wantFound(step.StateEnded, "OTHER-100", "the issue was moved out of AAP and is now OTHER-100", "move it back")
		}
	})
}

func TestAbsentWhenItWasDeleted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		if err := w.srv.Delete("AAP-101"); err != nil {
			t.Fatal(err)
		}
		w.wantFound(step.StateAbsent, "", "", "")
	})
}

// TestAHitOfTheIndexThatIsGone has the index name an issue that does not exist
// any more.
func TestAHitOfTheIndexThatIsGone(t *testing.T) {
	t.Parallel()
	w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.RawQuery, "labels+%3D") {
			return answering("GET", 200, nil, `{"issues":[{"id":"1","key":"AAP-50"}]}`).RoundTrip(r)
		}
		return http.DefaultTransport.RoundTrip(r)
	}))
	w.wantFound(step.StateAbsent, "", "", "")
}

func TestDiffers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		w.call.Digest = "digest2"
		other := `{"project":"AAP","summary":"2025-01-16 Release","labels":["a"],"fields":{"customfield_1":1}}`
		got := w.found("jira_create_issue", other)
		want := `AAP-101 was filed with other arguments: its summary is "2025-01-15 Release", not "2025-01-16 Release"; ` +
			`its type is "Story", not "Task"; its labels is "release", not "a"; its components is "backend", not ""`
		if got.State != step.StateDrifted || got.Ref != "AAP-101" || got.Why != want || !strings.Contains(string(got.Out), "AAP-101") {
			t.Errorf("got %+v\nwant %s", got, want)
		}
		w.wantFound(step.StateDrifted, "AAP-101", "AAP-101 was filed with other arguments than now", "")
	})
}

func TestAPersonMayComment(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		if err := w.srv.Comment("AAP-101", "looks good"); err != nil {
			t.Fatal(err)
		}
		w.wantHere("AAP-101")
	})
}

func TestAnotherKeyIsAnotherIssue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		w.call.Key.Work = "work2"
		w.wantFound(step.StateAbsent, "", "", "")
	})
}

func TestAClone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		w.srv.File("AAP", "CLONE - 2025-01-15 Release", ourLabel)
		w.wantHere("AAP-101")
		if err := w.srv.Delete("AAP-101"); err != nil {
			t.Fatal(err)
		}
		w.wantFound(step.StateInconclusive, "", "AAP-102 has the label "+ourLabel+" but was not filed by skillrun", "")
	})
}

func TestTwoOfOurs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		w.call.Run = "r2"
		if _, err := do[jira.CreateOut](w, "jira_create_issue", release); err != nil {
			t.Fatal(err)
		}
		w.wantFound(step.StateInconclusive, "", "AAP-102, AAP-101 all belong to this work", "")
		w.srv.SetIndexLag(time.Hour) // by number then
		w.wantFound(step.StateInconclusive, "", "AAP-101, AAP-102 all belong to this work; keep one, and remove the label "+ourLabel+" from the others", "")
	})
}

// TestALookupThatFailsIsNoProof refuses one kind of read after the other.
func TestALookupThatFailsIsNoProof(t *testing.T) {
	t.Parallel()
	refusing := func(part string, status int, body string) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.String(), part) {
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
		"search forbidden": {refusing("labels+%3D", 403, ""), types.Forbidden, "search for the label " + ourLabel + ": 403"},
		"search gone":      {refusing("labels+%3D", 410, ""), types.NotFound, "check the service's deployment"},
		"search down":      {refusing("labels+%3D", 503, ""), types.Unavailable, "503"},
		"no list":          {refusing("labels+%3D", 200, "{}"), types.Unavailable, "the answer has no list of issues"},
		"no keys":          {refusing("labels+%3D", 200, `{"issues":[{"id":"1"}]}`), types.Unavailable, "the answer has an issue without a key"},
		"hit forbidden": {roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.RawQuery, "labels+%3D") {
				return answering("GET", 200, nil, `{"issues":[{"key":"AAP-100"}]}`).RoundTrip(r)
			}
			return answering("GET", 403, nil, "").RoundTrip(r)
		}), types.Forbidden, "read AAP-100: 403"},
		"newest forbidden": {refusing("project+%3D", 403, ""), types.Forbidden, "search for the newest issue of AAP: 403"},
		"probe forbidden":  {refusing("issue/AAP-101", 403, ""), types.Forbidden, "read AAP-101: 403"},
		"probe limited":    {refusing("issue/AAP-103", 429, ""), types.RateLimited, "read AAP-103: 429"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tc.rt)
			_, err := w.find("jira_create_issue", release)
			w.wantCode("jira_create_issue", err, tc.code, tc.says)
		})
	}
}

func TestAnUnknownProjectIsNoProof(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		_, err := w.find("jira_create_issue", `{"project":"NO","summary":"s"}`)
		w.wantCode("jira_create_issue", err, types.BadInput, "The value 'NO' does not exist for the field 'project'.")
	})
}

func TestTheWrongDeploymentIsSaid(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		r.SetBasicAuth("bot@example.com", "t0ken")
		return http.DefaultTransport.RoundTrip(r)
	})
	w.connect(jira.Service{URL: w.url, Token: types.NewSecret("t0ken"), Deployment: "datacenter", Transport: rt})
	_, err := w.find("jira_create_issue", release)
	w.wantCode("jira_create_issue", err, types.NotFound, "410 Gone: The requested API has been removed", "check the service's deployment")
}
