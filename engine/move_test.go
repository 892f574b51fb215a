package engine_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// TestAuditOfAMove: who took a run elsewhere, for whom, and who took it up.
func TestAuditOfAMove(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "site")
	const id = "20260115-100000-aaaaaa"
	kept(t, dir, id,
		journal.Record{Kind: journal.Parked, Reason: "approve"},
		journal.Record{Kind: journal.Exported, By: "ci", To: []string{"age1a", "age1b"}},
		journal.Record{Kind: journal.Imported, By: "bob"},
		journal.Record{Kind: journal.Resumed, By: "bob"},
		intent("made"), journal.Record{Kind: journal.Event, Path: "made", Step: "create", Effect: "write", Event: &machine.Event{Kind: machine.Done, Path: "made", Output: types.Values{}}},
	)
	e := engine.New(engine.Setup{Catalogue: tracker{}.steps(), State: dir, Clock: stopped{}})
	var got []string
	for _, d := range e.Audit(id) {
		got = append(got, fmt.Sprint(d.Kind, " ", d.By, " ", d.Why))
	}
	want := []string{"started ana ", "exported ci age1a, age1b", "imported bob ", "resumed bob ", "wrote bob "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
