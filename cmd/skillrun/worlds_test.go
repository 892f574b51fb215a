package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// TestTwoSandboxesShareRuns gives two worlds one user: the same release in each
// is a run of each, and a world that takes the folder of one that was removed
// knows nothing of that one's runs.
func TestTwoSandboxesShareRuns(t *testing.T) {
	t.Parallel()
	one, two := newBench(t), newBench(t)
	state := t.TempDir()
	for _, b := range []*bench{one, two} {
		b.env["XDG_STATE_HOME"] = state
		b.release(b.sha()).want(t, 0, `created +jira`, `created +mr`)
		if listed := b.run("runs", "--config", b.conf).out; strings.Count(listed, "parked, waiting") != 1 {
			t.Errorf("each world has one run; this one lists\n%s", listed)
		}
	}

	dir := t.TempDir() + "/world"
	sites := map[string]bool{one.world.Site(): true, two.world.Site(): true}
	for range 2 {
		w, err := sandbox.Open(t.Context(), sandbox.Options{Dir: dir, Log: io.Discard, Now: time.Now, InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		sites[w.Site()] = true
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	if len(sites) != 4 {
		t.Errorf("four worlds are %d sites: %v", len(sites), sites)
	}
}
