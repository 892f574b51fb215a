package local

import (
	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// announce puts it on the disk that a write is about to be sent.
func (r *runner) announce(intent journal.Record) error { return r.append(intent, true) }
