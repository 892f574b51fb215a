// Package plan is what people are shown before anything is written: what was
// read, what would be asked, and each write with what is known of it so far. A
// plan can be kept in a file, approved by its digest, and checked against a later
// one.
//
// What is unknown before a write has happened reads "(known after STEP)"
// wherever it stands, also inside a text.
package plan

import (
	"encoding/json"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Version is the version of [Plan]'s JSON. Another one is not read.
const Version = 2

// Plan is what `skillrun plan` shows and `skillrun apply` does: all of a run
// but its actions.
type Plan struct {
	Version int `json:"version"`
	Run     Run `json:"run"`
	// Inside is set of a plan that reached nothing outside, since the folder of its
	// skill is not trusted. It cannot be applied.
	Inside bool `json:"inside,omitempty"`
	Forecast
	// Seal is the SHA-256 of all the rest, in hexadecimal; see [Plan.Sealed]. The
	// forecast's digest is of what a person agrees to, and the same in other runs.
	Seal string `json:"seal"`
}

// Run is the run that a plan is of, as its journal will begin. Identity,
// arguments and dates of all that it writes follow from it.
type Run struct {
	ID            string          `json:"id"`
	Site          string          `json:"site,omitempty"`
	Work          string          `json:"work"` // the work part of every effect's key
	Skill         string          `json:"skill"`
	File          string          `json:"file"`             // where the skill was read from
	Origin        string          `json:"origin,omitempty"` // see journal.RunHeader
	Path          string          `json:"path,omitempty"`
	Text          string          `json:"text"`                 // the skill itself
	Command       string          `json:"command"`              // the repeatable command
	Invocation    string          `json:"invocation,omitempty"` // what run.program is, see journal.RunHeader
	Reach         []string        `json:"reach,omitempty"`
	StartedAt     time.Time       `json:"started_at"`
	Zone          string          `json:"zone"`
	ProgramDigest string          `json:"program_digest"`
	Program       json.RawMessage `json:"program"`
	Skillrun      string          `json:"skillrun"` // the version of the program that made the plan
}

// Forecast is what a walk through a run came to.
type Forecast struct {
	Reads     []Read     `json:"reads,omitempty"`     // in the order in which they were done
	Questions []Question `json:"questions,omitempty"` // in the order in which the run comes to them
	Writes    []Write    `json:"writes,omitempty"`    // in the order in which they would happen
	// Local lists what would be done in the run's own workspace after the last
	// write; what is done before one stands with it.
	Local []Local `json:"local,omitempty"`
	// Manifest is what the writes touch, a line for each kind.
	Manifest []ManifestEntry `json:"manifest,omitempty"`
	Outputs  types.Values    `json:"outputs,omitempty"`         // those that are known
	Missing  []string        `json:"missing_outputs,omitempty"` // the others
	// Failure is why the run would end without doing its work; nothing after
	// it was looked at.
	Failure *Failure `json:"failure,omitempty"`
	// Digest is of what a person agrees to: the writes and the questions, as
	// they are shown. It is the same for a walk from the beginning and for one
	// from just before the first write, when neither a read nor the world says
	// something else.
	Digest string `json:"digest"`
}

// Read is a read that was done, and what it returned.
type Read struct {
	Path string `json:"path"`
	Node string `json:"node"`
	Name string `json:"name"` // the step's name for people
	Step string `json:"step"` // the step type
	// After is set of a read that was not done, since what it sees is known only
	// when that step has happened; it has no output.
	After string `json:"after,omitempty"`
	// Output is the result; when that is large, only OutputDigest is kept of it.
	Output       types.Values `json:"output,omitempty"`
	OutputDigest string       `json:"output_digest,omitempty"` // SHA-256 of the result's JSON, hexadecimal
	// Used names the members that the rest of the skill reads; nil is all. What
	// moved elsewhere does not make it another plan.
	Used []string `json:"used,omitzero"`
	// Members holds the digests of the used members of a result that is too
	// large to keep.
	Members map[string]string `json:"members,omitempty"`
}

// Kinds of questions.
const (
	Approve = "approve" // a person is asked
	Await   = "await"   // the run waits until something is so
	Check   = "check"   // a condition that stops the run is decided later
)

// Question is something on the way that this walk cannot answer.
type Question struct {
	Kind    string  `json:"kind"` // approve, await or check
	Path    string  `json:"path"`
	Node    string  `json:"node"`
	Name    string  `json:"name"`
	Message string  `json:"message,omitempty"` // of approve: what is asked
	Show    string  `json:"show,omitempty"`    // of approve: what it shows
	Step    string  `json:"step,omitempty"`    // of await: the read that is repeated
	Fields  []Field `json:"fields,omitempty"`  // of await: its arguments
	Until   string  `json:"until,omitempty"`   // of await and check: the condition
	// Undecided is set when it depends on something not known yet whether the
	// run comes to it at all; If is that condition.
	Undecided bool   `json:"undecided,omitempty"`
	If        string `json:"if,omitempty"`
	// After is how many of the writes the run comes to before it.
	After int `json:"after,omitempty"`
}

// Outcomes of a write.
const (
	Create = "create" // it is not there, or no one can know yet
	Adopt  = "adopt"  // it is there already: nothing is sent
	Update = "update" // it is there, made from other arguments, and is brought up to date
	Fail   = "fail"   // it fails, nothing is sent, and the run continues without it
)

// Write is a write that a run would perform.
type Write struct {
	Path    string `json:"path"`
	Node    string `json:"node"`
	Name    string `json:"name"` // the step's name for people
	Step    string `json:"step"` // the step type
	Service string `json:"service,omitempty"`
	Host    string `json:"host,omitempty"` // where it goes, when that is known
	Object  string `json:"object,omitempty"`
	Verb    string `json:"verb,omitempty"`
	// Outcome says what would become of it: create, adopt, update or fail.
	Outcome string       `json:"outcome,omitempty"`
	Error   *types.Error `json:"error,omitempty"` // of fail
	Ref     string       `json:"ref,omitempty"`   // of adopt and update: what is there, such as AAP-7 or !12
	Why     string       `json:"why,omitempty"`   // of update: what differs
	Title   string       `json:"title,omitempty"` // what would be done, by the step's own words
	Fields  []Field      `json:"fields,omitempty"`
	Diff    string       `json:"diff,omitempty"` // unified
	// Preview is what the step type of a file says of it, beside Title and Fields.
	Preview []Field `json:"preview,omitempty"`
	// Local lists what is done in the run's own workspace between the write
	// before and this one.
	Local []Local `json:"local,omitempty"`
	// Reversible is set when `skillrun undo` can take it back.
	Reversible bool `json:"reversible,omitempty"`
	// Undecided is set when it depends on something not known yet whether the
	// write happens at all; If is that condition.
	Undecided bool   `json:"undecided,omitempty"`
	If        string `json:"if,omitempty"`
}

// Sends reports whether something would be sent: not for what is there already,
// nor for what fails before.
func (w Write) Sends() bool { return w.Outcome != Adopt && w.Outcome != Fail }

// Local is a step in the run's own workspace. No one else sees it; it is shown
// because a write publishes it later.
type Local struct {
	Path string `json:"path"`
	Node string `json:"node"`
	Name string `json:"name"`
	Step string `json:"step"`
	// Foreseen is set when it could not be done for the plan, since not all of
	// its arguments are known yet. Title, Fields and Diff are of such steps.
	Foreseen bool    `json:"foreseen,omitempty"`
	Title    string  `json:"title,omitempty"`
	Fields   []Field `json:"fields,omitempty"`
	Diff     string  `json:"diff,omitempty"` // unified; left out when the write shows it
	// Undecided and If are as for a write.
	Undecided bool   `json:"undecided,omitempty"`
	If        string `json:"if,omitempty"`
}

// Failure is why a run would end without doing its work.
type Failure struct {
	Path  string       `json:"path"`
	Node  string       `json:"node"`
	Place Place        `json:"place,omitzero"` // where the step stands in the skill
	Error *types.Error `json:"error"`
}

// Place is a range of a file; lines and columns count from 1.
type Place struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	EndLine int    `json:"end_line"`
	EndCol  int    `json:"end_col"`
}

// Field is an argument of a write. What is not known yet reads
// "(known after STEP)".
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Fields lists arguments for people, in the order of names, without empty
// texts, lists and objects.
func Fields(names []string, input types.Values) []Field {
	var out []Field
	for _, n := range names {
		if v, ok := input[n]; ok && !empty(v) {
			out = append(out, Field{Name: n, Value: types.Show(v)})
		}
	}
	return out
}

func empty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return v == nil
}

// ManifestEntry is a line of the effect manifest: what is touched, where, and whether
// it can be taken back.
type ManifestEntry struct {
	Service    string `json:"service,omitempty"`
	Host       string `json:"host,omitempty"`
	Object     string `json:"object,omitempty"`
	Verb       string `json:"verb,omitempty"`
	Reversible bool   `json:"reversible"`
	Times      int    `json:"times"`
}
