//go:build bug_late_absent

package local

import (
	"time"
)

// A planted bug: right after a lost answer, what is not there yet counts as never sent. See docs/reliability.md.
func (w *writing) proves(time.Time) bool { return true }
