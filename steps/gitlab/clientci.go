//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"context"
	"net/http"
	"strconv"

	gl "github.com/xanzy/go-gitlab"
)

// pipeline is a pipeline as far as the steps look at it.
type pipeline struct {
	ID                           int
	Status, Source, Ref, SHA     string
	WebURL, CreatedAt, UpdatedAt string
	StartedAt, FinishedAt        string
	Duration                     int // seconds, 0 while it runs
}

// job is a job that failed.
type job struct {
	Name, Stage, FailureReason, WebURL string
	AllowFailure                       bool
}

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

// pipeline reads one. project is a path or a number.
func (c *client) pipeline(ctx context.Context, project string, id int) (pipeline, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "read pipeline "+strconv.Itoa(id)+" of "+project)
	p, resp, err := c.api.Pipelines.GetPipeline(project, id, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return pipeline{}, err
	}
	if p.ID != id {
		return pipeline{}, noAnswer(x, "the answer is about pipeline %d", p.ID)
	}
	if p.Status == "" || p.CreatedAt == nil || p.UpdatedAt == nil {
		return pipeline{}, noAnswer(x, "the answer has no status or no date")
	}
	return pipeline{
		ID: p.ID, Status: p.Status, Source: p.Source, Ref: p.Ref, SHA: p.SHA, WebURL: p.WebURL, Duration: p.Duration,
		CreatedAt: stamp(p.CreatedAt), UpdatedAt: stamp(p.UpdatedAt), StartedAt: stamp(p.StartedAt), FinishedAt: stamp(p.FinishedAt),
	}, nil
}

// failedJobs reads the jobs that failed and were not tried again.
func (c *client) failedJobs(ctx context.Context, project string, id int) (all []job, complete bool, err error) {
	opt := &gl.ListJobsOptions{Scope: &[]gl.BuildStateValue{gl.Failed}}
	complete, err = pages(func(number int) (pageEnd, error) {
		ctx, x := withExchange(ctx, http.MethodGet, "list the failed jobs of pipeline "+strconv.Itoa(id)+" of "+project)
		opt.ListOptions = gl.ListOptions{Page: number, PerPage: perPage}
		list, resp, err := c.api.Jobs.ListPipelineJobs(project, id, opt, gl.WithContext(ctx))
		if err := x.end(raw(resp), err); err != nil {
			return pageEnd{}, err
		}
		if err := pageOf(x, list, perPage); err != nil {
			return pageEnd{}, err
		}
		for _, j := range list {
			if j != nil {
				all = append(all, job{j.Name, j.Stage, j.FailureReason, j.WebURL, j.AllowFailure})
			}
		}
		return endOf(resp.Response, resp.NextPage, len(list) >= perPage), nil
	})
	return all, complete, err
}
