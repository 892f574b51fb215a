package jira_test

import (
	"encoding/json"
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

// theRelease is what a skill does that files an issue, links it and says so.
func theRelease() []step.Use {
	return []step.Use{
		{Node: "ticket", Step: "jira_create_issue", Args: types.Values{"project": "AAP", "type": "Story"}},
		{Node: "link", Step: "jira_add_link", Args: types.Values{"title": "t"}},
		{Node: "say", Step: "jira_add_comment", Args: types.Values{}},
		{Node: "done", Step: "jira_transition", Args: types.Values{"status": "Done"}},
		{Node: "old", Step: "jira_get_issue", Args: types.Values{"issue": "AAP-100"}},
		{Node: "others", Step: "jira_search", Args: types.Values{"jql": "project = AAP"}},
	}
}

// examine returns the findings as lines "state subject: detail".
func (w *world) examine(uses []step.Use) []string {
	w.Helper()
	lines := []string{}
	for _, f := range w.findings(uses) {
		text := f.State() + " " + f.Subject + ": " + f.Detail + f.Skipped
		if f.Err != nil {
			text += f.Err.Error()
			if f.Err.Hint == "" {
				w.Errorf("%s has no remedy", text)
			}
		}
		lines = append(lines, strings.ReplaceAll(text, strings.TrimPrefix(w.url, "http://"), "HOST"))
	}
	return lines
}

func (w *world) findings(uses []step.Use) []step.Finding {
	return jira.Examine(map[string]jira.Service{"jira": w.service})(w.Context(), "jira", uses, time.Now())
}

func TestExamineAllWell(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		what := "Jira Cloud"
		if w.service.Deployment == "datacenter" {
			what = "Jira Data Center 10.3.1"
		}
		want := []string{
			"ok reach HOST: it answers over HTTP/1.1",
			"ok clock against HOST: they agree within a minute",
			"ok deployment: " + what,
			"ok credential: accepted; the account is bot@example.com",
			"ok search of step others: Jira accepts the query",
			"ok project AAP: AAP is visible",
			"ok permissions in AAP: Browse Projects, Create Issues, Link Issues, Add Comments, Transition Issues",
			"ok screen of Story in AAP: the step ticket gives the required fields",
			"ok marks of Story in AAP: the label and the entity property",
		}
		if diff := cmp.Diff(want, w.examine(theRelease())); diff != "" {
			t.Error(diff)
		}
		for _, r := range w.srv.Requests() {
			if r.Method != http.MethodGet {
				t.Errorf("an examination sent %v", r)
			}
		}
	})
}

// TestExamineFaults plants one fault after the other; each is named, with its
// remedy, on both deployments.
func TestExamineFaults(t *testing.T) {
	t.Parallel()
	other := []step.Use{{Node: "ticket", Step: "jira_create_issue", Args: types.Values{"project": "OTHER"}}}
	given := []step.Use{{Node: "ticket", Step: "jira_create_issue", Args: types.Values{"project": "OTHER", "fields": map[string]any{"customfield_2": "E"}}}}
	tests := map[string]struct {
		change  func(*jiratest.Options)
		service func(*jira.Service)
		uses    []step.Use
		says    string
	}{
		"wrong token": {nil, func(s *jira.Service) { s.Token = types.NewSecret("x") }, theRelease(), "failed credential: read the jira account: 401 Unauthorized"},
		"no token":    {nil, func(s *jira.Service) { s.Token = types.Secret{} }, nil, `failed credential: service "jira" has no token (name one in skillrun.yaml`},
		"nothing after it": {nil, func(s *jira.Service) { s.Token = types.NewSecret("x") }, theRelease(),
			"skipped projects and permissions: fix what failed above first"},
		"project":    {nil, nil, []step.Use{{Node: "a", Step: "jira_create_issue", Args: types.Values{"project": "NO"}}}, "failed project NO: read project NO: 404 Not Found: No project could be found with key 'NO'. (check the key of the project"},
		"not seen":   {denied("BROWSE_PROJECTS"), nil, theRelease(), "failed project AAP: read project AAP: 404"},
		"permission": {denied("CREATE_ISSUES", "ADD_COMMENTS"), nil, theRelease(), "failed permissions in AAP: the account lacks in AAP: Create Issues, Add Comments (ask the administrator of AAP for this permission)"},
		"type": {nil, nil, []step.Use{{Node: "a", Step: "jira_create_issue", Args: types.Values{"project": "AAP", "type": "Saga"}}},
			"failed screen of Saga in AAP: AAP has no issue type Saga that the account may create (it has: Task, Story, Bug; name one as type of the step a)"},
		"screen":       {nil, nil, other, "failed screen of Task in OTHER: jira requires fields that the step ticket does not give: customfield_2 (Epic Name) (give them under fields of the step ticket, by id)"},
		"screen given": {nil, nil, given, "ok screen of Task in OTHER: the step ticket gives the required fields"},
		"type by id": {nil, nil, []step.Use{{Node: "a", Step: "jira_create_issue", Args: types.Values{"project": "AAP", "type": "10002"}}},
			"ok marks of Story in AAP: the label and the entity property"},
		"type under fields": {nil, nil, []step.Use{{Node: "a", Step: "jira_create_issue", Args: types.Values{"project": "AAP", "fields": map[string]any{"issuetype": map[string]any{"id": "10003"}}}}},
			"ok marks of Bug in AAP: the label and the entity property"},
		"no labels": {noLabels, nil, theRelease(), "ok marks of Story in AAP: the entity property alone: the screen has no labels"},
		"labels that cannot be": {noLabels, nil, []step.Use{{Node: "a", Step: "jira_create_issue", Args: types.Values{"project": "AAP", "labels": []any{"x"}}}},
			"failed marks of Task in AAP: the create screen has no labels, but the step a gives some (leave them out"},
		"query": {nil, nil, []step.Use{{Node: "a", Step: "jira_search", Args: types.Values{"jql": "colour = red"}}},
			"failed search of step a: search for issues: 400 Bad Request: Field 'colour' does not exist"},
		"query later":   {nil, nil, []step.Use{{Node: "a", Step: "jira_search"}}, "skipped search of step a: the query is known when it runs"},
		"project later": {nil, nil, []step.Use{{Node: "a", Step: "jira_get_issue"}}, "skipped step a: which project it is about is known when it runs"},
		"issue known":   {nil, nil, []step.Use{{Node: "a", Step: "jira_transition", Args: types.Values{"issue": "AAP-100"}}}, "ok permissions in AAP: Browse Projects, Transition Issues"},
	}
	for name, tc := range tests {
		eachOnBoth(t, name, func(t *testing.T, on func(*jiratest.Options)) {
			changes := []func(*jiratest.Options){on}
			if tc.change != nil {
				changes = append(changes, tc.change)
			}
			w := start(t, nil, changes...)
			if tc.service != nil {
				tc.service(&w.service)
			}
			if got := strings.Join(w.examine(tc.uses), "\n"); !strings.Contains(got, tc.says) {
				t.Errorf("got\n%s\nwant %s", got, tc.says)
			}
		})
	}
}

func TestExamineTheWrongDeployment(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		says := "failed deployment: it is Jira Cloud, but the configured deployment is datacenter (write deployment: cloud under the service in skillrun.yaml)"
		if w.service.Deployment == "datacenter" {
			w.service.Deployment, w.service.User = "", "u"
			says = "failed deployment: it is Jira Data Center 10.3.1, but the configured deployment is cloud (write deployment: datacenter under the service in skillrun.yaml)"
		} else {
			w.service.Deployment = "datacenter"
		}
		if got := strings.Join(w.examine(theRelease()), "\n"); !strings.Contains(got, says) || strings.Contains(got, "credential") {
			t.Errorf("got\n%s\nwant %s", got, says)
		}
	})
}

// TestExamineWhatIsNotJira has odd things answer at the address.
func TestExamineWhatIsNotJira(t *testing.T) {
	t.Parallel()
	part := func(path string, status int, body string) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, path) {
				return answering("GET", status, nil, body).RoundTrip(r)
			}
			return http.DefaultTransport.RoundTrip(r)
		})
	}
	tests := map[string]struct {
		rt   http.RoundTripper
		says string
	}{
		"a web page":         {answering("GET", 200, nil, "<html>"), "failed deployment: read the jira version: the answer is not Jira's"},
		"another service":    {answering("GET", 200, nil, "{}"), "failed deployment: the server does not say that it is a jira (check the service's url"},
		"closed":             {part("/serverInfo", 401, ""), "skipped deployment: this Jira shows its version only after a login\nok credential"},
		"nobody":             {part("/myself", 200, "{}"), "failed credential: read the jira account: the answer names no user"},
		"no project":         {part("/project/", 200, "{}"), "failed project AAP: read project AAP: the answer is not a project"},
		"no permissions":     {part("/mypermissions", 503, ""), "failed permissions in AAP: read the permissions in AAP: 503"},
		"no types":           {part("/issuetypes", 503, ""), "failed screen of Story in AAP: read the issue types of AAP: 503"},
		"no screen":          {part("/issuetypes/", 503, ""), "failed screen of Story in AAP: read the create screen of AAP: 503"},
		"not even connected": {roundTripper(func(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }), "failed reach HOST"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			w.service.Transport = tc.rt
			if got := strings.Join(w.examine(theRelease()), "\n"); !strings.Contains(got, tc.says) {
				t.Errorf("got\n%s\nwant %s", got, tc.says)
			}
		})
	}
}

func TestExamineServicesThatAreNone(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	got := jira.Examine(nil)(t.Context(), "", nil, time.Now())
	if len(got) != 1 || got[0].Subject != "service jira" || !strings.Contains(got[0].Err.Error(), `there is no service "jira"`) {
		t.Errorf("got %+v", got)
	}
	w.service.URL = strings.Replace(w.url, "//", "//u:p@", 1)
	if lines := strings.Join(w.examine(nil), "\n"); !strings.Contains(lines, "failed deployment: the service \"jira\" has an invalid URL (write it as https://HOST") {
		t.Errorf("got %s", lines)
	}
}

// TestExamineTheClock asks a Jira whose clock is an hour behind.
func TestExamineTheClock(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	late := jira.Examine(map[string]jira.Service{"jira": w.service})(t.Context(), "jira", nil, time.Now().Add(time.Hour))
	data, err := json.Marshal(late)
	if err != nil || !strings.Contains(string(data), "this machine's clock is") {
		t.Errorf("got %s, %v", data, err)
	}
}

// TestExamineReadsEveryPage has more types of issue than fit on a page.
func TestExamineReadsEveryPage(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on, func(o *jiratest.Options) {
			for range 150 {
				o.Projects[0].IssueTypes = append(o.Projects[0].IssueTypes, "Bug")
			}
			o.Projects[0].IssueTypes = append(o.Projects[0].IssueTypes, "Story")
		})
		if got := strings.Join(w.examine(theRelease()), "\n"); !strings.Contains(got, "ok screen of Story in AAP") {
			t.Errorf("got\n%s", got)
		}
	})
}
