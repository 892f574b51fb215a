package local

import (
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/types"
)

// EventVersion is the version of [Event]'s JSON.
const EventVersion = 1

// Event tells a surface what happens while it happens. Type is one of
// step_started, step_done, step_skipped, step_failed, step_retry, step_stopped,
// waiting, effect, notice.
//
// Groups, loops, each item of a loop and called skills have events of their
// own, around those of the steps inside of them.
type Event struct {
	Version int            `json:"version"`
	Type    string         `json:"type"`
	At      time.Time      `json:"at"`
	Run     string         `json:"run"`
	ID      string         `json:"id,omitempty"`
	Path    string         `json:"path,omitempty"`
	Name    string         `json:"name,omitempty"`
	Step    string         `json:"step,omitempty"`
	Kind    string         `json:"kind,omitempty"` // of the node: uses, steps, skill, ...
	Result  map[string]any `json:"result,omitempty"`
	// Error is why a step failed or was stopped. On a step_done it is what the
	// group was rescued from.
	Error *types.Error `json:"error,omitempty"`
	// Attempt counts from 1; on a step_retry it is the one that failed. Attempts
	// is how many there may be.
	Attempt  int `json:"attempt,omitempty"`
	Attempts int `json:"attempts,omitempty"`
	Items    int `json:"items,omitempty"` // on a loop's step_started: how many
	// Handled is set on a step_failed that does not fail what stands around it.
	Handled bool    `json:"handled,omitempty"`
	Effect  *Effect `json:"effect,omitempty"`
	Text    string  `json:"text,omitempty"` // of a notice: why the step waits
	// Next is when a step that waits is asked again, or the next attempt of a
	// step_retry begins. Of what waits it is zero when this process does not stay
	// for it, or another one asks: that one writes down no answer that says the
	// same, so nobody else knows when it asks. Every is then how often it does.
	Next  time.Time `json:"next,omitzero"`
	Every string    `json:"every,omitempty"`
	// Replayed is set for what an earlier process did.
	Replayed bool `json:"replayed,omitempty"`
}

func (r *runner) emit(e Event) {
	if r.Observe == nil {
		return
	}
	e.Version, e.At, e.Run = EventVersion, r.Clock.Now().UTC(), r.Header.ID
	r.Observe(e)
}

var eventTypes = map[machine.NoteKind]string{
	machine.Started: "step_started", machine.Finished: "step_done", machine.Set: "step_done", machine.Asserted: "step_done",
	machine.Rescued: "step_done", machine.Returned: "step_done", machine.Skipped: "step_skipped", machine.FailedNote: "step_failed",
	machine.Continued: "step_failed", machine.Retrying: "step_retry", machine.GivenUp: "step_stopped", machine.StillWaiting: "waiting",
}

// observe turns what the machine tells into events and into the report of
// steps.
func (r *runner) observe(n machine.Note) {
	e := EventOf(n, r.Header.ID, time.Time{}, r.replaying)
	if n.Kind == machine.StillWaiting && r.Wait && !r.replaying {
		e.Next = n.Next.UTC()
	}
	r.emit(e)
	r.reports.add(n)
}

// EventOf is a machine's note as surfaces see it.
func EventOf(n machine.Note, run string, at time.Time, replayed bool) Event {
	e := Event{
		Version: EventVersion, Type: eventTypes[n.Kind], At: at, Run: run, ID: n.Node, Path: n.Path, Name: n.Name, Step: n.Step,
		Kind: string(n.NodeKind), Attempt: n.Attempt, Attempts: n.Attempts, Items: n.Items, Handled: n.Kind == machine.Continued,
		Result: n.Result, Error: n.Error, Replayed: replayed,
	}
	if n.Kind == machine.Retrying && !n.Next.IsZero() {
		e.Next = n.Next.UTC()
	}
	return e
}

// MaxReports is how many items of loops are reported one by one; what fails is
// reported beyond it. A loop may go over a hundred thousand.
const MaxReports = 1000

// reports is what became of each node, in the order in which they were come to.
type reports struct {
	at    map[string]int
	all   []*StepReport
	items int
}

func newReports() reports { return reports{at: map[string]int{}} }

func (x *reports) add(n machine.Note) {
	i, there := x.at[n.Path]
	if !there {
		if n.Item && x.items >= MaxReports && n.Error == nil {
			return
		}
		if n.Item {
			x.items++
		}
		i = len(x.all)
		x.at[n.Path] = i
		x.all = append(x.all, &StepReport{ID: n.Node, Path: n.Path, Name: n.Name, Step: n.Step})
	}
	s := x.all[i]
	s.State, s.Result, s.Error = StepState(n.Kind), n.Result, n.Error
}

// list are the reports of a run that this process leaves in a state.
func (x *reports) list(left State) []StepReport {
	var out []StepReport
	for _, s := range x.all {
		out = append(out, *s)
	}
	StepsLeft(left, len(out), func(i int) *StepReport { return &out[i] })
	return out
}

// StepsLeft says of the steps that a run had come to, and that no process is at
// any more, what they do: of a run that is parked they wait, and of one that was
// interrupted they were too. What stands around others is told by those.
func StepsLeft(left State, n int, at func(int) *StepReport) {
	word := map[State]string{Parked: "waiting", Interrupted: "interrupted"}[left]
	if word == "" {
		return
	}
	around := map[string]bool{}
	for i := range n {
		for path := at(i).Path; ; {
			cut := strings.LastIndexAny(path, "/[")
			if cut < 0 {
				break
			}
			path = path[:cut]
			around[path] = true
		}
	}
	for i := range n {
		if s := at(i); s.State == "running" && !around[s.Path] {
			s.State = word
		}
	}
}

// StepState is what a note says of its node, in the words of a [StepReport].
func StepState(k machine.NoteKind) string {
	switch k {
	case machine.Started:
		return "running"
	case machine.Set, machine.Asserted:
		return "done"
	}
	return string(k)
}
