package machine

import (
	"maps"
	"strconv"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// stage is what an activation is doing.
type stage string

const (
	entering  stage = ""        // nothing yet
	waiting   stage = "waiting" // its action is out
	body      stage = "body"    // its steps, or the items of a loop
	rescuing  stage = "rescue"  // its steps failed
	cleaning  stage = "always"  // last of all
	pausing   stage = "pausing" // until the next attempt
	remedying stage = "curing"  // before the next attempt
	ended     stage = "over"    // it has ended; see outcome
)

// activation is one performance of a node. A loop's node has one activation of the loop
// and one of each item. Exported fields are its state as data; the others are
// found again from the program.
type activation struct {
	Path         string       `json:"path"`
	Stage        stage        `json:"stage"`
	Undecided    bool         `json:"undecided,omitempty"` // of a plan: it is unknown whether the run comes here
	Began        bool         `json:"began,omitempty"`     // its start was told
	Attempt      int          `json:"attempt,omitempty"`   // of all, counted from 1
	Tries        int          `json:"tries,omitempty"`     // since a person took the run up
	Deadline     time.Time    `json:"deadline,omitzero"`
	Limit        string       `json:"limit,omitempty"`    // the time-out that Deadline comes from
	Action       *Action      `json:"action,omitempty"`   // of waiting and pausing
	Since        time.Time    `json:"since,omitzero"`     // of an await: its first answer
	Frames       []*frame     `json:"frames,omitempty"`   // the sequences of its stage
	Opened       int          `json:"opened,omitempty"`   // of a parallel group: how many steps were begun
	Loop         *loop        `json:"loop,omitempty"`     // of a loop
	Item         *item        `json:"item,omitempty"`     // of an item's activation
	Inputs       types.Values `json:"inputs,omitempty"`   // of a called skill
	Identity     string       `json:"identity,omitempty"` // of a called skill that names one: the SHA-256 of its values
	ReturnValues types.Values `json:"given,omitempty"`    // of a skill: outputs that a return named
	Unreached    []string     `json:"behind,omitempty"`   // of a skill: ids that a return kept from being come to
	Returned     bool         `json:"returned,omitempty"` // a return ended it
	Stop         *types.Error `json:"stop,omitempty"`     // why nothing new begins in it
	Expired      bool         `json:"expired,omitempty"`  // Stop is its own time-out
	Cause        *Failure     `json:"cause,omitempty"`    // what its steps, or its last attempt, failed with
	Rescued      *Failure     `json:"rescued,omitempty"`  // what its rescue has seen to
	Fail         *Failure     `json:"fail,omitempty"`     // of over
	Absent       bool         `json:"absent,omitempty"`   // of over: it has no result

	node   *program.Node
	frame  *frame // where it stands; nil at the root
	names  *names // what its expressions see
	title  string
	result any // of over: until it is taken over
}

// frame is a walk through one sequence of nodes.
type frame struct {
	Part  part         `json:"part"`
	Index int          `json:"index,omitempty"` // of the one step of a parallel group
	At    int          `json:"at"`              // the node to activate next, or that is active
	Now   *activation  `json:"now,omitempty"`   // the activation of the node at At; nil before it
	Error types.Values `json:"error,omitempty"` // what `error` means here
	Stop  bool         `json:"stop,omitempty"`  // nothing new begins in it
	Own   *memory      `json:"own,omitempty"`   // of a called skill and a remedy: results that are seen only inside

	of    *activation
	nodes []program.Node
	names *names
}

// part says which of a node's sequences a frame walks through.
type part string

const (
	steps  part = "steps"
	rescue part = "rescue"
	always part = "always"
	before part = "before"
)

// item is the element of a loop that an activation is for.
type item struct {
	Index int     `json:"index"`
	Own   *memory `json:"own,omitempty"` // results that are seen only inside
}

// memory is a map of results as data: those of steps that have run, null for
// those that were skipped, and the ids of those that are still to come.
type memory struct {
	Results types.Values `json:"results"`
	Pending []string     `json:"ahead,omitempty"`
}

// names is what expressions see at a place; sequences that see the same share one.
type names struct {
	vars  map[string]any
	steps map[string]any // vars["steps"]: Unknown until run, nil when skipped
	own   bool           // steps is not that of the place around
	skill bool           // steps is that of a skill, which its outputs read
}

func (s *names) with(name string, value any) *names {
	vars := maps.Clone(s.vars)
	vars[name] = value
	return &names{vars: vars, steps: s.steps, skill: s.skill}
}

// inside returns the names in a place whose results are not seen outside.
func (s *names) inside(nodes []program.Node) *names {
	out := &names{vars: maps.Clone(s.vars), steps: maps.Clone(s.steps), own: true}
	out.vars["steps"] = out.steps
	markPending(out.steps, nodes)
	return out
}

func markPending(steps map[string]any, nodes []program.Node) {
	visible(nodes, func(n *program.Node) { steps[n.ID] = types.Unknown{After: n.ID} })
}

// visible calls f for the nodes whose results are seen where the sequence stands:
// not what is inside of loops, called skills and remedies.
func visible(nodes []program.Node, f func(*program.Node)) {
	for i := range nodes {
		n := &nodes[i]
		if n.Kind == program.Group && n.ForEach == "" {
			visible(n.Steps, f)
			visible(n.Rescue, f)
			visible(n.Always, f)
			continue
		}
		f(n)
	}
}

// path is where an action inside of the frame is found.
func (f *frame) path(id string) string {
	at := f.of.Path
	if f.Part == before {
		at = remedyPath(f.of)
	}
	if at == "" {
		return id
	}
	return at + "/" + id
}

// ended reports whether the frame has ends: all of it was done, or
// something in it failed, returned or was stopped.
func (f *frame) ended() bool {
	if f.Now == nil {
		return f.Stop || f.At >= len(f.nodes)
	}
	return f.Now.Stage == ended
}

// failure is what the frame ended with, nil when it did well.
func (f *frame) failure() *Failure {
	if f.Now == nil || f.Now.Stage != ended {
		return nil
	}
	return f.Now.Fail
}

func (f *frame) returned() bool { return f.Now != nil && f.Now.Stage == ended && f.Now.Returned }

func (a *activation) timeoutApplies() bool {
	return !a.Deadline.IsZero() && a.Stage != cleaning && a.Stage != ended
}

// Machine is one run of a program. Make it with [New] or [Restore].
type Machine struct {
	prog     *program.Program
	start    Start
	exprs    map[string]*expr.Expr
	texts    map[string]*expr.Text
	names    *names                 // what the skill's own steps see
	root     *activation            // of all of the skill's steps
	live     map[string]*activation // by path: what waits for the outside
	now      time.Time              // of the latest event
	computed int                    // nodes begun since the last event
	at       *program.Node          // what is evaluated belongs to it; for the trace
	fuel     *fuel.Tank             // of all texts of one node together
	notes    []Note
}

type loop struct {
	Items   types.Dynamic `json:"items"`             // what it goes over: a list
	Next    int           `json:"next"`              // the index of the item to begin next
	Live    []*activation `json:"live,omitempty"`    // in order; also those that ended the loop
	Results types.Dynamic `json:"results,omitzero"`  // a list, when something reads it
	Unknown bool          `json:"unknown,omitempty"` // of a plan: its list is not known
	Broken  bool          `json:"broken,omitempty"`  // its break_if held: no item begins any more
	Refused *types.Error  `json:"refused,omitempty"` // its break_if failed, and would again

	items, results []any
}

// Failure is why a run, or a part of it, ended without doing its work.
type Failure struct {
	Path  string       `json:"path"`
	Node  string       `json:"node"`
	At    diag.Range   `json:"at"` // where the node stands in the skill
	Error *types.Error `json:"error"`
	// Called is the id of the step that called the skill or step type in which it
	// is: whoever reads `error` knows the steps of its own file only.
	Called string `json:"called,omitempty"`
	// Unsettled is set when it is a write that may have happened.
	Unsettled bool `json:"unsettled,omitempty"`

	// Stopped is set when it did not fail by itself: a sibling failed, or
	// a person cancelled the run.
	Stopped bool `json:"stopped,omitempty"`
}

// with returns the failure with a detail added.
func (f *Failure) with(name string, value any) *Failure {
	out, err := *f, *f.Error
	err.Details = maps.Clone(err.Details)
	out.Error = err.With(name, value)
	return &out
}

// outside returns the failure as it is seen where the skill or step type, in which it
// is, is called by the step of an id.
func (f *Failure) outside(id string) *Failure {
	out := *f
	out.Called = id
	return &out
}

// Start is what a machine must know about the run beside the program.
type Start struct {
	Run       string         // the run's id
	StartedAt time.Time      // now() and today() for the whole run
	Zone      *time.Location // of today(); nil is UTC
	// Invocation is what run.program is: how a person calls the program so that
	// it comes to the site of this run; "" is [Program].
	Invocation string
	// Observe is told what happens as it happens; nil keeps it for
	// [Machine.Notes].
	Observe func(Note)
	// Polls has the notes tell of the steps in polls of an await, too, over and over.
	Polls bool
	// Trace is told how expressions were decided, for whoever measures what a test
	// covers; nil tells nobody.
	Trace *Trace
}

// Trace is told of each evaluation: the node that it belongs to, which is none of the
// program's for the outputs of the skill itself, and its source.
type Trace struct {
	// Arm is the way it took; a condition as a whole takes one, too.
	Arm func(n *program.Node, src string, a expr.Arm)
	// Undecided is a condition that reads what is not known.
	Undecided func(n *program.Node, src string)
	// Entered is a call of another skill or of a step type whose steps begin, with its
	// arguments; nil is no one.
	Entered func(n *program.Node, path string, in types.Values)
}

// remedyPath is where the steps of the remedy before the next attempt stand.
func remedyPath(a *activation) string { return a.Path + "/before." + strconv.Itoa(a.Attempt) }

// unreached are the nodes of a frame that were not come to, and the one that it
// ended at; of a group, not what its steps have seen to themselves.
func (f *frame) unreached() []program.Node {
	if f.At >= len(f.nodes) {
		return nil
	}
	if n := f.nodes[f.At]; f.Now != nil && n.Kind == program.Group && n.ForEach == "" {
		return f.nodes[f.At+1:]
	}
	return f.nodes[f.At:]
}
