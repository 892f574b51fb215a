package step

import (
	"context"
	"time"
)

// Lock is a lock that machines share, somewhere that all of them reach. The
// engine takes it before the first step of a skill that asks for one, and lets
// go when the run ends or parks. It never ends by itself: what a machine that
// died held is held until the same work continues, or a person lets go.
type Lock interface {
	// Take takes the lock for a holder, or says who has it. A lock that is held
	// for the same Work on the same Machine is the holder's already.
	Take(ctx context.Context, name string, h Holder) (other *Holder, err error)
	// Release releases it; one that is not the holder's stays as it is.
	Release(ctx context.Context, name string, h Holder) error
	// Leads is where the repository is, written out; see [Reach].
	Leads(ctx context.Context) []Place
}

// Holder is who holds a lock, as it is written there for everybody to see.
type Holder struct {
	Work    string    `json:"work"` // the work part of the keys of the run's effects
	Run     string    `json:"run"`
	Machine string    `json:"machine"` // of the state folder: the same after a kill
	User    string    `json:"user,omitempty"`
	Since   time.Time `json:"since"`
}
