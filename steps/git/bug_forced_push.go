//go:build bug_forced_push

package git

import (
	"github.com/go-git/go-git/v5/plumbing"
)

// A planted bug: a branch that somebody moved is replaced. See docs/reliability.md.
func (*pushing) may(plumbing.Hash) bool { return true }
