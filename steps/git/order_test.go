package git

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// TestLogDropsTheNewest lists histories whose dates say nothing, or the wrong
// thing: children stand before parents, so that the newest is the first and no
// limit drops it.
func TestLogDropsTheNewest(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]func(i int) int64{
		"of one second":      func(int) int64 { return 0 },
		"backwards":          func(i int) int64 { return int64(-i) },
		"every other behind": func(i int) int64 { return int64(i % 2 * 1000) },
		"one far ahead": func(i int) int64 {
			if i == 2 {
				return 1 << 30
			}
			return int64(i)
		},
	} {
		d := newDAG(t)
		tip := d.add(0)
		from := tip
		for i := range 6 {
			tip = d.add(when(i), tip)
		}
		onlyTo, _, err := compare(t.Context(), d, []plumbing.Hash{from}, tip)
		if err != nil || len(onlyTo) != 6 {
			t.Fatalf("%s: %d commits, %v", name, len(onlyTo), err)
		}
		for i, c := range onlyTo {
			if c.Hash != d.commits[6-i] {
				t.Errorf("%s: commit %s is at %d", name, c.Message, i)
			}
		}
		if got := commitsOf(onlyTo, 1, nil); got[0].Sha != tip.String() {
			t.Errorf("%s: limit drops the newest", name)
		}
	}
}

// TestOrderOfRandomHistories checks the order of merges with random dates, many
// of them equal, against its rule: no parent before a child, and of those that
// may come next the newest.
func TestOrderOfRandomHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := newDAG(t)
		root := d.add(0)
		all := []plumbing.Hash{root}
		for range 3 + r.IntN(40) {
			parents := []plumbing.Hash{all[len(all)-1-r.IntN(min(3, len(all)))]}
			if other := all[r.IntN(len(all))]; r.IntN(3) == 0 && other != parents[0] {
				parents = append(parents, other)
			}
			all = append(all, d.add(r.Int64N(8), parents...))
		}
		list, _, err := compare(t.Context(), d, []plumbing.Hash{root}, all[len(all)-1])
		if err != nil {
			t.Fatal(err)
		}
		if why := wrongOrder(list); why != "" {
			t.Errorf("seed %d: %s", seed, why)
		}
	}
}

func wrongOrder(list []*object.Commit) string {
	at := map[plumbing.Hash]int{}
	for i, c := range list {
		at[c.Hash] = i
	}
	children := map[plumbing.Hash][]int{}
	for i, c := range list {
		for _, p := range c.ParentHashes {
			if j, there := at[p]; there && j < i {
				return fmt.Sprintf("commit %s stands before its child %s", p, c.Hash)
			}
			children[p] = append(children[p], i)
		}
	}
	for i, c := range list {
		for _, later := range list[i+1:] {
			ready := true
			for _, child := range children[later.Hash] {
				ready = ready && child < i
			}
			if ready && later.Committer.When.After(c.Committer.When) {
				return fmt.Sprintf("commit %s is newer than %s, and could stand before it", later.Hash, c.Hash)
			}
		}
	}
	return ""
}
