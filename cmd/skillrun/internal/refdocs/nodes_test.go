package refdocs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// nestedSkill has every way in which steps stand inside of others.
func nestedSkill() *engine.Skill {
	read := func(id string) program.Node {
		return program.Node{ID: id, Kind: program.Uses, Step: "git_log", Effect: "read"}
	}
	write := func(id, name string) program.Node {
		return program.Node{ID: id, Kind: program.Uses, Name: name, Step: "jira_create_issue", Effect: "write"}
	}
	push := write("push", "Push the branch")
	push.Timeout, push.OnError = "90s", true
	push.Retry = &program.Retry{Attempts: 3, Delay: "5s", Backoff: 2, On: []types.Code{types.Unavailable, types.Auth}, If: "error.details.x == 'y'", Before: []program.Node{read("login")}}
	merge := write("merge", "Merge !${{ mr.iid }}")
	merge.If = "mr.draft == false"
	loop := program.Node{ID: "each_mr", Kind: program.Group, Name: "Review what is open", ForEach: "steps.list.items", As: "mr", Key: "mr.iid",
		MaxParallel: 8, OnItemError: true, Steps: []program.Node{read("look"), merge}}
	deploy := program.Node{ID: "deploy", Kind: program.Group, Timeout: "10m", If: "inputs.deploy", Retry: &program.Retry{Attempts: 2},
		Steps: []program.Node{write("roll", "Roll out")}, Rescue: []program.Node{write("back", "Roll\nback")},
		Always: []program.Node{{ID: "tell", Kind: program.Set}}}
	call := program.Node{ID: "ticket", Kind: program.Skill, Name: "Close the ticket", Call: &program.Call{Skill: "close_ticket", Steps: []program.Node{
		write("note", "Leave a note"), {ID: "deeper", Kind: program.Skill, Call: &program.Call{Skill: "tidy_up", Steps: []program.Node{read("unseen"), write("swept", "Sweep")}}},
	}}}
	return &engine.Skill{
		Name: "nested", File: "nested.yaml", Services: []string{"git", "jira"}, Reaches: []engine.Need{{Service: "git", Kind: "git"}, {Service: "jira", Kind: "jira"}},
		Uses: []step.Step{
			{Name: "git_log", Effect: step.Reads, Touch: step.Touch{Service: "git", Object: "commits"}},
			{Name: "jira_create_issue", Effect: step.Writes, Touch: step.Touch{Service: "jira", Object: "issue", Verb: "create"}},
		},
		Steps: []program.Node{
			read("list"),
			{ID: "facts", Kind: program.Group, Parallel: true, MaxParallel: 2, Steps: []program.Node{read("commits"), read("tags")}},
			loop, push, deploy, call,
			{ID: "early", Kind: program.Return, If: "steps.list.total == 0"},
		},
	}
}

// TestNestedSkill checks the description of steps inside of others against the
// golden files: as text, and as JSON.
func TestNestedSkill(t *testing.T) {
	t.Parallel()
	told := refdocs.Describe(nestedSkill(), &config.Config{}, nil)
	var text, object bytes.Buffer
	told.Text(&text)
	e := json.NewEncoder(&object)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(told); err != nil {
		t.Fatal(err)
	}
	golden(t, "nested.txt", text.String())
	golden(t, "nested.json", object.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
