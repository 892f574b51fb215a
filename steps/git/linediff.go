package git

import "slices"

// Lines are compared by the histogram method: the lines that are rare on one side are
// what two texts have in common, and what lies between is compared again. Where all
// lines are frequent, the shortest difference is looked for. No clock decides, and what
// is looked at is counted, so that the same texts always differ in the same way; when
// the count is used up, the rest is one difference, which is right but coarse.

const (
	maxOccurs = 64      // a line that is there more often is no mark
	maxEdits  = 1024    // the longest difference among frequent lines
	maxSteps  = 1 << 26 // that are taken for one pair of texts
)

// hunk is a run of lines, from..to, that a text has as the lines newFrom..newTo.
type hunk struct{ from, to, newFrom, newTo int }

// lineDiffer compares two texts whose lines are numbers.
type lineDiffer struct {
	a, b  []int
	steps int
	hunks []hunk
}

// lineDiff returns the hunks that make b of a, in order, apart from each other.
func lineDiff(a, b []int) []hunk {
	d := &lineDiffer{a: a, b: b, steps: maxSteps}
	d.between(0, len(a), 0, len(b))
	return d.slid()
}

// between compares a part of each text.
func (d *lineDiffer) between(a0, a1, b0, b1 int) {
	for {
		for a0 < a1 && b0 < b1 && d.a[a0] == d.b[b0] {
			a0, b0 = a0+1, b0+1
		}
		for a0 < a1 && b0 < b1 && d.a[a1-1] == d.b[b1-1] {
			a1, b1 = a1-1, b1-1
		}
		if a0 == a1 || b0 == b1 {
			d.differs(a0, a1, b0, b1)
			return
		}
		common, frequent := d.rarest(a0, a1, b0, b1)
		switch {
		case common.from < common.to:
			d.between(a0, common.from, b0, common.newFrom)
			a0, b0 = common.to, common.newTo
		case frequent && d.shortest(a0, a1, b0, b1):
			return
		default:
			d.differs(a0, a1, b0, b1)
			return
		}
	}
}

func (d *lineDiffer) differs(a0, a1, b0, b1 int) {
	if n := len(d.hunks); n > 0 && d.hunks[n-1].to == a0 && d.hunks[n-1].newTo == b0 {
		d.hunks[n-1].to, d.hunks[n-1].newTo = a1, b1
	} else if a0 < a1 || b0 < b1 {
		d.hunks = append(d.hunks, hunk{a0, a1, b0, b1})
	}
}

// rarest is the run of common lines that holds the rarest one, the longest of several;
// empty when no common line is rare. frequent says whether there is any common line.
func (d *lineDiffer) rarest(a0, a1, b0, b1 int) (best hunk, frequent bool) {
	places := map[int][]int{}
	for i := a0; i < a1; i++ {
		places[d.a[i]] = append(places[d.a[i]], i)
	}
	d.steps -= a1 - a0 + b1 - b0
	least := maxOccurs
	for j := b0; j < b1; {
		next, at := j+1, places[d.b[j]]
		frequent = frequent || len(at) > 0
		if len(at) > least {
			at = nil
		}
		for k := 0; k < len(at) && d.steps > 0; {
			run := d.run(at[k], j, a0, a1, b0, b1)
			rare := len(at)
			for i := run.from; i < run.to; i++ {
				rare = min(rare, len(places[d.a[i]]))
			}
			if run.to-run.from > best.to-best.from || rare < least {
				best, least = run, rare
			}
			next = max(next, run.newTo)
			for k < len(at) && at[k] < run.to {
				k++
			}
		}
		j = next
	}
	return best, frequent
}

// run is the longest run of common lines through a pair of them.
func (d *lineDiffer) run(i, j, a0, a1, b0, b1 int) hunk {
	r := hunk{i, i + 1, j, j + 1}
	for r.from > a0 && r.newFrom > b0 && d.a[r.from-1] == d.b[r.newFrom-1] {
		r.from, r.newFrom = r.from-1, r.newFrom-1
	}
	for r.to < a1 && r.newTo < b1 && d.a[r.to] == d.b[r.newTo] {
		r.to, r.newTo = r.to+1, r.newTo+1
	}
	d.steps -= 2 * (r.to - r.from)
	return r
}

// shortest finds the shortest difference (Myers 1986), unless it is too long.
func (d *lineDiffer) shortest(a0, a1, b0, b1 int) bool {
	n, m := a1-a0, b1-b0
	reach := []int{0} // how far each diagonal gets: those of -edits..edits, every other one
	var trace [][]int
	for edits := 0; edits <= min(n+m, maxEdits) && d.steps > 0; edits++ {
		now := make([]int, edits+1)
		for k := range now {
			x, diagonal := 0, 2*k-edits
			switch {
			case edits == 0:
			case k == 0 || k < edits && reach[k-1] < reach[k]:
				x = reach[k] // down: a line of b
			default:
				x = reach[k-1] + 1 // right: a line of a
			}
			from := x
			for x < n && x-diagonal < m && x-diagonal >= 0 && d.a[a0+x] == d.b[b0+x-diagonal] {
				x++
			}
			now[k] = x
			if d.steps -= x - from + 1; x >= n && x-diagonal >= m {
				d.trace(append(trace, now), k, a0, b0)
				return true
			}
		}
		trace = append(trace, now)
		reach = now
	}
	return false
}

// trace goes the way back, and notes the hunks in order.
func (d *lineDiffer) trace(reached [][]int, k, a0, b0 int) {
	var back []hunk
	for edits := len(reached) - 1; edits > 0; edits-- {
		before := reached[edits-1]
		diagonal := 2*k - edits
		if k == 0 || k < edits && before[k-1] < before[k] {
			x := before[k]
			back = append(back, hunk{a0 + x, a0 + x, b0 + x - diagonal - 1, b0 + x - diagonal})
			continue
		}
		k--
		x := before[k] + 1
		back = append(back, hunk{a0 + x - 1, a0 + x, b0 + x - diagonal, b0 + x - diagonal})
	}
	slices.Reverse(back)
	for _, h := range back {
		d.differs(h.from, h.to, h.newFrom, h.newTo)
	}
}

// slid moves each hunk that only adds or only deletes as far down as it can be said to
// be, since of equal lines nobody knows which was added; hunks that meet are one.
func (d *lineDiffer) slid() []hunk {
	for i := len(d.hunks) - 1; i >= 0; i-- {
		h := &d.hunks[i]
		end := len(d.a)
		if i+1 < len(d.hunks) {
			end = d.hunks[i+1].from
		}
		for h.to < end && (h.from == h.to && d.a[h.to] == d.b[h.newFrom] || h.newFrom == h.newTo && d.a[h.from] == d.a[h.to]) {
			h.from, h.to, h.newFrom, h.newTo = h.from+1, h.to+1, h.newFrom+1, h.newTo+1
		}
		if i+1 < len(d.hunks) && h.to == end {
			h.to, h.newTo = d.hunks[i+1].to, d.hunks[i+1].newTo
			d.hunks = slices.Delete(d.hunks, i+1, i+2)
		}
	}
	return d.hunks
}
