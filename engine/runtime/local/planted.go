package local

import "time"

// planted is where the planted bugs about lost answers take hold, until they are
// overlays of the protocol.
type planted struct {
	maybeSent bool
	settled   time.Time
}

// overlook is now, or for a planted bug when every effect has appeared.
func (w *writing) overlook(now time.Time) time.Time {
	w.planted = planted{maybeSent: true, settled: now.Add(lifetime)}
	if w.step.IsLate() && w.proves(now) {
		return now.Add(lifetime)
	}
	return now
}

// lifetime is longer than any effect takes to appear.
const lifetime = 24 * time.Hour
