package expr

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDatesWhereClocksChange holds the rule in the zones that were reported:
// those without a midnight, with half an hour, with a day left out, and with
// seconds in their offset.
func TestDatesWhereClocksChange(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]any{
		// a day without a midnight
		`start_of("2026-09-06T12:00:00-03:00", "day", "America/Santiago")`:   "2026-09-06T01:00:00-03:00",
		`start_of("2026-03-08T12:00:00-04:00", "day", "America/Havana")`:     "2026-03-08T01:00:00-04:00",
		`start_of("2018-11-04T12:00:00-02:00", "day", "America/Sao_Paulo")`:  "2018-11-04T01:00:00-02:00",
		`start_of("2018-11-04T01:00:00-02:00", "day", "America/Sao_Paulo")`:  "2018-11-04T01:00:00-02:00",
		`start_of("2018-11-10T12:00:00-02:00", "week", "America/Sao_Paulo")`: "2018-11-05T00:00:00-02:00",
		// a midnight that is there twice, and one just before the change
		`start_of("2026-11-01T12:00:00-05:00", "day", "America/Havana")`:   "2026-11-01T00:00:00-04:00",
		`start_of("2006-10-29T12:00:00-03:30", "day", "America/St_Johns")`: "2006-10-29T00:00:00-02:30",
		// an hour that is there twice
		`start_of("2026-10-25T01:30:00+01:00", "hour", "Europe/London")`:          "2026-10-25T01:00:00+01:00",
		`start_of("2026-10-25T01:30:00Z", "hour", "Europe/London")`:               "2026-10-25T01:00:00Z",
		`start_of("2026-04-05T01:45:00+11:00", "hour", "Australia/Lord_Howe")`:    "2026-04-05T01:00:00+11:00",
		`start_of("2026-04-05T01:45:00+10:30", "hour", "Australia/Lord_Howe")`:    "2026-04-05T01:30:00+10:30",
		`start_of("2026-10-04T02:45:00+11:00", "hour", "Australia/Lord_Howe")`:    "2026-10-04T02:30:00+11:00",
		`parse_date("2026-10-25 01:30", "%Y-%m-%d %H:%M", "Europe/London")`:       "2026-10-25T01:30:00+01:00",
		`parse_date("2026-04-05 01:45", "%Y-%m-%d %H:%M", "Australia/Lord_Howe")`: "2026-04-05T01:45:00+11:00",
		// a time that is not there
		`parse_date("2026-03-29 01:30", "%Y-%m-%d %H:%M", "Europe/London")`:       "2026-03-29T02:30:00+01:00",
		`parse_date("2026-03-08 02:30", "%Y-%m-%d %H:%M", "America/New_York")`:    "2026-03-08T03:30:00-04:00",
		`parse_date("2026-09-06 00:00", "%Y-%m-%d %H:%M", "America/Santiago")`:    "2026-09-06T01:00:00-03:00",
		`parse_date("2026-10-04 02:10", "%Y-%m-%d %H:%M", "Australia/Lord_Howe")`: "2026-10-04T02:40:00+11:00",
		`parse_date("2011-12-30 12:00", "%Y-%m-%d %H:%M", "Pacific/Apia")`:        "2011-12-31T12:00:00+14:00",
		// a date is that date, also where it has no midnight or was left out
		`parse_date("6.9.2026", "%d.%m.%Y", "America/Santiago")`:        "2026-09-06",
		`start_of("2011-12-31T12:00:00+14:00", "day", "Pacific/Apia")`:  "2011-12-31T00:00:00+14:00",
		`start_of("2011-12-31T12:00:00+14:00", "week", "Pacific/Apia")`: "2011-12-26T00:00:00-10:00",
		// seconds in an offset: the same moment, on the same day
		`in_zone("1971-06-01T00:44:30Z", "Africa/Monrovia")`:                           "1971-06-01T00:00:30-00:44",
		`unix(in_zone("1971-06-01T00:44:30Z", "Africa/Monrovia"))`:                     44585070,
		`unix(parse_date("1971-06-01 00:00", "%Y-%m-%d %H:%M", "Africa/Monrovia"))`:    44585070,
		`start_of(in_zone("1971-06-01T09:00:00Z", "Africa/Monrovia"), "hour", "UTC")`:  "1971-06-01T09:00:00Z",
		`start_of("1971-06-01T09:00:00Z", "day", "Africa/Monrovia")`:                   "1971-06-01T00:00:30-00:44",
		`date_diff("1971-06-01T00:00:30-00:44", "1971-06-01T00:44:30Z", "seconds")`:    0,
		`date_diff("2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", "days")`:            0,
		`start_of(in_zone("1971-06-01T09:00:00Z", "Africa/Monrovia"), "day")`:          "1971-06-01T00:00:00-00:44",
		`format_date("1971-06-01T09:00:00Z", "%Y-%m-%d %H:%M:%S", "Africa/Monrovia")`:  "1971-06-01 08:15:30",
		`parse_date("2026-03-29 01:30 +0000", "%Y-%m-%d %H:%M %z", "Europe/London")`:   "2026-03-29T01:30:00Z",
		`date_add(parse_date("2026-03-28", "%Y-%m-%d", "Europe/London"), "1d")`:        "2026-03-29",
		`start_of("2026-10-25T12:00:00Z", "day", "Europe/London")`:                     "2026-10-25T00:00:00+01:00",
		`start_of("2026-03-29T12:00:00+01:00", "month", "Europe/London")`:              "2026-03-01T00:00:00Z",
		`start_of("1995-01-05T12:00:00+14:00", "year", "Pacific/Kiritimati")[0:13]`:    "1995-01-01T00",
		`date_diff("2026-09-05", "2026-09-06T12:00:00Z", "days")`:                      1,
		`format_date("2026-09-06T03:30:00Z", "%Y-%m-%d %H:%M %z", "America/Santiago")`: "2026-09-05 23:30 -04:00",
	} {
		got, err := run(t, src, environment())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", src, err, diff)
		}
	}
}

// TestADateIsThatDateInARunsZone: where the run's zone has no midnight that day,
// or left the day out, a date is not the day before.
func TestADateIsThatDateInARunsZone(t *testing.T) {
	t.Parallel()
	for zone, wants := range map[string]map[string]any{
		"America/Santiago": {
			`format_date("2026-09-06", "%a %Y-%m-%d %H %z")`: "Sun 2026-09-06 00 -03:00", `weekday("2026-09-06")`: 7, `date_add("2026-09-06", "1d")`: "2026-09-07",
			`start_of("2026-09-06", "day")`: "2026-09-06", `start_of("2026-09-06", "week")`: "2026-08-31", `date_add("2026-09-06", "1h")`: "2026-09-06T02:00:00-03:00",
			`in_zone("2026-09-06", "UTC")`: "2026-09-06T04:00:00Z", `unix("2026-09-06")`: 1788667200, `date_diff("2026-09-05", "2026-09-07", "days")`: 2,
			`date_diff("2026-09-06", "2026-09-06T04:00:00Z", "seconds")`: 0, `parse_date("2026-09-06", "%Y-%m-%d")`: "2026-09-06", `parse_date("2026-09-06 00", "%Y-%m-%d %H")`: "2026-09-06T01:00:00-03:00",
		},
		"Pacific/Apia": {
			`format_date("2011-12-30", "%a %d")`: "Fri 30", `weekday("2011-12-30")`: 5, `date_add("2011-12-29", "1d")`: "2011-12-30", `in_zone("2011-12-30", "UTC")`: "2011-12-30T10:00:00Z",
		},
	} {
		env := environment()
		env.Zone, _ = time.LoadLocation(zone)
		for src, want := range wants {
			got, err := run(t, src, env)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s in %s: %v\n%s", src, zone, err, diff)
			}
		}
	}
}
