//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	gl "github.com/xanzy/go-gitlab"
)

// mergeRequest is a merge request as far as the steps look at it.
type mergeRequest struct {
	IID                             int
	Title, Description, State       string
	SourceBranch, TargetBranch, SHA string
	SourceProjectID                 int
	Author                          string
	Draft                           bool
	Labels, Reviewers, Assignees    []string
	WebURL, MergeStatus             string
	ChangesCount                    string // "35", "1000+", "" while GitLab still counts
	Pipeline                        string // the head pipeline's status, "" without one
	PipelineID, PipelineProject     int    // the head pipeline's number and project, 0 without one
	UpdatedAt, ClosedAt, MergedAt   string
	ClosedBy, MergedBy              string
}

// approvals is who agreed, and who has to.
type approvals struct {
	Approved       bool
	Required, Left int
	By             []string
	Users          []approver
}

// approver is someone who approved, and when, where GitLab says it.
type approver struct {
	user
	At string
}

// file is one file of a merge request. GitLab leaves the diff of a big one out
// and says so in two members that go-gitlab does not know.
type file struct {
	OldPath     string `json:"old_path"`
	NewPath     string `json:"new_path"`
	Diff        string `json:"diff"`
	NewFile     bool   `json:"new_file"`
	RenamedFile bool   `json:"renamed_file"`
	DeletedFile bool   `json:"deleted_file"`
	Collapsed   bool   `json:"collapsed"`
	TooLarge    bool   `json:"too_large"`
}

// query selects merge requests of a project. Empty members select all.
type query struct {
	State, SourceBranch, TargetBranch, Search string
	Labels                                    []string
}

type draft struct {
	Title, Description, SourceBranch, TargetBranch string
	TargetProjectID                                int
	Labels                                         []string
	ReviewerIDs, AssigneeIDs                       []int
	RemoveSourceBranch                             bool
}

// create sends the merge request, to the source project.
func (c *client) create(ctx context.Context, source, what string, d draft) (mergeRequest, error) {
	opt := &gl.CreateMergeRequestOptions{
		Title: &d.Title, Description: &d.Description, SourceBranch: &d.SourceBranch, TargetBranch: &d.TargetBranch,
		TargetProjectID: &d.TargetProjectID, RemoveSourceBranch: &d.RemoveSourceBranch,
		Labels: (*gl.LabelOptions)(optional(d.Labels)), ReviewerIDs: optional(d.ReviewerIDs), AssigneeIDs: optional(d.AssigneeIDs),
	}
	ctx, x := withExchange(ctx, http.MethodPost, what)
	m, resp, err := c.api.MergeRequests.CreateMergeRequest(source, opt, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return mergeRequest{}, err
	}
	return fromAPI(m), nil
}

// change is what an update sends. What is empty stays as it is.
type change struct {
	Title, Description, StateEvent string
	AddLabels                      []string
	ReviewerIDs, AssigneeIDs       []int
	RemoveSourceBranch             *bool
}

func (c *client) update(ctx context.Context, path string, iid int, what string, d change) (mergeRequest, error) {
	opt := &gl.UpdateMergeRequestOptions{
		Title: optionalString(d.Title), Description: optionalString(d.Description), StateEvent: optionalString(d.StateEvent), RemoveSourceBranch: d.RemoveSourceBranch,
		AddLabels: (*gl.LabelOptions)(optional(d.AddLabels)), ReviewerIDs: optional(d.ReviewerIDs), AssigneeIDs: optional(d.AssigneeIDs),
	}
	ctx, x := withExchange(ctx, http.MethodPut, what)
	m, resp, err := c.api.MergeRequests.UpdateMergeRequest(path, iid, opt, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return mergeRequest{}, err
	}
	if m.IID != iid {
		return mergeRequest{}, mismatchError(what, fmt.Errorf("it is about !%d", m.IID))
	}
	return fromAPI(m), nil
}

func (c *client) mergeRequest(ctx context.Context, path string, iid int) (mergeRequest, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "read merge request !"+strconv.Itoa(iid)+" of "+path)
	m, resp, err := c.api.MergeRequests.GetMergeRequest(path, iid, nil, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return mergeRequest{}, err
	}
	if m.IID != iid {
		return mergeRequest{}, noAnswer(x, "the answer is about !%d", m.IID)
	}
	return fromAPI(m), nil
}

// approvals reads who approved; the library would leave out when.
func (c *client) approvals(ctx context.Context, path string, iid int) (approvals, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "read the approvals of !"+strconv.Itoa(iid)+" of "+path)
	where := "projects/" + gl.PathEscape(path) + "/merge_requests/" + strconv.Itoa(iid) + "/approvals"
	var a struct {
		gl.MergeRequestApprovals
		ApprovedBy []struct {
			User *gl.BasicUser `json:"user"`
			At   *time.Time    `json:"approved_at"`
		} `json:"approved_by"`
	}
	resp, err := c.read(where, nil, gl.WithContext(ctx), &a)
	if err := x.end(raw(resp), err); err != nil {
		return approvals{}, err
	}
	out := approvals{Approved: a.Approved, Required: a.ApprovalsRequired, Left: a.ApprovalsLeft, By: []string{}}
	for _, by := range a.ApprovedBy {
		if by.User != nil {
			out.By = append(out.By, by.User.Username)
			out.Users = append(out.Users, approver{user{ID: by.User.ID, Username: by.User.Username}, stamp(by.At)})
		}
	}
	return out, nil
}

// mergeRequests reads the pages of a list, newest first, until visit says
// false. complete is false when there is more than anybody should read.
func (c *client) mergeRequests(ctx context.Context, path string, q query, visit func(mergeRequest) bool) (complete bool, err error) {
	opt := &gl.ListProjectMergeRequestsOptions{
		State: optionalString(q.State), SourceBranch: optionalString(q.SourceBranch), TargetBranch: optionalString(q.TargetBranch), Search: optionalString(q.Search),
		Labels: (*gl.LabelOptions)(optional(q.Labels)), OrderBy: optionalString("created_at"), Sort: optionalString("desc"),
	}
	seen := map[int]bool{} // one that is opened meanwhile pushes others to the next page
	return listed(ctx, "list merge requests of "+path, perPage, perPage, func(page gl.ListOptions, o gl.RequestOptionFunc) ([]*gl.MergeRequest, *gl.Response, error) {
		opt.ListOptions = page
		return c.api.MergeRequests.ListProjectMergeRequests(path, opt, o)
	}, func(m *gl.MergeRequest) bool {
		if m == nil || seen[m.IID] {
			return true
		}
		seen[m.IID] = true
		return visit(fromAPI(m))
	})
}

func (c *client) files(ctx context.Context, path string, iid int) (all []file, complete bool, err error) {
	where := "projects/" + gl.PathEscape(path) + "/merge_requests/" + strconv.Itoa(iid) + "/diffs"
	what := "read the changes of !" + strconv.Itoa(iid) + " of " + path
	complete, err = listed(ctx, what, perPage, manyFiles, func(page gl.ListOptions, o gl.RequestOptionFunc) (list []file, resp *gl.Response, err error) {
		resp, err = c.read(where, page, o, &list)
		return list, resp, err
	}, func(one file) bool {
		all = append(all, one)
		return true
	})
	return all, complete, err
}

func fromAPI(m *gl.MergeRequest) mergeRequest {
	if m == nil { // the answer was the word null
		return mergeRequest{}
	}
	out := mergeRequest{
		IID: m.IID, Title: m.Title, Description: m.Description, State: m.State,
		SourceBranch: m.SourceBranch, TargetBranch: m.TargetBranch, SHA: m.SHA, SourceProjectID: m.SourceProjectID,
		Author: nameOf(m.Author), Draft: m.Draft, Labels: append([]string{}, m.Labels...),
		Reviewers: namesOf(m.Reviewers), Assignees: namesOf(m.Assignees),
		WebURL: m.WebURL, MergeStatus: m.DetailedMergeStatus, ChangesCount: m.ChangesCount,
		UpdatedAt: stamp(m.UpdatedAt), ClosedAt: stamp(m.ClosedAt), MergedAt: stamp(m.MergedAt),
		ClosedBy: nameOf(m.ClosedBy), MergedBy: nameOf(m.MergedBy),
	}
	if m.HeadPipeline != nil {
		out.Pipeline, out.PipelineID, out.PipelineProject = m.HeadPipeline.Status, m.HeadPipeline.ID, m.HeadPipeline.ProjectID
	}
	return out
}

func nameOf(u *gl.BasicUser) string {
	if u == nil {
		return ""
	}
	return u.Username
}

func namesOf(users []*gl.BasicUser) []string {
	names := []string{}
	for _, u := range users {
		if u != nil {
			names = append(names, u.Username)
		}
	}
	return names
}

// manyFiles is where GitLab may stop naming the files of a merge request.
const manyFiles = 1000
