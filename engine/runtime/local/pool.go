package local

import (
	"context"
	"sync"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/step"
)

// pool is the workers of a run. All of it is guarded by mu.
type pool struct {
	mu      *sync.Mutex
	changed *sync.Cond
	at      map[string]*worker // by path
	asking  bool               // one question at a time
	told    int                // how many events the machine was told
	idled   map[string]int     // by path: what told was when an action ended without an event
}

func newPool() pool {
	mu := new(sync.Mutex)
	return pool{mu: mu, changed: sync.NewCond(mu), at: map[string]*worker{}, idled: map[string]int{}}
}

type worker struct {
	action machine.Action
	ctx    context.Context // of the process
	call   context.Context // of what is performed: it ends early when nothing needs it, or at its deadline
	cut    context.CancelFunc
	idle   bool // nothing needs it any more
	asks   bool // it waits for a person or a lock, and has begun nothing
}

// unlock unlocks the run, and returns what locks it again.
func (r *runner) unlock() func() {
	r.mu.Unlock()
	return r.mu.Lock
}

func (r *runner) running() bool { return r.err == nil && r.out.State == "" }

// dropUnneeded lets workers go whose action nothing needs any more. A request that may
// change something is not taken back: it ends.
func (r *runner) dropUnneeded(actions []machine.Action) {
	needed := map[string]machine.Action{}
	for _, a := range actions {
		needed[a.Path] = a
	}
	for path, w := range r.at {
		a, there := needed[path]
		w.idle = !there || a.Stopping
		if w.idle && (w.asks || w.action.Effect != string(step.Writes)) || !r.running() && w.action.Kind != machine.Call {
			w.cut()
		}
	}
}

// exclusively does something of which there is one at a time, such as asking a person.
func (r *runner) exclusively(do func()) {
	for r.asking {
		r.changed.Wait()
	}
	r.asking = true
	do()
	r.asking = false
	r.changed.Broadcast()
}

func (r *runner) locked(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

// pause is how often a waiting process looks at the inbox and at locks.
const pause = 2 * time.Second
