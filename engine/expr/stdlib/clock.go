package stdlib

import "time"

// Clocks are changed: in most zones one hour a year is not there, and another
// one is there twice. One rule says what is meant, in every zone:
//
//   - A time that clocks skip is as long after the change as it stands behind
//     the beginning of the gap: where they go from 02:00 to 03:00, 02:30 is 03:30.
//   - A time that they show twice is the first of the two.
//   - What begins in a gap begins at its end: a day without a midnight begins at
//     01:00, and a month whose first day was left out begins with its second.
//   - An hour that is there twice is two hours, told apart by their offsets.
//
// The first two are those of RFC 5545, section 3.3.5.

// widest is more than any zone is from UTC, and more than any has left out.
const widest = 26 * time.Hour

// onClocks returns the moment at which clocks of the zone show what those of UTC
// show at wall. When they skip it, ends is the end of the gap. Offsets are looked
// at by themselves: [time.Time.ZoneBounds] is wrong on the last day of a leap year.
func onClocks(wall time.Time, z *time.Location) (t, ends time.Time) {
	for near := -widest; near <= widest; near += widest / 8 {
		at := wall.Add(-offset(wall.Add(near).In(z))).In(z)
		if asUTC(at).Equal(wall) && (t.IsZero() || at.Before(t)) {
			t = at
		}
	}
	if !t.IsZero() {
		return t, ends
	}
	ends = turn(wall.Add(-widest).In(z), wall.Add(widest).In(z), func(t time.Time) bool { return !asUTC(t).Before(wall) })
	return wall.Add(-offset(ends.Add(-time.Second))).In(z), ends
}

// turn returns the first second at which holds is true, as it is at to and not at from.
func turn(from, to time.Time, holds func(time.Time) bool) time.Time {
	for to.Sub(from) > time.Second {
		middle := from.Add(to.Sub(from) / 2).Truncate(time.Second)
		if !middle.After(from) {
			middle = from.Add(time.Second).Truncate(time.Second)
		}
		if holds(middle) {
			to = middle
		} else {
			from = middle
		}
	}
	return to.Truncate(time.Second)
}

// offset is how far clocks are ahead of UTC at t.
func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}

// asUTC is when clocks of UTC show what those of t's zone show at t.
func asUTC(t time.Time) time.Time { return t.UTC().Add(offset(t)) }

// beginning returns when clocks of the zone first show wall or later.
func beginning(wall time.Time, z *time.Location) time.Time {
	t, ends := onClocks(wall, z)
	if !ends.IsZero() {
		return ends
	}
	return t
}

// hourOf returns when the hour of t began, on clocks that were not changed since.
func hourOf(t time.Time) time.Time {
	began := asUTC(t).Truncate(time.Hour).Add(-offset(t)).In(t.Location())
	if offset(began) == offset(t) {
		return began
	}
	return turn(began, t, func(at time.Time) bool { return offset(at) == offset(t) })
}

// startOf is the first moment of the unit that t is in. The hour is that of
// [hourOf]; what is longer is found on the clocks of t's zone.
func startOf(t time.Time, unit string) time.Time {
	if unit == "hour" {
		return hourOf(t)
	}
	return beginning(civilStart(asUTC(t), unit), t.Location())
}

// civilStart is startOf where no clock is ever changed.
func civilStart(t time.Time, unit string) time.Time {
	y, m, d := t.Date()
	switch unit {
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	case "year":
		m, d = 1, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// wholeMinutes returns t with an offset of whole minutes, as a text can say it:
// the next greater one, so that the day is the same. Zones had others until 1972
// (RFC 3339, section 5.8 writes them so too).
func wholeMinutes(t time.Time) time.Time {
	_, seconds := t.Zone()
	over := seconds % 60
	if over == 0 {
		return t
	}
	if over < 0 {
		over += 60
	}
	return t.In(time.FixedZone("", seconds-over+60))
}
