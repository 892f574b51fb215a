package runtime

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// History is what the journal of a run says that matters for what is left to do.
// Whoever performs the run keeps it up to date as it runs.
type History struct {
	Machine   *machine.Machine
	Intents   map[string]time.Time      // by path: writes that may have been sent, outcome not known: since when
	Announced map[string]time.Time      // by path: when the first of these sends was announced
	Changing  map[string]bool           // by path: writes whose effect was there, and was to be brought up to date
	Unseen    map[string]bool           // by path: writes that failed before they were sent, because the lookup failed
	Absent    map[string]bool           // by path: writes that a person says did not happen, since the last intent
	Found     map[string]journal.Record // by path: what a person found, of writes that the run has yet to come to again
	Finished  map[string]Past           // by key: writes that are done
	Said      map[string]string         // by key: what a person says about one of them; see protocol.SaidRepeat
	Locals    []journal.Record          // what steps did to workspaces, in order
	Effects   []Effect
	Secrets   map[string]journal.Record // by path: reads that made secrets
	Consented bool                      // a person agreed to the writes: nothing is announced without
	Undo      map[string]Undo           // by path: the calls that take writes back, of nodes that say how
	Elsewhere bool                      // that was so where the run was imported from
	Ending    *Ending                   // by which the run was told to stop, nil when it was not

	nodes     []program.Node
	catalogue *step.Catalogue
}

// Undo is the call that takes a write back.
type Undo struct {
	Input json.RawMessage // nil: nothing says how, or Err
	Err   *types.Error    // why it cannot be told
}

// Past is a write that was done.
type Past struct {
	At     time.Time
	Output types.Values
}

// NewHistory returns the history of a run that has not begun.
func NewHistory(p *program.Program, start machine.Start, c *step.Catalogue) *History {
	return &History{
		Machine: machine.New(p, start), nodes: p.Steps, catalogue: c, Undo: map[string]Undo{},
		Intents: map[string]time.Time{}, Announced: map[string]time.Time{}, Changing: map[string]bool{}, Unseen: map[string]bool{}, Absent: map[string]bool{},
		Found: map[string]journal.Record{}, Finished: map[string]Past{}, Said: map[string]string{},
		Secrets: map[string]journal.Record{},
	}
}

// Add takes up what happened next. An error says that a record is not of this
// program.
func (h *History) Add(records []journal.Record) error {
	for _, rec := range records {
		switch rec.Kind {
		case journal.Intent:
			if _, again := h.Intents[rec.Path]; !again {
				h.Announced[rec.Path] = rec.At
			}
			h.Intents[rec.Path] = rec.At
			h.Changing[rec.Path] = h.Changing[rec.Path] || rec.Outcome == protocol.Updated
			delete(h.Absent, rec.Path)
			h.Consented = true
		case journal.Resolved:
			h.resolved(rec)
		case journal.Undone:
			delete(h.Intents, rec.Path)
			delete(h.Found, rec.Path)
		case journal.Imported:
			// Who agreed elsewhere is a word of the archive's: here a person is asked
			// for what is left.
			h.Elsewhere, h.Consented = h.Elsewhere || h.Consented, false
		case journal.Resumed, journal.Event:
			if rec.Kind == journal.Event && rec.Effect == string(step.Writes) && rec.Event.Kind == machine.Done {
				h.Undo[rec.Path] = h.UndoOf(rec.Path, rec.Event.Output)
			}
			if err := Fold(h.Machine, rec); err != nil {
				return err
			}
			if rec.Kind == journal.Event {
				h.event(rec)
			}
		}
	}
	return nil
}

func (h *History) resolved(rec journal.Record) {
	delete(h.Intents, rec.Path)
	delete(h.Unseen, rec.Path)
	h.Absent[rec.Path] = rec.Ref == "" && rec.Reason != protocol.SaidStands
	switch {
	case rec.Ref != "":
		h.Found[rec.Path] = rec
	case rec.Reason == protocol.SaidRepeat || rec.Reason == protocol.SaidStands:
		h.Said[rec.Key] = rec.Reason
	}
}

func (h *History) event(rec journal.Record) {
	switch rec.Event.Kind {
	case machine.Stopped:
		h.Ending = &Ending{State: State(rec.State), By: rec.By, Words: rec.Reason}
	case machine.Retried:
		h.Ending = nil
	case machine.Dropped, machine.TimedOut:
		delete(h.Intents, rec.Path)
	case machine.Done, machine.Failed, machine.Unanswered:
		h.AddLocal(rec)
	}
	if rec.Effect != string(step.Writes) {
		return
	}
	h.Consented = true
	h.Unseen[rec.Path] = rec.Outcome == protocol.Unseen
	if rec.Outcome != protocol.Unknown {
		delete(h.Intents, rec.Path)
	}
	if rec.Event.Kind == machine.Done {
		delete(h.Found, rec.Path)
		h.AddWrite(rec.Key, *rec.Event)
		e := EffectOf(h.catalogue, program.At(h.nodes, rec.Path), rec, rec.Event.Output)
		e.Found = "journal"
		h.Effects = append(h.Effects, e)
	}
}

// AddLocal notes a step that changed a workspace, which is made again by it; and a
// read that made secrets, which are had again by it.
func (h *History) AddLocal(rec journal.Record) {
	s, ok := h.catalogue.Lookup(rec.Step)
	if ok && (s.CanRestore() || s.Effect == step.Locals && rec.Event.Kind == machine.Done) {
		h.Locals = append(h.Locals, rec)
	}
	if rec.Event.Kind == machine.Done && types.HoldsHandle(map[string]any(rec.Event.Output), step.Handles(rec.Path)) {
		h.Secrets[rec.Path] = rec
	}
}

// RestoreInput is what a step left behind in a workspace, as [step.Step.Restore] takes it.
func RestoreInput(rec journal.Record) json.RawMessage {
	if rec.Event.Error != nil {
		return types.Encode(rec.Event.Error.Details)
	}
	return types.Encode(rec.Event.Output)
}

// AddWrite notes a write that is done.
func (h *History) AddWrite(key string, e machine.Event) {
	h.Finished[key] = Past{At: e.At, Output: e.Output}
	delete(h.Said, key)
}

// UndoOf is the call that takes back a write that the machine stands at, and that gave
// an output.
func (h *History) UndoOf(path string, output types.Values) Undo {
	in, err := h.Machine.Undo(path, output)
	if in == nil || err != nil {
		return Undo{Err: err}
	}
	return Undo{Input: types.Encode(in)}
}

// NeedsStop reports whether the machine has to be told that the run ends: there is
// something to clean up, or a write whose outcome is not known yet.
func (h *History) NeedsStop() bool {
	return h.Machine.HasCleanup() || len(h.Intents) > 0 && h.Machine.Failure() == nil
}

// Fold gives a machine what a record says; most say nothing to it.
func Fold(m *machine.Machine, rec journal.Record) error {
	switch rec.Kind {
	case journal.Resumed:
		return m.Apply(machine.Event{Kind: machine.Resumed, At: rec.At})
	case journal.Event:
		if err := m.Apply(*rec.Event); err != nil {
			return types.Errorf(types.Conflict, "record %d of the journal does not belong to its program: %w", rec.Seq, err).
				WithHint("the journal was changed, or another skillrun wrote it: look with that one")
		}
	}
	return nil
}

// SinceRestart returns the records that count, from the last restart on.
func SinceRestart(records []journal.Record) []journal.Record {
	for i, rec := range slices.Backward(records) {
		if rec.Kind == journal.Resumed && rec.Reason == journal.Restart {
			return records[i:]
		}
	}
	return records
}

// NothingWritten reports whether a run that is resumed has done reads and local
// steps only, and no one has answered a question of it: what was seen is then what
// they agreed to. One that waits in an await continues too: its time-out counts from
// its first poll.
func NothingWritten(records []journal.Record) bool {
	events := false
	for _, rec := range records {
		events = events || rec.Kind == journal.Event
		switch {
		case rec.Kind == journal.Intent,
			rec.Kind == journal.Event && rec.By != "",
			rec.Kind == journal.Finished && rec.State == string(Done),
			rec.Kind == journal.Parked && rec.Reason == ForAwait:
			return false
		}
	}
	return events
}

// Position is where a run stands, for someone who does not hold it.
type Position struct {
	Snapshot   []byte // nil: it will restart
	Before     []journal.Record
	Secrets    map[string]journal.Record
	Path       string // of the approve step it stands at; ""
	Message    string // what it asks; "" when the run will restart
	Show       any
	HasCleanup bool // ending the run would clean up after it, or look for what it wrote
}

// PositionOf says where a run stands by its journal. One that will restart when it is
// resumed stands at its start.
func PositionOf(p *program.Program, start machine.Start, c *step.Catalogue, records []journal.Record) (Position, error) {
	counted := SinceRestart(records)
	if NothingWritten(counted) {
		return Position{Path: askedAt(counted)}, nil
	}
	h := NewHistory(p, start, c)
	if err := h.Add(counted); err != nil {
		return Position{}, err
	}
	if f := h.Machine.Failure(); f != nil {
		if err := h.Machine.Apply(machine.Event{Kind: machine.Retried, Path: f.Path}); err != nil {
			return Position{}, err
		}
	}
	actions := h.Machine.Next()
	s := Position{Snapshot: h.Machine.Snapshot(), Before: h.Locals, Secrets: h.Secrets, HasCleanup: h.NeedsStop()}
	for _, a := range actions {
		if a.Kind == machine.Ask && s.Path == "" {
			s.Path, s.Show = a.Path, a.Input["show"]
			s.Message, _ = a.Input["message"].(string)
		}
	}
	return s, nil
}

// askedAt is the path of the approve step that a run parked at, or "".
func askedAt(records []journal.Record) string {
	for _, rec := range slices.Backward(records) {
		if rec.Kind == journal.Parked {
			if rec.Reason == ForApprove {
				return rec.Path
			}
			break
		}
	}
	return ""
}
