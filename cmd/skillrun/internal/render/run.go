package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/types"
)

// headline is what names an effect best: a link, a key, a branch.
func headline(result types.Values) string {
	for _, name := range []string{"web_url", "url", "key", "branch", "tag", "sha", "id", "path", "ts", "value", "count"} {
		if v, ok := result[name]; ok {
			return Flat(types.Show(v))
		}
	}
	return ""
}

// ResultJSON is a run as JSON, for --output json.
type ResultJSON struct {
	Run      string              `json:"run" doc:"The id of the run."`
	Skill    string              `json:"skill" doc:"The name of its skill."`
	State    string              `json:"state" doc:"What became of it, such as done, failed or parked."`
	Reason   string              `json:"reason,omitempty" doc:"Why it parked."`
	Command  string              `json:"command" doc:"The command that does the same again."`
	Journal  string              `json:"journal" doc:"The folder of its journal."`
	Outputs  map[string]any      `json:"outputs" doc:"The outputs of the skill."`
	Missing  []string            `json:"missing_outputs,omitempty" doc:"The outputs that read a step which has not run."`
	Steps    []engine.StepReport `json:"steps" doc:"What became of each step."`
	Effects  []engine.Effect     `json:"effects" doc:"What the run wrote, or found written."`
	Error    *ErrorJSON          `json:"error,omitempty" doc:"Why it failed or stopped."`
	Question *QuestionJSON       `json:"question,omitempty" doc:"What a person is asked, of a run that waits for that."`
	Next     *Next               `json:"next,omitempty" doc:"The commands that come next."`
}

// QuestionJSON is what a run asks a person: to agree to what would be written,
// by its digest, and to what an approve step shows.
type QuestionJSON struct {
	Node    string        `json:"node,omitempty"` // of the approve step
	Message string        `json:"message,omitempty"`
	Show    any           `json:"show,omitempty"`
	Digest  string        `json:"digest"` // for skillrun approve --digest
	Plan    plan.Forecast `json:"plan"`
}

// QuestionOf is a question as JSON.
func QuestionOf(q engine.Question) *QuestionJSON {
	return &QuestionJSON{Node: q.Node, Message: q.Message, Show: q.Show, Digest: q.Forecast.Digest, Plan: q.Forecast}
}

// SaidJSON is what came of approve, reject, cancel, resolve and undo.
type SaidJSON struct {
	Run       string            `json:"run"`
	State     string            `json:"state"`               // approved, rejected, cancelled, resolved, undone, unchanged, or waiting
	By        string            `json:"by,omitempty"`        // who said it
	KnownBy   string            `json:"known_by,omitempty"`  // of approve: how it is known who that is
	Question  *QuestionJSON     `json:"question,omitempty"`  // of approve
	Step      string            `json:"step,omitempty"`      // of resolve
	Effect    *engine.Effect    `json:"effect,omitempty"`    // of resolve: what was found
	Reversals []engine.Reversal `json:"reversals,omitempty"` // of undo
	Next      *Next             `json:"next,omitempty"`
	Error     *types.Error      `json:"error,omitempty"`
}

// ErrorJSON is why a run failed or stopped.
type ErrorJSON struct {
	*types.Error
	Step string      `json:"step,omitempty"`
	At   *diag.Range `json:"at,omitempty"`
	// Known are the problems of the site's hints.yaml that it is one of.
	Known []config.Hint `json:"known_problems,omitempty"`
}

// ResultOf returns a report as the JSON of --output json.
func ResultOf(r engine.Report) ResultJSON {
	out := ResultJSON{
		Run: r.ID, Skill: r.Skill, State: string(r.State), Reason: r.Reason, Command: r.Command, Journal: r.Journal,
		Outputs: r.Outputs, Missing: r.Missing, Steps: r.Steps, Effects: r.Effects,
	}
	if out.Outputs == nil {
		out.Outputs = map[string]any{}
	}
	if out.Effects == nil {
		out.Effects = []engine.Effect{}
	}
	out.Error = errorOf(r.Outcome)
	return out
}

// errorOf is why a run failed or stopped, nil when it did not.
func errorOf(o engine.Outcome) *ErrorJSON {
	if f := o.Failure; f != nil {
		return errorAt(f.Error, f.Path, f.Node, f.At)
	}
	return nil
}

func errorAt(err *types.Error, path, node string, at diag.Range) *ErrorJSON {
	out := &ErrorJSON{Error: err, Step: stepName(path, node)}
	if at.Start.Line > 0 {
		out.At = &at
	}
	return out
}

// Next is what a person can do with a run; what makes no sense is "".
type Next struct {
	Plan    string `json:"plan,omitempty"`    // the command that plans its work again
	Approve string `json:"approve,omitempty"` // the command that agrees to what it asks
	Resume  string `json:"resume,omitempty"`  // the one that continues it
	Undo    string `json:"undo,omitempty"`    // the one that takes its effects back
	Import  string `json:"import,omitempty"`  // the one that takes it over elsewhere
}

// first is the command that comes next, where one line has room for one only.
func (n *Next) first() string { return cmp.Or(n.Approve, n.Resume, n.Undo) }

// Each calls f for the commands there are.
func (n Next) Each(f func(what, command string)) {
	for _, x := range [][2]string{{"plan again", n.Plan}, {"approve", n.Approve}, {"to continue", n.Resume}, {"undo", n.Undo}} {
		if x[1] != "" {
			f(x[0], x[1])
		}
	}
}

// End prints how a run ended, and what a person needs to continue.
func End(w io.Writer, r engine.Report, next Next) {
	fmt.Fprintf(w, "\n%s: run %s\n", StateOf(string(r.State), r.Reason), r.ID)
	fmt.Fprintf(w, "journal: %s\n", Flat(r.Journal))
	if len(r.Missing) > 0 {
		fmt.Fprintf(w, "not known yet: %s\n", strings.Join(r.Missing, ", "))
	}
	next.Each(func(what, command string) { fmt.Fprintf(w, "%s: %s\n", what, Flat(command)) })
}

// Outputs prints the outputs of a run that has some: a summary, indented, as it is
// or, with styled, drawn for a terminal, and the others as name: value.
func Outputs(w io.Writer, r engine.Report, styled bool) {
	if r.State != engine.Done && r.State != engine.Parked {
		return
	}
	values := r.Outputs
	if s, ok := values["summary"].(string); ok {
		text := Clean(strings.TrimRight(s, "\n"))
		if styled {
			text = Markdown(text)
		}
		page{w: w}.block("  ", text) // no line of it stands where ours do
		if len(values) > 1 {
			fmt.Fprintln(w)
		}
	}
	for _, name := range types.SortedKeys(values) {
		if name != "summary" {
			fmt.Fprintf(w, "%s: %s\n", Flat(name), Said(types.Show(values[name])))
		}
	}
}

// Failure prints why a run failed or stopped, when it did, and what is known of that.
func Failure(w io.Writer, r engine.Report, known []config.Hint, sources Sources, look Look) {
	if e := errorOf(r.Outcome); e != nil {
		e.Known = known
		e.print(w, sources, look)
	}
}

// Stopped prints why a run would stop.
func Stopped(w io.Writer, f *plan.Failure, sources Sources, look Look) {
	place := f.Place
	errorAt(f.Error, f.Path, f.Node, diag.Range{
		File: place.File, Start: diag.Pos{Line: place.Line, Col: place.Col}, End: diag.Pos{Line: place.EndLine, Col: place.EndCol},
	}).print(w, sources, look)
}

func (e *ErrorJSON) print(w io.Writer, sources Sources, look Look) {
	fmt.Fprintf(w, "\nerror: %s%s [%s]\n", at(flat(e.Step)), Said(e.Message), e.Code)
	hint(w, e.Hint)
	if cause, ok := e.Details["cause"].(string); ok {
		fmt.Fprintf(w, "  because: %s\n", Said(cause))
	}
	if e.At != nil {
		fmt.Fprintf(w, "  at %s\n", Place(*e.At))
		excerpt(w, *e.At, sources, look.Width, plain)
	}
	knownProblems(w, e.Known)
}

// knownProblems prints what the site knows of a failure.
func knownProblems(w io.Writer, known []config.Hint) {
	for _, h := range known {
		fmt.Fprintf(w, "\nknown problem: %s\n  cure: %s\n", Said(h.Cause), Said(h.Cure))
	}
}

// StateOf names a state with its reason, for people.
func StateOf(state, reason string) string {
	said := state == string(engine.Cancelled) || state == string(engine.Rejected)
	if said && reason != "" {
		return state + " (" + Flat(firstLine(reason)) + ")"
	}
	return cmp.Or(waitFor(reason).state, strings.ReplaceAll(state, "_", " "))
}

// wait is how a run is told that is parked for a reason.
type wait struct {
	state string // the whole of it
	row   string // in a listing
	step  string // beside the step; an await says it itself
	long  string // of the step of a name, since a time
}

func waitFor(reason string) wait {
	return map[string]wait{
		engine.ForAwait: {"parked, waiting", "parked, waiting", "", ""},
		engine.ForConfirm: {"parked, nothing written yet: it needs consent before the first write", "parked, needs consent", "for consent",
			"waits for consent before the first write, %s, since %s"},
		engine.ForApprove: {"parked: it needs an approval", "parked, needs approval", "for approval", "waits for approval of %s, since %s"},
		engine.ForLock: {"parked: another run holds the lock of its group", "parked, needs lock", "for the lock of its group",
			"waits for the lock of its group, before %s, since %s"},
		engine.ForUnknown: {"stopped, an outcome is unknown", "outcome unknown", "outcome unknown", "needs resolve: it is unknown how %s ended, since %s"},
		engine.ForRepeat: {"parked before repeating a write that is done", "parked, would repeat", "would be done again",
			"needs resolve: %s is done, and would be done again, since %s"},
	}[reason]
}
