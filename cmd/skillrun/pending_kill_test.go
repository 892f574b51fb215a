package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// pendingGroup and pendingLoop are skills in which one item fails while other writes
// are out: %s is the writes.
const (
	pendingHead = `name: pending
description: One item fails while the others are written
identity: ["'one'"]
config:
  jira_project: {type: string, required: true, description: The Jira project}
  gitlab_project: {type: string, required: true, description: The project}
steps:
  - {id: issue, uses: jira_create_issue, with: {project: "${{ config.jira_project }}", type: Story, summary: Pending}}
`
	pendingGroup = `  - id: side
    parallel: true
    steps:
      - {id: fails, uses: gitlab_mr_note, with: {project: "${{ config.gitlab_project }}", iid: 999, body: there is no such}}
%s`
	pendingBranch = `      - {id: w%d, uses: jira_add_%s}
`
	pendingLoop = `  - id: links
    for_each: '[%s, "fails"]'
    as: item
    max_parallel: 6
    uses: jira_add_link
    with: {issue: "${{ item == 'fails' ? 'AAP-999' : steps.issue.key }}", url: "https://example.com/${{ item }}", title: "${{ item }}"}
`
)

// pending is the command of such a skill, with so many writes beside the one that
// fails.
func (k *killer) pending(t *testing.T, loop bool, writes int) []string {
	t.Helper()
	var parts []string
	for i := range writes {
		switch {
		case loop:
			parts = append(parts, fmt.Sprintf(`"w%d"`, i))
		case i%2 == 0:
			parts = append(parts, fmt.Sprintf(pendingBranch, i, fmt.Sprintf(`comment, with: {issue: "${{ steps.issue.key }}", body: w%d}`, i)))
		default:
			parts = append(parts, fmt.Sprintf(pendingBranch, i, fmt.Sprintf(`link, with: {issue: "${{ steps.issue.key }}", url: "https://example.com/w%d", title: w%d}`, i, i)))
		}
	}
	text := pendingHead + fmt.Sprintf(pendingGroup, strings.Join(parts, ""))
	if loop {
		text = pendingHead + fmt.Sprintf(pendingLoop, strings.Join(parts, ", "))
	}
	file := filepath.Join(t.TempDir(), "pending.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"run", file, "--output", "json"}
}

// pendingLeft are the comments and links of the issue, and whether there is just
// one that is open.
func (k *killer) pendingLeft() (left []string, open int) {
	for _, i := range k.view().Jira.Issues {
		if i.Summary != "Pending" {
			continue
		}
		if i.Status != "Closed" && i.Status != "Done" {
			open++
		}
		left = append(left, i.Comments...)
		for _, l := range i.RemoteLinks {
			left = append(left, fmt.Sprint(l))
		}
	}
	slices.Sort(left)
	return left, open
}

// TestPendingKillSweep kills, at every point, a run in which one item of a parallel
// group or of a loop fails while two to five other writes are out. The run that is
// resumed ends as failed, and no write is there twice; its undo finds all of
// them.
func TestPendingKillSweep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	every := map[string]int{"full": 1, "ci": 5}[sweeping()]
	for _, loop := range []bool{false, true} {
		for writes := 2; writes <= 5; writes++ {
			if every == 0 && (writes%2 == 0) == loop {
				continue // a group of two and of four writes, a loop of three and of five
			}
			first := newKiller(t)
			args := first.pending(t, loop, writes)
			points := first.pendingPoints(t, args)
			chosen, began := smoke(points, 15*writes), time.Now()
			if every > 0 {
				chosen = sampleFrom(points, (every/2+7*writes)%every, every)
			}
			swept(t, chosen, func(k *killer, n int) error {
				k.args = args
				return k.killPending(t, n)
			})
			t.Logf("loop %t, %d writes: %d of %d points in %s", loop, writes, number(chosen), len(points), time.Since(began).Round(100*time.Millisecond))
		}
	}
}

// pendingPoints are the points of a run that nothing happens to, which fails.
func (k *killer) pendingPoints(t *testing.T, args []string) []string {
	t.Helper()
	if err := k.renew(false); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(k.home, "points")
	if r := k.exec(t.Context(), "list:"+file, args...); r.code != 1 {
		t.Fatalf("exit %d\n%s", r.code, r.log)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func (k *killer) killPending(t *testing.T, n int) error {
	if err := k.renew(false); err != nil {
		return err
	}
	// which of the writes is first is left to chance, so a run may have fewer points
	if r := k.exec(t.Context(), fmt.Sprintf("kill:%d", n), k.args...); r.code != -1 && r.code != 1 {
		return fmt.Errorf("not killed: exit %d\n%s", r.code, r.log)
	}
	args, err := k.goOn(t, variant{})
	if err != nil {
		return err
	}
	r := k.exec(t.Context(), "", args...)
	if r.code != 1 || !strings.Contains(r.out, `"state": "failed"`) {
		return fmt.Errorf("gone on: exit %d\n%s\n%s", r.code, r.out, r.log)
	}
	left, open := k.pendingLeft()
	if len(slices.Compact(slices.Clone(left))) != len(left) || open != 1 {
		return fmt.Errorf("%d open issues, and %v", open, left)
	}
	if err := k.undoPending(t); err != nil {
		return err
	}
	if left, open := k.pendingLeft(); len(left) > 0 || open > 0 {
		return fmt.Errorf("left after the undo: %d open issues, and %v", open, left)
	}
	return nil
}

// undoPending undoes the run. Where it was killed before it had sent what fails,
// no one can look for that, and a person says that it did not happen.
func (k *killer) undoPending(t *testing.T) error {
	r := k.exec(t.Context(), "", "undo", "last", "--yes")
	if said := regexp.MustCompile(`skillrun resolve (\S+) (\S+) --config`).FindStringSubmatch(r.log); r.code == 1 && said != nil {
		if r := k.exec(t.Context(), "", "resolve", said[1], strings.Trim(said[2], "'"), "--not-done"); r.code != 0 {
			return fmt.Errorf("resolve: exit %d\n%s\n%s", r.code, r.out, r.log)
		}
		r = k.exec(t.Context(), "", "undo", "last", "--yes")
	}
	if r.code != 0 {
		return fmt.Errorf("undo: exit %d\n%s\n%s", r.code, r.out, r.log)
	}
	return nil
}
