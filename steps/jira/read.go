package jira

import "context"

// GetIn are the arguments of jira_get_issue.
type GetIn struct {
	At
	Issue string `json:"issue" doc:"The key of the issue, e.g. AAP-61250." pattern:"^[A-Z][A-Z0-9_]+-[1-9][0-9]*$"`
}

// GetOut is the result of jira_get_issue.
type GetOut struct {
	Key            string   `json:"key" doc:"The key of the issue; another one than was given if it was moved." pattern:"^[A-Z][A-Z0-9_]+-[1-9][0-9]*$"`
	Summary        string   `json:"summary" doc:"The summary."`
	Description    string   `json:"description" doc:"The description, in Jira's own markup; empty without one."`
	Type           string   `json:"type" doc:"The name of the issue type."`
	Status         string   `json:"status" doc:"The name of the status, e.g. In Review."`
	StatusCategory string   `json:"status_category" doc:"The category of the status: new, indeterminate (in progress), done, or undefined if it has none." enum:"new,indeterminate,done,undefined"`
	Assignee       *string  `json:"assignee,omitempty" doc:"The name of the assignee."`
	Labels         []string `json:"labels" doc:"The labels."`
	Components     []string `json:"components" doc:"The names of the components."`
	URL            string   `json:"url" doc:"The URL of the issue in the browser." format:"uri"`
	Updated        string   `json:"updated" doc:"When it last changed." format:"date-time"`
}

func (c *client) getIssue(ctx context.Context, in GetIn) (GetOut, error) {
	i, err := c.issue(ctx, in.Issue)
	if err != nil {
		return GetOut{}, err
	}
	updated, err := i.updated("read " + in.Issue)
	if err != nil {
		return GetOut{}, err
	}
	return GetOut{
		Key: i.Key, Summary: i.Fields.Summary, Description: i.Fields.Description, Type: i.Fields.Type.Name,
		Status: i.Fields.Status.Name, StatusCategory: i.Fields.Status.Category.Key,
		Assignee: i.assignee(), Labels: append([]string{}, i.Fields.Labels...), Components: i.components(), URL: c.browse(i.Key), Updated: updated,
	}, nil
}

// About is the issue.
func (in GetIn) About() (what, thing string) { return in.Issue, in.Issue }
