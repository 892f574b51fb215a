package git_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestPackBomb: a server sends a few kilobytes that are a file of 40 MB. The
// fetch ends before that is inflated, and says why.
func TestPackBomb(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.main(commit("bomb", "bomb\n", 6, map[string]*string{file: text(strings.Repeat("0", 40<<20))}, "c"))
	r.fails("git_read_file", map[string]any{"repo": r.url, "path": file}, types.Unavailable, "the remote sends an object of 40 MiB, which is too large")
}
