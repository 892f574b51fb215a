package render_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// TestNestedRun prints the flat list of steps as the tree that it is: items in
// the order in which they began, with what stands in them, and a step whose
// group is not in the list below the nearest one that is.
func TestNestedRun(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var steps []engine.StepReport
	add := func(path, name, kind, state string, message string) {
		id, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], "[")
		r := engine.StepReport{ID: id, Path: path, Name: name, Step: kind, State: state, Began: start}
		if name == "" {
			r.Name = id
		}
		if message != "" {
			r.Error = types.Errorf(types.Unavailable, "%s", message)
		}
		if state != "running" && state != "waiting" && state != "retrying" && state != "pending" {
			r.Ended = start.Add(1500 * time.Millisecond)
		}
		steps = append(steps, r)
	}
	add("list", "List", "gitlab_mr_list", "done", "")
	add("n", "", "", "done", "")
	add("facts", "", "", "done", "")
	add("facts/commits", "Read the commits", "git_log", "done", "")
	add("facts/n", "", "", "done", "")
	add("review", "Review", "", "done", "")
	add("review[feature%2Fx]", "Review", "", "done", "")
	add("review[12]", "Review !12", "", "continued", "has conflicts\nin two files")
	add("review[feature%2Fx]/look", "Look", "gitlab_pipeline", "done", "")
	add("review[12]/look", "Look", "gitlab_pipeline", "failed", "has conflicts\nin two files")
	add("push", "Push", "git_push", "retrying", "the token has expired")
	add("push/before.1/login", "Log in", "exec", "running", "")
	add("deploy", "Deploy", "", "rescued", "no healthy pod")
	add("deploy/tell", "Tell\x1b[2J", "slack_post_message", "stopped", "")
	add("many", "", "jira_create_issue", "running", "")
	for i := range 25 {
		add(fmt.Sprintf("many[%d]", i), "", "jira_create_issue", "done", "")
	}
	add("many[25]", "", "jira_create_issue", "failed", "no")
	add("lost/inner/step", "Below nothing", "git_log", "waiting", "")
	add("consent", "Ask first", "jira_create_issue", "waiting", "")
	steps[len(steps)-1].Waits = engine.ForConfirm
	add("early", "", "", "returned", "")
	add("last", "Last", "git_log", "pending", "")

	x := engine.Inspection{Steps: steps, File: "x.yaml", Journal: "/runs/r"}
	x.ID, x.Skill, x.State, x.Command = "r", "x", "failed", "skillrun x"
	var out bytes.Buffer
	render.Inspection(&out, x, nil, nil, start.Add(time.Minute))
	golden(t, "run-nested.golden", out.String())
}

// TestRunsFitTheScreen: every line of a listing but a command, which is to be
// pasted, fits 80 columns, in every state and with long names.
func TestRunsFitTheScreen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	var rows []render.RunRow
	for _, skill := range []string{"x", "release_aa_backend_prod", strings.Repeat("very_long_", 6)} {
		for _, state := range render.States() {
			rows = append(rows, render.RunRow{Run: "20260115-101530-k3f9q2", Skill: skill, State: state, StartedAt: now.Add(-99*24*time.Hour - 23*time.Hour),
				Error: types.Errorf(types.Conflict, "%s", strings.Repeat("the world is not as it has to be ", 5))})
		}
		for _, reason := range []string{engine.ForAwait, engine.ForConfirm, engine.ForApprove, engine.ForLock, engine.ForUnknown, engine.ForRepeat} {
			rows = append(rows, render.RunRow{Run: "20260115-101530-k3f9q2", Skill: skill, State: "parked", Reason: reason, StartedAt: now,
				Waiting: &engine.Waiting{Reason: reason, Name: "Await the approval of the whole team of release engineers", Step: "gitlab_mr_view",
					Until: "result.approved_by_other || result.state == 'merged'", Since: now, Deadline: now}})
		}
	}
	var out bytes.Buffer
	if err := render.Runs(&out, rows, now); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, whole := range []string{"release_aa_backend_prod", "20260115-101530-k3f9q2", "outcome unknown"} {
		if !strings.Contains(out.String(), whole) {
			t.Errorf("%s is not there whole:\n%s", whole, out.String())
		}
	}
}
