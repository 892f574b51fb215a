//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	gl "github.com/xanzy/go-gitlab"
)

// newestPipeline returns the number of the newest pipeline of a branch or a
// commit, 0 when there is none.
func (c *client) newestPipeline(ctx context.Context, path, ref, sha string) (int, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "list pipelines of "+path)
	list, resp, err := c.api.Pipelines.ListProjectPipelines(path, &gl.ListProjectPipelinesOptions{
		ListOptions: gl.ListOptions{Page: 1, PerPage: 1}, Ref: optionalString(ref), SHA: optionalString(sha),
		OrderBy: optionalString("id"), Sort: optionalString("desc"),
	}, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return 0, err
	}
	if list == nil {
		return 0, noAnswer(x, "the answer is not a list")
	}
	if len(list) == 0 {
		return 0, nil
	}
	if list[0] == nil || list[0].ID == 0 {
		return 0, noAnswer(x, "the answer has no id")
	}
	return list[0].ID, nil
}

// pipeline reads one, without the jobs. project is a path or a number.
func (c *client) pipeline(ctx context.Context, project string, id int) (PipelineOut, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "read pipeline "+strconv.Itoa(id)+" of "+project)
	p, resp, err := c.api.Pipelines.GetPipeline(project, id, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return PipelineOut{}, err
	}
	if p.ID != id {
		return PipelineOut{}, noAnswer(x, "the answer is about pipeline %d", p.ID)
	}
	if p.Status == "" || p.CreatedAt == nil || p.UpdatedAt == nil {
		return PipelineOut{}, noAnswer(x, "the answer has no status or no date")
	}
	out := PipelineOut{
		ID: p.ID, Status: p.Status, Finished: slices.Contains([]string{"success", "failed", "canceled", "skipped"}, p.Status),
		Ref: p.Ref, SHA: p.SHA, Source: p.Source, WebURL: p.WebURL, CreatedAt: stamp(p.CreatedAt), UpdatedAt: stamp(p.UpdatedAt),
		StartedAt: optionalString(stamp(p.StartedAt)), FinishedAt: optionalString(stamp(p.FinishedAt)),
	}
	if p.FinishedAt != nil {
		out.Duration = &p.Duration
	}
	return out, nil
}

// failedJobs reads the jobs that failed and were not tried again.
func (c *client) failedJobs(ctx context.Context, project string, id int) (all []FailedJob, complete bool, err error) {
	all = []FailedJob{}
	what := "list the failed jobs of pipeline " + strconv.Itoa(id) + " of " + project
	opt := &gl.ListJobsOptions{Scope: &[]gl.BuildStateValue{gl.Failed}}
	complete, err = listed(ctx, what, perPage, perPage, func(page gl.ListOptions, o gl.RequestOptionFunc) ([]*gl.Job, *gl.Response, error) {
		opt.ListOptions = page
		return c.api.Jobs.ListPipelineJobs(project, id, opt, o)
	}, func(j *gl.Job) bool {
		if j != nil {
			all = append(all, FailedJob{j.Name, j.Stage, j.AllowFailure, j.FailureReason, j.WebURL})
		}
		return true
	})
	return all, complete, err
}
