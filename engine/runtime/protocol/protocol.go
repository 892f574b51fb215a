// Package protocol decides what a runtime does next about one write. It holds
// for every write of every step on every runtime, and keeps one promise: never a
// send without proof, since the last send, that the effect is not there.
//
//  1. Append INTENT with the key and the argument digest, on the disk.
//  2. Ask the world (Find). There and ours: take it, nothing is sent. There
//     from other arguments: update it when the step can, which is safe to do
//     twice, else stop with conflict. Ended by someone: stop with conflict.
//     Cannot tell, or cannot look: when it may have been sent, stop with
//     unknown_outcome, else fail, and a resume looks again; unless a person has
//     said since the last intent that it is not there. Absent is proof: continue.
//  3. Send once.
//  4. A definite no fails the step. An answer that was lost goes back to 2,
//     with the wish to look harder; the effect of a late step is looked for
//     until it cannot appear any more. A conflict goes back to 2 once: someone
//     may have made it between looking and sending.
//  5. Append DONE, on the disk.
//
// An INTENT without DONE, found when a run is resumed, is a lost answer. To look
// for it takes neither consent nor a lock, and it is looked for also when nothing
// needs it any more: what is there has to be known. Only to send it again takes
// both.
//
// A write that is done can be come to once more: a group whose rescue or always
// has run begins again, and a retry of a group makes another attempt of all that
// stands in it. What the world can be asked about is looked for as hard as after
// a lost answer, and adopted when it is there. What no one can look for is done
// again only when the step says that it may be, or when a person does.
//
// A [Write] is pure: no clock, no context, no disk. The runtime performs each
// [Command] and answers with an [Event]. It may stop at any command, as a killed
// process does, and begin again from what its journal says ([Known]).
package protocol

import (
	"encoding/json"
	"time"

	"github.com/skillrun/skillrun/engine/step"
)

// What a record says of how a write ended.
const (
	Created  = "created"
	Updated  = "updated"  // there from other arguments, and brought up to date
	Adopted  = "adopted"  // there before anything was sent: another run made it
	Resolved = "resolved" // a person said so
	// Confirmed is of what was found after it may have been sent, or was done
	// before in this run.
	Confirmed = "confirmed"
	Unknown   = "unknown" // it failed, and may have happened
	Unseen    = "unseen"  // it was not sent, because the lookup failed
)

// Why a run parks at a write; the Reason of a [Park].
const (
	ForUnknown = "unknown_outcome"
	ForRepeat  = "repeat" // it is done, and no one can look whether to do it again is safe
)

// What a person says about a write that is done and no one can look for. It is
// said of the next time that the run comes to it, and of no other.
const (
	SaidRepeat = "repeat" // do it again
	SaidStands = "stands" // continue with the result that it had
)

// Found is what looking for an effect says.
type Found = step.Found[json.RawMessage]

// Step is what the protocol needs to know of a step.
type Step struct {
	Name                 string
	EventuallyConsistent bool   // see [step.EventuallyConsistent]
	Updates              bool   // it brings an effect up to date that was made from other arguments
	Resolves             bool   // it reads back what a person found, whose name is Ref
	Ref                  string // see [step.Step.RefFormat]
	Repeatable           bool   // it may be done again without looking
}

// StepOf is what the protocol needs to know of a step.
func StepOf(s step.Step, repeatable bool) Step {
	return Step{
		Name: s.Name, EventuallyConsistent: s.IsEventuallyConsistent(), Updates: s.CanUpdate(), Resolves: s.CanResolve(), Ref: s.RefFormat, Repeatable: repeatable,
	}
}

// Known is what is known of a write when a process comes to it.
type Known struct {
	Step     Step
	Resolve  string        // the command by which a person says what became of it
	Settle   time.Duration // how long after a lost answer the effect of a late step may still appear
	Sent     bool          // there is an INTENT without its end: it may have been sent
	Since    time.Time     // of Sent: when that was
	Changing bool          // an earlier process found it, and was to bring it up to date
	Absent   bool          // a person says that it is not there, since the last INTENT
	Held     bool          // a person said what they found before the run came to it again
	Before   *Past         // it was done before in this run; nil when not
	Said     string        // of Before: SaidRepeat, SaidStands, or "" when no one was asked
	// Plan is set when nothing is going to be sent: what would stop the run is
	// told to whoever plans it.
	Plan bool
}

// Past is a write that was done.
type Past struct {
	At     time.Time
	Output json.RawMessage
}

// Verb is what a runtime is asked to do.
type Verb string

// The verbs. The last five end the write, in this process or for good.
const (
	Permit   Verb = "permit"    // get consent, and the lock
	Prepare  Verb = "prepare"   // make ready what the step works in
	ReadBack Verb = "read_back" // read what a person found
	Announce Verb = "announce"  // append INTENT, with the Outcome, and wait for the disk
	Look     Verb = "look"      // ask the world; Hard is [step.Call].AfterUnknown, here and of Send
	Wait     Verb = "wait"      // let time pass until Until
	Send     Verb = "send"
	Update   Verb = "update" // bring what was Found up to date

	Done   Verb = "done"    // append DONE, with the Outcome and the Output
	Fail   Verb = "fail"    // append the failure, with the Outcome and Err
	Park   Verb = "park"    // leave the run to a person, for the Reason
	GiveUp Verb = "give_up" // nothing needs it any more, or its time is up
	Leave  Verb = "leave"   // nothing: this process releases the run
)

// Command is what a runtime does next about a write.
type Command struct {
	Do      Verb
	Hard    bool
	Until   time.Time
	Outcome string
	Reason  string
	Found   Found
	Output  json.RawMessage
	Err     error
	Notice  string // what people are told before it is done; "" is nothing
}

// Need says whether the run still needs a write.
type Need int

// The needs.
const (
	Needed Need = iota
	Needless
	TooLate // what bounds it has used up its time
)

// Event is what came of a [Command]. Members that the command does not ask for
// are not read.
type Event struct {
	At      time.Time       // of Announce, Look and Send: when
	Refused bool            // of Permit
	Need    Need            // of Look, and of Permit that was refused
	Found   Found           // of Look
	Output  json.RawMessage // of ReadBack, Send and Update
	Cut     bool            // of Send: it was ended before it answered
	Err     error
}
