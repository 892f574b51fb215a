package jira_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// world is a stand-in on loopback and the steps that talk to it.
type world struct {
	*testing.T
	srv     *jiratest.Server
	url     string
	call    step.Call
	service jira.Service
	steps   map[string]step.Step
}

// start builds a world. transport, when not nil, stands between the steps and
// the stand-in.
func start(t *testing.T, transport http.RoundTripper, change ...func(*jiratest.Options)) *world {
	t.Helper()
	return startBehind(t, nil, transport, change...)
}

// startBehind is start with a handler around the stand-in.
func startBehind(t *testing.T, wrap func(http.Handler) http.Handler, transport http.RoundTripper, change ...func(*jiratest.Options)) *world {
	t.Helper()
	opts := jiratest.Options{
		User: "bot@example.com", Token: "t0ken", FirstNumber: 100,
		Projects: []jiratest.Project{
			{Key: "AAP", Components: []string{"backend"}, OptionalFields: map[string]string{"customfield_1": "Points"}},
			{Key: "OTHER", RequiredFields: map[string]string{"customfield_2": "Epic Name"}},
		},
		Now: func() time.Time { return time.Date(2025, 1, 15, 10, 0, 0, 0, time.UTC) },
	}
	for _, c := range change {
		c(&opts)
	}
	srv := jiratest.New(opts)
	handler := http.Handler(srv)
	if wrap != nil {
		handler = wrap(srv)
	}
	host := httptest.NewServer(handler)
	t.Cleanup(host.Close)
	srv.File("AAP", "an older issue")
	w := &world{T: t, srv: srv, url: host.URL}
	w.call = step.Call{Run: "r1", Key: step.Key{Work: "work1", Path: "path1"}, Digest: "digest1"}
	w.service = jira.Service{URL: host.URL, User: opts.User, Token: types.NewSecret(opts.Token), Deployment: opts.Deployment, Transport: transport}
	if opts.Deployment == "datacenter" {
		w.service.User = ""
	}
	w.connect(w.service)
	return w
}

func (w *world) connect(s jira.Service) {
	w.steps = map[string]step.Step{}
	for _, s := range jira.Steps(map[string]jira.Service{"jira": s}) {
		w.steps[s.Name] = s
	}
}

func (w *world) ctx() context.Context { return step.WithCall(w.Context(), w.call) }

func lag(searches int) func(*jiratest.Options) {
	return func(o *jiratest.Options) { o.SearchLag = searches }
}

func datacenter(o *jiratest.Options) { o.Deployment = "datacenter" }

// onBoth runs a test against Jira Cloud and against Jira Data Center.
func onBoth(t *testing.T, test func(t *testing.T, deployment func(*jiratest.Options))) {
	t.Helper()
	for name, deployment := range map[string]func(*jiratest.Options){"cloud": func(*jiratest.Options) {}, "datacenter": datacenter} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, deployment)
		})
	}
}

// eachOnBoth is onBoth for one case of a table.
func eachOnBoth(t *testing.T, name string, test func(t *testing.T, deployment func(*jiratest.Options))) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		onBoth(t, test)
	})
}

// do performs a step and decodes the result.
func do[Out any](w *world, name, in string) (Out, error) {
	w.Helper()
	var out Out
	raw, err := w.steps[name].Do(w.ctx(), json.RawMessage(in))
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

// find looks for the effect of the world's call.
func (w *world) find(name, in string) (step.Found[json.RawMessage], error) {
	return w.steps[name].Find(w.ctx(), w.call.Key, json.RawMessage(in))
}

// found is find when it has to answer.
func (w *world) found(name, in string) step.Found[json.RawMessage] {
	w.Helper()
	got, err := w.find(name, in)
	if err != nil {
		w.Fatalf("find %s: %v", name, err)
	}
	return got
}

// wantCode checks the code and that the message has every part, and that a
// step declares what it returns.
func (w *world) wantCode(name string, err error, code types.Code, parts ...string) {
	w.Helper()
	if types.CodeOf(err) != code {
		w.Fatalf("got %q %v, want %q", types.CodeOf(err), err, code)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			w.Errorf("%q does not say %q", err, p)
		}
	}
	if !w.steps[name].CanFail(code) {
		w.Errorf("%s does not declare %s", name, code)
	}
	if strings.Contains(err.Error(), "t0ken") {
		w.Errorf("%q shows the token", err)
	}
}

// posts are the writes that reached the stand-in.
func (w *world) posts() int {
	n := 0
	for _, r := range w.srv.Requests() {
		if r.Method == http.MethodPost {
			n++
		}
	}
	return n
}

// ours are the keys of the issues in which skillrun left a marker.
func (w *world) ours() []string {
	keys := []string{}
	for _, i := range w.srv.Issues() {
		if i.Properties["skillrun"] != nil {
			keys = append(keys, i.Key)
		}
	}
	return keys
}

// roundTripper is a function between the steps and the stand-in.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering answers every request of that method itself.
func answering(method string, status int, header http.Header, body string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != method {
			return http.DefaultTransport.RoundTrip(r)
		}
		rec := httptest.NewRecorder()
		for name := range header {
			rec.Header().Set(name, header.Get(name))
		}
		rec.WriteHeader(status)
		_, _ = rec.WriteString(body)
		return rec.Result(), nil
	})
}

func TestTheFamilyIsDocumentedWithoutServices(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range jira.Steps(nil) {
		names = append(names, s.Name+" "+string(s.Effect)+" "+s.Touch.Service+"/"+s.Touch.Object+"/"+s.Touch.Verb)
		if s.Effect == step.Writes && !s.CanFind() {
			t.Errorf("%s cannot find its own effect", s.Name)
		}
	}
	want := []string{
		"jira_create_issue write jira/issue/create",
		"jira_add_link write jira/remote link/create",
		"jira_get_issue read jira/issue/view",
		"jira_search read jira/issue/search",
		"jira_add_comment write jira/comment/create",
		"jira_transition write jira/issue/transition",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestSinksAreTrustedAndProseIsCosmetic(t *testing.T) {
	t.Parallel()
	var trusted, cosmetic []string
	for _, s := range jira.Steps(nil) {
		for _, f := range s.In.Fields {
			if f.Type.Trusted {
				trusted = append(trusted, s.Name+"."+f.Name)
			}
			if f.Cosmetic {
				cosmetic = append(cosmetic, s.Name+"."+f.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"jira_create_issue.service", "jira_create_issue.project", "jira_add_link.service", "jira_get_issue.service",
		"jira_search.service", "jira_search.jql", "jira_add_comment.service", "jira_transition.service"}, trusted); diff != "" {
		t.Error("trusted:", diff)
	}
	if diff := cmp.Diff([]string{"jira_create_issue.description", "jira_add_link.title", "jira_add_link.summary", "jira_add_link.relationship"}, cosmetic); diff != "" {
		t.Error("cosmetic:", diff)
	}
}

func TestServicesThatCannotWork(t *testing.T) {
	t.Parallel()
	token := types.NewSecret("t0ken")
	tests := map[string]struct {
		service jira.Service
		in      string
		code    types.Code
		says    []string
	}{
		"unknown name": {jira.Service{}, `{"issue":"AAP-1","service":"old"}`, types.BadInput, []string{`there is no service "old"`, "configured are: jira"}},
		"deployment":   {jira.Service{URL: "https://x", Deployment: "server"}, `{"issue":"AAP-1"}`, types.BadInput, []string{`has the deployment "server"`, "deployment: cloud"}},
		"no token":     {jira.Service{URL: "https://x", User: "u"}, `{"issue":"AAP-1"}`, types.Auth, []string{`service "jira" has no token`, "env:JIRA_TOKEN"}},
		"no user":      {jira.Service{URL: "https://x", Token: token}, `{"issue":"AAP-1"}`, types.Auth, []string{`service "jira" has no user`, "e-mail address"}},
		"no url":       {jira.Service{URL: "x", User: "u", Token: token}, `{"issue":"AAP-1"}`, types.BadInput, []string{"the service \"jira\" has an invalid URL", "https://HOST"}},
		"url has user": {jira.Service{URL: "https://u:p@x", User: "u", Token: token}, `{"issue":"AAP-1"}`, types.BadInput, []string{"without a user"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t}
			w.connect(tc.service)
			_, err := do[jira.GetOut](w, "jira_get_issue", tc.in)
			w.wantCode("jira_get_issue", err, tc.code, tc.says...)
		})
	}
}

func TestWithoutServicesNothingIsPerformed(t *testing.T) {
	t.Parallel()
	w := &world{T: t, steps: map[string]step.Step{}}
	for _, s := range jira.Steps(nil) {
		w.steps[s.Name] = s
	}
	_, err := do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-1"}`)
	w.wantCode("jira_get_issue", err, types.BadInput, `there is no service "jira"`, "configured are: none")
}

func TestGetIssue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, change func(*jiratest.Options)) {
		w := start(t, nil, change)
		got, err := do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-100"}`)
		if err != nil {
			t.Fatal(err)
		}
		want := jira.GetOut{
			Key: "AAP-100", Summary: "an older issue", Type: "Task", Status: "To Do", StatusCategory: "new",
			Labels: []string{}, Components: []string{}, URL: w.url + "/browse/AAP-100", Updated: "2025-01-15T10:00:00Z",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestGetIssueWithEverything(t *testing.T) {
	t.Parallel()
	w := start(t, answering("GET", 200, nil, `{"id":"1","key":"AAP-7","fields":{"summary":"s","description":"d *b*","labels":["l"],
		"issuetype":{"name":"Bug"},"assignee":{"displayName":"Jo"},"components":[{"name":"backend"}],"duedate":"not a date",
		"status":{"name":"In Review","statusCategory":{"key":"indeterminate"}},"updated":"2025-01-15T12:00:00.000+0200"}}`))
	got, err := do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-7"}`)
	if err != nil {
		t.Fatal(err)
	}
	jo := "Jo"
	want := jira.GetOut{
		Key: "AAP-7", Summary: "s", Description: "d *b*", Type: "Bug", Status: "In Review", StatusCategory: "indeterminate",
		Assignee: &jo, Labels: []string{"l"}, Components: []string{"backend"}, URL: w.url + "/browse/AAP-7", Updated: "2025-01-15T10:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestGetIssueWithNulls reads what Jira writes for fields without a value.
func TestGetIssueWithNulls(t *testing.T) {
	t.Parallel()
	w := start(t, answering("GET", 200, nil, `{"id":"1","key":"AAP-7","fields":{"summary":"s","description":null,"labels":[],
		"issuetype":{"name":"Bug"},"assignee":null,"components":[],"resolutiondate":null,
		"status":{"name":"Open","statusCategory":{"key":"undefined"}},"updated":"2025-01-15T12:00:00.000+0200"}}`))
	got, err := do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-7"}`)
	if err != nil {
		t.Fatal(err)
	}
	want := jira.GetOut{
		Key: "AAP-7", Summary: "s", Type: "Bug", Status: "Open", StatusCategory: "undefined",
		Labels: []string{}, Components: []string{}, URL: w.url + "/browse/AAP-7", Updated: "2025-01-15T10:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadsThatFail(t *testing.T) {
	t.Parallel()
	html := http.Header{"Content-Type": {"text/html"}}
	asJSON := http.Header{"Content-Type": {"application/json"}}
	tests := map[string]struct {
		rt   http.RoundTripper
		code types.Code
		says []string
	}{
		"missing":      {nil, types.NotFound, []string{"read AAP-1: 404 Not Found: Issue does not exist", "the account lacks permission to see it"}},
		"401":          {answering("GET", 401, nil, "Client must be authenticated"), types.Auth, []string{"401 Unauthorized: Client must be authenticated", "credential was refused"}},
		"403":          {answering("GET", 403, asJSON, `{"errorMessages":["no"],"errors":{"b":"x","a":"y"}}`), types.Forbidden, []string{"403 Forbidden: no; a: y; b: x"}},
		"403 not ours": {answering("GET", 403, asJSON, `[`), types.Forbidden, []string{"read AAP-1: 403 Forbidden"}},
		"403 long":     {answering("GET", 403, nil, strings.Repeat("y", 600)), types.Forbidden, []string{"yyy…"}},
		"429":          {answering("GET", 429, http.Header{"Retry-After": {"7"}}, ""), types.RateLimited, []string{"Retry-After 7"}},
		"503":          {answering("GET", 503, html, "<h1>"), types.Unavailable, []string{"(a web page, not Jira's API)"}},
		"login page":   {answering("GET", 200, html, "<html>"), types.Unavailable, []string{"the answer is not Jira's", "login page"}},
		"empty":        {answering("GET", 200, nil, ""), types.Unavailable, []string{"the answer is not Jira's"}},
		"other json":   {answering("GET", 200, nil, `{"id":"1","key":"AAP-1"}`), types.Unavailable, []string{"the answer is not an issue with a status"}},
		"no time": {answering("GET", 200, nil, `{"id":"1","key":"AAP-1","fields":{"updated":"x","status":{"statusCategory":{"key":"new"}}}}`),
			types.Unavailable, []string{`its updated time is not valid: "x"`}},
		"redirect": {answering("GET", 302, http.Header{"Location": {"https://elsewhere.invalid/"}}, ""), types.Unavailable, []string{"302 Found"}},
		"stranger": {answering("GET", 404, http.Header{"X-Seraph-Loginreason": {"AUTHENTICATED_FAILED"}}, ""), types.Auth, []string{"without accepting the credential"}},
		"stranger, yes": {answering("GET", 200, http.Header{"X-Seraph-Loginreason": {"AUTHENTICATED_FAILED"}}, "{}"),
			types.Auth, []string{"read AAP-1: jira answered without accepting the credential"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tc.rt)
			_, err := do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-1"}`)
			w.wantCode("jira_get_issue", err, tc.code, tc.says...)
		})
	}
}

func TestNothingIsSentWhenStopped(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx, cancel := context.WithCancel(w.ctx())
	cancel()
	_, err := w.steps["jira_get_issue"].Do(ctx, json.RawMessage(`{"issue":"AAP-100"}`))
	w.wantCode("jira_get_issue", err, types.Cancelled, "read AAP-100: stopped")
	if got := w.srv.Requests(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w := start(t, nil)
	w.connect(jira.Service{URL: gone.URL, User: "u", Token: types.NewSecret("t0ken")})
	_, err := do[jira.CreateOut](w, "jira_create_issue", release)
	w.wantCode("jira_create_issue", err, types.Network, "file an issue in AAP: cannot reach the service")
}
