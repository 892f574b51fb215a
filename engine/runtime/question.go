package runtime

import (
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// Question is what a run asks a person.
type Question struct {
	Path     string                    // of the approve step; "" before the first write
	Message  string                    // of an approve step
	Show     any                       // of an approve step: what it shows, nil for nothing
	Snapshot []byte                    // of the machine that stands there
	Reads    []plan.Read               // so far, when they are kept
	Before   []journal.Record          // of the local steps done so far
	Secrets  map[string]journal.Record // of the reads so far that made secrets, by path
	// Approved tells who has agreed to a plan of that digest already.
	Approved func(digest string) (by string, ok bool)
	// Others reports whether someone has agreed here to another plan.
	Others bool
}

// Decision is the answer to a [Question].
type Decision struct {
	Yes  bool
	By   string // who said yes, "" when no one needs to
	Plan string // the digest of what was shown, "" when nothing was
	Note string // who said yes on what ground, such as --yes
	// Nothing says that nothing would be written: no one needs to agree, and
	// no one has.
	Nothing bool
	// Stop fails the run instead, before its first write: this is what would
	// fail later.
	Stop *machine.Failure
	// No is said when a person does not agree: the run ends.
	No bool
	// Refuse ends the run: what was agreed to is not what would happen.
	Refuse *types.Error
	// Why is what whoever looks at the parked run is told: why no one said yes.
	Why *types.Error
}

// KnownByMachine says how it is known who someone is: by the user of the operating
// system, which whoever runs the program can choose.
const KnownByMachine = "machine"
