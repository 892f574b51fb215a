package jira

import (
	"context"
	"net/url"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// SearchIn are the arguments of jira_search.
type SearchIn struct {
	At
	JQL   string `json:"jql" doc:"The query in JQL, e.g. project = AAP AND status = Done ORDER BY updated DESC. An input in it needs a pattern or an enum." trusted:"true"`
	Limit int    `json:"limit,omitempty" doc:"How many issues are returned at most." default:"50" minimum:"1" maximum:"1000"`
}

// SearchOut is the result of jira_search.
type SearchOut struct {
	Issues    []FoundIssue `json:"issues" doc:"The issues, in the order of the query. Jira's index may lag by a few minutes; on Jira Cloud, issues that this run created or moved are current."`
	Truncated bool         `json:"truncated" doc:"Whether there are more issues than limit."`
	Total     *int         `json:"total,omitempty" doc:"How many issues there are in total. Absent on Jira Cloud when there are more than limit."`
}

// FoundIssue is one issue that a search found.
type FoundIssue struct {
	Key            string   `json:"key" doc:"The key of the issue, e.g. AAP-61250." pattern:"^[A-Z][A-Z0-9_]+-[1-9][0-9]*$"`
	Summary        string   `json:"summary" doc:"The summary."`
	Status         string   `json:"status" doc:"The name of the status, e.g. In Review."`
	StatusCategory string   `json:"status_category" doc:"The category of the status: new, indeterminate (in progress), done, or undefined if it has none." enum:"new,indeterminate,done,undefined"`
	Type           string   `json:"type" doc:"The name of the issue type."`
	Assignee       *string  `json:"assignee,omitempty" doc:"The name of the assignee."`
	Labels         []string `json:"labels" doc:"The labels."`
	Updated        string   `json:"updated" doc:"When it last changed." format:"date-time"`
	URL            string   `json:"url" doc:"The URL of the issue in the browser." format:"uri"`
}

// maxJQL keeps the query within what servers take as the address of a read.
const maxJQL = 4000

func (c *client) searchIssues(ctx context.Context, in SearchIn) (SearchOut, error) {
	var none SearchOut
	const what = "search for issues"
	reconciled, err := c.reconciled(ctx)
	if err != nil {
		return none, err
	}
	q := url.Values{"jql": {in.JQL}, "fields": {"summary,status,issuetype,assignee,labels,updated"}, "reconcileIssues": reconciled}
	thing, unseen := in.named(ctx)
	found, err := rest.Settled(ctx, thing, thing, unseen, func() (hits, error) {
		return c.searchBy(ctx, what, q, in.Limit)
	})
	if err != nil {
		return none, err
	}
	out := SearchOut{Issues: []FoundIssue{}, Truncated: found.more, Total: found.total}
	for _, i := range found.issues {
		row, err := c.row(what, i)
		if err != nil {
			return none, err
		}
		out.Issues = append(out.Issues, row)
	}
	if n := len(out.Issues); out.Total == nil && !out.Truncated {
		out.Total = &n
	}
	return out, nil
}

// maxReconciled is how many issues Jira Cloud takes to look at beside its index.
const maxReconciled = 50

// reconciled are the ids of the issues that this run filed or moved, the newest
// where there are too many. The index may not have them yet, or as they were:
// Jira Cloud looks at these itself. Data Center knows no such thing.
func (c *client) reconciled(ctx context.Context) ([]string, error) {
	results := step.CallOf(ctx).Results
	if results == nil || c.datacenter {
		return nil, nil
	}
	var ids []string
	filed := map[string]bool{}
	for _, r := range results("jira_create_issue") {
		key, _ := r.Out["key"].(string)
		if id, _ := r.Out["id"].(string); isID(id) && r.Out["url"] == c.browse(key) {
			filed[key], ids = true, append(ids, id)
		}
	}
	for _, r := range results("jira_transition") {
		key, _ := r.Out["issue"].(string)
		if r.Out["url"] != c.browse(key) || filed[key] {
			continue
		}
		i, err := c.issue(ctx, key)
		if err != nil {
			return nil, err
		}
		filed[key], ids = true, append(ids, i.ID)
	}
	return ids[max(0, len(ids)-maxReconciled):], nil
}

// named is the first issue of this run that the query names, "" when there is
// none, and how Jira refuses a query for one that its index does not have yet.
func (in SearchIn) named(ctx context.Context) (key string, unseen func(error) bool) {
	made := step.CallOf(ctx).Made
	unseen = func(err error) bool {
		return key != "" && types.CodeOf(err) == types.BadInput && strings.Contains(err.Error(), key)
	}
	if made == nil {
		return "", unseen
	}
	for _, k := range keyIn().FindAllString(in.JQL, -1) {
		if made(k) {
			key = k
			break
		}
	}
	return key, unseen
}

var keyIn = types.Pattern(`\b[A-Z][A-Z0-9_]+-[1-9][0-9]*\b`)

func (in SearchIn) check(unknown step.UnknownPaths) error {
	switch {
	case unknown.Has("jql"):
	case strings.TrimSpace(in.JQL) == "":
		return types.Errorf(types.BadInput, "the jql is empty").
			WithHint("give a query, e.g. project = AAP AND status = Done")
	case len(in.JQL) > maxJQL:
		return types.Errorf(types.BadInput, "the jql has %d bytes, more than %d", len(in.JQL), maxJQL).
			WithHint("search by what the issues have in common instead of naming each")
	}
	return nil
}

func (c *client) row(what string, i issue) (FoundIssue, error) {
	if i.Fields.Status.Category.Key == "" {
		return FoundIssue{}, types.Errorf(types.Unavailable, "%s: %s has no status", what, i.Key).WithHint(notJira)
	}
	updated, err := i.updated(what + ": " + i.Key)
	if err != nil {
		return FoundIssue{}, err
	}
	return FoundIssue{
		Key: i.Key, Summary: i.Fields.Summary, Status: i.Fields.Status.Name, StatusCategory: i.Fields.Status.Category.Key,
		Type: i.Fields.Type.Name, Assignee: i.assignee(), Labels: append([]string{}, i.Fields.Labels...),
		Updated: updated, URL: c.browse(i.Key),
	}, nil
}
