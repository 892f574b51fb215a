package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
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

// AuditVersion is the version of [Deed]'s JSON. Members are added within one
// version; none changes its meaning or goes.
const AuditVersion = 1

// DeedKind says what was done.
type DeedKind string

// The kinds of deeds. The state in which a run ends is one too: done, failed,
// cancelled, rejected, refused, undone or partly_undone, without a Step.
const (
	DeedStarted  DeedKind = "started"
	DeedResumed  DeedKind = "resumed"  // somebody went on with the run
	DeedApproved DeedKind = "approved" // somebody agreed; Why is on what ground, when they were not shown it
	DeedWrote    DeedKind = "wrote"    // a write happened
	DeedUpdated  DeedKind = "updated"  // what was there was brought up to date
	DeedAdopted  DeedKind = "adopted"  // it was there already: nothing was sent
	DeedResolved DeedKind = "resolved" // somebody said what became of a write
	DeedFailed   DeedKind = "failed"   // a write, or undoing it, surely did not happen
	DeedUnknown  DeedKind = "unknown"  // a write, or undoing it, may have happened: nobody knows
	DeedUndone   DeedKind = "undone"   // an effect was taken back
	DeedExported DeedKind = "exported" // from here on the run went on elsewhere; Why is for which keys
	DeedImported DeedKind = "imported" // from here on it went on here
	DeedDamaged  DeedKind = "damaged"  // not a deed: the journal cannot be read, so what was done is not known
)

// KnownByMachine says that who somebody is is only known from the machine; anything
// else is the host of a service that they logged in to.
const KnownByMachine = runtime.KnownByMachine

// Deed is something that was done in a run, as its journal tells: a line of
// `skillrun audit`. Members that do not fit a kind are empty.
type Deed struct {
	Version int       `json:"version"`
	At      time.Time `json:"at,omitzero"`
	Run     string    `json:"run"`
	Skill   string    `json:"skill,omitempty"`
	Program string    `json:"program,omitempty"` // digest of the checked skill with its inputs
	Kind    DeedKind  `json:"kind"`
	By      string    `json:"by,omitempty"`       // who: of what a run did, who started it or went on with it
	KnownBy string    `json:"known_by,omitempty"` // how it is known who that is: machine, or a host
	Step    string    `json:"step,omitempty"`     // path of the step; "" is the run as a whole
	Type    string    `json:"type,omitempty"`     // the step type
	Service string    `json:"service,omitempty"`  // of skillrun.yaml
	Host    string    `json:"host,omitempty"`
	What    string    `json:"what,omitempty"`   // the deed in words, such as create issue
	Object  string    `json:"object,omitempty"` // what the step says it made or found, such as AAP-61250
	Link    string    `json:"link,omitempty"`   // where a person looks at it
	Input   string    `json:"input_digest,omitempty"`
	Plan    string    `json:"plan,omitempty"`  // of approved: digest of what was shown
	Key     string    `json:"key,omitempty"`   // of a write: the same for the same work
	Reach   []string  `json:"reach,omitempty"` // what somebody agreed that the run may reach from here on
	Why     string    `json:"why,omitempty"`
	Error   *Problem  `json:"error,omitempty"`
}

// Problem is an error of a [Deed]: its details may be anything, and stay in the
// journal.
type Problem struct {
	Code    types.Code `json:"code"`
	Message string     `json:"message"`
}

// Audit tells who did what where in the runs of these ids, the earliest first,
// from their journals alone. A run whose journal is damaged is told by a deed of
// its own: nothing is passed over in silence. A run that was removed meanwhile has
// none.
func (e *Engine) Audit(ids ...string) []Deed {
	var out []Deed
	for _, id := range ids {
		records, _, err := e.store.Read(id)
		if err == nil {
			_, _, err = restore(records[0].Run)
		}
		switch {
		case err == nil:
			out = append(out, e.deeds(records)...)
		case types.CodeOf(err) != types.NotFound:
			out = append(out, Deed{Version: AuditVersion, Run: id, Kind: DeedDamaged, Error: problem(types.AsError(err))})
		}
	}
	slices.SortStableFunc(out, func(a, b Deed) int { return a.At.Compare(b.At) })
	return out
}

// auditing folds a journal into deeds.
type auditing struct {
	cat    *step.Catalogue
	run    *journal.RunHeader
	by     string         // who started the run, or went on with it
	open   map[string]int // by path: a write, or its undoing, that may have happened
	writes map[string]journal.Record
	held   map[string]bool // by path: what somebody found is told, and not taken over yet
	out    []Deed
}

func (e *Engine) deeds(records []journal.Record) []Deed {
	a := auditing{cat: e.Catalogue, run: records[0].Run, open: map[string]int{}, writes: map[string]journal.Record{}, held: map[string]bool{}}
	for _, r := range records {
		a.add(r)
	}
	return slices.DeleteFunc(a.out, func(d Deed) bool { return d.Kind == "" })
}

func (a *auditing) add(r journal.Record) {
	switch r.Kind {
	case journal.Header:
		a.by = r.Run.User
		d := a.deed(r, DeedStarted)
		d.Input = inputsDigest(r.Run.Program)
		a.tell(d)
	case journal.Resumed:
		if r.Reason != journal.Restart {
			a.by = r.By
			a.tell(a.deed(r, DeedResumed))
		}
	case journal.Approved:
		a.tell(a.deed(r, DeedApproved))
	case journal.Intent:
		a.writes[r.Path] = r
		a.begin(a.effect(r, DeedUnknown))
	case journal.Event:
		a.event(r)
	case journal.Resolved:
		a.end(r.Path)
		d := a.effect(r, DeedResolved)
		if a.held[r.Path] = r.Ref != ""; r.Ref == "" && r.Reason == "" {
			d.What = "did not happen: " + d.What
		}
		a.tell(d)
	case journal.Undoing:
		d := a.effect(r, DeedUnknown)
		if d.What = "undo: " + d.What; r.Error == nil {
			a.begin(d)
			return
		}
		a.end(r.Path)
		d.Kind = DeedFailed
		a.tell(d)
	case journal.Undone:
		a.end(r.Path)
		a.tell(a.effect(r, DeedUndone))
	case journal.Exported, journal.Imported:
		d := a.deed(r, DeedKind(r.Kind))
		d.Why = strings.Join(r.To, ", ")
		a.tell(d)
	case journal.Finished:
		a.tell(a.deed(r, DeedKind(r.State)))
	}
}

// event tells how a write ended.
func (a *auditing) event(r journal.Record) {
	if yes, ok := agreement(a.cat, r); ok {
		d := a.effect(r, DeedApproved)
		d.By, d.Plan, d.KnownBy, d.Host, d.Input = yes.By, yes.Plan, yes.Known, yes.Known, ""
		a.tell(d)
	}
	if r.Effect != string(step.Writes) {
		return
	}
	switch r.Event.Kind {
	case machine.Done:
		a.writes[r.Path] = r
		a.end(r.Path)
		kind := wroteKind(r.Outcome)
		if kind == DeedResolved && a.held[r.Path] {
			a.held[r.Path] = false
			return
		}
		a.tell(a.effect(r, kind))
	case machine.Failed:
		d := a.effect(r, DeedFailed)
		if d.Error = problem(r.Event.Error); r.Event.Unsettled {
			d.Kind = DeedUnknown
			a.end(r.Path)
			a.begin(d)
			return
		}
		a.end(r.Path)
		a.tell(d)
	case machine.Dropped, machine.TimedOut:
		a.end(r.Path)
	}
}

func wroteKind(outcome string) DeedKind {
	switch told, _, _ := runtime.Told(outcome); told {
	case "adopted":
		return DeedAdopted
	case "updated":
		return DeedUpdated
	case "resolved":
		return DeedResolved
	}
	return DeedWrote
}

func (a *auditing) tell(d Deed) { a.out = append(a.out, d) }

// agreement is what a record tells of somebody's approval at a service, which knows
// who they are.
func agreement(cat *step.Catalogue, r journal.Record) (Moment, bool) {
	s, ok := cat.Lookup(r.Step)
	if !ok || !s.Approves() || r.Event == nil || r.Event.Kind != machine.Done || r.Event.Output["approved"] != true {
		return Moment{}, false
	}
	text := func(name string) string { s, _ := r.Event.Output[name].(string); return s }
	return Moment{At: r.At, What: "approved", Path: r.Path, By: text("by"), Plan: text("digest"), Known: text("known_by")}, true
}

// begin tells of what may have happened, until it is known how it ended.
func (a *auditing) begin(d Deed) {
	a.end(d.Step)
	a.open[d.Step] = len(a.out)
	a.tell(d)
}

// end takes back that nobody knows how a write at a path ended.
func (a *auditing) end(path string) {
	if i, there := a.open[path]; there {
		a.out[i] = Deed{}
		delete(a.open, path)
	}
}

// deed is what a record tells of the run.
func (a *auditing) deed(r journal.Record, kind DeedKind) Deed {
	d := Deed{
		Version: AuditVersion, At: r.At, Run: a.run.ID, Skill: a.run.Skill, Program: a.run.Digest, Kind: kind, Step: r.Path,
		By: r.By, Plan: r.Plan, Why: r.Reason, Reach: r.Reach, Error: problem(r.Error),
	}
	if person := r.Kind == journal.Approved || r.Kind == journal.Resolved || kind == DeedKind(Cancelled) || kind == DeedKind(Rejected); !person {
		d.By = cmp.Or(d.By, a.by) // what a run does, it does for whoever is at it
	}
	if d.By != "" {
		d.KnownBy = KnownByMachine
	}
	return d
}

// effect is what a record tells of a write. What undoes it has the words of the
// write itself.
func (a *auditing) effect(r journal.Record, kind DeedKind) Deed {
	w := a.writes[r.Path]
	d := a.deed(r, kind)
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
	for _, name := range []string{"key", "reference", "branch", "sha", "id", "path", "ts", "name"} {
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

// inputsDigest is the SHA-256 of the inputs of a program, hexadecimal.
func inputsDigest(program json.RawMessage) string {
	var p struct{ Inputs types.Values }
	if json.Unmarshal(program, &p) != nil {
		return ""
	}
	sum := sha256.Sum256(types.Encode(p.Inputs))
	return hex.EncodeToString(sum[:])
}
