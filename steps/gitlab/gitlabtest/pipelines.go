package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Job is a job of a pipeline.
type Job struct {
	Name          string `json:"name"`
	Stage         string `json:"stage"`
	Status        string `json:"status"`
	AllowFailure  bool   `json:"allow_failure,omitempty"`
	FailureReason string `json:"failure_reason,omitempty"`
	Log           string `json:"log,omitempty"`
}

// Pipeline is what a test says of a pipeline.
type Pipeline struct {
	Ref    string
	SHA    string
	Source string // "push" without one
	Status string
	Jobs   []Job
}

type pipeline struct {
	ID        int       `json:"id"`
	Project   string    `json:"project"`
	Ref       string    `json:"ref"`
	SHA       string    `json:"sha"`
	Source    string    `json:"source"`
	Status    string    `json:"status"`
	Jobs      []job     `json:"jobs,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

type job struct {
	Job
	ID int `json:"id"`
}

// over reports whether nothing of the pipeline will run any more.
func (p *pipeline) over() bool {
	return slices.Contains([]string{"success", "failed", "canceled", "skipped"}, p.Status)
}

// AddPipeline starts a pipeline in a project, and returns its number.
func (s *Server) AddPipeline(project string, p Pipeline) (int, error) {
	s.mu.Lock()
	defer s.changed()
	defer s.mu.Unlock()
	if _, there := s.projectOf(project); !there {
		return 0, fmt.Errorf("there is no project %s", project)
	}
	return s.addPipeline(project, p).ID, nil
}

func (s *Server) addPipeline(project string, p Pipeline) *pipeline {
	now := s.now()
	out := &pipeline{ID: s.nextID(), Project: project, Ref: p.Ref, SHA: p.SHA, Source: cmp.Or(p.Source, "push"),
		Status: p.Status, CreatedAt: now, UpdatedAt: now}
	for _, j := range p.Jobs {
		out.Jobs = append(out.Jobs, job{j, s.nextID()})
	}
	s.state.Pipelines = append(s.state.Pipelines, out)
	return out
}

// SetPipeline gives the merge request a head pipeline with that status, or
// changes the one it has. It runs where the source branch is.
func (s *Server) SetPipeline(project string, iid int, status string, jobs ...Job) error {
	return s.action(project, iid, s.opts.User, func(m *mergeRequest, _ string) error {
		p := s.pipeline(m.PipelineID)
		if p == nil {
			ref := "refs/merge-requests/" + strconv.Itoa(iid) + "/head"
			p = s.addPipeline(m.SourceProject, Pipeline{Ref: ref, SHA: m.SHA, Source: "merge_request_event"})
		}
		p.Status, p.UpdatedAt, m.PipelineID = status, s.now(), p.ID
		for _, j := range jobs {
			p.Jobs = append(p.Jobs, job{j, s.nextID()})
		}
		return nil
	})
}

func (s *Server) pipeline(id int) *pipeline {
	for _, p := range s.state.Pipelines {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// pipelineIID is a pipeline's number in its project.
func (s *Server) pipelineIID(of *pipeline) int {
	n := 0
	for _, p := range s.state.Pipelines {
		if p.Project == of.Project {
			n++
		}
		if p.ID == of.ID {
			break
		}
	}
	return n
}

// pipelineStatus is the status of the merge request's head pipeline, "" when
// it has none.
func (s *Server) pipelineStatus(m *mergeRequest) string {
	if p := s.pipeline(m.PipelineID); p != nil {
		return p.Status
	}
	return ""
}

// basicPipeline is a pipeline as lists show it.
func (s *Server) basicPipeline(p *pipeline) map[string]any {
	project, _ := s.projectOf(p.Project)
	return map[string]any{
		"id": p.ID, "iid": s.pipelineIID(p), "project_id": project.ID, "status": p.Status, "source": p.Source, "ref": p.Ref, "sha": p.SHA,
		"name": nil, "web_url": s.opts.URL + "/" + p.Project + "/-/pipelines/" + strconv.Itoa(p.ID),
		"created_at": stamp(&p.CreatedAt), "updated_at": stamp(&p.UpdatedAt),
	}
}

// fullPipeline is a pipeline as its own page shows it.
func (s *Server) fullPipeline(p *pipeline) map[string]any {
	body := s.basicPipeline(p)
	for name, v := range map[string]any{
		"before_sha": fakeSHA("before", p.SHA), "tag": false, "yaml_errors": nil, "user": s.user(s.opts.User), "committed_at": nil,
		"started_at": stamp(&p.CreatedAt), "finished_at": nil, "duration": nil, "queued_duration": 1, "coverage": nil,
		"detailed_status": map[string]any{"icon": "status_" + p.Status, "text": p.Status, "label": p.Status, "group": p.Status, "tooltip": p.Status,
			"has_details": true, "details_path": "/" + p.Project + "/-/pipelines/" + strconv.Itoa(p.ID), "illustration": nil, "favicon": "/favicon.png"},
	} {
		body[name] = v
	}
	if p.over() {
		body["finished_at"], body["duration"] = stamp(&p.UpdatedAt), int(p.UpdatedAt.Sub(p.CreatedAt).Seconds())
	}
	return body
}

func (s *Server) listPipelines(rq *request) answer {
	if a := oneOf(rq.params, "order_by", "id", "status", "ref", "updated_at", "user_id"); a != nil {
		return *a
	}
	if a := oneOf(rq.params, "sort", "asc", "desc"); a != nil {
		return *a
	}
	all := []any{}
	for _, p := range s.state.Pipelines {
		same := func(name, value string) bool { return !rq.params.has(name) || rq.params.text(name) == value }
		if p.Project == rq.project.Path && same("ref", p.Ref) && same("sha", p.SHA) && same("status", p.Status) && same("source", p.Source) {
			all = append(all, s.basicPipeline(p))
		}
	}
	if rq.params.text("sort") != "asc" {
		slices.Reverse(all)
	}
	return s.page(rq, all)
}

// pipelineOf is the pipeline that the path names.
func (s *Server) pipelineOf(rq *request) (*pipeline, *answer) {
	id, err := strconv.Atoi(rq.args[1])
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "pipeline_id is invalid")
	}
	if p := s.pipeline(id); p != nil && p.Project == rq.project.Path {
		return p, nil
	}
	return nil, placeless("404 Not found")
}

func (s *Server) getPipeline(rq *request) answer {
	p, refusal := s.pipelineOf(rq)
	if refusal != nil {
		return *refusal
	}
	return ok(s.fullPipeline(p))
}

func (s *Server) listJobs(rq *request) answer {
	p, refusal := s.pipelineOf(rq)
	if refusal != nil {
		return *refusal
	}
	scope, all := rq.params.list("scope[]"), []any{}
	for _, j := range slices.Backward(p.Jobs) {
		if len(scope) == 0 || slices.Contains(scope, j.Status) {
			all = append(all, s.jobOf(p, j))
		}
	}
	return s.page(rq, all)
}

// getTrace answers with the log of a job, which is no JSON.
func (s *Server) getTrace(rq *request) answer {
	for _, p := range s.state.Pipelines {
		for _, j := range p.Jobs {
			if p.Project == rq.project.Path && strconv.Itoa(j.ID) == rq.args[1] {
				return answer{status: http.StatusOK, text: &j.Log}
			}
		}
	}
	return message(http.StatusNotFound, "404 Not found")
}

func (s *Server) jobOf(p *pipeline, j job) map[string]any {
	body := map[string]any{
		"id": j.ID, "name": j.Name, "stage": j.Stage, "status": j.Status, "allow_failure": j.AllowFailure, "ref": p.Ref, "tag": false,
		"coverage": nil, "created_at": stamp(&p.CreatedAt), "started_at": stamp(&p.CreatedAt), "finished_at": stamp(&p.UpdatedAt),
		"duration": 12.5, "queued_duration": 0.25, "user": s.user(s.opts.User), "pipeline": map[string]any{
			"id": p.ID, "project_id": s.basicPipeline(p)["project_id"], "ref": p.Ref, "sha": p.SHA, "status": p.Status},
		"web_url": s.opts.URL + "/" + p.Project + "/-/jobs/" + strconv.Itoa(j.ID), "artifacts": []any{}, "runner": nil, "tag_list": []any{},
	}
	if j.Status == "failed" { // GitLab leaves it out of the others
		body["failure_reason"] = cmp.Or(j.FailureReason, "script_failure")
	}
	return body
}
