//go:build bug_skip_unmoved

package git

import (
	"github.com/go-git/go-git/v5/plumbing"
)

// A planted bug: nobody looks whether production moved between the check and the push. See docs/reliability.md.
func differs(plumbing.Hash, plumbing.Hash) bool { return false }
