package jira_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// contract stands around the stand-in and checks every exchange against what
// Jira's operations are known to take and give.
type contract struct {
	router routers.Router       // Atlassian's description; nil on Data Center
	rest   map[string]operation // what it does not have, by hand

	mu     sync.Mutex
	seen   map[string]bool
	faults []string
}

// cloudContract reads the description, and skips where it is not.
func cloudContract(t *testing.T) *contract {
	t.Helper()
	folder := os.Getenv("SKILLRUN_SPECS")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "specs")
	}
	data, err := os.ReadFile(filepath.Join(folder, "jira-cloud-v2-subset.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the API descriptions are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil // it is asked at another address
	sharpen(doc)
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation())
	if err != nil {
		t.Fatal(err)
	}
	return &contract{router: router, rest: cloudRest(), seen: map[string]bool{}}
}

// sharpen takes a member that is not described for wrong, and a time for what
// Jira writes: its zone has no colon, in the description's own examples too.
func sharpen(doc *openapi3.T) {
	for _, s := range doc.Components.Schemas {
		if len(s.Value.Properties) > 0 {
			no := false
			s.Value.AdditionalProperties = openapi3.BoolSchema{Has: &no}
		}
		for _, member := range s.Value.Properties {
			if member.Value.Format == "date-time" {
				member.Value.Format, member.Value.Pattern = "", `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}$`
			}
		}
	}
}

func datacenterContract() *contract {
	return &contract{rest: datacenterAll(), seen: map[string]bool{}}
}

// around returns the handler that checks what passes through it.
func (c *contract) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			c.note(r, "the request cannot be read: "+err.Error())
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if strings.HasPrefix(r.URL.Path, "/rest/") {
			c.check(r, body, rec)
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

func (c *contract) note(r *http.Request, fault string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, r.Method+" "+r.URL.Path+": "+fault)
}

func (c *contract) saw(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[name] = true
}

func (c *contract) check(r *http.Request, body []byte, rec *httptest.ResponseRecorder) {
	if c.router != nil {
		at := r.Clone(r.Context())
		at.Body = io.NopCloser(bytes.NewReader(body))
		route, params, err := c.router.FindRoute(at)
		if err == nil && nameOf(c.rest, r.Method, r.URL.Path) == "" {
			c.saw(plain(r.Method, route.Path))
			if err := described(at, route, params, rec); err != nil {
				c.note(r, err.Error())
			}
			return
		}
	}
	name := nameOf(c.rest, r.Method, r.URL.Path)
	if name == "" {
		c.note(r, "there is no such operation")
		return
	}
	c.saw(name)
	if fault := c.rest[name].fault(r.URL.Query(), body, rec.Code, rec.Body.Bytes()); fault != "" {
		c.note(r, fault)
	}
}

// plain writes an operation of the description as those by hand are written.
func plain(method, path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/rest/api/2/"), "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "{}"
		}
	}
	return method + " " + strings.Join(parts, "/")
}

// described checks an exchange against the description.
func described(r *http.Request, route *routers.Route, params map[string]string, rec *httptest.ResponseRecorder) error {
	for name := range r.URL.Query() {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return errors.New("the description has no parameter " + name)
		}
	}
	in := &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: params,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		return err
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: rec.Code, Header: rec.Header(),
		Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())), Options: in.Options,
	})
}

// everything performs all that the family can do, and has it fail too.
func everything(t *testing.T, c *contract, transport http.RoundTripper, wrap func(http.Handler) http.Handler, change ...func(*jiratest.Options)) *world {
	t.Helper()
	around := c.around
	if wrap != nil {
		around = func(h http.Handler) http.Handler { return c.around(wrap(h)) }
	}
	w := startBehind(t, around, transport, append(change, office)...)
	inputs := map[string]string{
		"jira_create_issue": release, "jira_add_link": mr, "jira_add_comment": remark,
		"jira_transition": beginning, "jira_get_issue": `{"issue":"AAP-100"}`, "jira_search": `{"jql":"project = AAP","limit":1}`,
	}
	for _, name := range slices.Sorted(maps.Keys(w.steps)) {
		if inputs[name] == "" {
			t.Fatalf("%s has no part in the contract test", name)
		}
		for _, in := range []string{inputs[name], strings.ReplaceAll(strings.ReplaceAll(inputs[name], "AAP-100", "AAP-999"), `"AAP"`, `"NO"`)} {
			for range 2 { // the second time it is there
				if w.steps[name].CanFind() {
					_, _ = w.find(name, in)
				}
				_, _ = w.steps[name].Do(w.ctx(), json.RawMessage(in))
			}
		}
	}
	afterwards(w, inputs)
	w.call.Key.Path = "path2"
	resolve := `{"issue":"AAP-100","status":"Done","transition":"Resolve","fields":{"resolution":{"name":"Done"}}}`
	_, _ = w.steps["jira_transition"].Do(w.ctx(), json.RawMessage(resolve))
	_ = w.findings(theRelease())
	return w
}

// afterwards reads back, brings up to date and undoes what else was done, by another
// key.
func afterwards(w *world, inputs map[string]string) {
	w.call.Key.Path = "path3"
	refs := map[string]string{"jira_create_issue": "AAP-100", "jira_transition": "AAP-100"}
	for _, name := range slices.Sorted(maps.Keys(w.steps)) {
		s, in := w.steps[name], json.RawMessage(inputs[name])
		if !s.CanResolve() {
			continue
		}
		out, err := s.Do(w.ctx(), in)
		var made struct{ ID any }
		if err != nil || json.Unmarshal(out, &made) != nil {
			continue
		}
		if refs[name] == "" {
			refs[name] = fmt.Sprint(made.ID)
		}
		_, _ = s.Resolve(w.ctx(), refs[name], in)
		if s.CanUpdate() {
			_, _ = s.Update(w.ctx(), w.call.Key, in, out)
		}
		for range 2 {
			if s.CanUndo() {
				_ = s.Undo(w.ctx(), w.call.Key, in, out)
			}
		}
	}
	w.call.Key.Path = "path4" // one that someone has closed before it is undone
	s, in := w.steps["jira_create_issue"], json.RawMessage(inputs["jira_create_issue"])
	out, err := s.Do(w.ctx(), in)
	var made struct{ Key string }
	if err == nil && json.Unmarshal(out, &made) == nil && w.srv.Transition(made.Key, "Done") == nil {
		_ = s.Undo(w.ctx(), w.call.Key, in, out)
	}
}

func (c *contract) wantSeen(t *testing.T, searchPath string) {
	t.Helper()
	want := slices.Compact(slices.Sorted(maps.Values(routes(searchPath))))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(c.seen))); diff != "" {
		t.Error("operations:", diff)
	}
	for _, f := range c.faults {
		t.Error(f)
	}
}

func TestCloudContract(t *testing.T) {
	t.Parallel()
	c := cloudContract(t)
	w := everything(t, c, nil, nil)
	if got := w.srv.Issues(); len(w.ours()) == 0 || got[0].Status != "Done" || len(got[0].Comments) == 0 || len(got[0].RemoteLinks) == 0 {
		t.Errorf("not everything was done: %+v", got)
	}
	c.wantSeen(t, "GET search/jql")
}

func TestDataCenterContract(t *testing.T) {
	t.Parallel()
	c := datacenterContract()
	w := everything(t, c, nil, nil, datacenter)
	if got := w.srv.Issues(); len(w.ours()) == 0 || got[0].Status != "Done" || len(got[0].Comments) == 0 || len(got[0].RemoteLinks) == 0 {
		t.Errorf("not everything was done: %+v", got)
	}
	c.wantSeen(t, "GET search")
}

// rewriting changes the bodies of requests on their way.
func rewriting(old, other string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			data = bytes.ReplaceAll(data, []byte(old), []byte(other))
			r = r.Clone(r.Context())
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

// answeringWith changes the bodies of the stand-in's answers.
func answeringWith(old, other string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			maps.Copy(w.Header(), rec.Header())
			w.WriteHeader(rec.Code)
			_, _ = w.Write(bytes.ReplaceAll(rec.Body.Bytes(), []byte(old), []byte(other)))
		})
	}
}

// planted are fields that Jira does not know or has otherwise.
var planted = map[string]struct {
	old, other string
	answer     bool
	fault      string // "METHOD path" of a fault that must be seen
}{
	"unknown member of an issue filed":   {`{"fields":{"`, `{"colour":"red","fields":{"`, false, "POST /rest/api/2/issue:"},
	"unknown member of a property":       {`"value":{`, `"valu":{`, false, "POST /rest/api/2/issue:"},
	"author of a comment":                {`{"body":`, `{"author":{"name":"x"},"body":`, false, "POST /rest/api/2/issue/AAP-100/comment:"},
	"global id of a link":                {`"globalId":"`, `"globalID":1,"g":"`, false, "POST /rest/api/2/issue/AAP-100/remotelink:"},
	"unknown member of a transition":     {`"transition":{`, `"colour":1,"transition":{`, false, "POST /rest/api/2/issue/AAP-100/transitions:"},
	"unknown member of an issue":         {`{"fields":{`, `{"colour":"red","fields":{`, true, "GET /rest/api/2/issue/AAP-100:"},
	"id of an issue":                     {`"id":"10001"`, `"id":10001`, true, "GET /rest/api/2/issue/AAP-100:"},
	"total of the comments":              {`"total":`, `"totale":`, true, "GET /rest/api/2/issue/AAP-100/comment:"},
	"unknown member of the transitions":  {`"transitions":[`, `"ways":[],"transitions":[`, true, "GET /rest/api/2/issue/AAP-100/transitions:"},
	"unknown member of who we are":       {`"displayName":`, `"nickname":"x","displayName":`, true, "GET /rest/api/2/myself:"},
	"unknown member of what Jira is":     {`"scmInfo":`, `"colour":"red","scmInfo":`, true, "GET /rest/api/2/serverInfo:"},
	"unknown member of a screen's field": {`"hasDefaultValue":`, `"colour":1,"hasDefaultValue":`, true, "GET /rest/api/2/issue/createmeta/AAP/issuetypes/10002:"},
}

// TestThePlantedFieldIsSeen plants one wrong field at a time.
func TestThePlantedFieldIsSeen(t *testing.T) {
	t.Parallel()
	for name, p := range planted {
		eachOnBoth(t, name, func(t *testing.T, on func(*jiratest.Options)) {
			var o jiratest.Options
			on(&o)
			c := datacenterContract()
			if o.Deployment == "" {
				c = cloudContract(t)
			}
			if p.answer {
				everything(t, c, nil, answeringWith(p.old, p.other), on)
			} else {
				everything(t, c, rewriting(p.old, p.other), nil, on)
			}
			if !slices.ContainsFunc(c.faults, func(f string) bool { return strings.HasPrefix(f, p.fault) }) {
				t.Errorf("nothing is said of %s\n%s", p.fault, strings.Join(c.faults, "\n"))
			}
		})
	}
}

// TestAnOperationThatJiraHasNot sends the search of the other deployment.
func TestAnOperationThatJiraHasNot(t *testing.T) {
	t.Parallel()
	c := datacenterContract()
	w := startBehind(t, c.around, nil)
	_, _ = w.steps["jira_search"].Do(step.WithCall(t.Context(), w.call), json.RawMessage(`{"jql":"project = AAP"}`))
	if diff := cmp.Diff([]string{"GET /rest/api/2/search/jql: there is no such operation"}, c.faults); diff != "" {
		t.Error(diff)
	}
}
