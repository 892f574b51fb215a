package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

func TestTryTypes(t *testing.T) {
	t.Parallel()
	nothing := func(what string) string {
		return "type-mismatch «" + what + "» nothing in " + what + " reads a text, so the fallback is never used (?? stands for what is absent, get() for an index that is out of range)"
	}
	for src, want := range map[string]string{
		`try(int(inputs.name), 0)`:                                 "integer",
		`try(int(inputs.name), 0.5)`:                               "number",
		`try(int(inputs.name), nil)`:                               "optional integer",
		`try(int(inputs.name), "none")`:                            "any",
		`try(as(from_json(inputs.name), "{a: integer}").a, 1)`:     "integer",
		`try(date_add(inputs.name, "1d"), today())`:                "string",
		`try(map(inputs.tags, int(#)), as([], "list<integer>"))`:   "list<integer>",
		`try(let n = int(inputs.name); n + 1, 0)`:                  "integer",
		`try({t: inputs.token, n: int(inputs.name)}, nil)`:         "optional {t: secret, n: integer}",
		`try(inputs.tags[5], "x")`:                                 nothing("inputs.tags[5]"),
		`try(1, 2)`:                                                nothing("1"),
		`try(len(inputs.name), try(int(inputs.name), 2))`:          nothing("len(inputs.name)"),
		`try(int(inputs.name))`:                                    "type-mismatch «try(int(inputs.name))» try does not take 1 arguments (try(value, fallback) value or fallback)",
		`try(int(inputs.nmae), 0)`:                                 "unknown-name «nmae» there is no input nmae (did you mean name?)",
		`try(steps.billing.commit + string(int(inputs.name)), "")`: "maybe-absent «steps.billing» steps.billing may be absent (guard it with ?., ??, has(steps.billing) or the same if)",
		`try(from_json("{"), nil)`:                                 `bad-value «from_json("{")» from_json: unexpected EOF (from_json(text: string) any)`,
	} {
		says(t, src, want)
	}
}

// TestTryStandsInForWhatCannotBeRead and for nothing else.
func TestTryStandsInForWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	jira := types.Unknown{After: "jira"}
	for src, want := range map[string]any{
		`try(int("12"), 0)`: 12, `try(int("x"), 0)`: 0, `try(float("x"), 0.5)`: 0.5, `try(int("99999999999999999999"), -1)`: -1,
		`try(from_json("{"), nil)`: nil, `try(from_yaml("a: ["), "bad")`: "bad", `try(as(from_json("[1]"), "list<string>"), ["none"])`: []any{"none"},
		`try(parse_date("x", "%Y"), "")`: "", `try(date_add("x", "1d"), "")`: "", `try(duration("soon"), 60)`: 60, `try(semver_sort(["x"]), [])`: []any{}, `try(base64_decode("%"), "")`: "", `try(url_parse("x").host, "")`: "", `try(url_decode("%zz"), "?")`: "?",
		`map(["1", "b"], try(int(#), 0))`: []any{1, 0}, `try(sum(map(["1", "b"], int(#))), 0)`: 0, `try(map(["1", "b"], int(#)), [])`: []any{},
		`try(let n = int("b"); n + 1, 7)`: 7, `try(try(int("a"), int("b")), 3)`: 3, `try(int("1"), int("b"))`: 1, `reduce(["1", "x", "2"], #acc + try(int(#), 0), 0)`: 3,
		`try(int(steps.jira.n), 0)`: jira, `try(int("x"), steps.jira.n)`: jira, `try(int("1"), steps.jira.n)`: 1, `try(false && int(steps.jira.n) > 1, true)`: false,
		`let x = 2; try(map([1], (let x2 = #; int("a"))), [x])`: []any{2},
	} {
		got, err := run(t, src, environment())
		if err != nil {
			t.Errorf("%s: %v", src, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
	}
	for src, want := range map[string]string{
		`try(int("5") / 0, 1)`:                                         "5 / 0: division by zero",
		`try([1][int("5")], 1)`:                                        "[1] has no element 5: its length is 1",
		`try(steps.billing.commit + string(int("1")), "")`:             "steps.billing is absent",
		`try(int("9223372036854775807") + 1, 1)`:                       "does not fit an integer of 64 bits",
		`try(int("x"), int("y"))`:                                      `"y" is not an integer`,
		`try(split("a", inputs.hostile[0:0])[0] + json(int("1")), "")`: "split needs a separator that is not empty",
	} {
		if v, err := run(t, src, environment()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v, %v\nwant %s", src, v, err, want)
		}
	}
}

// TestTryHidesNoBudget: what takes too much fails, also inside of the functions
// that read a text.
func TestTryHidesNoBudget(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Vars["big"] = "[" + strings.Repeat("[],", 1000) + "1]"
	for _, src := range []string{
		`try(from_json(big), "small")`, `try(from_yaml(big), "small")`, `try(len(map(1..500, from_json("1"))), 0)`, `try(int(repeat("1", 100000)), 0)`,
		`try(as(from_json("[1,"), "list<integer>"), try(from_json(big), 1))`,
	} {
		env.Fuel = fuel.New(100, 20_000)
		if v, err := run(t, src, env); err == nil || !strings.Contains(err.Error(), "too m") || !fuel.Exhausted(err) {
			t.Errorf("%s: %v, %v", src, v, err)
		}
	}
}
