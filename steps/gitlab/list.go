package gitlab

import (
	"context"
	"slices"
	"strings"
)

// ListIn are the arguments of gitlab_mr_list.
type ListIn struct {
	At
	Project            string   `json:"project" doc:"The path of the project, e.g. group/name." pattern:"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"`
	TargetBranch       string   `json:"target_branch,omitempty" doc:"Only those with this target branch."`
	State              string   `json:"state,omitempty" doc:"Only those in this state." enum:"opened,closed,merged,all" default:"opened"`
	Search             string   `json:"search,omitempty" doc:"Only those with these words in title or description."`
	Labels             []string `json:"labels,omitempty" doc:"Only those that have all these labels."`
	SourceBranchPrefix string   `json:"source_branch_prefix,omitempty" doc:"Only those whose source branch begins with this."`
	Limit              int      `json:"limit,omitempty" doc:"How many are returned at most." default:"100" minimum:"1" maximum:"10000"`
}

// ListOut is what was found.
type ListOut struct {
	MergeRequests []Listed `json:"merge_requests" doc:"The merge requests, newest first."`
	LookedAt      int      `json:"looked_at" doc:"How many were examined."`
	Truncated     bool     `json:"truncated" doc:"Whether there may be more."`
}

// Listed is a merge request in a list.
type Listed struct {
	IID          int      `json:"iid" doc:"Its number in the project."`
	Title        string   `json:"title" doc:"Its title."`
	State        string   `json:"state" doc:"Its state." enum:"opened,closed,merged,locked"`
	SourceBranch string   `json:"source_branch" doc:"The source branch."`
	TargetBranch string   `json:"target_branch" doc:"The target branch."`
	Author       string   `json:"author" doc:"The username of its author."`
	WebURL       string   `json:"web_url" doc:"Its URL."`
	Draft        bool     `json:"draft" doc:"Whether it is a draft."`
	Labels       []string `json:"labels" doc:"The labels it has."`
	UpdatedAt    string   `json:"updated_at" doc:"When it last changed." format:"date-time"`
}

func (c *client) list(ctx context.Context, in ListIn) (ListOut, error) {
	out := ListOut{MergeRequests: []Listed{}}
	q := query{State: in.State, TargetBranch: in.TargetBranch, Search: in.Search, Labels: in.Labels}
	complete, err := c.mergeRequests(ctx, in.Project, q, func(m mergeRequest) bool {
		matches := strings.HasPrefix(m.SourceBranch, in.SourceBranchPrefix)
		if matches && len(out.MergeRequests) == in.Limit {
			out.Truncated = true
			return false
		}
		out.LookedAt++
		if matches {
			out.MergeRequests = append(out.MergeRequests, Listed{
				IID: m.IID, Title: m.Title, State: m.State, SourceBranch: m.SourceBranch, TargetBranch: m.TargetBranch,
				Author: m.Author, WebURL: m.WebURL, Draft: m.Draft, Labels: m.Labels, UpdatedAt: m.UpdatedAt,
			})
		}
		return true
	})
	out.Truncated = out.Truncated || !complete
	return out, err
}

// TouchingIn are the arguments of gitlab_mr_touching.
type TouchingIn struct {
	At
	Project            string `json:"project" doc:"The path of the project, e.g. group/name." pattern:"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"`
	Path               string `json:"path" doc:"The file, as a path from the root of the repository."`
	SourceBranchPrefix string `json:"source_branch_prefix,omitempty" doc:"Only those whose source branch begins with this."`
	TargetBranch       string `json:"target_branch,omitempty" doc:"Only those with this target branch."`
	ExcludeBranch      string `json:"exclude_branch,omitempty" doc:"Not those from this source branch."`
	Limit              int    `json:"limit,omitempty" doc:"How many merge requests are examined at most; each costs a request." default:"50" minimum:"1" maximum:"1000"`
}

// TouchingOut is what was found.
type TouchingOut struct {
	MergeRequests []Touching `json:"merge_requests" doc:"The open merge requests that change the file, newest first."`
	LookedAt      int        `json:"looked_at" doc:"How many merge requests were examined."`
	Truncated     bool       `json:"truncated" doc:"Whether there may be more: the limit was reached, or GitLab did not return all files."`
}

// Touching is a merge request that changes the file.
type Touching struct {
	IID          int    `json:"iid" doc:"Its number in the project."`
	Title        string `json:"title" doc:"Its title."`
	SourceBranch string `json:"source_branch" doc:"The source branch."`
	Author       string `json:"author" doc:"The username of its author."`
	WebURL       string `json:"web_url" doc:"Its URL."`
}

func (c *client) touching(ctx context.Context, in TouchingIn) (TouchingOut, error) {
	out := TouchingOut{MergeRequests: []Touching{}}
	var open []mergeRequest
	complete, err := c.mergeRequests(ctx, in.Project, query{State: stateOpened, TargetBranch: in.TargetBranch}, func(m mergeRequest) bool {
		if !strings.HasPrefix(m.SourceBranch, in.SourceBranchPrefix) || in.ExcludeBranch != "" && m.SourceBranch == in.ExcludeBranch {
			return true
		}
		if len(open) == in.Limit {
			out.Truncated = true
			return false
		}
		open = append(open, m)
		return true
	})
	if err != nil {
		return TouchingOut{}, err
	}
	out.Truncated = out.Truncated || !complete
	for _, m := range open {
		touches, sure, err := c.touches(ctx, in.Project, m, in.Path)
		if err != nil {
			return TouchingOut{}, err
		}
		out.LookedAt++
		out.Truncated = out.Truncated || !sure
		if touches {
			out.MergeRequests = append(out.MergeRequests, Touching{IID: m.IID, Title: m.Title, SourceBranch: m.SourceBranch, Author: m.Author, WebURL: m.WebURL})
		}
	}
	return out, nil
}

// touches reports whether a merge request changes the file. It is not sure
// about a no when there are more files than GitLab names, or when GitLab has
// not computed them yet.
func (c *client) touches(ctx context.Context, project string, m mergeRequest, path string) (touches, sure bool, err error) {
	files, complete, err := c.files(ctx, project, m.IID)
	if err != nil {
		return false, false, err
	}
	if slices.Contains(pathsOf(files), path) {
		return true, true, nil
	}
	unprepared := len(files) == 0 && m.MergeStatus == preparing
	return false, complete && len(files) < manyFiles && !unprepared, nil
}
