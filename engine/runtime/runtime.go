// Package runtime is what performs runs, as the engine sees it: what a run needs
// from outside, what became of it, and [Runtime], which is all that another way of
// performing runs has to implement. It performs nothing itself.
//
//	       Options (program, journal, clock, steps, who decides)
//	engine ────────────────────────────────────────> Runtime ──> steps
//	       <────────────────────────────────────────
//	       Outcome, Events; the journal holds all that happened
//
// The journal is the one memory: [History] folds it into what is left to do, for
// the runtime, and [PositionOf] says where the run stands, for anybody. How a write
// is sent just once is in package protocol.
package runtime

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Runtime performs runs. Each method works on a run that its caller holds, by the
// journal of its Options, and returns when it releases the run. An error is of
// the runtime itself, such as a journal that cannot be written; what goes wrong in
// a skill stands in the Outcome.
type Runtime interface {
	// Run performs the run until it ends, parks, fails or is interrupted.
	Run(ctx context.Context, o Options) (Outcome, error)
	// Resolve writes down what a person says about a write of which it is unknown
	// whether it happened, after it was checked against the world: what they found
	// is read back, and what they say is not there is looked for. The run continues
	// from there when it is resumed.
	Resolve(ctx context.Context, o Options, x Resolution) (Effect, error)
	// Reversals lists the effects of a run, the latest first, which is the order in
	// which they are undone. Every one is looked at, and none is changed. When the
	// world cannot tell of a write of unknown outcome there is no list: what to undo
	// is not known.
	Reversals(ctx context.Context, o Options) ([]Reversal, error)
	// Undo reverses what can be, in the order of the list; what is stuck is left
	// alone. It is safe to do again after a kill. When something is stuck or fails,
	// the run is partly undone; when nothing was reversed it stays what it was.
	Undo(ctx context.Context, o Options, list []Reversal) error
}

// Clock is the time a run sees.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or with the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// Options is what a run needs from outside.
type Options struct {
	Program    *program.Program
	Header     journal.RunHeader
	Start      machine.Start
	Catalogue  *step.Catalogue
	Journal    journal.Journal // holds the header at least
	Clock      Clock
	Workspaces string // the run's own folder; made and removed at will
	Programs   string // where steps note what may outlive them; see [step.Call]
	Wait       bool   // wait in this process instead of parking
	User       string // who is at it, for the journal
	// Hosts names the host of a service, for the journal; may be nil.
	Hosts func(service string) string
	// Invocation is how this program is called so that it comes to the run's
	// site; "" is "skillrun".
	Invocation string
	// Settle is how long after a lost answer the effect of a [step.EventuallyConsistent] step
	// may still appear.
	Settle time.Duration
	// Decide is asked before the first write, and by approve steps; nil
	// consents to the writes and to nothing else.
	Decide func(context.Context, Question) (Decision, error)
	// Withhold reports whether a read could see what a write beside it changes. Such
	// a one waits for consent too, so that a plan of the writes is the same
	// whichever of them comes first. May be nil.
	Withhold func(context.Context, machine.Action) bool
	// KeepReads keeps what reads saw before the first write for
	// [Question].Reads.
	KeepReads bool
	// Exclusive is asked once: before the first step, so that what is checked
	// holds while it is written, or before the next write of a run that is resumed. It says who writes instead; nil, also of the function: no one.
	Exclusive func(context.Context) (other *types.Error, err error)
	// MadeBy names the other run that made the effect of a key and has not taken it
	// back, "" when none is known; may be nil.
	MadeBy func(key string) (run string)
	// Adopted has an undo take back also what other runs made.
	Adopted bool
	Inbox   Inbox       // may be nil
	Observe func(Event) // may be nil
	// Interrupt is closed when a person wants the run to stop. What is in flight
	// then ends, and what cleans up after it is run, before this
	// process lets go; without anything to clean up it lets go at once, as when
	// the context ends. May be nil.
	Interrupt <-chan struct{}
	// End is how a person ends the run for good; nil continues with it.
	End *Ending
}

// Command is a command of this program, for hints: the verb, what it is about (a run,
// a step of it), and then the flags that lead to the run's site.
func (o Options) Command(verb string, about ...string) string {
	name, flags, there := strings.Cut(cmp.Or(o.Invocation, machine.Program), " ")
	if there {
		about = append(slices.Clone(about), flags)
	}
	return strings.Join(append([]string{name, verb}, about...), " ")
}

// Ending is a person's word that a run is over.
type Ending struct {
	State State // Cancelled or Rejected
	By    string
	Words string
}

// Inbox holds what others ask of a run that this process holds.
type Inbox interface {
	Requests() ([]journal.Request, error)
	Answered(journal.Request) error
}
