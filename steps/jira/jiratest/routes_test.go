package jiratest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// office is a workflow with a screen.
func office(o *jiratest.Options) {
	o.Projects[0].Transitions = []jiratest.Transition{
		{Name: "Start", From: []string{"To Do"}, To: "In Progress"},
		{Name: "Resolve", From: []string{"In Progress"}, To: "Done", Fields: map[string]jiratest.Field{
			"resolution": {Name: "Resolution", Required: true, Allowed: []string{"Fixed"}}, "colour": {Name: "Colour", Required: true, Default: true}}},
	}
}

func bearer(r *http.Request) { r.Header.Set("Authorization", "Bearer t") }

func TestComments(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.srv.File("AAP", "one")
	user := `{"accountId":"5b10a2844c20165700ede21g","accountType":"atlassian","active":true,"displayName":"bot@example.com","self":"/rest/api/2/myself","timeZone":"Etc/UTC"}`
	bean := func(id, body, more string) string {
		return `{"author":` + user + `,"body":"` + body + `","created":"2025-01-15T10:00:00.000+0000","id":"` + id + `","jsdPublic":true,` + more +
			`"self":"/rest/api/2/issue/10001/comment/` + id + `","updateAuthor":` + user + `,"updated":"2025-01-15T10:00:00.000+0000"}`
	}
	w.want("POST", "/issue/AAP-1/comment", `{"body":"b","properties":[{"key":"p","value":{"x":1}}]}`, 201, bean("10002", "b", ""))
	w.want("POST", "/issue/AAP-1/comment", `{"body":"c"}`, 201, bean("10003", "c", ""))
	list := func(page string) string { return `{"comments":[` + page[1:] + `,"startAt":` + page[:1] + `,"total":2}` }
	w.want("GET", "/issue/AAP-1/comment?expand=properties", "", 200,
		list(`0`+bean("10002", "b", `"properties":[{"key":"p","value":{"x":1}}],`)+","+bean("10003", "c", `"properties":[],`)+`],"maxResults":100`))
	w.want("GET", "/issue/AAP-1/comment?startAt=1&maxResults=500", "", 200, list(`1`+bean("10003", "c", "")+`],"maxResults":100`))
	w.want("GET", "/issue/AAP-1/comment?orderBy=-created&maxResults=1", "", 200, list(`0`+bean("10003", "c", "")+`],"maxResults":1`))
	w.want("GET", "/comment/10002/properties/p", "", 200, `{"key":"p","value":{"x":1}}`)
	if err := w.srv.Uncomment("AAP-1", "b"); err != nil {
		t.Fatal(err)
	}
	w.want("GET", "/comment/10002/properties/p", "", 404, said("Can not find a comment for the id: 10002."))
	w.want("GET", "/comment/10003/properties/p", "", 404, said("The property with key 'p' does not exist."))

	dc := start(t, datacenter)
	dc.srv.File("AAP", "one")
	status, text := dc.send("GET", "/issue/AAP-1/comment", "", bearer)
	if want := `{"comments":[],"maxResults":1048576,"startAt":0,"total":0}`; status != 200 || text != want {
		t.Errorf("got %d %s", status, text)
	}
}

func TestRefusalsOfCommentsAndTransitions(t *testing.T) {
	t.Parallel()
	w := start(t, office)
	w.srv.File("AAP", "one")
	tests := map[string]struct {
		method, path, body string
		status             int
		answer             string
	}{
		"comments of none":    {"GET", "/issue/AAP-2/comment", "", 404, said(noIssue)},
		"comment on none":     {"POST", "/issue/AAP-2/comment", "{}", 404, said(noIssue)},
		"comment order":       {"GET", "/issue/AAP-1/comment?orderBy=id", "", 400, said("The orderBy parameter must be one of: created, -created, +created.")},
		"comment no json":     {"POST", "/issue/AAP-1/comment", "{", 400, said("There was an error parsing JSON. Check that your request body is valid.")},
		"comment key":         {"POST", "/issue/AAP-1/comment", `{"body":"b","author":{}}`, 400, said(`Unrecognized field "author"`)},
		"comment property":    {"POST", "/issue/AAP-1/comment", `{"body":"b","properties":[{"key":"p"}]}`, 400, said("A property needs a key of at most 255 characters and a value.")},
		"comment empty":       {"POST", "/issue/AAP-1/comment", `{"body":" "}`, 400, `{"errorMessages":[],"errors":{"comment":"Comment body can not be empty!"}}`},
		"comment long":        {"POST", "/issue/AAP-1/comment", `{"body":"` + strings.Repeat("x", 32768) + `"}`, 400, `{"errorMessages":[],"errors":{"comment":"The entered text is too long. It exceeds the allowed limit of 32,767 characters."}}`},
		"transition key":      {"POST", "/issue/AAP-1/transitions", `{"colour":1}`, 400, said(`Unrecognized field "colour"`)},
		"transition property": {"POST", "/issue/AAP-1/transitions", `{"properties":[{"key":"p"}]}`, 400, said("A property needs a key of at most 255 characters and a value.")},
		"transition not open": {"POST", "/issue/AAP-1/transitions", `{"transition":{"id":"21"}}`, 400, said("Transition id '21' is not valid for this issue.")},
		"part":                {"GET", "/issue/AAP-1/colour/red", "", 404, said("null for uri: /rest/api/2/issue/AAP-1/colour/red")},
		"put part":            {"PUT", "/issue/AAP-1/colour/red", "1", 404, said("null for uri: /rest/api/2/issue/AAP-1/colour/red")},
		"types of none":       {"GET", "/issue/createmeta/NO/issuetypes", "", 404, said("No project could be found with key 'NO'.")},
		"screen of none":      {"GET", "/issue/createmeta/NO/issuetypes/1", "", 404, said("No project could be found with key 'NO'.")},
		"screen of no type":   {"GET", "/issue/createmeta/AAP/issuetypes/7", "", 404, said("Issue type with id 7 does not exist.")},
		"permissions of none": {"GET", "/mypermissions?permissions=CREATE_ISSUES&projectKey=NO", "", 404, said("No project could be found with key 'NO'.")},
		"permissions unnamed": {"GET", "/mypermissions?projectKey=AAP", "", 400, said("The 'permissions' query parameter is required.")},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := world{t, w.srv, w.url}
			w.want(tc.method, tc.path, tc.body, tc.status, tc.answer)
		})
	}
}

func TestATransitionWithAScreen(t *testing.T) {
	t.Parallel()
	w := start(t, office)
	w.srv.File("AAP", "one")
	w.want("POST", "/issue/AAP-1/transitions", `{"transition":{"id":"11"},"properties":[{"key":"p","value":1}]}`, 204, "")
	w.want("GET", "/issue/AAP-1/properties/p", "", 200, `{"key":"p","value":1}`)
	_, text := w.send("GET", "/issue/AAP-1/transitions?expand=transitions.fields", "")
	want := `"resolution":{"allowedValues":[{"id":"1","name":"Fixed","self":"/rest/api/2/resolution/1"}],"fieldId":"resolution","hasDefaultValue":false,"key":"resolution",` +
		`"name":"Resolution","operations":["set"],"required":true,"schema":{"system":"resolution","type":"string"}}`
	if !strings.Contains(text, want) || strings.Contains(text, "Start") {
		t.Errorf("got %s", text)
	}
	resolve := func(fields string) string { return `{"transition":{"id":"21"},"fields":` + fields + `}` }
	w.want("POST", "/issue/AAP-1/transitions", resolve(`{}`), 400, `{"errorMessages":[],"errors":{"resolution":"Resolution is required."}}`)
	w.want("POST", "/issue/AAP-1/transitions", resolve(`{"resolution":{"name":"Eaten"},"size":1}`), 400,
		`{"errorMessages":[],"errors":{"resolution":"The resolution 'Eaten' is not valid.","size":"Field 'size' cannot be set. It is not on the appropriate screen, or unknown."}}`)
	w.want("POST", "/issue/AAP-1/transitions", resolve(`{"resolution":{"name":"Fixed"}}`), 204, "")
	if got := w.srv.Issues()[0]; got.Status != "Done" {
		t.Errorf("got %+v", got)
	}
}

func TestWhatTheAccountMayNotDo(t *testing.T) {
	t.Parallel()
	denied := func(permissions ...string) world {
		w := start(t, func(o *jiratest.Options) { o.Projects[0].Denied = permissions })
		w.srv.File("AAP", "one")
		return w
	}
	w := denied("ADD_COMMENTS", "TRANSITION_ISSUES", "CREATE_ISSUES")
	w.want("POST", "/issue/AAP-1/comment", `{"body":"b"}`, 400, said("bot@example.com, you do not have the permission to comment on this issue."))
	w.want("GET", "/issue/AAP-1/transitions", "", 200, `{"expand":"transitions","transitions":[]}`)
	w.want("POST", "/issue/AAP-1/transitions", `{"transition":{"id":"11"}}`, 400, said("Transition id '11' is not valid for this issue."))
	w.want("POST", "/issue", create, 400, `{"errorMessages":[],"errors":{"project":"You do not have permission to create issues in this project."}}`)
	w.want("GET", "/issue/createmeta/AAP/issuetypes", "", 200, `{"issueTypes":[],"maxResults":50,"startAt":0,"total":0}`)
	_, text := w.send("GET", "/mypermissions?projectKey=AAP&permissions=CREATE_ISSUES,BROWSE_PROJECTS", "")
	for _, want := range []string{`"havePermission":false,"id":"11","key":"CREATE_ISSUES"`, `"havePermission":true,"id":"10","key":"BROWSE_PROJECTS"`} {
		if !strings.Contains(text, want) || strings.Contains(text, "ADD_COMMENTS") {
			t.Errorf("got %s", text)
		}
	}
	w = denied("BROWSE_PROJECTS")
	w.want("GET", "/issue/AAP-1", "", 404, said(noIssue))
	w.want("GET", "/issue/AAP-1/transitions", "", 404, said(noIssue))
	w.want("GET", "/project/AAP", "", 404, said("No project could be found with key 'AAP'."))
	w.want("GET", "/search/jql?jql=project=AAP", "", 400, said("The value 'AAP' does not exist for the field 'project'."))
	w.want("POST", "/issue", create, 400, `{"errorMessages":[],"errors":{"project":"valid project is required"}}`)
}

// TestWhatJiraSaysOfItself is open to strangers, and closed to a wrong
// credential.
func TestWhatJiraSaysOfItself(t *testing.T) {
	t.Parallel()
	stranger := func(r *http.Request) { r.Header.Del("Authorization") }
	w, dc := start(t), start(t, datacenter)
	if _, text := w.send("GET", "/serverInfo", "", stranger); !strings.Contains(text, `"deploymentType":"Cloud"`) {
		t.Errorf("got %s", text)
	}
	if _, text := dc.send("GET", "/serverInfo", "", stranger); !strings.Contains(text, `"deploymentType":"Server"`) {
		t.Errorf("got %s", text)
	}
	if status, _ := w.send("GET", "/serverInfo", "", func(r *http.Request) { r.SetBasicAuth("x", "y") }); status != 401 {
		t.Errorf("a wrong credential is taken: %d", status)
	}
}

// TestDataCenterSaysWhoAsks checks the headers that only tell of the login.
func TestDataCenterSaysWhoAsks(t *testing.T) {
	t.Parallel()
	dc := start(t, datacenter)
	ask := func(credential string) []string {
		req, err := http.NewRequestWithContext(t.Context(), "GET", dc.url+"/rest/api/2/myself", nil)
		if err != nil {
			t.Fatal(err)
		}
		if credential != "" {
			req.Header.Set("Authorization", credential)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return []string{resp.Header.Get("X-Ausername"), resp.Header.Get("X-Seraph-Loginreason"), resp.Header.Get("WWW-Authenticate")}
	}
	for credential, want := range map[string][]string{
		"Bearer t": {"bot@example.com", "OK", ""},
		"Bearer x": {"anonymous", "AUTHENTICATED_FAILED", `OAuth realm="jiratest"`},
		"":         {"anonymous", "", `OAuth realm="jiratest"`},
	} {
		if diff := cmp.Diff(want, ask(credential)); diff != "" {
			t.Errorf("%q: %s", credential, diff)
		}
	}
}
