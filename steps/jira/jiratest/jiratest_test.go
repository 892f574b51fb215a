package jiratest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// world is a stand-in on loopback and a client that may use it.
type world struct {
	*testing.T
	srv *jiratest.Server
	url string
}

func start(t *testing.T, change ...func(*jiratest.Options)) world {
	t.Helper()
	opts := jiratest.Options{
		User: "bot@example.com", Token: "t",
		Projects: []jiratest.Project{
			{Key: "AAP", Name: "Analytics", Components: []string{"backend"}, OptionalFields: map[string]string{"customfield_1": "Points"}},
			{Key: "REQ", RequiredFields: map[string]string{"customfield_2": "Epic Name"}},
		},
		Now: func() time.Time { return time.Date(2025, 1, 15, 10, 0, 0, 0, time.UTC) },
	}
	for _, c := range change {
		c(&opts)
	}
	srv := jiratest.New(opts)
	host := httptest.NewServer(srv)
	t.Cleanup(host.Close)
	return world{t, srv, host.URL}
}

func datacenter(o *jiratest.Options) { o.Deployment = "datacenter" }

// send makes a request with the good credential and returns status and body,
// the host in it replaced.
func (w world) send(method, path, body string, change ...func(*http.Request)) (int, string) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+"/rest/api/2"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.SetBasicAuth("bot@example.com", "t")
	req.Header.Set("Content-Type", "application/json")
	for _, c := range change {
		c(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp.StatusCode, strings.ReplaceAll(strings.TrimSpace(string(data)), w.url, "")
}

func (w world) want(method, path, body string, status int, answer string, change ...func(*http.Request)) {
	w.Helper()
	got, text := w.send(method, path, body, change...)
	if got != status || text != answer {
		w.Errorf("%s %s\n got %d %s\nwant %d %s", method, path, got, text, status, answer)
	}
}

func said(message string) string {
	data, _ := json.Marshal(message)
	return `{"errorMessages":[` + string(data) + `],"errors":{}}`
}

const noIssue = "Issue does not exist or you do not have permission to see it."

func TestCreateIssueRefusals(t *testing.T) {
	t.Parallel()
	w := start(t)
	fields := func(rest string) string {
		return `{"fields":{"project":{"key":"AAP"},"issuetype":{"name":"Task"}` + rest + `}}`
	}
	long := strings.Repeat("x", 256)
	tests := map[string]struct{ body, answer string }{
		"no json":         {`{`, said("There was an error parsing JSON. Check that your request body is valid.")},
		"fields no json":  {`{"fields":[]}`, said("There was an error parsing JSON. Check that your request body is valid.")},
		"unknown key":     {`{"fields":{},"colour":1}`, said(`Unrecognized field "colour"`)},
		"properties":      {`{"properties":{}}`, said("There was an error parsing JSON. Check that your request body is valid.")},
		"property key":    {`{"properties":[{"key":"a","value":1,"x":2}]}`, said(`Unrecognized field "x"`)},
		"property value":  {`{"properties":[{"key":"a"}]}`, said("A property needs a key of at most 255 characters and a value.")},
		"no project":      {`{"fields":{}}`, `{"errorMessages":[],"errors":{"project":"Specify a valid project ID or key"}}`},
		"unknown project": {`{"fields":{"project":{"key":"NO"}}}`, `{"errorMessages":[],"errors":{"project":"valid project is required"}}`},
		"no type":         {`{"fields":{"project":{"key":"AAP"}}}`, `{"errorMessages":[],"errors":{"issuetype":"Specify an issue type"}}`},
		"unknown type": {`{"fields":{"project":{"key":"AAP"},"issuetype":{"name":"Saga"}}}`,
			`{"errorMessages":[],"errors":{"issuetype":"Specify a valid issue type"}}`},
		"no summary":      {fields(``), `{"errorMessages":[],"errors":{"summary":"You must specify a summary of the issue."}}`},
		"blank summary":   {fields(`,"summary":" "`), `{"errorMessages":[],"errors":{"summary":"You must specify a summary of the issue."}}`},
		"summary type":    {fields(`,"summary":1`), `{"errorMessages":[],"errors":{"summary":"Operation value must be a string"}}`},
		"summary newline": {fields(`,"summary":"a\nb"`), `{"errorMessages":[],"errors":{"summary":"The summary is invalid because it contains newline characters."}}`},
		"summary long":    {fields(`,"summary":"` + long + `"`), `{"errorMessages":[],"errors":{"summary":"Summary can't exceed 255 characters."}}`},
		"unknown field": {fields(`,"summary":"a","colour":1`),
			`{"errorMessages":[],"errors":{"colour":"Field 'colour' cannot be set. It is not on the appropriate screen, or unknown."}}`},
		"description type": {fields(`,"summary":"a","description":{}`), `{"errorMessages":[],"errors":{"description":"Operation value must be a string"}}`},
		"labels type":      {fields(`,"summary":"a","labels":"x"`), `{"errorMessages":[],"errors":{"labels":"data was not an array"}}`},
		"label type":       {fields(`,"summary":"a","labels":["a",1]`), `{"errorMessages":[],"errors":{"labels":"string expected at index 1"}}`},
		"label space":      {fields(`,"summary":"a","labels":["a b"]`), `{"errorMessages":[],"errors":{"labels":"The label 'a b' contains spaces which is invalid."}}`},
		"label long": {fields(`,"summary":"a","labels":["` + long + `"]`),
			`{"errorMessages":[],"errors":{"labels":"The label '` + long + `' exceeds the maximum length for a single label (255 characters)."}}`},
		"components type": {fields(`,"summary":"a","components":{}`), `{"errorMessages":[],"errors":{"components":"data was not an array"}}`},
		"component":       {fields(`,"summary":"a","components":[{"name":"x"}]`), `{"errorMessages":[],"errors":{"components":"Component name 'x' is not valid"}}`},
		"required field": {`{"fields":{"project":{"key":"REQ"},"issuetype":{"name":"Task"},"summary":"a"}}`,
			`{"errorMessages":[],"errors":{"customfield_2":"Epic Name is required."}}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := world{t, w.srv, w.url}
			w.want("POST", "/issue", tc.body, 400, tc.answer)
		})
	}
	if n := len(w.srv.Issues()); n != 0 {
		t.Errorf("refused requests made %d issues", n)
	}
}

func TestRefusalsOfTheRest(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.srv.File("AAP", "one")
	object := func(members string) string { return `{"object":{` + members + `}}` }
	tests := map[string]struct {
		method, path, body string
		status             int
		answer             string
	}{
		"unknown path":      {"GET", "/nonsense", "", 404, said("null for uri: /rest/api/2/nonsense")},
		"method":            {"DELETE", "/issue/AAP-1", "", 405, said("Method Not Allowed")},
		"issue":             {"GET", "/issue/AAP-2", "", 404, said(noIssue)},
		"project":           {"GET", "/project/NO", "", 404, said("No project could be found with key 'NO'.")},
		"links of none":     {"GET", "/issue/AAP-2/remotelink", "", 404, said(noIssue)},
		"link on none":      {"POST", "/issue/AAP-2/remotelink", object(``), 404, said(noIssue)},
		"unknown link":      {"GET", "/issue/AAP-1/remotelink?globalId=x", "", 404, said("The remote issue link with the global ID 'x' does not exist.")},
		"link no json":      {"POST", "/issue/AAP-1/remotelink", "{", 400, said("There was an error parsing JSON. Check that your request body is valid.")},
		"link no object":    {"POST", "/issue/AAP-1/remotelink", "{}", 400, `{"errorMessages":[],"errors":{"object":"'object' is required."}}`},
		"link empty object": {"POST", "/issue/AAP-1/remotelink", object(``), 400, `{"errorMessages":[],"errors":{"title":"'title' is required.","url":"'url' is required."}}`},
		"link bad url":      {"POST", "/issue/AAP-1/remotelink", object(`"url":"x","title":"t"`), 400, `{"errorMessages":[],"errors":{"url":"'url' is not a valid URL."}}`},
		"link long title": {"POST", "/issue/AAP-1/remotelink", object(`"url":"https://x","title":"` + strings.Repeat("t", 256) + `"`), 400,
			`{"errorMessages":[],"errors":{"title":"'title' must be at most 255 characters."}}`},
		"link key":            {"POST", "/issue/AAP-1/remotelink", `{"colour":1}`, 400, said(`Unrecognized field "colour"`)},
		"link object key":     {"POST", "/issue/AAP-1/remotelink", object(`"colour":1`), 400, said(`Unrecognized field "colour"`)},
		"transitions of none": {"GET", "/issue/AAP-2/transitions", "", 404, said(noIssue)},
		"transition of none":  {"POST", "/issue/AAP-2/transitions", "{}", 404, said(noIssue)},
		"transition no json":  {"POST", "/issue/AAP-1/transitions", "[", 400, said("There was an error parsing JSON. Check that your request body is valid.")},
		"transition unknown":  {"POST", "/issue/AAP-1/transitions", `{"transition":{"id":"9"}}`, 400, said("Transition id '9' is not valid for this issue.")},
		"property of none":    {"GET", "/issue/AAP-2/properties/p", "", 404, said(noIssue)},
		"property on none":    {"PUT", "/issue/AAP-2/properties/p", "1", 404, said(noIssue)},
		"property unknown":    {"GET", "/issue/AAP-1/properties/p", "", 404, said("The property with key 'p' does not exist.")},
		"property no json":    {"PUT", "/issue/AAP-1/properties/p", "", 400, said("The property value must be valid, non-empty JSON of at most 32768 characters.")},
		"too large":           {"PUT", "/issue/AAP-1/properties/p", strings.Repeat(" ", 2<<20), 413, said("The request body is too large.")},
		"old search": {"GET", "/search?jql=project=AAP", "", 410, said("The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. " +
			"A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")},
		"unbounded":       {"GET", "/search/jql?jql=order+by+key", "", 400, said("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")},
		"jql":             {"GET", "/search/jql?jql=project+is+odd", "", 400, said("Error in the JQL Query: Expecting either 'EMPTY' or 'NULL' after the operator 'IS' but got 'odd'.")},
		"jql field":       {"GET", "/search/jql?jql=colour=red", "", 400, said("Field 'colour' does not exist or you do not have permission to view it.")},
		"jql order":       {"GET", "/search/jql?jql=project=AAP+order+by+colour", "", 400, said("Field 'colour' does not exist or you do not have permission to view it.")},
		"jql project":     {"GET", "/search/jql?jql=project=NO", "", 400, said("The value 'NO' does not exist for the field 'project'.")},
		"jql key":         {"GET", "/search/jql?jql=key+in+(AAP-1,AAP-9)", "", 400, said("An issue with key 'AAP-9' does not exist for field 'key'.")},
		"jql page":        {"GET", "/search/jql?jql=project=AAP&nextPageToken=x", "", 400, said("The provided next page token is invalid or expired.")},
		"jql injected or": {"GET", "/search/jql?jql=project=AAP+or+project=NO", "", 400, said("The value 'NO' does not exist for the field 'project'.")},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := world{t, w.srv, w.url}
			w.want(tc.method, tc.path, tc.body, tc.status, tc.answer)
		})
	}
}

func TestCredentialsAndContentType(t *testing.T) {
	t.Parallel()
	denied := said("Client must be authenticated to access this resource.")
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	w := start(t)
	w.want("GET", "/myself", "", 401, denied, func(r *http.Request) { r.Header.Del("Authorization") })
	w.want("GET", "/myself", "", 401, denied, func(r *http.Request) { r.SetBasicAuth("bot@example.com", "x") })
	w.want("GET", "/myself", "", 401, denied, bearer("t"))
	w.want("POST", "/issue", "{}", 415, said("Unsupported Media Type"), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
	w.want("GET", "/myself", "", 200,
		`{"accountId":"5b10a2844c20165700ede21g","accountType":"atlassian","active":true,"displayName":"bot@example.com","self":"/rest/api/2/myself","timeZone":"Etc/UTC"}`)

	dc := start(t, datacenter)
	stranger := said("You are not authenticated. Authentication required to perform this operation.")
	dc.want("GET", "/myself", "", 401, stranger, bearer("x"))
	dc.want("GET", "/myself", "", 403, said("Basic Authentication has been disabled on this instance."))
	password := start(t, datacenter, func(o *jiratest.Options) { o.Password = "p" })
	password.want("GET", "/myself", "", 401, stranger)
	if status, _ := password.send("GET", "/myself", "", func(r *http.Request) { r.SetBasicAuth("bot@example.com", "p") }); status != 200 {
		t.Errorf("a good password is refused: %d", status)
	}
	dc.want("GET", "/myself", "", 200,
		`{"active":true,"displayName":"bot@example.com","key":"JIRAUSER10100","name":"bot@example.com","self":"/rest/api/2/myself","timeZone":"Etc/UTC"}`, bearer("t"))
	dc.want("GET", "/search/jql?jql=project=AAP", "", 404, `{"message":"null for uri: /rest/api/2/search/jql?jql=project=AAP","status-code":404}`, bearer("t"))
	dc.want("GET", "/search?jql=project=AAP", "", 200, `{"issues":[],"maxResults":50,"startAt":0,"total":0}`, bearer("t"))
	dc.want("GET", "/search?jql=nonsense", "", 400, said("Error in the JQL Query: Expecting operator but got 'nonsense'. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'."), bearer("t"))
}

const create = `{"fields":{"project":{"key":"AAP"},"issuetype":{"name":"Story"},"summary":"Release","description":"d",
	"labels":["skr-k"],"components":[{"name":"backend"}],"customfield_1":3},
	"properties":[{"key":"skillrun","value":{"key":"k"}}]}`

func TestAnIssueAndWhatHappensToIt(t *testing.T) {
	t.Parallel()
	w := start(t, func(o *jiratest.Options) { o.FirstNumber = 61250 })
	w.want("POST", "/issue", create, 201, `{"id":"10001","key":"AAP-61250","self":"/rest/api/2/issue/10001"}`)
	w.want("GET", "/issue/aap-61250?fields=summary,labels&properties=skillrun", "", 200,
		`{"fields":{"labels":["skr-k"],"summary":"Release"},"id":"10001","key":"AAP-61250","properties":{"skillrun":{"key":"k"}},"self":"/rest/api/2/issue/10001"}`)

	link := `{"globalId":"g","relationship":"mr","object":{"url":"https://x/1","title":"one"}}`
	w.want("POST", "/issue/AAP-61250/remotelink", link, 201, `{"id":10002,"self":"/rest/api/2/issue/10001/remotelink/10002"}`)
	w.want("POST", "/issue/AAP-61250/remotelink", strings.Replace(link, "one", "two", 1), 200, `{"id":10002,"self":"/rest/api/2/issue/10001/remotelink/10002"}`)
	bean := `{"globalId":"g","id":10002,"object":{"url":"https://x/1","title":"two"},"relationship":"mr","self":"/rest/api/2/issue/10001/remotelink/10002"}`
	w.want("GET", "/issue/AAP-61250/remotelink?globalId=g", "", 200, bean)
	w.want("GET", "/issue/AAP-61250/remotelink", "", 200, "["+bean+"]")

	w.want("PUT", "/issue/AAP-61250/properties/p", "1", 201, "")
	w.want("PUT", "/issue/AAP-61250/properties/p", "2", 200, "")
	w.want("GET", "/issue/AAP-61250/properties/p", "", 200, `{"key":"p","value":2}`)

	w.want("POST", "/issue/AAP-61250/transitions", `{"transition":{"id":"31"}}`, 204, "")
	w.want("GET", "/issue/AAP-61250?fields=status,resolutiondate", "", 200,
		`{"fields":{"resolutiondate":"2025-01-15T10:00:00.000+0000","status":{"id":"10002","name":"Done","self":"/rest/api/2/status/10002",`+
			`"statusCategory":{"id":3,"key":"done","name":"Done","self":"/rest/api/2/statuscategory/3"}}},"id":"10001","key":"AAP-61250","self":"/rest/api/2/issue/10001"}`)
	if err := w.srv.Comment("AAP-61250", "well done"); err != nil {
		t.Fatal(err)
	}

	want := []jiratest.IssueView{{
		Key: "AAP-61250", Project: "AAP", Type: "Story", Summary: "Release", Description: "d",
		Labels: []string{"skr-k"}, Components: []string{"backend"}, Fields: map[string]any{"customfield_1": 3.0},
		RemoteLinks: []jiratest.LinkView{{GlobalID: "g", URL: "https://x/1", Title: "two"}},
		Comments:    []string{"well done"}, Status: "Done",
		Properties: map[string]json.RawMessage{"skillrun": json.RawMessage(`{"key":"k"}`), "p": json.RawMessage("2")},
	}}
	if diff := cmp.Diff(want, w.srv.Issues()); diff != "" {
		t.Error(diff)
	}
	other := start(t)
	if err := other.srv.Restore(w.srv.Snapshot()); err != nil {
		t.Fatal(err)
	}
	equalJSON := cmp.Transformer("json", func(r json.RawMessage) (v any) { _ = json.Unmarshal(r, &v); return v })
	if diff := cmp.Diff(want, other.srv.Issues(), equalJSON); diff != "" {
		t.Error("restored:", diff)
	}
	if key := other.srv.File("AAP", "next"); key != "AAP-61251" {
		t.Errorf("numbers do not go on after a restore: %s", key)
	}
	if err := other.srv.Restore([]byte("no")); err == nil || !strings.HasPrefix(err.Error(), "not a snapshot of a jira stand-in") {
		t.Errorf("restored nonsense: %v", err)
	}
}

func TestTransitionsAndProjectAreListed(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.srv.File("AAP", "one")
	_, text := w.send("GET", "/issue/AAP-1/transitions", "")
	var got struct {
		Transitions []struct{ ID, Name string }
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := []struct{ ID, Name string }{{"11", "To Do"}, {"21", "In Progress"}, {"31", "Done"}}
	if diff := cmp.Diff(want, got.Transitions); diff != "" {
		t.Error(diff)
	}
	w.want("GET", "/project/REQ", "", 200, `{"components":[],"id":"10001","issueTypes":[`+
		`{"id":"10001","name":"Task","self":"/rest/api/2/issuetype/10001","subtask":false},`+
		`{"id":"10002","name":"Story","self":"/rest/api/2/issuetype/10002","subtask":false},`+
		`{"id":"10003","name":"Bug","self":"/rest/api/2/issuetype/10003","subtask":false}],"key":"REQ","name":"","self":"/rest/api/2/project/REQ"}`)
}

// keys searches and returns the keys of the hits.
func (w world) keys(jql string) []string {
	w.Helper()
	status, text := w.send("GET", "/search/jql?fields=key&jql="+strings.ReplaceAll(jql, " ", "+"), "")
	var got struct{ Issues []struct{ Key string } }
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 {
		w.Fatalf("%d %s", status, text)
	}
	keys := []string{}
	for _, i := range got.Issues {
		keys = append(keys, i.Key)
	}
	return keys
}

func TestSearch(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.srv.File("AAP", "one", "x")
	w.srv.File("REQ", "two", "x", "y")
	w.srv.File("AAP", "three")
	for jql, want := range map[string][]string{
		`labels="x"`:                           {"REQ-1", "AAP-1"},
		`labels = x AND project = "AAP"`:       {"AAP-1"},
		`project in (AAP, REQ) order by key`:   {"AAP-1", "AAP-2", "REQ-1"},
		`project = AAP ORDER BY created DESC`:  {"AAP-2", "AAP-1"},
		`project = AAP ORDER BY key DESC`:      {"AAP-2", "AAP-1"},
		`key in ("AAP-2")`:                     {"AAP-2"},
		`status = "To Do" and labels in (y,z)`: {"REQ-1"},
		`labels = nothing`:                     {},
	} {
		if diff := cmp.Diff(want, w.keys(jql)); diff != "" {
			t.Errorf("%s: %s", jql, diff)
		}
	}
	w.want("GET", "/search/jql?jql=project=AAP", "", 200, `{"isLast":true,"issues":[{"id":"10003"},{"id":"10001"}]}`)
	w.want("GET", "/search/jql?jql=project=AAP&maxResults=1", "", 200, `{"isLast":false,"issues":[{"id":"10003"}],"nextPageToken":"1"}`)
	w.want("GET", "/search/jql?jql=project=AAP&maxResults=1&nextPageToken=1", "", 200, `{"isLast":true,"issues":[{"id":"10001"}]}`)
}

func TestTheIndexLagsAndReadsByKeyDoNot(t *testing.T) {
	t.Parallel()
	w := start(t, func(o *jiratest.Options) { o.SearchLag = 2 })
	w.send("POST", "/issue", create)
	if status, _ := w.send("GET", "/issue/AAP-1", ""); status != 200 {
		t.Errorf("a read by key lags: %d", status)
	}
	for n, want := range [][]string{{}, {}, {"AAP-1"}} {
		if diff := cmp.Diff(want, w.keys("labels=skr-k")); diff != "" {
			t.Errorf("search %d: %s", n, diff)
		}
	}
	w.send("POST", "/issue", create)
	w.srv.Reindex()
	if diff := cmp.Diff([]string{"AAP-2", "AAP-1"}, w.keys("labels=skr-k")); diff != "" {
		t.Error(diff)
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	changes, lines := 0, []string{}
	w := start(t, func(o *jiratest.Options) {
		o.Changed = func() { changes++ }
		o.Log = func(method, path string, status int) {
			lines = append(lines, method+" "+path+" "+http.StatusText(status))
		}
	})
	key := w.srv.File("AAP", "one")
	for _, err := range []error{w.srv.Transition(key, "In Progress"), w.srv.Move(key, "REQ"), w.srv.Comment(key, "c")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if i := w.srv.Issues()[0]; i.Key != "REQ-1" || i.Project != "REQ" || i.Status != "In Progress" || len(i.Comments) != 1 {
		t.Errorf("got %+v", i)
	}
	w.want("GET", "/issue/AAP-1?fields=summary", "", 200, `{"fields":{"summary":"one"},"id":"10001","key":"REQ-1","self":"/rest/api/2/issue/10001"}`)
	if err := w.srv.Delete("REQ-1"); err != nil {
		t.Fatal(err)
	}
	w.want("GET", "/issue/REQ-1", "", 404, said(noIssue))
	if changes != 5 {
		t.Errorf("%d changes reported", changes)
	}
	if diff := cmp.Diff([]string{"GET /rest/api/2/issue/AAP-1 OK", "GET /rest/api/2/issue/REQ-1 Not Found"}, lines); diff != "" {
		t.Error(diff)
	}
	want := []jiratest.Request{{Method: "GET", URL: "/rest/api/2/issue/AAP-1?fields=summary", Status: 200}, {Method: "GET", URL: "/rest/api/2/issue/REQ-1", Status: 404}}
	if diff := cmp.Diff(want, w.srv.Requests()); diff != "" {
		t.Error(diff)
	}
	for want, err := range map[string]error{
		`there is no issue "AAP-9"`:   w.srv.Comment("AAP-9", "c"),
		`there is no status "Closed"`: w.srv.Transition("AAP-1", "Closed"),
		`there is no project "NO"`:    w.srv.Move("AAP-1", "NO"),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
