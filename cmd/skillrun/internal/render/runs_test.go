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
	var steps []engine.StepRecord
	add := func(path, name, kind, state string, message string) {
		id, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], "[")
		r := engine.StepRecord{StepReport: engine.StepReport{ID: id, Path: path, Name: name, Step: kind, State: state}, Began: start}
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
	add("early", "", "", "returned", "")
	add("last", "Last", "git_log", "pending", "")

	x := engine.Inspection{Steps: steps, File: "x.yaml", Journal: "/runs/r"}
	x.ID, x.Skill, x.State, x.Command = "r", "x", "failed", "skillrun x"
	var out bytes.Buffer
	render.Inspection(&out, x, "", start.Add(time.Minute))
	golden(t, "run-nested.golden", out.String())
}
