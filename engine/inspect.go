package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// Inspection is what the journal of a run tells, for people. Looking takes no
// lock and writes nothing, so it may be of the middle of a run.
type Inspection struct {
	Summary
	File    string // the skill file it was started from
	Journal string // the run's folder
	Inputs  map[string]any
	Outputs map[string]any
	Missing []string         // outputs that read a step which has not run
	Failure *machine.Failure // why it failed
	Steps   []StepReport     // every step of the skill, in order
	Effects []Effect         // Outcome is "unknown" where it is unknown
	History []Moment
	Waiting *Waiting // nil unless it is parked
}

// Runs lists the site's runs, newest first.
func (e *Engine) Runs() ([]Summary, error) {
	list, err := e.store.List()
	sortNewestFirst(list)
	return list, err
}

func sortNewestFirst(list []Summary) {
	slices.SortStableFunc(list, func(a, b Summary) int {
		return cmp.Or(Started(b).Compare(Started(a)), b.UpdatedAt.Compare(a.UpdatedAt))
	})
}

// Find returns the run that a reference means: an id, the beginning or the end of
// just one, or "last". Of the runs that it cannot mean nothing is read.
func (e *Engine) Find(ref string) (Summary, error) {
	ids, err := e.store.IDs()
	if err != nil {
		return Summary{}, err
	}
	if ref == "last" {
		return e.last(ids)
	}
	var found []Summary
	for _, id := range ids {
		if ref == "" || !strings.HasPrefix(id, ref) && !strings.HasSuffix(id, ref) {
			continue
		}
		s, started := e.store.Summary(id)
		if started && id == ref {
			return s, nil
		}
		if started {
			found = append(found, s)
		}
	}
	sortNewestFirst(found)
	switch len(found) {
	case 0:
		return Summary{}, noRun(ref)
	case 1:
		return found[0], nil
	}
	var some []string
	for _, s := range found[:min(len(found), 5)] {
		some = append(some, s.ID)
	}
	return Summary{}, types.Errorf(types.BadInput, "%d runs begin or end with %s", len(found), ref).
		WithHint("give more of its characters: %s", strings.Join(some, ", "))
}

// last is the newest run of those in a listing of ids, newest first. An id knows
// only the second.
func (e *Engine) last(ids []string) (Summary, error) {
	var found []Summary
	for i, id := range ids {
		if len(found) > 0 && !sameSecond(id, ids[i-1]) {
			break
		}
		if s, started := e.store.Summary(id); started {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return Summary{}, noRun("last")
	}
	sortNewestFirst(found)
	return found[0], nil
}

func sameSecond(id, other string) bool { return id[:len(stamp)] == other[:len(stamp)] }

func noRun(ref string) *types.Error {
	return types.Errorf(types.NotFound, "there is no run %s", ref).
		WithHint("a run belongs to its site: pass the --sandbox or --config it was started with; `skillrun runs` with the same lists a site's runs")
}

// stamp is how an id begins: the second in which its run did.
const stamp = "20060102-150405"

// Started is when a run was started: by its journal, or where that cannot be
// read by its id, which only knows the second.
func Started(s Summary) time.Time {
	if !s.StartedAt.IsZero() {
		return s.StartedAt
	}
	at, err := time.Parse(stamp, s.ID[:min(len(stamp), len(s.ID))])
	if err != nil {
		return time.Time{}
	}
	return at
}

// Inspect reads the journal of a run that [Engine.Runs] listed or [Engine.Find] found.
func (e *Engine) Inspect(s Summary) (Inspection, error) {
	records, p, start, err := e.load(s.ID)
	if err != nil {
		return Inspection{}, err
	}
	dir, err := e.store.RunDir(s.ID)
	if err != nil {
		return Inspection{}, err
	}
	f := &historyBuilder{cat: e.Catalogue, prog: p, start: start}
	f.begin()
	for _, r := range records {
		if err := f.add(r); err != nil {
			return Inspection{}, err
		}
	}
	f.m.Next() // to where it waits for the outside
	waiting, res := f.waiting(s), f.m.Result()
	steps := f.all()
	markIdle(steps, s, waiting)
	return Inspection{
		Summary: s, File: records[0].Run.File, Journal: dir, Inputs: p.Inputs, Outputs: res.Outputs, Missing: res.Missing,
		Failure: f.failure(), Steps: steps, Effects: f.effects, History: f.history, Waiting: waiting,
	}, nil
}

// markIdle says of the steps of a run that no process is at what they do, and for
// what they wait: consent and the lock are the whole run's.
func markIdle(steps []StepReport, s Summary, w *Waiting) {
	running := map[string]bool{}
	for _, x := range steps {
		running[x.Path] = x.State == "running"
	}
	runtime.MarkIdle(s.State, steps)
	for i, x := range steps {
		if w == nil || x.State != "waiting" {
			continue
		}
		whole := w.Reason == ForConfirm || w.Reason == ForLock
		if x.Path == w.Path || whole && running[x.Path] {
			steps[i].Waits = w.Reason
		}
	}
}

// Verify reads every byte that is kept of a run and checks it against its
// checksums. It takes no lock and writes nothing.
func (e *Engine) Verify(id string) (Verdict, error) {
	v, err := e.store.Verify(id)
	if err != nil || v.Header == nil {
		return v, err
	}
	if _, _, err := restore(v.Header); err != nil {
		v.Wrong = append(v.Wrong, types.AsError(err).Message)
	}
	return v, nil
}

// Pruned is a run that went, or would go.
type Pruned = journal.Pruned

// Prune removes finished runs of which nothing was heard for so long, but for
// the latest few of each skill; with dry it only tells.
func (e *Engine) Prune(olderThan time.Duration, keep int, dry bool) ([]Pruned, error) {
	return e.store.Prune(journal.Pruning{Now: e.Clock.Now(), OlderThan: olderThan, Keep: keep, DryRun: dry})
}
