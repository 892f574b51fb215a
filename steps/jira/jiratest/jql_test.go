package jiratest_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// TestDocumentedJQL searches as Atlassian's reference of advanced searching
// says that one can.
func TestDocumentedJQL(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 1, 10, 10, 0, 0, 0, time.UTC)
	w := start(t, func(o *jiratest.Options) { o.Now = func() time.Time { return at } })
	w.srv.File("AAP", "Release the backend", "x") // AAP-1
	at = at.Add(24 * time.Hour)
	w.srv.File("REQ", "Bump the back end", "x", "y") // REQ-1
	at = at.Add(24 * time.Hour)
	w.srv.File("AAP", "Describe the release") // AAP-2
	at = at.Add(24 * time.Hour)
	if err := w.srv.Transition("AAP-1", "Done"); err != nil {
		t.Fatal(err)
	}
	for jql, want := range map[string][]string{
		`project = AAP ORDER BY updated`:                              {"AAP-1", "AAP-2"},
		`project = AAP ORDER BY updated ASC`:                          {"AAP-2", "AAP-1"},
		`project in (AAP, REQ) ORDER BY project DESC, key ASC`:        {"REQ-1", "AAP-1", "AAP-2"},
		`project != AAP`:                                              {"REQ-1"},
		`labels != y`:                                                 {"AAP-1"}, // not those without labels
		`labels is EMPTY`:                                             {"AAP-2"},
		`labels is not empty AND NOT project = REQ`:                   {"AAP-1"},
		`labels not in (y) OR labels is null`:                         {"AAP-2", "AAP-1"},
		`summary ~ "release"`:                                         {"AAP-2", "AAP-1"},
		`summary ~ rel*`:                                              {"AAP-2", "AAP-1"},
		`summary ~ "\"the release\""`:                                 {"AAP-2"},
		`text !~ release`:                                             {"REQ-1"},
		`project = AAP AND (summary ~ describe OR summary ~ backend)`: {"AAP-2", "AAP-1"},
		`created >= "2025-01-11" AND created < 2025-01-12`:            {"REQ-1"},
		`created >= -1d`:                                              {"AAP-2"},
		`updated >= -1h`:                                              {"AAP-1"},
		`created <= now() and issuetype = Task order by key`:          {"AAP-1", "AAP-2", "REQ-1"},
		`type in (Story, Bug)`:                                        {},
		`resolution = Unresolved`:                                     {"AAP-2", "REQ-1"},
		`resolution is not EMPTY`:                                     {"AAP-1"},
		`resolution = Done and resolved > -1d`:                        {"AAP-1"},
		`status != Done`:                                              {"AAP-2", "REQ-1"},
		`statusCategory = "To Do" AND reporter = currentUser()`:       {"AAP-2", "REQ-1"},
		`statusCategory = new and assignee = currentUser()`:           {},
		`key >= AAP-2 and project = AAP`:                              {"AAP-2"},
		`PROJECT = 'AAP' and Status = done`:                           {"AAP-1"},
	} {
		if diff := cmp.Diff(want, w.keys(url.QueryEscape(jql))); diff != "" {
			t.Errorf("%s: %s", jql, diff)
		}
	}
	for jql, want := range map[string]string{
		`project ~ AAP`:                           "The operator '~' is not supported by the 'project' field.",
		`summary = x`:                             "The operator '=' is not supported by the 'summary' field.",
		`project = AAP summary ~ x`:               "Error in the JQL Query: Expecting either 'OR' or 'AND' but got 'summary'.",
		`(project = AAP`:                          "Error in the JQL Query: Expecting ')' before the end of the query.",
		`created > soon`:                          "Date value 'soon' for field 'created' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
		`issuetype = Tsk`:                         "The value 'Tsk' does not exist for the field 'issuetype'.",
		`status = Open`:                           "The value 'Open' does not exist for the field 'status'.",
		`assignee = membersOf()`:                  "Unable to find JQL function 'membersOf()'.",
		`project = AAP ORDER BY summary, nothing`: "Field 'nothing' does not exist or you do not have permission to view it.",
		`labels in (x, y`:                         "Error in the JQL Query: Expecting ')' before the end of the query.",
	} {
		w.want("GET", "/search/jql?jql="+url.QueryEscape(jql), "", 400, said(want))
	}
}
