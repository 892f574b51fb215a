package stdlib

import (
	"strings"
	"time"
	_ "time/tzdata" // so that a zone means the same where the machine knows none

	"github.com/skillrun/skillrun/engine/types"
)

const zoneCost = 64 << 10

// zone returns the zone of an optional argument, loaded once, or the fallback.
func (by *Caller) zone(args []any, at int, fallback *time.Location) (*time.Location, error) {
	if at >= len(args) {
		return fallback, nil
	}
	name := args[at].(string)
	if z, ok := by.zones[name]; ok {
		return z, nil
	}
	if err := by.Spend(zoneCost); err != nil {
		return nil, err
	}
	z, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, badArgument("there is no time zone %q; zones have names such as Europe/Dublin or UTC", name)
	}
	if by.zones == nil {
		by.zones = map[string]*time.Location{}
	}
	by.zones[name] = z
	return z, nil
}

// moment reads a date, or a date and time. A date is the same day everywhere, so
// it is one of UTC, where no clock is ever changed; [Caller.instant] says when
// it begins. [time.Parse] would take the machine's zone where its offset fits, so
// that adding a day would depend on the machine.
func moment(s string) (t time.Time, dateOnly bool, err error) {
	if t, err := time.ParseInLocation(time.DateOnly, s, time.UTC); err == nil {
		return t, true, nil
	}
	t, err = time.ParseInLocation(time.RFC3339, s, time.UTC)
	if err != nil {
		return t, false, badArgument("%q is not a date such as 2026-02-24 or 2026-02-24T09:30:00Z", types.Clip(s))
	}
	return t, false, nil
}

// instant reads a moment; a date begins in the zone of the run.
func (by *Caller) instant(s string) (time.Time, error) {
	t, dateOnly, err := moment(s)
	if err != nil || !dateOnly {
		return t, err
	}
	return beginning(t, by.Now.Location()), nil
}

func written(t time.Time, dateOnly bool) (any, error) {
	switch {
	case t.Year() < 1 || t.Year() > 9999:
		return nil, badArgument("the date lies outside of the years 1 to 9999")
	case dateOnly:
		return t.Format(time.DateOnly), nil
	}
	return wholeMinutes(t).Format(time.RFC3339), nil
}

// span64 reads a duration that may have a minus before it.
func span64(s string) (time.Duration, error) {
	rest, negative := strings.CutPrefix(s, "-")
	d, err := types.ParseDuration(rest)
	if err != nil || d < 0 {
		return 0, types.Errorf(types.BadInput, "%q is not a duration such as 90s, 5m or 3d", types.Clip(s)).WithHint("%s", types.DurationHint(rest))
	}
	if negative {
		d = -d
	}
	return d, nil
}

// shown is a moment in the zone of an optional argument, or as it was written.
func (by *Caller) shown(args []any, zone int) (t time.Time, dateOnly bool, err error) {
	t, dateOnly, err = moment(args[0].(string))
	if err != nil || dateOnly {
		return t, dateOnly, err
	}
	z, err := by.zone(args, zone, t.Location())
	if err != nil {
		return t, false, err
	}
	return t.In(z), false, nil
}
