package gitlab

import (
	"context"
	"fmt"
	"strconv"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// PipelineIn are the arguments of gitlab_pipeline_view: the project, and one
// way to say which pipeline.
type PipelineIn struct {
	At
	Project    string `json:"project" doc:"The path of the project, e.g. group/name." pattern:"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"`
	PipelineID int    `json:"pipeline_id,omitempty" doc:"This pipeline. Give one of pipeline_id, ref, sha and iid." minimum:"1"`
	Ref        string `json:"ref,omitempty" doc:"The newest pipeline of this branch or tag. If this run pushed the branch or commit, the step waits up to a minute for the pipeline."`
	SHA        string `json:"sha,omitempty" doc:"The newest pipeline of this commit, by its full SHA." pattern:"^([0-9a-f]{40}|[0-9a-f]{64})?$"`
	IID        int    `json:"iid,omitempty" doc:"The head pipeline of the merge request with this number, which for a fork may run in the fork." minimum:"1"`
}

// PipelineOut is a pipeline with what failed in it.
type PipelineOut struct {
	ID         int         `json:"id" doc:"Its number in GitLab."`
	Status     string      `json:"status" doc:"Its status in GitLab: created, pending, running, success, failed, canceled, skipped, manual, scheduled and others."`
	Finished   bool        `json:"finished" doc:"Whether it has finished: success, failed, canceled or skipped."`
	Ref        string      `json:"ref" doc:"The branch, tag or merge request it runs for."`
	SHA        string      `json:"sha" doc:"The commit it runs on."`
	Source     string      `json:"source" doc:"What started it, e.g. push, merge_request_event, schedule."`
	WebURL     string      `json:"web_url" doc:"Its URL."`
	CreatedAt  string      `json:"created_at" doc:"When it was created." format:"date-time"`
	UpdatedAt  string      `json:"updated_at" doc:"When it last changed." format:"date-time"`
	StartedAt  *string     `json:"started_at,omitempty" doc:"When its first job started." format:"date-time"`
	FinishedAt *string     `json:"finished_at,omitempty" doc:"When it ended." format:"date-time"`
	Duration   *int        `json:"duration,omitempty" doc:"How many seconds its jobs took, when it has ended."`
	FailedJobs []FailedJob `json:"failed_jobs" doc:"The jobs that failed, without retried ones and those of downstream pipelines."`
	Truncated  bool        `json:"truncated" doc:"Whether more jobs failed than were read."`
}

// FailedJob is a job that failed.
type FailedJob struct {
	Name          string `json:"name" doc:"Its name."`
	Stage         string `json:"stage" doc:"The stage it is in."`
	AllowFailure  bool   `json:"allow_failure" doc:"Whether it may fail without failing the pipeline."`
	FailureReason string `json:"failure_reason" doc:"GitLab's failure reason, e.g. script_failure; empty when GitLab gives none."`
	WebURL        string `json:"web_url" doc:"Its URL, with its log."`
}

func (c *client) viewPipeline(ctx context.Context, in PipelineIn) (PipelineOut, error) {
	project, id, err := c.which(ctx, in)
	if err != nil {
		return PipelineOut{}, err
	}
	out, err := c.pipeline(ctx, project, id)
	if err != nil {
		return PipelineOut{}, err
	}
	failed, complete, err := c.failedJobs(ctx, project, id)
	if err != nil {
		return PipelineOut{}, err
	}
	out.FailedJobs, out.Truncated = failed, !complete
	return out, nil
}

// check refuses arguments that name no pipeline, or more than one.
func (in PipelineIn) check(unknown step.UnknownPaths) error {
	err := unknown.CheckCount(1, 1, map[string]bool{"pipeline_id": in.PipelineID != 0, "ref": in.Ref != "", "sha": in.SHA != "", "iid": in.IID != 0})
	if err != nil || unknown.Has("ref") {
		return err
	}
	return checkRef(in.Ref)
}

// which looks up the number of the pipeline, and the project that it runs in.
func (c *client) which(ctx context.Context, in PipelineIn) (project string, id int, err error) {
	switch {
	case in.PipelineID != 0:
		return in.Project, in.PipelineID, nil
	case in.IID != 0:
		m, err := c.mergeRequest(ctx, in.Project, in.IID)
		if err != nil {
			return "", 0, err
		}
		if m.PipelineID == 0 {
			return "", 0, noPipeline("%s has no pipeline", place(in.Project, in.IID))
		}
		if m.PipelineProject == 0 {
			return in.Project, m.PipelineID, nil
		}
		return strconv.Itoa(m.PipelineProject), m.PipelineID, nil
	}
	id, err = c.newestPipeline(ctx, in.Project, in.Ref, in.SHA)
	if err == nil && id == 0 {
		err = noPipeline("there is no pipeline for %s in %s", in.Ref+in.SHA, in.Project)
	}
	return in.Project, id, err
}

func noPipeline(format string, args ...any) error {
	return types.Errorf(types.NotFound, format, args...).
		WithHint("GitLab creates one some seconds after a push: wait for it, and check whether the project's CI rules create one")
}

// About is what the pipeline is of: it comes some seconds after the branch was
// pushed, or the merge request opened.
func (in PipelineIn) About() (what, thing string) {
	switch {
	case in.PipelineID != 0:
		return fmt.Sprintf("pipeline %d of %s", in.PipelineID, in.Project), strconv.Itoa(in.PipelineID)
	case in.IID != 0:
		return "the pipeline of " + place(in.Project, in.IID), reference(in.IID)
	}
	return "the pipeline of " + in.Ref + in.SHA + " in " + in.Project, in.Ref + in.SHA
}
