//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"context"
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

// draft is what create sends.
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
	}
	if len(d.Labels) > 0 {
		opt.Labels = (*gl.LabelOptions)(&d.Labels)
	}
	if len(d.ReviewerIDs) > 0 {
		opt.ReviewerIDs = &d.ReviewerIDs
	}
	if len(d.AssigneeIDs) > 0 {
		opt.AssigneeIDs = &d.AssigneeIDs
	}
	ctx, x := withExchange(ctx, http.MethodPost, what)
	m, resp, err := c.api.MergeRequests.CreateMergeRequest(source, opt, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return mergeRequest{}, err
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
	req, err := c.api.NewRequest(http.MethodGet, where, nil, []gl.RequestOptionFunc{gl.WithContext(ctx)})
	if err != nil {
		return approvals{}, x.end(nil, err)
	}
	var a struct {
		gl.MergeRequestApprovals
		ApprovedBy []struct {
			User *gl.BasicUser `json:"user"`
			At   *time.Time    `json:"approved_at"`
		} `json:"approved_by"`
	}
	resp, err := c.api.Do(req, &a)
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
		OrderBy: optionalString("created_at"), Sort: optionalString("desc"),
	}
	if len(q.Labels) > 0 {
		opt.Labels = (*gl.LabelOptions)(&q.Labels)
	}
	seen := map[int]bool{} // one that is opened meanwhile pushes others to the next page
	return pages(func(number int) (pageEnd, error) {
		ctx, x := withExchange(ctx, http.MethodGet, "list merge requests of "+path)
		opt.ListOptions = gl.ListOptions{Page: number, PerPage: perPage}
		list, resp, err := c.api.MergeRequests.ListProjectMergeRequests(path, opt, gl.WithContext(ctx))
		if err := x.end(raw(resp), err); err != nil {
			return pageEnd{}, err
		}
		if err := pageOf(x, list, perPage); err != nil {
			return pageEnd{}, err
		}
		for _, m := range list {
			if m == nil || seen[m.IID] {
				continue
			}
			seen[m.IID] = true
			if !visit(fromAPI(m)) {
				return pageEnd{stop: true}, nil
			}
		}
		return endOf(resp.Response, resp.NextPage, len(list) >= perPage), nil
	})
}

// files reads the changed files of a merge request.
func (c *client) files(ctx context.Context, path string, iid int) (all []file, complete bool, err error) {
	where := "projects/" + gl.PathEscape(path) + "/merge_requests/" + strconv.Itoa(iid) + "/diffs"
	complete, err = pages(func(number int) (pageEnd, error) {
		ctx, x := withExchange(ctx, http.MethodGet, "read the changes of !"+strconv.Itoa(iid)+" of "+path)
		opt := gl.ListOptions{Page: number, PerPage: perPage}
		req, err := c.api.NewRequest(http.MethodGet, where, opt, []gl.RequestOptionFunc{gl.WithContext(ctx)})
		if err != nil {
			return pageEnd{}, x.end(nil, err)
		}
		var list []file
		resp, err := c.api.Do(req, &list)
		if err := x.end(raw(resp), err); err != nil {
			return pageEnd{}, err
		}
		if err := pageOf(x, list, manyFiles); err != nil {
			return pageEnd{}, err
		}
		all = append(all, list...)
		return endOf(resp.Response, resp.NextPage, len(list) >= perPage), nil
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
