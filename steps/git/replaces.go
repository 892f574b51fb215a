//go:build !bug_forced_push

package git

import (
	"github.com/go-git/go-git/v5/plumbing"
)

// may reports whether a branch that is at now may be replaced: it is where it
// was when this run looked.
func (p *pushing) may(now plumbing.Hash) bool { return now.String() == p.w.meta.Seen }
