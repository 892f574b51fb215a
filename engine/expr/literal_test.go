package expr

import "testing"

// TestLiteralArgumentsAreCheckedBeforeARun: what a function refuses always is
// refused where it is written.
func TestLiteralArgumentsAreCheckedBeforeARun(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`format_date(now(), "%Q")`:                             `bad-value «"%Q"» the layout "%Q" has an unknown %Q (format_date(date: string, layout: string, zone?: string) string)`,
		`format_date(inputs.name, "%Y-%")`:                     `bad-value «"%Y-%"» the layout "%Y-%" ends in the middle of a % (format_date(date: string, layout: string, zone?: string) string)`,
		`format_date(now(), "%V")`:                             "string",
		`parse_date(inputs.name, "%V")`:                        `bad-value «"%V"» the layout "%V" has to have both %G and %V: a week belongs to a year of weeks (parse_date(text: string, layout: string, zone?: string) string)`,
		`parse_date(inputs.name, "%G-%m W%V")`:                 `bad-value «"%G-%m W%V"» the layout "%G-%m W%V" has both a week and a day (parse_date(text: string, layout: string, zone?: string) string)`,
		`parse_date(inputs.name, "%G-W%V %H:%M%z")`:            "string",
		`parse_date(inputs.name, "%Y%%")`:                      "string",
		`format_date(now(), inputs.count > 1 ? "%d" : "%L")`:   `bad-value «inputs.count > 1 ? "%d" : "%L"» the layout "%L" has an unknown %L (format_date(date: string, layout: string, zone?: string) string)`,
		`now("Europe/Dubln")`:                                  `bad-value «"Europe/Dubln"» there is no time zone "Europe/Dubln"; zones have names such as Europe/Dublin or UTC (now(zone?: string) string)`,
		`in_zone(inputs.name, "CEST")`:                         `bad-value «"CEST"» there is no time zone "CEST"; zones have names such as Europe/Dublin or UTC (in_zone(date: string, zone: string) string)`,
		`today(inputs.mode)`:                                   `bad-value «inputs.mode» there is no time zone "full"; zones have names such as Europe/Dublin or UTC (today(zone?: string) string)`,
		`date_add(inputs.name, "3 days")`:                      `bad-value «"3 days"» "3 days" is not a duration such as 90s, 5m or 3d (write 3d)`,
		`date_add(inputs.name, "-3d")`:                         "string",
		`duration("x") > 1`:                                    `bad-value «"x"» "x" is not a duration such as 90s, 5m or 3d (write a number with s, m, h or d behind it, also several: 90s, 1h30m, 3d; a week is 7d)`,
		`date_diff("2026-02-30", today(), "days")`:             `bad-value «"2026-02-30"» "2026-02-30" is not a date such as 2026-02-24 or 2026-02-24T09:30:00Z (date_diff(from: string, to: string, unit: "seconds", "minutes", "hours" or "days") integer)`,
		`semver_compare(inputs.name, "1.0")`:                   `bad-value «"1.0"» "1.0" is not a version such as 1.2.3 or v1.2.3-rc.1 (semver_compare(a: string, b: string) integer)`,
		`parse_date("2026", "%Y-%m-%d")`:                       `bad-value «parse_date("2026", "%Y-%m-%d")» "2026" is not a date of the form "%Y-%m-%d" (parse_date(text: string, layout: string, zone?: string) string)`,
		`base64_decode("%")`:                                   `bad-value «base64_decode("%")» "%" is not base64 (base64_decode(text: string) string)`,
		`url_parse("example.com").host`:                        `bad-value «url_parse("example.com")» "example.com" is not a valid URL such as https://host/path (url_parse(text: string) {scheme, host, port, path, query, fragment})`,
		`split("a", "/", 0)`:                                   `bad-value «split("a", "/", 0)» split cannot make 0 parts (split(text: string, separator: string, most?: integer) list<string>)`,
		`from_json("{")`:                                       `bad-value «from_json("{")» from_json: unexpected EOF (from_json(text: string) any)`,
		`path_join("a", "../../b")`:                            `bad-value «path_join("a", "../../b")» "../../b" leads out of "a" (path_join(path: string, part: string, …) string)`,
		`parse_date(inputs.name, "%d.%m.%Y", "Europe/Dublin")`: "string",
	} {
		says(t, src, want)
	}
}
