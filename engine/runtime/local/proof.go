package local

import (
	"time"
)

// proves reports whether "absent" is a proof now: nothing may have been sent, or
// what was sent cannot take effect any more.
func (w *writing) proves(now time.Time) bool {
	return !w.maybeSent || !w.step.IsLate() || !now.Before(w.settled)
}
