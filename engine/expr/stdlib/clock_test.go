package stdlib

import (
	"archive/zip"
	"fmt"
	"go/build"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestClocksOfAllZones holds the rule at every change of clocks from 1970 to
// 2040 in every zone of the database.
func TestClocksOfAllZones(t *testing.T) {
	t.Parallel()
	database, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	changes, seen := 0, map[uint32]bool{}
	for _, f := range database.File {
		if strings.HasSuffix(f.Name, "/") || seen[f.CRC32] {
			continue // a folder, or another name of a zone that was seen
		}
		seen[f.CRC32] = true
		z, err := time.LoadLocation(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range changesOf(z) {
			holdChange(t, at)
			changes++
		}
	}
	if changes < 15_000 {
		t.Errorf("only %d changes of clocks were seen", changes)
	}
}

// changesOf are the moments at which clocks of the zone are changed, found by
// looking at each day.
func changesOf(z *time.Location) (out []time.Time) {
	const step = 24 * time.Hour
	last := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).In(z)
	for at := last; at.Year() <= 2040; at = at.Add(step) {
		if now := offset(at); now != offset(last) {
			from, to := last.Unix(), at.Unix()
			for to-from > 1 {
				if middle := (from + to) / 2; offset(time.Unix(middle, 0).In(z)) == now {
					to = middle
				} else {
					from = middle
				}
			}
			out = append(out, time.Unix(to, 0).In(z))
		}
		last = at
	}
	return out
}

// holdChange holds the rule at the change of clocks at t.
func holdChange(t *testing.T, at time.Time) {
	before, after := at.Add(-time.Second), at
	jump := offset(after) - offset(before)
	var places []time.Time // in the clocks of both sides
	for _, d := range []time.Duration{-jump - 1e9, -jump, -jump / 2, -1e9, 0, jump / 2, jump - 1e9, jump, 40 * time.Minute, 20 * time.Hour} {
		places = append(places, at.Add(d))
	}
	for _, p := range places {
		for _, wall := range []time.Time{asUTC(p), p.UTC().Add(offset(before))} {
			if complaint := wrongMoment(wall, at); complaint != "" {
				t.Errorf("%s, %s: clocks at %s: %s", at.Location(), at, wall.Format(time.DateTime), complaint)
			}
		}
		for _, unit := range []string{"hour", "day", "week", "month", "year"} {
			if complaint := wrongStart(p, unit); complaint != "" {
				t.Errorf("%s, %s: start of %s of %s: %s", at.Location(), at, unit, p, complaint)
			}
		}
	}
}

// wrongMoment tries the offsets around a change, each by itself.
func wrongMoment(wall, near time.Time) string {
	got, ends := onClocks(wall, near.Location())
	var first time.Time
	for _, o := range []time.Duration{offset(near.Add(-time.Second)), offset(near), offset(near.Add(-widest)), offset(near.Add(widest))} {
		if c := wall.Add(-o).In(near.Location()); asUTC(c).Equal(wall) && (first.IsZero() || c.Before(first)) {
			first = c
		}
	}
	switch {
	case !first.IsZero() && (!got.Equal(first) || !ends.IsZero()):
		return fmt.Sprintf("it is %s, not the first, %s", got, first)
	case first.IsZero() && ends.IsZero():
		return fmt.Sprintf("it is %s, which shows another time", got)
	case first.IsZero() && !got.Equal(wall.Add(-offset(ends.Add(-time.Second)))):
		return fmt.Sprintf("it is %s, which is not by the offset before the gap, which ends %s", got, ends)
	case first.IsZero() && got.Before(ends):
		return fmt.Sprintf("it is %s, before the gap's end %s", got, ends)
	}
	return ""
}

// wrongStart looks at the clocks of the start, of what comes before it, and of t.
func wrongStart(t time.Time, unit string) string {
	got := startOf(t, unit)
	same := func(a, b time.Time) bool {
		if unit == "hour" {
			return asUTC(a).Truncate(time.Hour).Equal(asUTC(b).Truncate(time.Hour)) && offset(a) == offset(b)
		}
		return civilStart(asUTC(a), unit).Equal(civilStart(asUTC(b), unit))
	}
	switch {
	case got.After(t):
		return fmt.Sprintf("%s is later", got)
	case !same(got, t):
		return fmt.Sprintf("%s is in another one", got)
	case same(got.Add(-time.Second), t):
		return fmt.Sprintf("%s is not the first moment of it", got)
	case unit == "hour" && t.Sub(got) >= time.Hour:
		return fmt.Sprintf("%s is more than an hour earlier", got)
	case !startOf(got, unit).Equal(got):
		return fmt.Sprintf("%s is not its own start", got)
	}
	return ""
}
