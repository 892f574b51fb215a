package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// references is the skill of testdata/references.txtar, which pushes, moves and deletes
// branches and makes a tag, with commits that were rebased and picked.
func references(t *testing.T) []string {
	t.Helper()
	script, err := txtar.ParseFile(filepath.Join("testdata", "references.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "refs.yaml")
	for _, f := range script.Files {
		if f.Name == filepath.Base(file) {
			err = os.WriteFile(file, f.Data, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return []string{"run", file, "--yes", "--output", "json"}
}

// changed are the references that are not as they were seeded, one line each: how many
// commits a branch has that were not there, and what is a tag.
func (k *killer) changed() []string {
	var out []string
	for name, r := range k.view().Git {
		for branch, sha := range r.Branches {
			if n := k.world.Ahead(name, sha); n > 0 {
				out = append(out, fmt.Sprintf("branch %s, %d commits", branch, n))
			}
		}
		for tag := range r.Tags {
			out = append(out, "tag "+tag)
		}
	}
	slices.Sort(out)
	return out
}

// TestReferencesKillSweep kills a run that changes branches and tags at every point, and
// resumes it: each of them is changed once, also where the server has moved the branch
// and what it pointed at before is on no branch any more.
func TestReferencesKillSweep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	want := []string{"branch master, 1 commits", "branch work, 2 commits", "tag v1.0.0"}
	first := newKiller(t)
	first.args = references(t)
	points := first.points(t)
	if diff := cmp.Diff(want, first.changed()); diff != "" {
		t.Fatal(diff)
	}
	for _, v := range []struct {
		variant
		ci    int // one point in so many
		short []int
	}{
		{variant{name: "resumed"}, 2, []int{60, 75}},
		{variant{name: "killed again while it resumes", then: true}, 8, []int{70}},
	} {
		chosen, began := smoke(points, v.short...), time.Now()
		if every := map[string]int{"full": 1, "ci": v.ci}[sweeping()]; every > 0 {
			chosen = sample(points, every)
		}
		swept(t, chosen, func(k *killer, n int) error {
			k.args = first.args
			k.whole = func() error {
				if diff := cmp.Diff(want, k.changed()); diff != "" {
					return fmt.Errorf("what was changed:\n%s", diff)
				}
				return nil
			}
			return k.kill(t, v.variant, n, 1+n*7%60)
		})
		t.Logf("%s: %d of %d points in %s", v.name, number(chosen), len(points), time.Since(began).Round(100*time.Millisecond))
	}
}

// TestReferencesUndoKillSweep kills the undo of such a run at every point. Undone once
// more, every reference is where it was.
func TestReferencesUndoKillSweep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	first := newKiller(t)
	first.args = references(t)
	first.points(t)
	file := filepath.Join(first.home, "undoing")
	first.exec(t.Context(), "list:"+file, "undo", "last", "--yes").want(t, 0, `restore branch more at [0-9a-f]{12}`)
	if left := first.changed(); len(left) > 0 {
		t.Fatal(left)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	points := strings.Split(strings.TrimSpace(string(text)), "\n")
	chosen := smoke(points, 50, 80)
	if every := map[string]int{"full": 1, "ci": 4}[sweeping()]; every > 0 {
		chosen = sample(points, every)
	}
	swept(t, chosen, func(k *killer, n int) error {
		if err := k.renew(false); err != nil {
			return err
		}
		if r := k.exec(t.Context(), "", first.args...); r.code != 0 {
			return fmt.Errorf("exit %d\n%s", r.code, r.log)
		}
		if r := k.exec(t.Context(), fmt.Sprintf("kill:%d", n), "undo", "last", "--yes"); r.code != -1 {
			return fmt.Errorf("not killed: exit %d\n%s", r.code, r.log)
		}
		if r := k.exec(t.Context(), "", "undo", "last", "--yes"); r.code != 0 {
			return fmt.Errorf("exit %d\n%s\n%s", r.code, r.out, r.log)
		}
		if left := k.changed(); len(left) > 0 {
			return fmt.Errorf("what is left: %v", left)
		}
		return nil
	})
	t.Logf("%d of %d points", number(chosen), len(points))
}
