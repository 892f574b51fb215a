package expr

import (
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

func TestFunctionTypes(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`sortBy(inputs.tags, #)`: "list<string>", `sort_by (inputs.tags, #)`: "list<string>", `steps.log.commits | group_by(.title) | map(.key)`: "list<string>",
		`group_by(steps.log.commits, .size > 3)[0].key`: "boolean", `group_by(steps.log.commits, .size)[0].items[0].sha`: "string", `unique_by(steps.log.commits, .title)[0].size`: "integer",
		`concat(inputs.tags, [])`: "list<string>", `concat([1], [1.5])`: "list<number>", `concat([], [])`: "list", `take(steps.log.commits, 2)[0].sha`: "string",
		`keys(inputs.labels)`: "list<string>", `values({a: 1, b: 1.5})`: "list<number>", `values({a: inputs.note})`: "list<string>", `entries(inputs.labels)[0].value`: "string",
		`from_entries(map(steps.log.commits, ({key: .sha, value: .size})))`: "map<integer>", `from_entries(entries(inputs.labels))`: "map<string>", `from_entries([])`: "map",
		`merge({a: 1, b: "x"}, {b: 2})`: "{a: integer, b: integer}", `merge({a: 1}, {a: inputs.note})`: "{a: any}", `merge({a: "x"}, {a: inputs.note, b: inputs.note})`: "{a: string, b: optional string}",
		`merge(inputs.labels, {a: "x"})`: "map<string>", `merge({a: 1}, inputs.labels)`: "map<any>", `get(inputs.labels, "a")`: "optional string", `get(inputs.tags, 3) ?? ""`: "string",
		`regex_find(inputs.name, "a")`: "optional string", `regex_find(inputs.name, "(?P<a>x)?(?P<b>y)(?:(?P<c>z)|w)(?P<d>v)+(?P<e>u){2}")`: "optional {a: optional string, b: string, c: optional string, d: string, e: string}",
		`regex_find_all(inputs.name, "(a)(b)")`: "list<string>", `regex_split(inputs.name, "a")`: "list<string>", `regex_replace(inputs.name, "a", "$0")`: "string",
		`from_json(inputs.name)`: "any", `as(from_json(inputs.name), "{a: list< {b : map<any>} >, c: optional integer}")`: "{a: list<{b: map<any>}>, c: optional integer}", `as(inputs.note, "optional string")`: "optional string", `is(inputs.note, "string")`: "boolean", `as(inputs.blob, "{}")`: "{}",
		`as(inputs.blob, "{n: integer, …}")`: "{n: integer, …}", `as(inputs.blob, "list<{...}>")`: "list<{…}>", `as(inputs.blob, "{n: {m: integer, ...}, …}").n.m`: "integer",
		`merge(as(inputs.blob, "{n: integer, …}"), {n: 2, m: "x"})`: "{n: integer, m: string, …}", `merge({n: 1, m: 2}, as(inputs.blob, "{m: string, …}"))`: "{n: any, m: string, …}", `merge(as(inputs.blob, "{n: integer, …}"), inputs.labels)`: "map<any>",
		`values(as(inputs.blob, "{n: integer, …}"))`: "list<any>", `keys(as(inputs.blob, "{…}"))`: "list<string>", `inputs.billing ? {a: 1} : as(inputs.blob, "{b: string, …}")`: "{a: optional any, b: optional string, …}", `json(as(inputs.blob, "{…}"))`: "string",
		`yaml(inputs.blob)`: "string", `url_parse(inputs.name).port`: "optional integer", `url_parse(inputs.name).query["x"] ?? ""`: "string", `semver_parse(inputs.name)?.major`: "optional integer",
		`now("UTC")`: "string", `date_diff(now(), now(), "days")`: "integer", `next_name(inputs.tags, "x")`: "string", `semver_sort(inputs.tags)`: "list<string>",
	} {
		says(t, src, want)
	}
}

func TestFunctionValues(t *testing.T) {
	t.Parallel()
	object := func(kv ...any) map[string]any {
		out := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i].(string)] = kv[i+1]
		}
		return out
	}
	for src, want := range map[string]any{
		`map(group_by([3, 1, 3, 2, 1], #), .key)`: []any{3, 1, 2}, `group_by([], #)`: []any{}, `group_by(["b", "a", "b"], #)[0].items`: []any{"b", "b"}, `group_by([1, 2], # > 1)[1]`: object("key", true, "items", []any{2}),
		`reduce([], #acc + #, 7)`: 7, `reduce(["a", "b"], #acc + # + string(#index), "")`: "a0b1", `reduce([1, 2], #acc + sum([10, 20], # * #acc), 1)`: 961, `reduce([[1, 2], [3]], #acc + reduce(#, #acc + #, 0) * 10, 0)`: 60, `reduce([3, 9, 4], # > #acc ? # : #acc, 0)`: 9, `reduce(["a", "b", "a"], merge(#acc, from_entries([{key: #, value: (#acc[#] ?? 0) + 1}])), as({}, "map<integer>"))`: object("a", 2, "b", 1),
		`unique_by(["aa", "b", "cc"], len(#))`: []any{"aa", "b"}, `sort_by([2, 9007199254740993, 9007199254740992, 1.5], #)`: []any{1.5, 2, 9007199254740992, 9007199254740993},
		`take([1, 2], 5)`: []any{1, 2}, `take([1, 2], 0)`: []any{}, `take([1, 2], -5)`: []any{1, 2}, `take([1, 2, 3], 2)`: []any{1, 2}, `take([1], -9223372036854775807 - 1)`: []any{},
		`concat([], [1], [], ["x"])`: []any{1, "x"}, `keys(inputs.blob)`: []any{"x"}, `keys({b: 1, a: inputs.null})`: []any{"b"}, `values({a: inputs.null})`: []any{}, `entries({})`: []any{},
		`merge({a: 1, b: 2}, {a: inputs.null, b: 3}, {c: 4})`: object("a", 1, "b", 3, "c", 4), `from_entries([{key: "a", value: 1}, {key: "a", value: 2}])`: object("a", 2),
		`as(from_json("{\"n\": 1, \"x\": {\"y\": [1]}, \"z\": null}"), "{n: integer, o: optional string, …}")`: object("n", 1, "x", object("y", []any{1}), "z", nil), `merge(as(from_json("{\"n\": 1, \"x\": 2}"), "{n: integer, …}"), {n: 5})`: object("n", 5, "x", 2), `is(from_json("{\"n\": \"1\", \"x\": 2}"), "{n: integer, …}")`: false, `as(from_json("[{\"a\": {\"b\": 1, \"c\": 2}, \"d\": 3}]"), "list<{a: {b: integer}, …}>")`: []any{object("a", object("b", 1), "d", 3)},
		`get(inputs.tags, -1)`: "a", `get(inputs.tags, 2)`: nil, `get(inputs.tags, -3)`: nil, `get(inputs.labels, "x")`: nil, `get(inputs.labels, "team")`: "aa",
		`fixed(inputs.big, 2)`: "9007199254740993.00", `fixed(-0.05, 1)`: "-0.1", `fixed(1e300, 0)[0:3]`: "100", `fixed(7, 0)`: "7",
		`lines("")`: []any{}, `lines("\n")`: []any{""}, `lines("a\r\nb\rc")`: []any{"a", "b\rc"}, `words(" \t\n")`: []any{}, `split("a,b", ",", 9)`: []any{"a", "b"}, `split("a,b", ",", 1)`: []any{"a,b"},
		`capitalize("")`: "", `capitalize("élan vital")`: "Élan vital", `title("a  b-c")`: "A  B-c", `contains_ignore_case("STRASSE", "")`: true, `contains_ignore_case("a", "aB")`: false,
		`slug("  --A//B__c!  ")`: "a-b-c", `slug("日本")`: "", `slug("Ünïcode Ł", 100)`: "uenicode-l", `slug("aaaa-bbbb", 5)`: "aaaa", `pad_left("für", 5)`: "  für", `pad_left("long", 2)`: "long", `pad_right("a", 3, "ü")`: "aüü", `repeat("ab", 0)`: "", `repeat("", 9223372036854775807)`: "",
		`regex_find("none", "x")`: nil, `regex_find("ab", "(?P<a>a)(?P<x>x)?")`: object("a", "a"), `regex_find("xab", "^a")`: nil, `regex_find("ab", "a(b)")`: "ab",
		`regex_find_all("aaa", "^a")`: []any{"a"}, `regex_find_all("a b a", "\\ba\\b")`: []any{"a", "a"}, `regex_find_all("a\nb", "(?m)^.")`: []any{"a", "b"}, `regex_find_all("abab", "b|$")`: []any{"b", "b"}, `regex_find_all("für", "")`: []any{"", "", "", ""}, `regex_find_all("über", "b*")`: []any{"", "b", "", ""},
		`regex_find_all("k=1, l=2", "(?P<k>[a-z])=(?P<v>[0-9])")`: []any{object("k", "k", "v", "1"), object("k", "l", "v", "2")},
		`regex_replace("aXbX", "X", "-$0-")`:                      "a-X-b-X-", `regex_replace("a1", "(?P<l>[a-z])(?P<d>[0-9])", "${d}x$l$$")`: "1xa$", `regex_replace("a", "a", "$0" + "<" + inputs.hostile + ">")`: "a<" + values()["inputs"].(map[string]any)["hostile"].(string) + ">", `regex_replace("ax", "(?P<o>q)?x", "[$o]")`: "a[]", `regex_replace("x", "x", lower("$0"))`: "$0",
		`regex_split("a1b22c", "[0-9]+")`: []any{"a", "b", "c"}, `regex_split("abc", "")`: []any{"a", "b", "c"}, `regex_split("", ",")`: []any{""}, `regex_split(",a,", ",")`: []any{"", "a", ""},
		`as(from_json("{\"a\": 9007199254740993, \"b\": 1e3, \"z\": null}"), "{a: integer, b: number, z: optional string}")`: object("a", 9007199254740993, "b", 1000.0), `is(from_json("1.0"), "integer")`: false, `is(from_json("null"), "any")`: true, `is(from_json("{}"), "map<string>")`: true, `is(inputs.null, "string")`: false, `as(inputs.null, "optional string")`: nil,
		`as(from_json("{\"a\": [{\"x\": 1, \"y\": 2}], \"m\": {\"k\": [1]}}"), "{a: list<{x: integer}>, m: map<list<integer>>}")`: object("a", []any{object("x", 1)}, "m", object("k", []any{1})),
		`from_yaml("a: 1\nb: [x, 'y', ~, true, 1.5, 0x10, 2026-01-02]\nc: {d: \"9\"}\n")`:                                         object("a", 1, "b", []any{"x", "y", nil, true, 1.5, 16, "2026-01-02"}, "c", object("d", "9")), `from_yaml("9007199254740993")`: 9007199254740993,
		`yaml([[1, [2]], {a: {b: [{c: 1, d: "a: b"}]}}, [], {}, "", inputs.null])`: "- - 1\n  - - 2\n- a:\n    b:\n      - c: 1\n        d: \"a: b\"\n- []\n- {}\n- \"\"\n- null\n", `yaml("x")`: "x\n", `yaml(1.5)`: "1.5\n", `yaml({"on": "no", "a b": "x\ny"})`: "\"a b\": \"x\\ny\"\n\"on\": \"no\"\n",
		`base64_decode("-_-_")`: nil, `base64_decode("aGk=\n")`: "hi", `base64_encode("")`: "", `url_encode("a/b?ü~")`: "a%2Fb%3F%C3%BC~", `url_decode("a+b%2F")`: "a+b/", `url_join("https://h", "..a")`: "https://h/..a", `url_query({})`: "", `url_query({b: 1, a: true, c: inputs.null, d: "x&y"})`: "a=true&b=1&d=x%26y",
		`url_parse("https://u:p@h/p%2Fq?x=1&x=2&y#f")`: object("scheme", "https", "host", "h", "path", "/p/q", "query", object("x", "1", "y", ""), "fragment", "f"),
		`path_base("")`: ".", `path_ext("a.tar.gz")`: ".gz", `path_ext("a.b/c")`: "", `path_join("a", "b/../c")`: "a/c", `path_join("", "a")`: "a", `path_join("/r", "/etc")`: "/r/etc", `path_join("a/..", "b")`: "b",
		`semver_parse("1.2")`: nil, `semver_parse("v01.2.3")`: nil, `semver_parse("1.2.3-")`: nil, `semver_parse("1.2.3-rc.01")`: nil, `semver_parse("1.2.3-a.b+c.1")`: object("major", 1, "minor", 2, "patch", 3, "prerelease", "a.b", "build", "c.1"), `semver_parse("99999999999999999999.0.0")`: nil,
		`map(["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"], semver_compare(#, "1.0.0-beta.2"))`: []any{-1, -1, -1, -1, 0, 1, 1, 1}, `semver_compare("1.0.0+a", "v1.0.0+b")`: 0, `semver_compare("1.0.0-99999999999999999999", "1.0.0-9")`: 1,
		`semver_bump("1.2.3-rc.1", "patch")`: "1.2.3", `semver_bump("1.2.3", "patch")`: "1.2.4", `semver_bump("v1.2.3+b", "major")`: "v2.0.0", `semver_sort(["v1.10.0", "v1.9.0", "1.9.0-rc.1"])`: []any{"1.9.0-rc.1", "v1.9.0", "v1.10.0"}, `semver_sort([])`: []any{},
		`next_name([], "base")`: "base", `next_name(["base"], "base")`: "base-v2", `next_name(["base", "base-v2"], "base")`: "base-v3", `next_name(["base-v10", "base-v9"], "base")`: "base-v11", `next_name(["base2-v7", "x-base-v4", "base-v3-hotfix", "base-v0", "base-v03", "based"], "base")`: "base", `next_name(["base-v99999999999999999999", "base"], "base")`: "base-v2",
	} {
		got, err := run(t, src, environment())
		if want == nil && err != nil && strings.HasPrefix(src, "base64_decode") {
			continue // not a text
		}
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Now = time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC) // Dublin's clocks change at 01:00 on the 29th
	env.Zone, _ = time.LoadLocation("Europe/Dublin")
	for src, want := range map[string]any{
		`now()`: "2026-03-28T23:30:00Z", `now("Asia/Tokyo")`: "2026-03-29T08:30:00+09:00", `today("Asia/Tokyo")`: "2026-03-29", `today()`: "2026-03-28",
		`date_add(today(), "1d")`: "2026-03-29", `date_add("2026-02-28", "-2d")`: "2026-02-26", `date_add(today(), "2h")`: "2026-03-28T02:00:00Z", `date_add("2026-03-28T23:30:00+01:00", "24h")`: "2026-03-29T23:30:00+01:00", `date_add("2026-03-28T00:00:00Z", "1d12h")`: "2026-03-29T12:00:00Z",
		`date_diff("2026-03-28", "2026-03-30", "days")`: 2, `date_diff("2026-03-28", "2026-03-30", "hours")`: 48, `date_diff("2026-03-30", "2026-03-28", "days")`: -2, `date_diff("2026-03-28T12:00:00Z", "2026-03-28T13:00:00+01:00", "seconds")`: 0, `date_diff("2026-03-28", "2026-03-28T23:59:59Z", "hours")`: 23,
		`weekday("2026-03-29")`: 7, `weekday("2026-03-29T23:30:00Z", "Europe/Dublin")`: 1, `weekday("2026-03-30")`: 1,
		`start_of("2026-03-29", "week")`: "2026-03-23", `start_of("2026-03-29", "year")`: "2026-01-01", `start_of("2026-03-01", "week")`: "2026-02-23", `start_of("2026-03-29T12:34:56Z", "hour")`: "2026-03-29T12:00:00Z", `start_of("2026-03-29T12:34:56Z", "day", "Europe/Dublin")`: "2026-03-29T00:00:00Z", `start_of(date_add(start_of("2026-03-29", "month"), "-1d"), "month")`: "2026-02-01",
		`in_zone("2026-03-29", "UTC")`: "2026-03-29T00:00:00Z", `in_zone("2026-03-29T12:00:00Z", "Europe/Dublin")`: "2026-03-29T13:00:00+01:00",
		`unix("1970-01-02")`: 82800, `from_unix(0, "UTC")`: "1970-01-01T00:00:00Z", `from_unix(-1, "UTC")`: "1969-12-31T23:59:59Z", `duration("90s") + duration("-1m")`: 30, `format_duration(0)`: "0s", `format_duration(-90)`: "-1m30s", `format_duration(9223372036854775807)`: "106751991167300d15h30m7s",
		`format_date("2026-03-29T23:30:00Z", "%d %H:%M %z", "Europe/Dublin")`: "30 00:30 +01:00", `format_date("2026-03-29", "week %V", "Asia/Tokyo")`: "week 13",
		`format_date("2027-01-03", "%G-W%V of %Y")`: "2026-W53 of 2027", `format_date("2024-12-30", "%G-W%V")`: "2025-W01", `format_date("2027-01-03T23:30:00Z", "%G-W%V", "Asia/Tokyo")`: "2027-W01",
		`parse_date("2026-W53", "%G-W%V")`: "2026-12-28", `parse_date("2025-W1", "%G-W%V")`: "2024-12-30", `parse_date("week 09 of 2026, 12:30", "week %V of %G, %H:%M", "Asia/Tokyo")`: "2026-02-23T12:30:00+09:00", `parse_date("2026-W09 12:30-05:00", "%G-W%V %H:%M%z")`: "2026-02-23T12:30:00-05:00",
		`parse_date("1 May 2026", "%d %b %Y")`: "2026-05-01", `parse_date("2026/05/01 7:05", "%Y/%m/%d %H:%M")`: "2026-05-01T07:05:00+01:00", `parse_date("20260501T070500+0200", "%Y%m%dT%H%M%S%z")`: "2026-05-01T07:05:00+02:00", `parse_date("Fri 2006-01-02: May 1 2026 100%", "Fri 2006-01-02: %B %d %Y 100%%")`: "2026-05-01", `parse_date("2026-05-01 07:00Z", "%Y-%m-%d %H:%M%z")`: "2026-05-01T07:00:00Z",
	} {
		got, err := run(t, src, env)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
	}
}

func TestFunctionFailures(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Vars["deep"] = strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for src, want := range map[string]string{
		`fixed(1, 21)`: "fixed writes 0 to 20 digits, not 21", `split("a", "/", 0)`: "split cannot make 0 parts", `repeat("a", -1)`: "repeat cannot repeat -1 times", `repeat("ab", 9223372036854775807)`: "the expression handles too much text (work on a part of it)", `slug("a", 0)`: "slug cannot make a text of length 0", `pad_left("a", 3, "xy")`: `"xy" is not one character to fill with`, `pad_left("a", 9223372036854775807)`: "the expression handles too much text (work on a part of it)",
		`as(from_json("{\"a\": [1, \"x\"]}"), "{a: list<integer>}")`: `from_json("{\"a\": [1, \"x\"]}") is not what as() expects: a[1] is the text "x", not an integer`, `as(1, "string")`: "1 is not what as() expects: it is the integer 1, not a string", `as(from_json("{}"), "{a: string}")`: `from_json("{}") is not what as() expects: a is missing`, `as(from_json("{\"a\": {\"b\": null}}"), "map<map<integer>>")`: `from_json("{\"a\": {\"b\": null}}") is not what as() expects: a.b is missing`,
		`from_json("{")`: "from_json: unexpected EOF", `from_json("1 2")`: "from_json: text after the JSON value", `from_json(deep)`: "from_json: the text is nested deeper than 100",
		`from_yaml("")`: "from_yaml: the text is empty", `from_yaml("a: &x 1\nb: *x")`: "from_yaml: line 1: anchors and aliases are not read", `from_yaml("a: 1\na: 2")`: "from_yaml: line 2: the name a is given twice", `from_yaml("1\n---\n2")`: "from_yaml: there is more than one document", `from_yaml("!!python/object x")`: "from_yaml: line 1: the tag !!python/object is not read", `from_yaml("<<: {a: 1}")`: "from_yaml: line 1: a name has to be plain text", `from_yaml("a: [")`: "from_yaml: line 1: did not find expected node content", `from_yaml(deep)`: "from_yaml: line 1: the text is nested deeper than 100",
		`base64_decode("%")`: `"%" is not base64`, `base64_decode("/w")`: "base64_decode gives strings, but this is not UTF-8", `url_decode("%zz")`: `"%zz" is not part of a URL`, `url_decode("%ff")`: `"%ff" is not part of a URL`, `url_join("https://h", "..")`: `".." cannot be a segment of a URL`, `url_join("https://h", "a", "")`: `"" cannot be a segment of a URL`, `url_parse("/x")`: `"/x" is not a valid URL such as https://host/path`, `url_parse("https://h/?%zz")`: `"https://h/?%zz" has an invalid query`, `url_query({a: inputs.tags})`: "a of a query is a list or an object; join() makes one text",
		`path_join("a", "b", "../../c")`: `"../c" leads out of "a"`, `path_join("a", "..")`: `".." leads out of "a"`, `semver_compare("1.0", "1.0.0")`: `"1.0" is not a version such as 1.2.3 or v1.2.3-rc.1`, `semver_bump("9223372036854775807.0.0", "major")`: "the version after 9223372036854775807.0.0 does not fit", `semver_bump("1.0.0", inputs.mode)`: `inputs.mode is "full", not one of major, minor, patch`, `semver_sort(["x"])`: `"x" is not a version such as 1.2.3 or v1.2.3-rc.1`,
		`now("Mars/Base")`: `there is no time zone "Mars/Base"; zones have names such as Europe/Dublin or UTC`, `now("Local")`: `there is no time zone "Local"; zones have names such as Europe/Dublin or UTC`, `now("../../etc/passwd")`: `there is no time zone "../../etc/passwd"; zones have names such as Europe/Dublin or UTC`, `now("")`: `there is no time zone ""; zones have names such as Europe/Dublin or UTC`,
		`date_add("2026-02-30", "1d")`: `"2026-02-30" is not a date such as 2026-02-24 or 2026-02-24T09:30:00Z`, `date_add("2026-02-20", "1w")`: `"1w" is not a duration such as 90s, 5m or 3d (write 7d)`, `date_add("9999-12-31", "1d")`: "the date lies outside of the years 1 to 9999", `from_unix(9223372036854775807)`: "the date lies outside of the years 1 to 9999", `date_diff("2026-01-01", "2026-01-02", inputs.mode)`: `inputs.mode is "full", not one of seconds, minutes, hours, days`, `duration("--1m")`: `"--1m" is not a duration such as 90s, 5m or 3d (write a number with s, m, h or d behind it, also several: 90s, 1h30m, 3d; a week is 7d)`,
		`parse_date("2026", "%Y-%m")`: `"2026" is not a date of the form "%Y-%m"`, `parse_date("30.2.2026", "%d.%m.%Y")`: `"30.2.2026" is not a date of the form "%d.%m.%Y"`, `parse_date("1.2.2026x", "%d.%m.%Y")`: `"1.2.2026x" is not a date of the form "%d.%m.%Y"`, `parse_date("2025-W53", "%G-W%V")`: `"2025-W53" is not a date of the form "%G-W%V"`, `parse_date("2025-W00", "%G-W%V")`: `"2025-W00" is not a date of the form "%G-W%V"`, `parse_date("25-W01", "%G-W%V")`: `"25-W01" is not a date of the form "%G-W%V"`, `parse_date("1", repeat("%d", 21))`: `the layout "` + strings.Repeat("%d", 21) + `" has too many parts`, `parse_date("1", "%Q")`: `the layout "%Q" has an unknown %Q`, `parse_date("1", "%d%")`: `the layout "%d%" ends in the middle of a %`,
		`keys(inputs.name)`: "inputs.name is of kind string, not map or object", `concat([1], 2)`: "2 is of kind integer, not list", `from_entries([1])`: "from_entries takes objects of key, a text, and value", `regex_find(inputs.count, "x")`: "inputs.count is of kind integer, not string", `regex_replace("x", "x", inputs.count)`: "inputs.count is of kind integer, not string",
	} {
		v, err := run(t, src, env)
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v %v\nwant %s", src, v, err, want)
		}
	}
}

func TestFunctionUnknowns(t *testing.T) {
	t.Parallel()
	jira, mr := types.Unknown{After: "jira"}, types.Unknown{After: "mr"}
	for src, want := range map[string]any{
		`take(steps.mr.parts, 1)`: []any{"a"}, `concat(["x"], steps.mr.parts)`: []any{"x", "a", mr}, `keys(steps.mr)[0]`: "parts", `get(steps.mr.parts, 0)`: "a", `get(steps.mr.parts, 1)`: mr, `get(steps.mr.parts, 9)`: nil,
		`merge({a: 1}, {b: steps.jira.key})`: map[string]any{"a": 1, "b": jira}, `values({a: steps.jira.key})`: []any{jira}, `entries({a: steps.jira.key})[0].key`: "a",
		`group_by(steps.mr.parts, #)`: mr, `map(group_by(steps.mr.parts, 1), .key)`: []any{1}, `unique_by(steps.mr.parts, #)`: mr, `regex_replace("x", "x", steps.jira.key)`: jira, `as(steps.mr, "{title: string}")`: mr, `is(steps.jira, "string")`: jira,
		`from_entries([{key: "a", value: steps.jira.key}])`: jira, `take(steps.jira, 1)`: jira, `take([1], steps.jira.n)`: jira,
	} {
		got, err := run(t, src, environment())
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
	}
}

// TestNumberBeyond64BitsIsText: what others wrote is read, and no number in it
// is rounded or refused.
func TestNumberBeyond64BitsIsText(t *testing.T) {
	t.Parallel()
	sha := "1234567890123456789012345678901234567890"
	for src, want := range map[string]any{
		`from_json("{\"id\": 99999999999999999999, \"n\": [-9223372036854775809, 1e999, -0.0, 9223372036854775807]}")`: map[string]any{
			"id": "99999999999999999999", "n": []any{"-9223372036854775809", "1e999", 0.0, 9223372036854775807}},
		`from_json("100000000000000000000")`:                "100000000000000000000",
		`as(from_json("[` + sha + `]"), "list<string>")[0]`: sha,
		`from_yaml("sha: ` + sha + `\nx: [.inf, -.Inf, .nan, 1e400, -0.0]")`: map[string]any{
			"sha": sha, "x": []any{".inf", "-.Inf", ".nan", "1e400", 0.0}},
		`from_yaml("18446744073709551616")`: "18446744073709551616",
		`from_yaml("%YAML 1.2\n---\na: b")`: map[string]any{"a": "b"}, `from_yaml("a: b\u0085c\u2028d")`: map[string]any{"a": "b\u0085c\u2028d"},
	} {
		got, err := run(t, src, environment())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", src, err, diff)
		}
	}
}

// TestEveryFunctionRefuses: whatever a function does, it computes with no
// secret, and says that what it was given is absent or not known yet.
func TestEveryFunctionRefuses(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Vars["open"] = types.Unknown{After: "jira"}
	for _, f := range stdlib.Functions() {
		e, _ := Parse(f.Example)
		n := callOf(e.root, f.Name)
		if n == nil {
			t.Fatalf("the example of %s does not call it", f.Name)
		}
		for i := range n.args {
			if i == 1 && f.Second != stdlib.Value {
				continue
			}
			with := func(src string) *Expr {
				arg, _ := Parse(src)
				changed := *n
				changed.args = slices.Clone(n.args)
				changed.args[i] = arg.root
				if n.pieces != nil && i == 2 {
					changed.pieces = []piece{{stdlib.Piece{Group: -1}, arg.root}}
				}
				return &Expr{root: &changed}
			}
			if !f.Place && !f.Lazy {
				_, problems := with("inputs.token").Check(world())
				if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == CodeSecretLeak || p.Code == CodeTypeMismatch }) {
					t.Errorf("%s: argument %d can be a secret: %v", f.Name, i, problems)
				}
				if _, err := with("inputs.null").Eval(env); f.Name != "is" && f.Name != "get" && (err == nil || !strings.Contains(err.Error(), "absent") && f.Name != "as") {
					t.Errorf("%s: argument %d was absent: %v", f.Name, i, err)
				}
			}
			if v, err := with("open").Eval(env); v != (types.Unknown{After: "jira"}) {
				t.Errorf("%s: argument %d is not known yet, but: %v, %v", f.Name, i, v, err)
			}
		}
	}
}

func callOf(n node, name string) *call {
	if c, ok := n.(*call); ok && c.fn.Name == name {
		return c
	}
	for _, child := range children(n) {
		if c := callOf(child, name); c != nil {
			return c
		}
	}
	return nil
}

// TestOneSpelling: own functions are written with underscores. The older
// spellings mean the same, also to a condition that has to be the same.
func TestOneSpelling(t *testing.T) {
	t.Parallel()
	for _, f := range stdlib.Functions() {
		if strings.ToLower(f.Name) != f.Name {
			t.Errorf("%s: functions are spelt in lower case with underscores", f.Name)
		}
	}
	for old, now := range map[string]string{`sortBy([1], #)`: `sort_by([1], #)`, `trimPrefix("a", "b")`: `trim_prefix("a", "b")`, `trimSuffix("a", "b")`: `trim_suffix("a", "b")`} {
		e, problems := Parse(old)
		if len(problems) > 0 || normalize(e.root) != now {
			t.Errorf("%s: %v", old, problems)
		}
	}
	// Names, fields and texts that look like such a function stay what they are.
	e, problems := Parse(`{group_by: "sort_by(", 'a': x.unique_by(1)}`)
	if e != nil || len(problems) != 1 || problems[0].Message != "values have no methods" {
		t.Errorf("%v", problems)
	}
	if v, err := run(t, `"group_by(" + {group_by: "sort_by ("}.group_by`, environment()); v != "group_by(sort_by (" {
		t.Errorf("%v, %v", v, err)
	}
}

// TestIntegersAbove2To53 takes an integer that a float would round through
// everything that could make it one.
func TestIntegersAbove2To53(t *testing.T) {
	t.Parallel()
	const big = 9007199254740993
	for _, src := range []string{`inputs.big`, `inputs.big + 0`, `-(-inputs.big)`, `inputs.big * 1`, `inputs.big % 9007199254740994`, `int("9007199254740993")`, `int(string(inputs.big))`,
		`max(inputs.big, 9007199254740992)`, `sum([9007199254740992, 1])`, `sort([inputs.big, 9007199254740992])[1]`, `sort_by([inputs.big, 9007199254740992], #)[1]`, `group_by([inputs.big], #)[0].key`, `unique([inputs.big, 9007199254740992])[0]`, `unique_by([9007199254740992, inputs.big], #)[1]`,
		`as(from_json("{\"a\": 9007199254740993}"), "{a: integer}").a`, `as(from_json(json(inputs.big)), "integer")`, `as(from_yaml(yaml([inputs.big])), "list<integer>")[0]`, `round(inputs.big)`, `(inputs.big..inputs.big)[0]`, `find([9007199254740992, 9007199254740993], # == inputs.big) ?? 0`,
		`get(from_entries([{key: "a", value: inputs.big}]), "a")`, `inputs.big == 9007199254740992 ? 0 : inputs.big`, `inputs.big > 9007199254740992.0 ? inputs.big : 0`} {
		if got, err := run(t, src, environment()); got != big {
			t.Errorf("%s = %v, %v", src, got, err)
		}
	}
	for _, src := range []string{"n${{ inputs.big }}", "n${{ json(inputs.big) }}", `n${{ replace(yaml(inputs.big), "\n", "") }}`, "%{{ for i in [inputs.big] }}n${{ i }}%{{ end }}", `n${{ split(url_query({x: inputs.big}), "=")[1] }}`} {
		if got, err := parseText(t, src).Eval(environment()); got != "n9007199254740993" {
			t.Errorf("%s = %v, %v", src, got, err)
		}
	}
}

// TestPatternSteps checks the estimate of a machine's size against the machine.
func TestPatternSteps(t *testing.T) {
	t.Parallel()
	for _, src := range []string{``, `a`, `abc`, `[0-9a-f]{40}`, `(?i)abc`, `a*b+c?`, `(a|b|cd)*`, `x{3,7}`, `(x{2,}y){4}`, `(x?){400}y`, `\pL{100}`, `^(?P<key>[A-Z]{2,10}-[0-9]{3,6})\s*-\s*(\w+)(?:\(([^)]+)\))?:\s*(.+)$`, `(?s:.{0,255})`} {
		tree, err := syntax.Parse(src, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		_, n, _ := types.ParsePattern(src)
		prog, _ := syntax.Compile(tree.Simplify())
		if size := len(prog.Inst); size > n+n/2+5 || n > 2*size+5 {
			t.Errorf("%s: %d steps are thought to be %d", src, size, n)
		}
	}
}
