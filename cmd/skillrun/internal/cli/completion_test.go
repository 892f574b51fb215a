package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
)

// TestCompleteUnknownWrites offers the paths of writes whose outcome is
// unknown, with what each is.
func TestCompleteUnknownWrites(t *testing.T) {
	t.Parallel()
	var run engine.Inspection
	for _, e := range [][3]string{{"jira", "created", "File"}, {"review[12]/merge", "unknown", "Merge\n!12"}, {"review[13]/merge", "unknown", "merge"}, {"push", "unknown", "Push"}} {
		run.Effects = append(run.Effects, engine.Effect{ID: e[0], Path: e[0], Outcome: e[1], Verb: "merge", Object: "merge request"})
		run.Steps = append(run.Steps, engine.StepReport{ID: "merge", Path: e[0], Name: e[2]})
	}
	want := []string{"review[12]/merge\tMerge !12", "review[13]/merge\tmerge merge request"}
	if diff := cmp.Diff(want, unknownWrites(run, "rev")); diff != "" {
		t.Error(diff)
	}
	if got := unknownWrites(run, ""); len(got) != 3 {
		t.Errorf("offered: %q", got)
	}
}
