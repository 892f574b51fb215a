package examples_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// performance is a step type of rewritten/steps, with real steps inside of it
// and services that keep what they are sent.
type performance struct {
	name    string
	inputs  types.Values
	writes  []string // the requests that change something, each once
	outputs types.Values
}

var writings = []performance{
	{
		name:    "alertmanager_silence_create",
		inputs:  types.Values{"cluster": "stage", "alert": "HighLatency", "ends_at": "2026-01-15T13:00:00+01:00", "comment": "Load test"},
		writes:  []string{"POST /api/v2/silences"},
		outputs: types.Values{"id": older[:35] + "1", "ends_at": "2026-01-15T12:00:00Z"},
	},
	{
		name: "alertmanager_silence_expire", inputs: types.Values{"cluster": "stage", "id": older},
		writes:  []string{"DELETE /api/v2/silence/" + older},
		outputs: types.Values{"id": older},
	},
	{
		name: "gitlab_mr_approve", inputs: types.Values{"project": "example/api", "iid": 1, "sha": strings.Repeat("a", 40)},
		writes:  []string{"POST /api/v4/projects/example/api/merge_requests/1/approve"},
		outputs: types.Values{"iid": 1, "approved": true},
	},
	{
		name: "jira_assign", inputs: types.Values{"issue": "AAP-1", "assignee": "ada@example.com"},
		writes:  []string{"PUT /rest/api/2/issue/AAP-1/assignee"},
		outputs: types.Values{"issue": "AAP-1", "assignee": "Ada Lovelace", "changed": true},
	},
	{
		name: "jira_link_issues", inputs: types.Values{"issue": "AAP-1", "to": "AAP-2", "type": "is blocked by"},
		writes:  []string{"POST /rest/api/2/issueLink"},
		outputs: types.Values{"issue": "AAP-1", "to": "AAP-2", "changed": true},
	},
	{
		name: "jira_set_fields", inputs: types.Values{"issue": "AAP-1", "priority": "Major", "parent": "AAP-2", "component": "API", "points": 3, "points_field": "customfield_2"},
		writes:  []string{"PUT /rest/api/2/issue/AAP-1", "PUT /rest/api/2/issue/AAP-1"},
		outputs: types.Values{"issue": "AAP-1", "changed": true},
	},
}

// TestWritesOnce performs the step types that write: whole, with each answer to a write
// lost on its way, and killed after each record of the journal, before and after the
// request is sent. The end is always the same, and each request was sent once.
func TestWritesOnce(t *testing.T) {
	t.Parallel()
	for _, w := range writings {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := scene{dir: t.TempDir()}
			whole := &killed{Memory: journal.NewMemory()}
			w.perform(t, &s, newServices(t), whole, "whole")
			for lost := range w.writes {
				services := newServices(t)
				services.loses = lost + 1
				w.perform(t, &s, services, &killed{Memory: journal.NewMemory()}, fmt.Sprintf("answer %d lost", lost+1))
			}
			for n := 1; n < len(whole.Records()); n++ {
				for _, sent := range []bool{false, true} {
					services := newServices(t)
					j := &killed{Memory: journal.NewMemory(), after: n, dies: func() { services.die(!sent) }}
					w.perform(t, &s, services, j, fmt.Sprintf("killed after record %d, sent %t", n, sent))
				}
			}
		})
	}
}

// perform runs the step type to its end, also when the journal dies on the way.
func (w performance) perform(t *testing.T, s *scene, services *services, j *killed, at string) {
	t.Helper()
	cat := services.catalogue(t)
	p := w.program(t, cat)
	o, err := s.perform(t, cat, p, j)
	if died := errors.Is(err, errKilled); died != (j.after > 0) {
		t.Fatalf("%s: killed %t", at, died)
	} else if died {
		services.die(false)
		o, err = s.perform(t, services.catalogue(t), p, &killed{Memory: j.Reopen()})
	}
	if err != nil || o.State != engine.Done {
		t.Fatalf("%s: %s %v %v", at, o.State, o.Failure, err)
	}
	if d := cmp.Diff(string(types.Encode(w.outputs)), string(types.Encode(o.Outputs))); d != "" {
		t.Errorf("%s: outputs (-want +got):\n%s", at, d)
	}
	if d := cmp.Diff(w.writes, services.writes); d != "" {
		t.Errorf("%s: requests (-want +got):\n%s", at, d)
	}
}

func (w performance) program(t *testing.T, cat *step.Catalogue) *program.Program {
	t.Helper()
	skill := checked(t, cat, filepath.Join("rewritten", "steps", w.name+".yaml"))
	b, diags := skill.Bind(engine.Binding{Inputs: w.inputs, Now: began, Zone: time.UTC, StepType: true})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return b.Program
}

// TestReads performs the step types that read GitLab, whose stand-in refuses parameters
// that the API does not have.
func TestReads(t *testing.T) {
	t.Parallel()
	pipeline := types.Values{
		"id": 5, "status": "failed", "ref": "main", "sha": strings.Repeat("a", 40),
		"web_url": "https://gitlab.example.com/example/api/-/pipelines/5", "created_at": "2026-01-15T10:00:00.000Z",
	}
	for _, r := range []performance{
		{name: "gitlab_user", outputs: types.Values{"username": "release-bot", "name": "release-bot", "email": "release-bot@example.com"}},
		{name: "gitlab_mr_threads", inputs: types.Values{"project": "example/api", "iid": 1}, outputs: types.Values{"threads": []any{
			types.Values{"author": "alice", "last_author": "alice", "resolved": true, "body": "Please look at it"},
		}}},
		{name: "gitlab_pipeline_list", inputs: types.Values{"project": "example/api", "limit": 1}, outputs: types.Values{"pipelines": []any{pipeline}, "truncated": true}},
		{name: "gitlab_pipeline_list", inputs: types.Values{"project": "example/api", "status": "failed"}, outputs: types.Values{"pipelines": []any{pipeline}, "truncated": false}},
		{name: "gitlab_job_log", inputs: types.Values{"project": "example/api", "pipeline_id": 5, "job": "test", "max_bytes": 20}, outputs: types.Values{"text": "it fails\n", "truncated": true}},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.perform(t, &scene{dir: t.TempDir()}, newServices(t), &killed{Memory: journal.NewMemory()}, "once")
		})
	}
}

// TestWritesUndone takes back what the step types have written that say how.
func TestWritesUndone(t *testing.T) {
	t.Parallel()
	const mr = "POST /api/v4/projects/example/api/merge_requests/1/"
	for name, c := range map[string]struct {
		step   string
		writes []string
	}{
		"gitlab_mr_approve": {
			"uses: gitlab_mr_approve, with: {project: example/api, iid: 1, sha: " + strings.Repeat("a", 40) + "}",
			[]string{mr + "approve", mr + "unapprove"},
		},
		"alertmanager_silence_create": {
			`uses: alertmanager_silence_create, with: {cluster: stage, alert: Down, ends_at: "2026-01-15T12:00:00Z", comment: Load test}`,
			[]string{"POST /api/v2/silences", "DELETE /api/v2/silence/" + older[:35] + "1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			services := newServices(t)
			undone(t, services.catalogue(t), c.step)
			if d := cmp.Diff(c.writes, services.writes); d != "" {
				t.Error(d)
			}
		})
	}
}

// undone performs a step, and takes back what it has written.
func undone(t *testing.T, cat *step.Catalogue, does string) {
	t.Helper()
	e := newEngine(t, cat)
	skill, diags := e.Check("rewritten/do_it.yaml", []byte("name: do_it\nsteps:\n  - {id: done, "+does+"}\n"))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	bound, diags := skill.Bind(engine.Binding{Now: began, Zone: time.UTC})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	run, _, err := e.Start(t.Context(), bound, engine.Options{Consent: engine.NotNeeded})
	if err != nil || run.State != engine.Done {
		t.Fatal(run.State, run.Failure, err)
	}
	yes := func(list []engine.Reversal) (bool, error) { return len(list) == 1 && list[0].Can(), nil }
	if done, err := e.Undo(t.Context(), run.ID, false, yes, engine.Options{}); err != nil || !done {
		t.Fatal(done, err)
	}
}
