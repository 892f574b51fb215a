package engine

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// AuditVersion is the version of [Action]'s JSON. Members are added within one
// version; none changes its meaning or goes.
const AuditVersion = 1

// ActionKind says what was done.
type ActionKind string

// The kinds of actions. The state in which a run ends is one too: done, failed,
// cancelled, rejected, refused, undone or partly_undone, without a Step.
const (
	ActionStarted  ActionKind = "started"
	ActionResumed  ActionKind = "resumed"  // someone resumed the run
	ActionApproved ActionKind = "approved" // a person agreed; Why is on what ground, when they were not shown it
	ActionWrote    ActionKind = "wrote"    // a write happened
	ActionUpdated  ActionKind = "updated"  // what was there was brought up to date
	ActionAdopted  ActionKind = "adopted"  // it was there already: nothing was sent
	ActionResolved ActionKind = "resolved" // a person said what became of a write
	ActionFailed   ActionKind = "failed"   // a write, or undoing it, surely did not happen
	ActionUnknown  ActionKind = "unknown"  // a write, or undoing it, may have happened
	ActionUndone   ActionKind = "undone"   // an effect was taken back
	ActionExported ActionKind = "exported" // from here on the run continued elsewhere; Why is for which keys
	ActionImported ActionKind = "imported" // from here on it continued here
	ActionDamaged  ActionKind = "damaged"  // not an action: the journal cannot be read, so what was done is not known
)

// KnownByMachine says that who someone is is only known from the machine; anything
// else is the host of a service that they logged in to.
const KnownByMachine = runtime.KnownByMachine

// Action is something that was done in a run, as its journal tells: a line of
// `skillrun audit`. Members that do not fit a kind are empty.
type Action struct {
	Version int        `json:"version"`
	At      time.Time  `json:"at,omitzero"`
	Run     string     `json:"run"`
	Skill   string     `json:"skill,omitempty"`
	Program string     `json:"program,omitempty"` // digest of the checked skill with its inputs
	Kind    ActionKind `json:"kind"`
	By      string     `json:"by,omitempty"`       // who: of what a run did, who started it or continued with it
	KnownBy string     `json:"known_by,omitempty"` // how it is known who that is: machine, or a host
	Step    string     `json:"step,omitempty"`     // path of the step; "" is the run as a whole
	Type    string     `json:"type,omitempty"`     // the step type
	Service string     `json:"service,omitempty"`  // of skillrun.yaml
	Host    string     `json:"host,omitempty"`
	What    string     `json:"what,omitempty"`   // the action in words, such as create issue
	Object  string     `json:"object,omitempty"` // what the step says it made or found, such as AAP-61250
	Link    string     `json:"link,omitempty"`   // where a person looks at it
	Input   string     `json:"input_digest,omitempty"`
	Plan    string     `json:"plan,omitempty"`  // of approved: digest of what was shown
	Key     string     `json:"key,omitempty"`   // of a write: the same for the same work
	Reach   []string   `json:"reach,omitempty"` // what a person agreed that the run may reach from here on
	Why     string     `json:"why,omitempty"`
	Error   *Problem   `json:"error,omitempty"`
}

// Problem is an error of a [Action]: its details may be anything, and stay in the
// journal.
type Problem struct {
	Code    types.Code `json:"code"`
	Message string     `json:"message"`
}

// Audit tells who did what where in the runs of these ids, the earliest first,
// from their journals alone. A run whose journal is damaged is told by an action of
// its own: nothing is passed over in silence. A run that was removed meanwhile has
// none.
func (e *Engine) Audit(ids ...string) []Action {
	var out []Action
	for _, id := range ids {
		records, _, _, err := e.load(id)
		switch {
		case err == nil:
			out = append(out, e.actions(records)...)
		case types.CodeOf(err) != types.NotFound:
			out = append(out, Action{Version: AuditVersion, Run: id, Kind: ActionDamaged, Error: problem(types.AsError(err))})
		}
	}
	slices.SortStableFunc(out, func(a, b Action) int { return a.At.Compare(b.At) })
	return out
}

// auditBuilder folds a journal into actions.
type auditBuilder struct {
	cat    *step.Catalogue
	run    *journal.RunHeader
	by     string         // who started the run, or continued with it
	open   map[string]int // by path: a write, or its undoing, that may have happened
	writes map[string]journal.Record
	held   map[string]bool // by path: what someone found is told, and not taken over yet
	out    []Action
}

func (e *Engine) actions(records []journal.Record) []Action {
	a := auditBuilder{cat: e.Catalogue, run: records[0].Run, open: map[string]int{}, writes: map[string]journal.Record{}, held: map[string]bool{}}
	for _, r := range records {
		a.add(r)
	}
	return slices.DeleteFunc(a.out, func(d Action) bool { return d.Kind == "" })
}

func (a *auditBuilder) add(r journal.Record) {
	what, by := happened(r)
	switch r.Kind {
	case journal.Header, journal.Resumed:
		if what == "restarted" {
			return // by the process that resumed it
		}
		a.by = by
		d := a.action(r, ActionKind(what))
		if r.Run != nil {
			d.Input = inputsDigest(r.Run.Program)
		}
		a.emit(d)
	case journal.Intent:
		a.writes[r.Path] = r
		a.openWrite(a.effect(r, ActionUnknown))
	case journal.Event:
		a.event(r)
	case journal.Resolved:
		a.closeWrite(r.Path)
		d := a.effect(r, ActionResolved)
		if a.held[r.Path] = r.Ref != ""; r.Ref == "" && r.Reason == "" {
			d.What = "did not happen: " + d.What
		}
		a.emit(d)
	case journal.Undoing:
		d := a.effect(r, ActionUnknown)
		if d.What = "undo: " + d.What; r.Error == nil {
			a.openWrite(d)
			return
		}
		a.closeWrite(r.Path)
		d.Kind = ActionFailed
		a.emit(d)
	case journal.Undone:
		a.closeWrite(r.Path)
		a.emit(a.effect(r, ActionUndone))
	case journal.Exported, journal.Imported:
		d := a.action(r, ActionKind(what))
		d.Why = strings.Join(r.To, ", ")
		a.emit(d)
	case journal.Approved, journal.Finished:
		a.emit(a.action(r, ActionKind(what)))
	}
}

// event tells how a write ended.
func (a *auditBuilder) event(r journal.Record) {
	if yes, ok := agreement(a.cat, r); ok {
		d := a.effect(r, ActionApproved)
		d.By, d.Plan, d.KnownBy, d.Host, d.Input = yes.By, yes.Plan, yes.Known, yes.Known, ""
		a.emit(d)
	}
	if k := r.Event.Kind; k == machine.Dropped || k == machine.TimedOut { // which say no effect
		a.closeWrite(r.Path)
	}
	if r.Effect != string(step.Writes) {
		return
	}
	switch r.Event.Kind {
	case machine.Done:
		a.writes[r.Path] = r
		a.closeWrite(r.Path)
		kind := wroteKind(r.Outcome)
		if kind == ActionResolved && a.held[r.Path] {
			a.held[r.Path] = false
			return
		}
		a.emit(a.effect(r, kind))
	case machine.Failed:
		d := a.effect(r, ActionFailed)
		if d.Error = problem(r.Event.Error); r.Event.Unsettled {
			d.Kind = ActionUnknown
			a.openWrite(d)
			return
		}
		a.closeWrite(r.Path)
		a.emit(d)
	}
}

func wroteKind(outcome string) ActionKind {
	switch told, _, _ := runtime.DescribeOutcome(outcome); told {
	case "adopted":
		return ActionAdopted
	case "updated":
		return ActionUpdated
	case "resolved":
		return ActionResolved
	}
	return ActionWrote
}

func (a *auditBuilder) emit(d Action) { a.out = append(a.out, d) }

// agreement is an approval at a service, which knows who someone is.
func agreement(cat *step.Catalogue, r journal.Record) (Moment, bool) {
	s, ok := cat.Lookup(r.Step)
	if !ok || !s.Approves() || r.Event == nil || r.Event.Kind != machine.Done || r.Event.Output["approved"] != true {
		return Moment{}, false
	}
	text := func(name string) string { s, _ := r.Event.Output[name].(string); return s }
	return Moment{At: r.At, What: "approved", Path: r.Path, By: text("by"), Plan: text("digest"), Known: text("known_by")}, true
}

// openWrite tells of what may have happened, until it is known how it ended.
func (a *auditBuilder) openWrite(d Action) {
	a.closeWrite(d.Step)
	a.open[d.Step] = len(a.out)
	a.emit(d)
}

// closeWrite removes the unknown outcome of the write at a path.
func (a *auditBuilder) closeWrite(path string) {
	if i, there := a.open[path]; there {
		a.out[i] = Action{}
		delete(a.open, path)
	}
}

// action is what a record tells of the run.
func (a *auditBuilder) action(r journal.Record, kind ActionKind) Action {
	d := Action{
		Version: AuditVersion, At: r.At, Run: a.run.ID, Skill: a.run.Skill, Program: a.run.Digest, Kind: kind, Step: r.Path,
		By: r.By, Plan: r.Plan, Why: r.Reason, Reach: r.Reach, Error: problem(r.Error),
	}
	if person := r.Kind == journal.Approved || r.Kind == journal.Resolved || kind == ActionKind(Cancelled) || kind == ActionKind(Rejected); !person {
		d.By = cmp.Or(d.By, a.by) // what a run does, it does for whoever is at it
	}
	if d.By != "" {
		d.KnownBy = KnownByMachine
	}
	return d
}

// effect is what a record tells of a write, or of undoing it.
func (a *auditBuilder) effect(r journal.Record, kind ActionKind) Action {
	w := a.writes[r.Path]
	d := a.action(r, kind)
	d.Type, d.Key, d.Input, d.Object = r.Step, r.Key, cmp.Or(r.Digest, w.Digest), r.Ref
	d.Service, d.Host = cmp.Or(r.Service, w.Service), cmp.Or(r.Host, w.Host)
	if s, ok := a.cat.Lookup(r.Step); ok {
		d.What = s.Touch.Verb + " " + s.Touch.Object
		d.Service = cmp.Or(d.Service, s.Touch.Service)
	}
	if e := cmp.Or(r.Event, w.Event); e != nil {
		d.Object, d.Link = made(e.Output, d.Object)
	}
	return d
}

// made is what a result says was made: its name, and where a person looks at it.
func made(result types.Values, named string) (object, link string) {
	for _, name := range []string{"web_url", "url"} {
		if s, ok := result[name].(string); ok && link == "" && (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) {
			link = s
		}
	}
	for _, name := range []string{"key", "reference", "branch", "tag", "sha", "id", "path", "ts", "name"} {
		if v, ok := result[name]; ok && v != nil {
			return types.Show(v), link
		}
	}
	return named, link
}

func problem(err *types.Error) *Problem {
	if err == nil {
		return nil
	}
	return &Problem{err.Code, err.Message}
}

func inputsDigest(program json.RawMessage) string {
	var p struct{ Inputs types.Values }
	if json.Unmarshal(program, &p) != nil {
		return ""
	}
	return types.Digest(types.Encode(p.Inputs))
}
