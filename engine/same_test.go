package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// TestOtherProgram: a run that waits is resumed only by the program that it
// was started with, before its first write and after it; consent given to another
// program is none to this one.
func TestOtherProgram(t *testing.T) {
	t.Parallel()
	given := engine.Options{Consent: engine.Given}
	for name, tt := range map[string]struct {
		old, from string // what the run was started with
		writes    int    // that it has made
	}{
		"before a write":   {old: release},
		"after a write":    {old: strings.Replace(release, "  - {id: second", "  - {id: ask, approve: ok}\n  - {id: second", 1), writes: 1},
		"from elsewhere":   {old: release, from: engine.FromFolder},
		"a comment alone":  {old: release + "# looked over\n"},
		"another last run": {old: strings.Replace(release, "after", "behind", 1)},
	} {
		tr := tracker{}
		e := newEngine(t, tr, journal.Options{})
		was, diags := e.Check("skills/release.yaml", []byte(tt.old))
		is, more := e.Check("builtin/release.yaml", []byte(strings.Replace(release, "release ${{", "other ${{", 1)))
		if tt.from != "" {
			is, _ = e.Check("builtin/release.yaml", []byte(release))
		}
		if diags.HasErrors() || more.HasErrors() {
			t.Fatal(name, diags.Err(), more.Err())
		}
		parking := engine.Options{Origin: engine.Origin{Kind: tt.from}}
		if tt.writes > 0 {
			parking.Consent = engine.Given
		}
		parked, _, err := e.Start(t.Context(), bound(t, was, binding(1)), parking)
		if err != nil || parked.State != engine.Parked || len(tr) != tt.writes {
			t.Fatal(name, err, parked.State, len(tr))
		}
		o := given
		o.Origin.Kind = engine.FromBuiltIn
		_, _, err = e.Start(t.Context(), bound(t, is, binding(1)), o)
		if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), parked.ID+" of the same work is not finished, and has another program") || len(tr) != tt.writes {
			t.Errorf("%s: %v, world %v", name, err, tr)
		}
		if u := e.Unfinished(bound(t, is, binding(1)), o); u == nil || u.Run != parked.ID || len(u.Differs) == 0 {
			t.Errorf("%s: a plan is told %+v", name, u)
		}
		o.Restart = true
		anew, _, err := e.Start(t.Context(), bound(t, is, binding(1)), o)
		if err != nil || anew.ID == parked.ID {
			t.Errorf("%s: anew: %v %+v", name, err, anew)
		}
		if s, _ := e.Runs(); len(s) != 2 {
			t.Errorf("%s: %d runs", name, len(s))
		}
		if _, err := e.Resume(t.Context(), parked.ID, given); types.CodeOf(err) != types.Conflict {
			t.Errorf("%s: the run that was ended goes on: %v", name, err)
		}
	}
}

// TestSameProgram: what only moved its file, or was given by other ways, is the
// same program.
func TestSameProgram(t *testing.T) {
	t.Parallel()
	e := newEngine(t, tracker{}, journal.Options{})
	was, _ := e.Check("/ci/1/skills/release.yaml", []byte(release))
	is, _ := e.Check("/ci/2/skills/release.yaml", []byte(release))
	folder := func(path string) engine.Options {
		return engine.Options{Origin: engine.Origin{Kind: engine.FromFolder, Path: path}}
	}
	parked, _, err := e.Start(t.Context(), bound(t, was, binding(1)), folder("/ci/1/skills/release.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	o := folder("/ci/2/skills/release.yaml")
	o.Confirm = func(context.Context, engine.Run, engine.Question) (engine.Answer, error) { return engine.Yes, nil }
	if u := e.Unfinished(bound(t, is, binding(1)), o); u == nil || len(u.Differs) > 0 {
		t.Errorf("%+v", u)
	}
	r, _, err := e.Start(t.Context(), bound(t, is, binding(1)), o)
	if err != nil || r.ID != parked.ID || r.State != engine.Done {
		t.Errorf("%v %+v", err, r)
	}
}
