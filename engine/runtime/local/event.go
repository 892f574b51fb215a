package local

import (
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
)

func (r *runner) emit(e runtime.Event) {
	if r.Observe == nil {
		return
	}
	e.Version, e.At, e.Run = runtime.EventVersion, r.Clock.Now().UTC(), r.Header.ID
	r.Observe(e)
}

// observe makes an event and a report of what the machine tells.
func (r *runner) observe(n machine.Note) {
	e := runtime.EventOf(n, r.Header.ID, time.Time{}, r.replaying)
	if n.Kind == machine.StillWaiting && r.Wait && !r.replaying {
		e.Next = n.Next.UTC()
	}
	r.emit(e)
	r.reports.Add(n, time.Time{})
}
