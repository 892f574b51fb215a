package local

import (
	"encoding/json"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// append writes a record with the time.
func (r *runner) append(rec journal.Record, sync bool) error {
	rec.At = r.Clock.Now().UTC()
	return r.Journal.Append(rec, sync)
}

// apply writes an event down, and then lets the machine fold it.
func (r *runner) apply(rec journal.Record, e machine.Event, sync bool) error {
	e.At = r.Clock.Now().UTC()
	rec.Event = &e
	if p, ok := r.Machine.PollOf(e.Path); ok {
		return r.polled(p, rec)
	}
	if err := r.append(rec, sync); err != nil {
		return err
	}
	return r.tell(e)
}

func (r *runner) tell(e machine.Event) error {
	r.told++
	return r.Machine.Apply(e)
}

// event writes down what happened to an action beside its end.
func (r *runner) event(kind machine.EventKind, path string) {
	if r.err == nil {
		r.err = r.apply(journal.Record{Kind: journal.Event, Path: path}, machine.Event{Kind: kind, Path: path}, false)
	}
}

// done records a result. Of an await's polls only the first and the last are
// written down: the machine tells which it is.
func (r *runner) done(rec journal.Record, a machine.Action, out []byte, sync bool) {
	if r.err != nil {
		return
	}
	e := machine.Event{Kind: machine.Done, Path: a.Path}
	if err := json.Unmarshal(out, &e.Output); err != nil {
		r.failed(rec, a, types.Errorf(types.Internal, "result of %s does not decode: %w", a.Step, err))
		return
	}
	if !sync && types.Deep(map[string]any(e.Output)) {
		r.failed(rec, a, types.Errorf(types.BadInput, "the result of %s is nested deeper than %d", a.Step, types.MaxDepth))
		return
	}
	e.At = r.Clock.Now().UTC()
	if a.Poll && r.Machine.StillWaits(e) {
		r.err = r.tell(e)
		return
	}
	rec.Event = &e
	if p, ok := r.Machine.PollOf(e.Path); ok {
		r.AddLocal(rec)
		r.err = r.polled(p, rec)
		return
	}
	if r.err = r.append(rec, sync); r.err != nil {
		return
	}
	delete(r.Intents, a.Path)
	r.noted(rec, a)
	if sync {
		r.AddWrite(rec.Key, e)
		r.effect(rec, "", e.Output)
	}
	r.err = r.tell(e)
}

// noted keeps what a walk from here on needs to know of a step.
func (r *runner) noted(rec journal.Record, a machine.Action) {
	if a.Effect == string(step.Reads) && !a.Poll && r.KeepReads && !r.Consented {
		r.reads = append(r.reads, plan.Read{Path: a.Path, Node: a.Node, Name: a.Name, Step: a.Step, Output: rec.Event.Output})
	}
	r.AddLocal(rec)
}

func (r *runner) failed(rec journal.Record, a machine.Action, err error) {
	rec.Event = nil
	if r.err != nil {
		return
	}
	e := machine.Event{Kind: machine.Failed, Path: a.Path, Error: types.AsError(err)}
	if a.Poll {
		e = r.Machine.FailureAt(a.Path, e.Error)
		if e.At = r.Clock.Now().UTC(); e.Kind == machine.Unanswered && r.Machine.StillWaits(e) {
			r.err = r.tell(e)
			return
		}
	}
	open := rec.Outcome == protocol.Unknown
	e.Unsettled = open
	r.Unseen[a.Path] = rec.Outcome == protocol.Unseen
	r.err = r.apply(rec, e, rec.Key != "")
	rec.Event = &e
	r.AddLocal(rec)
	if !open {
		delete(r.Intents, a.Path)
	}
}

// effect notes a write that is done, and tells of it unless the journal had it.
func (r *runner) effect(rec journal.Record, found string, out types.Values) runtime.Effect {
	e := runtime.EffectOf(r.Catalogue, program.At(r.Program.Steps, rec.Path), rec, out)
	if found != "" {
		e.Found = found
	}
	r.Effects = append(r.Effects, e)
	if found == "" {
		r.emit(runtime.Event{Type: runtime.EventEffect, Effect: &e})
	}
	return e
}

// drop tells that an action was not begun, or given up without an effect.
func (r *runner) drop(a machine.Action) { r.event(machine.Dropped, a.Path) }
