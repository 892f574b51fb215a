//go:build !bug_drop_fsync

package journal

import (
	"os"
)

// flush brings what was appended to the disk.
func (o Options) flush(f *os.File) error { return o.Sync(f) }
