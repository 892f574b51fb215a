package local

import (
	"github.com/skillrun/skillrun/engine/runtime"
)

// Whose an effect is. What a run sent is its own, also when it was killed before
// the answer came and finds what it made. What was there before it had sent
// anything was made by another run of the same work: it is adopted, and belongs
// to that run. Only what a run made is taken back by its undo.

// leaveToOwner leaves an effect, which this run did not surely make, to the run that
// did. What it may have sent, and was found, is its own unless another run is
// known to have made it.
func (r *runner) leaveToOwner(x *runtime.Reversal) {
	if x.Description == "" || x.Undone {
		return
	}
	if r.MadeBy != nil {
		x.Maker = r.MadeBy(x.Record.Key)
	}
	x.Adopted = x.Maker != "" || runtime.MadeElsewhere(x.Record.Outcome)
	if !x.Adopted || r.Adopted {
		return
	}
	x.Left = true
	if x.Maker != "" {
		x.Why = "run " + x.Maker + " made it; to undo it: " + r.Command("undo", x.Maker)
		return
	}
	x.Why = "another run of the same work made it; to undo it too: " + r.Command("undo", r.Header.ID) + " --adopted"
}
