package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/constructs
var constructs embed.FS

// notes is a skill with a loop of writes, a parallel group, a retry with a cure,
// a rescue and an always that write, and a step type of its own. teams is the order of its loop.
func (k *killer) notes(t *testing.T, teams ...string) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, constructs); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "testdata", "constructs", "team_notes.yaml")
	return []string{"run", file, "--input", "day=2026-01-15", "--input", `teams=["` + strings.Join(teams, `","`) + `"]`, "--output", "json"}
}

// written is what the notes wrote, one line each.
func (k *killer) written() []string {
	var out []string
	seen := k.view()
	for _, i := range seen.Jira.Issues {
		if !strings.HasPrefix(i.Summary, "2026-01-15 ") {
			continue
		}
		out = append(out, "issue "+i.Summary)
		for _, c := range i.Comments {
			out = append(out, "comment "+i.Summary+": "+c)
		}
		for range i.RemoteLinks {
			out = append(out, "link "+i.Summary)
		}
	}
	for _, mr := range seen.Gitlab.MergeRequests {
		if strings.HasPrefix(mr.Title, "Notes") {
			out = append(out, "merge request "+mr.Title)
		}
	}
	for name, r := range seen.Git {
		for branch, sha := range r.Branches {
			if strings.HasPrefix(branch, "release-notes-") || strings.Contains(branch, "lock") {
				out = append(out, fmt.Sprintf("branch %s, %d commits", branch, k.world.Ahead(name, sha)))
			}
		}
	}
	slices.Sort(out)
	return out
}

// oneOfEachNote is what the notes write when nothing happens to them.
var oneOfEachNote = strings.Split(strings.TrimSpace(`
branch release-notes-2026-01-15, 1 commits
comment 2026-01-15 left: api has an issue
comment 2026-01-15 left: billing has an issue
comment 2026-01-15 left: no image: not_found
comment 2026-01-15 left: web has an issue
comment 2026-01-15 right: all is over
comment 2026-01-15 right: api is over
comment 2026-01-15 right: billing is over
comment 2026-01-15 right: web is over
issue 2026-01-15 left
issue 2026-01-15 right
issue 2026-01-15 team api
issue 2026-01-15 team billing
issue 2026-01-15 team web
link 2026-01-15 left
merge request Notes of 2026-01-15
`), "\n")

// TestConstructsKillSweep kills the notes at every point and continues: with the
// run, or with the run's folder removed and the list in another order.
func TestConstructsKillSweep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	first := newKiller(t)
	first.args = first.notes(t, "api", "billing", "web")
	points := first.points(t)
	if diff := cmp.Diff(oneOfEachNote, first.written()); diff != "" {
		t.Fatal(diff)
	}
	for _, v := range []struct {
		variant
		ci, short int // one point in so many, and at this hundredth
	}{
		{variant{name: "resumed"}, 2, 50},
		{variant{name: "the run's folder removed, the list in another order", lost: true}, 4, 80},
		{variant{name: "killed again while it resumes", then: true}, 12, 30},
	} {
		chosen, began := smoke(points, v.short), time.Now()
		if every := map[string]int{"full": 1, "ci": v.ci}[sweeping()]; every > 0 {
			chosen = sample(points, every)
		}
		swept(t, chosen, func(k *killer, n int) error {
			k.args = first.args
			k.lostArgs = first.notes(t, "web", "api", "billing")
			k.whole = func() error {
				if diff := cmp.Diff(oneOfEachNote, k.written()); diff != "" {
					return fmt.Errorf("what was written:\n%s", diff)
				}
				return nil
			}
			return k.kill(t, v.variant, n, 1+n*7%60)
		})
		t.Logf("%s: %d of %d points in %s", v.name, number(chosen), len(points), time.Since(began).Round(100*time.Millisecond))
	}
}

// TestConstructsInterrupted sends SIGINT at points: what was begun is cleaned up
// before the process ends with 130, and the run is resumed.
func TestConstructsInterrupted(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	first := newKiller(t)
	first.args = first.notes(t, "api", "billing", "web")
	points := first.points(t)
	chosen, began := smoke(points, 60), time.Now()
	if every := map[string]int{"full": 1, "ci": 6}[sweeping()]; every > 0 {
		chosen = sample(points, every)
	}
	swept(t, chosen, func(k *killer, n int) error {
		k.args = first.args
		if err := k.renew(false); err != nil {
			return err
		}
		r := k.exec(t.Context(), fmt.Sprintf("int:%d", n), k.args...)
		if r.code != 130 && r.code != 0 {
			return fmt.Errorf("exit %d\n%s", r.code, r.log)
		}
		written := k.written()
		for _, team := range []string{"api", "billing", "web"} {
			if slices.Contains(written, "issue 2026-01-15 team "+team) && !slices.Contains(written, "comment 2026-01-15 right: "+team+" is over") {
				return fmt.Errorf("%s was not cleaned up:\n%s\n%s", team, strings.Join(written, "\n"), r.log)
			}
		}
		args, err := k.goOn(t, variant{})
		if err != nil {
			return err
		}
		if r := k.exec(t.Context(), "", args...); r.code != 0 {
			return fmt.Errorf("exit %d\n%s", r.code, r.log)
		}
		if diff := cmp.Diff(oneOfEachNote, k.written()); diff != "" {
			return fmt.Errorf("what was written:\n%s", diff)
		}
		return nil
	})
	t.Logf("%d of %d points in %s", number(chosen), len(points), time.Since(began).Round(100*time.Millisecond))
}
