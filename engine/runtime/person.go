package runtime

import (
	"encoding/json"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// Resolution is what a person says about a write whose
// outcome is unknown.
type Resolution struct {
	Path    string
	Ref     string // what they found, in the words of [step.Step.RefFormat]
	NotDone bool   // they found nothing, and say that nothing will come of it; of a write that is done: do it again
	Done    bool   // of a write that is done: what it did stands, and is not done again
	By      string
}

// Reversal is an effect of a run, and what undoing it would do.
type Reversal struct {
	Path        string `json:"path"`
	Step        string `json:"step"`
	Description string `json:"say,omitempty"` // "close merge request !12"; "" when there is nothing to undo
	Undone      bool   `json:"undone"`        // it was reversed before
	Why         string `json:"why,omitempty"` // why it cannot be undone from here
	// Stuck is why undoing it would be refused now: others have built on it, or
	// it cannot be looked at.
	Stuck *types.Error `json:"stuck,omitempty"`
	// Adopted is set of what another run made. It belongs to that run, and is Left
	// to it unless [Options.Adopted] says otherwise.
	Adopted bool `json:"adopted,omitempty"`
	Left    bool `json:"left,omitempty"`
	// Maker is the run that made what is adopted, where that is known.
	Maker string `json:"maker,omitempty"`
	// Absent is set of a write that may have been sent, and did not happen.
	Absent bool `json:"absent,omitempty"`

	// Call is the input of the call of the step that takes it back, where the skill
	// says so.
	Call json.RawMessage `json:"-"`

	// Record is the event by which the effect was made, or the intent of one that
	// was looked for.
	Record journal.Record `json:"-"`
}

// Can reports whether undoing it does something.
func (x Reversal) Can() bool { return x.Description != "" && !x.Undone && !x.Left }
