package gitlab

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/steps/rest"
)

// ViewIn are the arguments of gitlab_mr_view and gitlab_mr_diff.
type ViewIn struct {
	At
	Project string `json:"project" doc:"The path of the project, e.g. group/name." pattern:"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"`
	IID     int    `json:"iid" doc:"The merge request's number in the project." minimum:"1"`
}

// ViewOut is a merge request with its approvals.
type ViewOut struct {
	IID               int      `json:"iid" doc:"Its number in the project."`
	Title             string   `json:"title" doc:"Its title."`
	Description       string   `json:"description" doc:"Its description in Markdown."`
	State             string   `json:"state" doc:"Its state." enum:"opened,closed,merged,locked"`
	Author            string   `json:"author" doc:"The username of its author."`
	Draft             bool     `json:"draft" doc:"Whether it is a draft."`
	WebURL            string   `json:"web_url" doc:"Its URL."`
	SourceBranch      string   `json:"source_branch" doc:"The source branch."`
	TargetBranch      string   `json:"target_branch" doc:"The target branch."`
	SHA               string   `json:"sha" doc:"The commit at the tip of the source branch."`
	Labels            []string `json:"labels" doc:"The labels it has."`
	Approved          bool     `json:"approved" doc:"Whether it has the approvals that the project requires."`
	ApprovalsRequired int      `json:"approvals_required" doc:"How many approvals the project requires."`
	ApprovalsLeft     int      `json:"approvals_left" doc:"How many are missing."`
	ApprovedBy        []string `json:"approved_by" doc:"The usernames of the approvers."`
	ApprovedByOther   bool     `json:"approved_by_other" doc:"Whether anyone other than the author approved."`
	PipelineStatus    *string  `json:"pipeline_status,omitempty" doc:"The status of the newest pipeline, when there is one."`
	MergeStatus       string   `json:"merge_status" doc:"Whether it can be merged, or why not: GitLab's detailed_merge_status."`
	ClosedBy          *string  `json:"closed_by,omitempty" doc:"The username of the user who closed it."`
	ClosedAt          *string  `json:"closed_at,omitempty" doc:"When it was closed." format:"date-time"`
	MergedBy          *string  `json:"merged_by,omitempty" doc:"The username of the user who merged it."`
	MergedAt          *string  `json:"merged_at,omitempty" doc:"When it was merged." format:"date-time"`
}

// About is the merge request: one that an earlier step opened may not be seen at
// once by every server of an instance. Its thing is GitLab's own reference, !12: a
// bare number is also that of other things.
func (in ViewIn) About() (what, thing string) { return place(in.Project, in.IID), reference(in.IID) }

func (c *client) view(ctx context.Context, in ViewIn) (ViewOut, error) {
	m, err := c.mergeRequest(ctx, in.Project, in.IID)
	if err != nil {
		return ViewOut{}, err
	}
	a, err := c.approvals(ctx, in.Project, in.IID)
	if err != nil {
		return ViewOut{}, err
	}
	return ViewOut{
		IID: m.IID, Title: m.Title, Description: m.Description, State: m.State, Author: m.Author, Draft: m.Draft,
		WebURL: m.WebURL, SourceBranch: m.SourceBranch, TargetBranch: m.TargetBranch, SHA: m.SHA, Labels: m.Labels,
		Approved: a.Approved, ApprovalsRequired: a.Required, ApprovalsLeft: a.Left, ApprovedBy: a.By,
		ApprovedByOther: slices.ContainsFunc(a.By, func(u string) bool { return !strings.EqualFold(u, m.Author) }),
		PipelineStatus:  optionalString(m.Pipeline), MergeStatus: m.MergeStatus,
		ClosedBy: optionalString(m.ClosedBy), ClosedAt: optionalString(m.ClosedAt), MergedBy: optionalString(m.MergedBy), MergedAt: optionalString(m.MergedAt),
	}, nil
}

// DiffOut is what a merge request changes.
type DiffOut struct {
	Files     []DiffFile `json:"files" doc:"The files it changes."`
	Paths     []string   `json:"paths" doc:"Every path it touches, old and new, sorted."`
	Truncated bool       `json:"truncated" doc:"Whether GitLab left out a file or a diff."`
}

// DiffFile is one changed file.
type DiffFile struct {
	OldPath string `json:"old_path" doc:"Its path before."`
	NewPath string `json:"new_path" doc:"Its path after."`
	New     bool   `json:"new" doc:"Whether the file is new."`
	Deleted bool   `json:"deleted" doc:"Whether the file is deleted."`
	Renamed bool   `json:"renamed" doc:"Whether the file was renamed."`
	Diff    string `json:"diff" doc:"The unified diff without its header; empty when GitLab left it out."`
}

// maxDiff is how many bytes of diffs one answer holds.
const maxDiff = 8 << 20

func (c *client) diff(ctx context.Context, in ViewIn) (DiffOut, error) {
	m, err := c.mergeRequest(ctx, in.Project, in.IID)
	if err != nil {
		return DiffOut{}, err
	}
	if m.MergeStatus == preparing {
		if m, err = c.prepared(ctx, in); err != nil {
			return DiffOut{}, err
		}
	}
	files, complete, err := c.files(ctx, in.Project, in.IID)
	if err != nil {
		return DiffOut{}, err
	}
	// The count is "1000+" when GitLab stopped counting, and "" before it began.
	count, err := strconv.Atoi(m.ChangesCount)
	out := DiffOut{Files: []DiffFile{}, Paths: pathsOf(files), Truncated: !complete || err != nil || count > len(files)}
	size := 0
	for _, c := range files {
		size += len(c.Diff)
		if size > maxDiff {
			c.Diff, c.TooLarge = "", true
		}
		out.Truncated = out.Truncated || c.Collapsed || c.TooLarge
		out.Files = append(out.Files, DiffFile{OldPath: c.OldPath, NewPath: c.NewPath,
			New: c.NewFile, Deleted: c.DeletedFile, Renamed: c.RenamedFile, Diff: c.Diff})
	}
	return out, nil
}

// preparing is GitLab's word while it computes what a merge request changes.
const preparing = "preparing"

// prepared looks again while GitLab computes what a merge request changes that
// this run opened just now. In the end it is taken as it is.
func (c *client) prepared(ctx context.Context, in ViewIn) (mergeRequest, error) {
	what, thing := in.About()
	unprepared := errors.New("still being prepared")
	still := func(err error) bool { return errors.Is(err, unprepared) }
	m, err := rest.Settled(ctx, "what "+what+" changes", thing, still, func() (mergeRequest, error) {
		m, err := c.mergeRequest(ctx, in.Project, in.IID)
		if err == nil && m.MergeStatus == preparing {
			err = unprepared
		}
		return m, err
	})
	if m.IID != 0 && ctx.Err() == nil {
		return m, nil
	}
	return m, err
}

func pathsOf(files []file) []string {
	set := map[string]bool{}
	paths := []string{}
	for _, f := range files {
		for _, p := range []string{f.OldPath, f.NewPath} {
			if p != "" && !set[p] {
				set[p] = true
				paths = append(paths, p)
			}
		}
	}
	slices.Sort(paths)
	return paths
}
