package git

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/skillrun/skillrun/engine/types"
)

// TestLogLooksSoFar: of a long history the newest commits are looked through, and a log
// that would have to look through more of them for a path says so.
func TestLogLooksSoFar(t *testing.T) {
	t.Parallel()
	sto := memory.NewStorage()
	var last []plumbing.Hash
	for i := range maxLooked + 1 {
		who := object.Signature{Name: "Ada", When: time.Unix(int64(i), 0)}
		o := sto.NewEncodedObject()
		err := (&object.Commit{Author: who, Committer: who, Message: "more\n", ParentHashes: last}).Encode(o)
		if err == nil {
			last = make([]plumbing.Hash, 1)
			last[0], err = sto.SetEncodedObject(o)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	list, cut, err := behind(t.Context(), sto, last[0])
	if err != nil || !cut || len(list) != maxLooked || list[0].Hash != last[0] {
		t.Fatalf("%d, cut %v, %v", len(list), cut, err)
	}
	whole, cut, err := behind(t.Context(), sto, list[1].Hash)
	if err != nil || cut || len(whole) != maxLooked {
		t.Errorf("%d, cut %v, %v", len(whole), cut, err)
	}
	_, err = new(repo).filter(t.Context(), nil, append(slices.Clone(list), list[0]), logIn{Path: "x"}, 1)
	if types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "10001 commits are too many to look for changes of x in (give a newer commit in from, or a time in since)") {
		t.Error(err)
	}
	since := logIn{Path: "x", Since: "2001-01-01T00:00:00Z"}
	if left, err := new(repo).filter(t.Context(), nil, append(slices.Clone(list), list[0]), since, 1); err != nil || len(left) != 0 {
		t.Error(len(left), err)
	}
}
