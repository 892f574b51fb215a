package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestExportOfAnOpenWrite: a write of unknown outcome moves where anybody can
// look for it, and not where only this machine can.
func TestExportOfAnOpenWrite(t *testing.T) {
	t.Parallel()
	write := func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }
	here := step.Write("here", "Change this machine.", write)
	there := step.Write("there", "Change a service.", write).Touches("tracker", "thing", "create")
	either := func(changes ...step.Place) func(context.Context, step.Use) step.Reach {
		return func(context.Context, step.Use) step.Reach { return step.Reach{Changes: changes} }
	}
	machine, git := step.Place{Kind: step.Machine}, step.Place{Kind: "git"}
	cat := step.NewCatalogue([]step.Step{
		here, there,
		step.Write("pushes", "Push.", write).Reaches(either(git, machine)),
		step.Write("files", "Change a file.", write).Reaches(either(machine)),
		step.Write("runs", "Run a program.", write).Reaches(either(machine, step.Place{Kind: step.State}, git)),
	})
	const refused = "does not know whether step made happened, and only this machine can look"
	for name, says := range map[string]string{"here": refused, "there": "", "pushes": "", "files": refused, "runs": refused} {
		dir := filepath.Join(t.TempDir(), "site")
		const id = "20260115-100000-aaaaaa"
		kept(t, dir, id, journal.Record{Kind: journal.Intent, Path: "made", Step: name, Input: []byte("{}")},
			journal.Record{Kind: journal.Parked, Reason: "unknown_outcome", Path: "made"})
		e := engine.New(engine.Setup{Catalogue: cat, State: dir, Clock: stopped{}})
		_, err := e.Export(id, engine.ExportOptions{})
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

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
