//go:build !bug_skip_unmoved

package git

import (
	"github.com/go-git/go-git/v5/plumbing"
)

// differs reports whether a file was changed since it was checked out.
func differs(was, is plumbing.Hash) bool { return was != is }
