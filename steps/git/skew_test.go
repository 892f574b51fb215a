package git

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
	"github.com/google/go-cmp/cmp"
)

// dag is a history in memory that counts what is read of it.
type dag struct {
	storer.EncodedObjectStorer
	t       testing.TB
	commits []plumbing.Hash
	parents map[plumbing.Hash][]plumbing.Hash
	reads   int
}

func newDAG(t testing.TB) *dag {
	return &dag{EncodedObjectStorer: memory.NewStorage(), t: t, parents: map[plumbing.Hash][]plumbing.Hash{}}
}

// EncodedObject counts.
func (d *dag) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	d.reads++
	return d.EncodedObjectStorer.EncodedObject(t, h)
}

// add makes a commit that its number tells from all others.
func (d *dag) add(when int64, parents ...plumbing.Hash) plumbing.Hash {
	d.t.Helper()
	who := object.Signature{Name: "x", Email: "x@example.com", When: time.Unix(1700000000+when, 0).UTC()}
	c := &object.Commit{Author: who, Committer: who, Message: fmt.Sprint(len(d.commits)), ParentHashes: parents}
	o := d.NewEncodedObject()
	if err := c.Encode(o); err != nil {
		d.t.Fatal(err)
	}
	h, err := d.SetEncodedObject(o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.commits = append(d.commits, h)
	d.parents[h] = parents
	return h
}

// below is a commit and all that it reaches, found the slow way.
func (d *dag) below(h plumbing.Hash) map[plumbing.Hash]bool {
	out := map[plumbing.Hash]bool{}
	for queued := []plumbing.Hash{h}; len(queued) > 0; {
		h, queued = queued[len(queued)-1], queued[:len(queued)-1]
		if !out[h] {
			out[h] = true
			queued = append(queued, d.parents[h]...)
		}
	}
	return out
}

// check compares two commits and checks the answer against the slow one.
func (d *dag) check(name string, from, to plumbing.Hash) {
	d.t.Helper()
	onlyTo, onlyFrom, err := compare(d.t.Context(), d, []plumbing.Hash{from}, to)
	if err != nil {
		d.t.Fatal(err)
	}
	belowFrom, belowTo := d.below(from), d.below(to)
	for _, side := range []struct {
		name     string
		got      []*object.Commit
		in, less map[plumbing.Hash]bool
	}{{"only to", onlyTo, belowTo, belowFrom}, {"only from", onlyFrom, belowFrom, belowTo}} {
		var got, want []string
		for _, c := range side.got {
			got = append(got, c.Message)
		}
		for i, h := range d.commits {
			if side.in[h] && !side.less[h] {
				want = append(want, fmt.Sprint(i))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			d.t.Errorf("%s: %s:\n%s", name, side.name, diff)
		}
	}
	if on, err := reaches(d.t.Context(), d, []plumbing.Hash{from}, to); err != nil || on != belowFrom[to] {
		d.t.Errorf("%s: reaches: %v %v, want %v", name, on, err, belowFrom[to])
	}
}

// TestCompareWithWrongClocks compares commits of histories whose dates say
// nothing: they order the walk and must not change its answer.
func TestCompareWithWrongClocks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		d := newDAG(t)
		for i := range 40 {
			var parents []plumbing.Hash
			for range min(i, 1+rnd.IntN(2)) {
				if p := d.commits[max(0, i-1-rnd.IntN(6))]; !slices.Contains(parents, p) {
					parents = append(parents, p)
				}
			}
			d.add(rnd.Int64N(10), parents...)
		}
		d.check(fmt.Sprint("seed ", seed), d.commits[20+rnd.IntN(20)], d.commits[20+rnd.IntN(20)])
	}
}

// TestCompareAcrossOldCommits has the way from one commit to another lead over
// commits whose clock was years behind.
func TestCompareAcrossOldCommits(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * 3600
	d := newDAG(t)
	h := d.add(0)
	for i := range int64(50) {
		h = d.add(i*10, h)
	}
	shared := h
	for i := range int64(10) { // a machine without a battery
		h = d.add(i-3*year, h)
	}
	old := h
	from := d.add(1000, old)
	to := d.add(2000, shared, old)
	d.check("both reach it, one over old commits", from, to)
	d.check("the other way round", to, from)
	d.check("backwards", to, shared)
}

// TestCompareCostsTheDifference reads what two commits differ by, and no more
// than a little of the twenty thousand commits below.
func TestCompareCostsTheDifference(t *testing.T) {
	t.Parallel()
	d := newDAG(t)
	h := d.add(0)
	for i := range int64(20_000) {
		h = d.add(i*60, h)
	}
	from := d.commits[len(d.commits)-5]
	d.reads = 0
	onlyTo, onlyFrom, err := compare(t.Context(), d, []plumbing.Hash{from}, h)
	if err != nil || len(onlyTo) != 4 || len(onlyFrom) != 0 {
		t.Fatalf("%d and %d commits, %v", len(onlyTo), len(onlyFrom), err)
	}
	const gate = 2 * slop
	if d.reads > gate {
		t.Errorf("%d commits were read, the gate is %d", d.reads, gate)
	}
}
