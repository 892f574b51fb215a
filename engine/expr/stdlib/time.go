package stdlib

import (
	"strconv"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// timeFunctions are the functions of dates, which are texts: 2026-02-24, or
// with a time and its offset 2026-02-24T09:30:00+01:00. There is no clock: now
// and today are of the run's start.
func timeFunctions() []Function {
	moment := types.Type{Kind: types.String, Format: "date-time"}
	date, span, zone := inForm(formDate), inForm(formDuration), inForm(formZone)
	units := types.Type{Kind: types.String, Enum: []string{"seconds", "minutes", "hours", "days"}}
	parts := types.Type{Kind: types.String, Enum: []string{"hour", "day", "week", "month", "year"}}
	return []Function{
		Function{Name: "now", Signature: "now(zone?: string) string", Doc: "The date and time at which the run started, in the zone, or the configured one. It never changes during a run.",
			Example: `now()`, Want: `"2026-02-24T09:30:00Z"`, Run: runNow(time.RFC3339)}.plain(moment, zone).optional(1),
		Function{Name: "today", Signature: "today(zone?: string) string", Doc: "The date on which the run started, in the zone, or the configured one.",
			Example: `today("Asia/Tokyo")`, Want: `"2026-02-24"`, Run: runNow(time.DateOnly)}.plain(types.Type{Kind: types.String, Format: "date"}, zone).optional(1),
		Function{Name: "format_date", Signature: "format_date(date: string, layout: string, zone?: string) string",
			Doc:     "The date, or date and time, in the layout: %Y %m %d %H %M %S are numbers, %b %B the month's short and long name, %a %A the weekday's, %V the week by ISO 8601 and %G the year that it belongs to, %z the offset, %% a percent sign. With a zone, a date and time is converted to it.",
			Example: `format_date("2026-02-24", "%d %B %Y")`, Want: `"24 February 2026"`, Run: runFormatDate}.plain(text, date, inForm(formLayout), zone).optional(1),
		Function{Name: "parse_date", Signature: "parse_date(text: string, layout: string, zone?: string) string", Doc: "The date parsed with a layout of format_date, with a time when the layout has hours; a week (%G and %V) is its Monday. Without %z it is local time in the zone, or the configured one.",
			Example: `parse_date("24 Feb 2026 09:30", "%d %b %Y %H:%M", "Europe/Dublin")`, Want: `"2026-02-24T09:30:00Z"`, Form: true, Run: runParseDate}.plain(text, text, inForm(formReadLayout), zone).optional(1),
		Function{Name: "date_add", Signature: "date_add(date: string, duration: string) string", Doc: "The date or time plus a duration such as 90s, 5m, 36h or -3d. A date stays a date when whole days are added.",
			Example: `date_add("2026-02-24", "-30d")`, Want: `"2026-01-25"`, Run: runDateAdd}.plain(text, date, span),
		Function{Name: "date_diff", Signature: `date_diff(from: string, to: string, unit: "seconds", "minutes", "hours" or "days") integer`, Doc: "How many whole units lie between two dates; negative when to is earlier.",
			Example: `date_diff("2026-02-24", "2026-03-01", "days")`, Want: `5`, Run: runDateDiff}.plain(integer, date, date, units),
		Function{Name: "weekday", Signature: "weekday(date: string, zone?: string) integer", Doc: "The day of the week, 1 for Monday to 7 for Sunday.",
			Example: `weekday("2026-02-24")`, Want: `2`, Run: runWeekday}.plain(integer, date, zone).optional(1),
		Function{Name: "start_of", Signature: `start_of(date: string, unit: "hour", "day", "week", "month" or "year", zone?: string) string`, Doc: "The start of the hour, day, week (its Monday), month or year of the date, in the zone; without one, in the offset of the date. A date stays a date.",
			Example: `start_of("2026-02-24", "month")`, Want: `"2026-02-01"`, Run: runStartOf}.plain(text, date, parts, zone).optional(1),
		Function{Name: "in_zone", Signature: "in_zone(date: string, zone: string) string", Doc: "The same time, in the zone.",
			Example: `in_zone("2026-07-01T12:00:00Z", "Europe/Dublin")`, Want: `"2026-07-01T13:00:00+01:00"`, Run: runInZone}.plain(moment, date, zone),
		Function{Name: "unix", Signature: "unix(date: string) integer", Doc: "The Unix timestamp, for comparing times of different zones.",
			Example: `unix("2026-02-24T09:30:00Z")`, Want: `1771925400`, Run: runUnix}.plain(integer, date),
		Function{Name: "from_unix", Signature: "from_unix(seconds: integer, zone?: string) string", Doc: "The time of a Unix timestamp, in the zone, or the configured one.",
			Example: `from_unix(1771925400)`, Want: `"2026-02-24T09:30:00Z"`, Run: runFromUnix}.plain(moment, integer, zone).optional(1),
		Function{Name: "duration", Signature: "duration(text: string) integer", Doc: "The number of seconds in a duration such as 90s, 5m, 36h, 3d or 1d12h.",
			Example: `duration("1d12h")`, Want: `129600`, Run: runDuration}.plain(integer, span),
		Function{Name: "format_duration", Signature: "format_duration(seconds: integer) string", Doc: "A number of seconds as a duration.",
			Example: `format_duration(129605)`, Want: `"1d12h5s"`, Run: runFormatDuration}.plain(text, integer),
	}
}

func runNow(layout string) func(*Caller, []any) (any, error) {
	return func(by *Caller, args []any) (any, error) {
		z, err := by.zone(args, 0, by.Now.Location())
		if err != nil {
			return nil, err
		}
		return by.Now.In(z).Format(layout), nil
	}
}

func runDateAdd(by *Caller, args []any) (any, error) {
	t, dateOnly, err := moment(args[0].(string))
	if err != nil {
		return nil, err
	}
	d, err := span64(args[1].(string))
	if err != nil {
		return nil, err
	}
	const day = 24 * time.Hour
	if dateOnly && d%day == 0 {
		return written(t.AddDate(0, 0, int(d/day)), true)
	}
	if dateOnly {
		t = beginning(t, by.Now.Location())
	}
	return written(t.Add(d), false)
}

func runDateDiff(by *Caller, args []any) (any, error) {
	from, fromDate, err := moment(args[0].(string))
	if err != nil {
		return nil, err
	}
	to, toDate, err := moment(args[1].(string))
	if err != nil {
		return nil, err
	}
	if fromDate != toDate { // between two dates, a day with a change of clocks is a day too
		if from, err = by.instant(args[0].(string)); err == nil {
			to, err = by.instant(args[1].(string))
		}
		if err != nil {
			return nil, err
		}
	}
	seconds := to.Unix() - from.Unix()
	if from.Nanosecond() > to.Nanosecond() && seconds > 0 {
		seconds--
	}
	return int(seconds) / map[string]int{"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}[args[2].(string)], nil
}

func runWeekday(by *Caller, args []any) (any, error) {
	t, _, err := by.shown(args, 1)
	return (int(t.Weekday())+6)%7 + 1, err
}

func runStartOf(by *Caller, args []any) (any, error) {
	t, dateOnly, err := by.shown(args, 2)
	if err != nil {
		return nil, err
	}
	if dateOnly {
		return written(civilStart(t, args[1].(string)), true)
	}
	return written(startOf(t, args[1].(string)), false)
}

func runInZone(by *Caller, args []any) (any, error) {
	t, err := by.instant(args[0].(string))
	if err != nil {
		return nil, err
	}
	z, err := by.zone(args, 1, nil)
	if err != nil {
		return nil, err
	}
	return written(t.In(z), false)
}

func runUnix(by *Caller, args []any) (any, error) {
	t, err := by.instant(args[0].(string))
	return int(t.Unix()), err
}

func runFromUnix(by *Caller, args []any) (any, error) {
	z, err := by.zone(args, 1, by.Now.Location())
	if err != nil {
		return nil, err
	}
	return written(time.Unix(int64(args[0].(int)), 0).In(z), false)
}

func runDuration(_ *Caller, args []any) (any, error) {
	d, err := span64(args[0].(string))
	return int(d / time.Second), err
}

func runFormatDuration(_ *Caller, args []any) (any, error) {
	n := magnitude(args[0].(int))
	out := ""
	for _, u := range []struct {
		name    string
		seconds uint64
	}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}} {
		if n >= u.seconds {
			out += strconv.FormatUint(n/u.seconds, 10) + u.name
			n %= u.seconds
		}
	}
	switch {
	case out == "":
		return "0s", nil
	case args[0].(int) < 0:
		return "-" + out, nil
	}
	return out, nil
}
