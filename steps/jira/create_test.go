package jira_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

const release = `{"project":"AAP","type":"Story","summary":"2025-01-15 Release","description":"{code}\n$(x) ${{ y }} h1.",
	"labels":["release"],"components":["backend"],"fields":{"customfield_1":9007199254740993}}`

func TestCreateIssue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, change func(*jiratest.Options)) {
		w := start(t, nil, change)
		if got := w.found("jira_create_issue", release); got.State != step.StateAbsent {
			t.Fatalf("before: %+v", got)
		}
		got, err := do[jira.CreateOut](w, "jira_create_issue", release)
		if err != nil {
			t.Fatal(err)
		}
		want := jira.CreateOut{Key: "AAP-101", ID: "10002", URL: w.url + "/browse/AAP-101", Status: "To Do", Created: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		view := jiratest.IssueView{
			Key: "AAP-101", Project: "AAP", Type: "Story", Summary: "2025-01-15 Release", Description: "{code}\n$(x) ${{ y }} h1.",
			Labels: []string{"release", "skr-work1-path1"}, Components: []string{"backend"}, Status: "To Do",
			Fields:     map[string]any{"customfield_1": 9007199254740993.0},
			Properties: map[string]json.RawMessage{"skillrun": json.RawMessage(`{"key":"work1-path1","digest":"digest1","run":"r1"}`)},
		}
		if diff := cmp.Diff(view, w.srv.Issues()[1]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCreateSendsIntegersAsTheyAre(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		var sent string
		w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == "POST" {
				data, _ := io.ReadAll(r.Body)
				sent = string(data)
				r.Body = io.NopCloser(strings.NewReader(sent))
			}
			return http.DefaultTransport.RoundTrip(r)
		}), on)
		if _, err := do[jira.CreateOut](w, "jira_create_issue", release); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(sent, `"customfield_1":9007199254740993`) {
			t.Errorf("sent %s", sent)
		}
	})
}

func TestCreateDefaultsToATask(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		if _, err := do[jira.CreateOut](w, "jira_create_issue", `{"project":"AAP","summary":"s"}`); err != nil {
			t.Fatal(err)
		}
		if got := w.srv.Issues()[1].Type; got != "Task" {
			t.Errorf("filed a %s", got)
		}
	})
}

func TestCreateArgumentsThatAreRefusedBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, says string }{
		"empty summary":  {`{"project":"AAP","summary":" "}`, "the summary is empty"},
		"two lines":      {`{"project":"AAP","summary":"a\nb"}`, `the summary is not one line: "a\nb" (use only the first line`},
		"line separator": {`{"project":"AAP","summary":"a\u2028b"}`, "the summary is not one line"},
		"escape":         {`{"project":"AAP","summary":"a\u001b[31mb"}`, "the summary is not one line"},
		"long":           {`{"project":"AAP","summary":"` + strings.Repeat("x", 256) + `"}`, "the summary has 256 characters, and Jira takes 255"},
		"label space":    {`{"project":"AAP","summary":"s","labels":["a b"]}`, `label "a b" is empty or has a space in it`},
		"label empty":    {`{"project":"AAP","summary":"s","labels":[""]}`, `label "" is empty or has a space in it`},
		"our label":      {`{"project":"AAP","summary":"s","labels":["skr-x"]}`, `label "skr-x" begins with skr-, which is reserved`},
		"field twice":    {`{"project":"AAP","summary":"s","fields":{"labels":[]}}`, "field labels has an argument of its own (use that argument"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			_, err := do[jira.CreateOut](w, "jira_create_issue", tc.in)
			w.wantCode("jira_create_issue", err, types.BadInput, tc.says)
			_, err = w.find("jira_create_issue", tc.in)
			w.wantCode("jira_create_issue", err, types.BadInput, tc.says)
			_, err = w.steps["jira_create_issue"].Preview(w.ctx(), json.RawMessage(tc.in), nil)
			w.wantCode("jira_create_issue", err, types.BadInput, tc.says)
			if got := w.srv.Requests(); len(got) != 0 {
				t.Errorf("sent %v", got)
			}
		})
	}
}

func TestCreateWithoutAKeyIsABug(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.call = step.Call{}
	_, err := do[jira.CreateOut](w, "jira_create_issue", release)
	w.wantCode("jira_create_issue", err, types.Internal, "the call has no key")
}

func TestCreateIsRefusedInJirasWords(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, says string }{
		"project":   {`{"project":"NO","summary":"s"}`, "file an issue in NO: 400 Bad Request: project: valid project is required"},
		"type":      {`{"project":"AAP","summary":"s","type":"Saga"}`, "issuetype: Specify a valid issue type"},
		"component": {`{"project":"AAP","summary":"s","components":["x"]}`, "components: Component name 'x' is not valid"},
		"required":  {`{"project":"OTHER","summary":"s"}`, "customfield_2: Epic Name is required."},
		"field":     {`{"project":"AAP","summary":"s","fields":{"colour":1}}`, "colour: Field 'colour' cannot be set."},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			_, err := do[jira.CreateOut](w, "jira_create_issue", tc.in)
			w.wantCode("jira_create_issue", err, types.BadInput, tc.says)
			if len(w.ours()) != 0 || w.posts() != 1 {
				t.Errorf("%d posts made %v", w.posts(), w.ours())
			}
		})
	}
}

func TestHowACreateEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rt   http.RoundTripper
		code types.Code
		says string
	}{
		"401":         {answering("POST", 401, nil, ""), types.Auth, "credential was refused"},
		"403":         {answering("POST", 403, nil, "no"), types.Forbidden, "403 Forbidden: no"},
		"404":         {answering("POST", 404, nil, ""), types.NotFound, "the account lacks permission to see it"},
		"409":         {answering("POST", 409, nil, ""), types.Conflict, "409 Conflict"},
		"429":         {answering("POST", 429, http.Header{"Retry-After": {"7"}}, ""), types.RateLimited, "Retry-After 7"},
		"408":         {answering("POST", 408, nil, ""), types.UnknownOutcome, "408 Request Timeout"},
		"500":         {answering("POST", 500, nil, ""), types.UnknownOutcome, "500 Internal Server Error"},
		"503":         {answering("POST", 503, nil, ""), types.UnknownOutcome, "503 Service Unavailable"},
		"504":         {answering("POST", 504, nil, ""), types.UnknownOutcome, "504 Gateway Timeout"},
		"truncated":   {answering("POST", 201, nil, `{"id":"10`), types.UnknownOutcome, "the answer is not Jira's"},
		"endless":     {answering("POST", 201, nil, `{"id":"`+strings.Repeat("1", 11<<20)+`"}`), types.UnknownOutcome, "the answer is not Jira's"},
		"redirect":    {answering("POST", 307, http.Header{"Location": {"/x"}}, ""), types.UnknownOutcome, "307 Temporary Redirect"},
		"login page":  {answering("POST", 200, nil, "<html>"), types.UnknownOutcome, "the answer is not Jira's"},
		"no body":     {answering("POST", 201, nil, ""), types.UnknownOutcome, "the answer is not Jira's"},
		"names none":  {answering("POST", 201, nil, "{}"), types.UnknownOutcome, "jira reports success but names no issue"},
		"odd key":     {answering("POST", 201, nil, `{"id":"1","key":"../x"}`), types.UnknownOutcome, "jira reports success but names no issue"},
		"other issue": {answering("POST", 201, nil, `{"id":"10001","key":"AAP-100"}`), types.UnknownOutcome, "jira reports AAP-100, which is not what was sent"},
		"no issue":    {answering("POST", 201, nil, `{"id":"1","key":"AAP-999"}`), types.UnknownOutcome, "jira reports AAP-999, which cannot be read"},
		"stranger": {answering("POST", 201, http.Header{"X-Seraph-Loginreason": {"AUTHENTICATED_FAILED"}}, "{}"),
			types.UnknownOutcome, "jira reports success, but not for the configured account"},
		"reset": {roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }),
			types.UnknownOutcome, "the answer was lost"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tc.rt)
			_, err := do[jira.CreateOut](w, "jira_create_issue", release)
			w.wantCode("jira_create_issue", err, tc.code, tc.says)
		})
	}
}

// TestARedirectCarriesNothingAway sends the write to a host that points
// elsewhere: nothing may arrive there.
func TestARedirectCarriesNothingAway(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	t.Cleanup(elsewhere.Close)
	var asked atomic.Int32
	points := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusPermanentRedirect)
	}))
	t.Cleanup(points.Close)
	w := start(t, nil)
	w.connect(jira.Service{URL: points.URL, User: "u", Token: types.NewSecret("t0ken")})
	_, err := do[jira.CreateOut](w, "jira_create_issue", release)
	w.wantCode("jira_create_issue", err, types.UnknownOutcome, "308 Permanent Redirect")
	_, err = do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-1"}`)
	w.wantCode("jira_get_issue", err, types.Unavailable, "308 Permanent Redirect")
	if arrived.Load() != 0 || asked.Load() != 2 {
		t.Errorf("%d requests asked, %d went elsewhere", asked.Load(), arrived.Load())
	}
}

func TestPreviewCreate(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	s := w.steps["jira_create_issue"]
	got, err := s.Preview(w.ctx(), json.RawMessage(release), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := step.Change{Title: "file a Story in AAP", Fields: []step.FieldChange{
		{Name: "project", Value: "AAP"}, {Name: "type", Value: "Story"}, {Name: "summary", Value: "2025-01-15 Release"},
		{Name: "labels", Value: "release"}, {Name: "components", Value: "backend"},
		{Name: "fields.customfield_1", Value: "9007199254740993"}, {Name: "description", Value: "{code}\n$(x) ${{ y }} h1."},
	}}
	if diff := cmp.Diff(want, got.Change); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(step.UnknownPaths{"key", "id", "url", "status"}, got.Unknown); diff != "" {
		t.Error(diff)
	}

	unknown := step.UnknownPaths{"project", "type", "summary", "labels[0]", "fields.customfield_1"}
	got, err = s.Preview(w.ctx(), json.RawMessage(`{"project":"","type":"","summary":""}`), unknown)
	if err != nil {
		t.Fatal(err)
	}
	want = step.Change{Title: "file an issue in a project"} // the plan shows as much of the arguments as is known
	if diff := cmp.Diff(want, got.Change); diff != "" {
		t.Error(diff)
	}
	if reqs := w.srv.Requests(); len(reqs) != 0 {
		t.Errorf("a preview sent %v", reqs)
	}
}
