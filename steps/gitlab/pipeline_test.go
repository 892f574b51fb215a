package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

var failedJob = gitlabtest.Job{Name: "unit", Stage: "test", Status: "failed"}

func pipelineOf(ref, status string, jobs ...gitlabtest.Job) gitlabtest.Pipeline {
	return gitlabtest.Pipeline{Ref: ref, SHA: sha(ref), Status: status, Jobs: jobs}
}

// sha is a commit's number made from a letter.
func sha(ref string) string { return strings.Repeat(fmt.Sprintf("%02x", ref[0]), 20) }

func (w *world) pipeline(a args) (PipelineOut, error) {
	w.t.Helper()
	return do[PipelineOut](w, "gitlab_pipeline_view", a.with("project", app))
}

func TestPipeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, err1 := w.lab.AddPipeline(app, pipelineOf("main", "success"))
	id, err2 := w.lab.AddPipeline(app, pipelineOf("main", "failed",
		gitlabtest.Job{Name: "build", Stage: "build", Status: "success"}, failedJob,
		gitlabtest.Job{Name: "lint", Stage: "test", Status: "failed", AllowFailure: true, FailureReason: "runner_system_failure"}))
	other, err3 := w.lab.AddPipeline(app, pipelineOf("other", "running"))
	must(t, err1, err2, err3)
	got, err := w.pipeline(args{"ref": "main"})
	must(t, err)
	done, none := "2026-03-01T12:00:00Z", 0
	want := PipelineOut{
		ID: id, Status: "failed", Finished: true, Ref: "main", SHA: sha("main"), Source: "push",
		WebURL:    fmt.Sprint("https://gitlab.test/team/app/-/pipelines/", id),
		CreatedAt: done, UpdatedAt: done, StartedAt: &done, FinishedAt: &done, Duration: &none,
		FailedJobs: []FailedJob{
			{"lint", "test", true, "runner_system_failure", fmt.Sprint("https://gitlab.test/team/app/-/jobs/", id+3)},
			{"unit", "test", false, "script_failure", fmt.Sprint("https://gitlab.test/team/app/-/jobs/", id+2)},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, tc := range []struct {
		in     args
		id     int
		status string
	}{
		{args{"pipeline_id": old}, old, "success"},
		{args{"sha": sha("main")}, id, "failed"},
		{args{"sha": sha("other")}, other, "running"},
	} {
		got, err := w.pipeline(tc.in)
		if err != nil || got.ID != tc.id || got.Status != tc.status || got.Finished == (tc.status == "running") || (got.Duration != nil) != got.Finished {
			t.Errorf("%v: %+v, %v", tc.in, got, err)
		}
	}
}

// TestPipelineOfMergeRequest: the one of a fork runs in the fork.
func TestPipelineOfMergeRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release().with("source_project", "bot/app"))
	_, err := w.pipeline(args{"iid": 1})
	wantError(t, err, "not_found: !1 of team/app has no pipeline (GitLab creates one some seconds after a push")
	must(t, w.lab.SetPipeline(app, 1, "running"))
	got, err := w.pipeline(args{"iid": 1})
	if err != nil || got.Status != "running" || got.Source != "merge_request_event" || !strings.HasPrefix(got.WebURL, "https://gitlab.test/bot/app/") {
		t.Errorf("got %+v, %v", got, err)
	}
	// An older GitLab does not say where it runs.
	w.skip = true
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.HasSuffix(r.URL.Path, "/merge_requests/1") {
			return false
		}
		fmt.Fprint(rw, `{"iid":1,"head_pipeline":{"id":7}}`)
		return true
	})
	_, err = w.pipeline(args{"iid": 1})
	wantError(t, err, "not_found: read pipeline 7 of team/app: 404 Not Found")
}

func TestPipelineIsNotThere(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   args
		want string
	}{
		{args{"pipeline_id": 99}, "not_found: read pipeline 99 of team/app: 404 Not Found: 404 Not found"},
		{args{"ref": "main"}, "not_found: there is no pipeline for main in team/app (GitLab creates one some seconds after a push: wait for it"},
		{args{"sha": sha("x")}, "not_found: there is no pipeline for " + sha("x") + " in team/app"},
		{args{"iid": 9}, "not_found: read merge request !9 of team/app: 404 Not Found"},
		{args{}, "invalid: 0 of iid, pipeline_id, ref and sha are given (give exactly one of them)"},
		{args{"ref": "main", "iid": 1}, "invalid: 2 of iid, pipeline_id, ref and sha are given"},
		{args{"ref": "a:b"}, `invalid: "a:b" is not a branch name`},
		{args{"ref": "main", "service": "other"}, `invalid: there is no service "other"`},
	} {
		w := newWorld(t)
		_, err := w.pipeline(tc.in)
		wantError(t, err, tc.want)
	}
}

// TestPipelineAnswers: a broken answer is never a green pipeline.
func TestPipelineAnswers(t *testing.T) {
	t.Parallel()
	const fine = `{"id":1,"status":"success","created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}`
	for _, tc := range []struct {
		list, one, jobs string
		want            string
	}{
		{"null", fine, "[]", "unavailable: list pipelines of team/app: the answer is not a list"},
		{"[null]", fine, "[]", "unavailable: list pipelines of team/app: the answer has no id"},
		{`[{"id":1`, fine, "[]", "unavailable: list pipelines of team/app: the answer is not GitLab's: unexpected EOF"},
		{`[{"id":1}]`, `{"id":2}`, "[]", "unavailable: read pipeline 1 of team/app: the answer is about pipeline 2"},
		{`[{"id":1}]`, `{"id":1}`, "[]", "unavailable: read pipeline 1 of team/app: the answer has no status or no date"},
		{`[{"id":1}]`, `<html>`, "[]", "unavailable: read pipeline 1 of team/app: the answer is not GitLab's: "},
		{`[{"id":1}]`, fine, "null", "unavailable: list the failed jobs of pipeline 1 of team/app: the answer is not a list"},
		{`[{"id":1}]`, fine, "{}", "unavailable: list the failed jobs of pipeline 1 of team/app: the answer is not GitLab's: "},
		{`[{"id":1}]`, fine, "[null]", ""},
	} {
		t.Run(tc.list+tc.one+tc.jobs, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				body := tc.one
				switch {
				case strings.HasSuffix(r.URL.Path, "/jobs"):
					body = tc.jobs
				case strings.HasSuffix(r.URL.Path, "/pipelines"):
					body = tc.list
				}
				fmt.Fprint(rw, body)
				return true
			})
			_, err := w.pipeline(args{"ref": "main"})
			wantError(t, err, tc.want)
		})
	}
}

func TestPipelineWithManyFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jobs := make([]gitlabtest.Job, 130)
	for i := range jobs {
		jobs[i] = gitlabtest.Job{Name: fmt.Sprint("j", i), Status: "failed"}
	}
	id, err := w.lab.AddPipeline(app, pipelineOf("main", "failed", jobs...))
	must(t, err)
	got, err := w.pipeline(args{"pipeline_id": id})
	if err != nil || len(got.FailedJobs) != 130 || got.Truncated {
		t.Errorf("%d jobs, truncated %v, %v", len(got.FailedJobs), got.Truncated, err)
	}
}

// TestRedirects: a read follows one within GitLab, and takes the token nowhere
// else.
func TestRedirects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, err := w.lab.AddPipeline(app, pipelineOf("main", "success"))
	must(t, err)
	got, err := do[PipelineOut](w, "gitlab_pipeline_view", args{"project": "old/app", "pipeline_id": id})
	if err != nil || got.Status != "success" {
		t.Errorf("moved project: %+v, %v", got, err)
	}
	elsewhere := newWorld(t)
	asked := false
	elsewhere.breakWith(func(http.ResponseWriter, *http.Request, http.Handler) bool { asked = true; return true })
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		http.Redirect(rw, r, elsewhere.url+r.URL.Path, http.StatusFound)
		return true
	})
	_, err = w.pipeline(args{"pipeline_id": id})
	wantError(t, err, "unavailable: read pipeline 1 of team/app: 302 Found")
	if asked {
		t.Error("the other host was asked")
	}
}

// TestSlowServer: the time is up in the middle of an answer. What is asked before
// is answered at once, which takes a busy machine longer than an idle one.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/merge_requests/1") {
			return false
		}
		rw.WriteHeader(http.StatusOK)
		fmt.Fprint(rw, `{"id":`)
		rw.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	for _, ask := range []struct {
		want string
		do   func() error
	}{
		{"unavailable: read pipeline 1 of team/app: the answer is not GitLab's: ", func() error { _, err := w.pipeline(args{"pipeline_id": 1}); return err }},
		{"unknown_outcome: add a note to !1 of team/app: the answer is not GitLab's: ", func() error { _, err := w.note(a); return err }},
	} {
		var err error
		for limit := 50 * time.Millisecond; limit < 10*time.Second && (err == nil || types.CodeOf(err) == types.Timeout); limit *= 2 {
			w.connect(Service{URL: w.url, Token: types.NewSecret("bot-token"), Timeout: limit})
			err = ask.do()
		}
		wantError(t, err, ask.want)
	}
}

// TestReadsWait: GitLab asks to wait, and gets what it asks for; a write is
// sent once.
func TestReadsWait(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	must(t, w.lab.SetPipeline(app, 1, "success"))
	s := w.step("gitlab_pipeline_view")
	busy := 0
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		busy++
		return busy%2 == 1 && answer(r.Method, 429, "Retry later")(rw, r, lab)
	})
	var slept []time.Duration
	var told []string
	call := step.Call{Key: testKey, Tell: func(text string) { told = append(told, text) }, Sleep: func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		return nil
	}}
	_, err := s.Do(step.WithCall(t.Context(), call), args{"project": app, "iid": 1}.json())
	must(t, err)
	if diff := cmp.Diff([]time.Duration{30 * time.Second, 30 * time.Second, 30 * time.Second}, slept); diff != "" || len(told) != 3 {
		t.Errorf("told %q, slept (-want +got):\n%s", told, diff)
	}
	w.breakWith(answer("POST", 429, "Retry later"))
	slept = nil
	_, err = w.step("gitlab_mr_note").Do(step.WithCall(t.Context(), call), a.json())
	wantError(t, err, "rate_limited: add a note to !1 of team/app: 429 Too Many Requests: Retry later (the service asks to wait: Retry-After 30)")
	if w.sent() != 1 || slept != nil {
		t.Errorf("%d POSTs, slept %v", w.sent(), slept)
	}
}
