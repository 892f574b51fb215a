package expr

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

func values() map[string]any {
	return map[string]any{
		"inputs": map[string]any{
			"name": "für", "mode": "full", "billing": true, "count": 3, "ratio": 0.5, "big": 9007199254740993,
			"tags": []any{"b", "a"}, "labels": map[string]any{"team": "aa"}, "blob": map[string]any{"x": 1},
			"hostile": `${{ inputs.name }} %{{ if true }} <b> & "`, "null": nil,
		},
		"steps": map[string]any{
			"billing": nil,
			"log":     map[string]any{"commits": []any{commit("1", 5), commit("2", 7)}},
			"jira":    types.Unknown{After: "jira"},
			"mr": map[string]any{
				"title": "release", "url": types.Unknown{After: "mr"}, "parts": []any{"a", types.Unknown{After: "mr"}},
				"text": types.PartlyUnknown{Text: "(known after jira) - release", After: "jira"},
			},
		},
	}
}

func commit(sha string, size int) any { return map[string]any{"sha": sha, "size": size} }

func environment() Env {
	return Env{Vars: values(), Now: time.Date(2026, 2, 24, 9, 30, 0, 0, time.UTC)}
}

// run evaluates without checking, so that failures of values can be seen.
func run(t *testing.T, src string, env Env) (any, error) {
	t.Helper()
	e, problems := Parse(src)
	if len(problems) > 0 {
		t.Fatalf("%s: %s", src, complaint(src, problems))
	}
	return e.Eval(env)
}

func TestEval(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]any{
		`inputs.big`: 9007199254740993, `inputs.big + 1`: 9007199254740994, `inputs.big == 9007199254740992.0`: false, `inputs.big > 9007199254740992.0`: true,
		`-9223372036854775807 - 1`: -9223372036854775808, `7 / 2`: 3.5, `7 % 2`: 1, `2 * 1.5`: 3.0, `1 + 1.5 - 1`: 1.5, `-inputs.ratio`: -0.5, `3 == 3.0`: true,
		`inputs.name + "x"`: "fürx", `inputs.name[1:]`: "ür", `inputs.name[-1:]`: "r", `inputs.name[0:99]`: "für", `inputs.tags[-1]`: "a", `inputs.tags[1:0]`: []any{},
		`1..3`: []any{1, 2, 3}, `3..1`: []any{}, `"a" < "b" and 1 <= 1 and 2 >= 1.5 and "b" > "a"`: true, `1 < 2 < 3`: true,
		`"x" <= "x" && "x" >= "y"`:  false,
		`inputs.tags == ["b", "a"]`: true, `inputs.tags != ["a"]`: true, `inputs.blob == {"x": 1.0}`: true, `{a: 1} == {b: 1}`: false, `{a: 1} == {a: 1, b: 2}`: false, `[1] == [2]`: false,
		`"a" in inputs.tags`: true, `"z" not in inputs.tags`: true, `"team" in inputs.labels`: true,
		`inputs.name contains "ü" && inputs.name startsWith "f" && inputs.name endsWith "r" && inputs.name matches "^f.r$"`: true,
		`steps.billing?.commit`: nil, `steps.billing?.commit.deep.deeper`: nil, `steps.billing?.list?.[0]`: nil, `steps.billing?.commit ?? "none"`: "none", `inputs.null ?? nil ?? 3`: 3, `inputs.labels["nope"]`: nil, `inputs.labels["te" + "am"]`: "aa",
		`steps.billing == nil`: true, `has(steps.billing.commit)`: false, `has(inputs.labels.team)`: true, `has(inputs.tags[5])`: false, `has(inputs.tags[-1])`: true, `has(inputs.labels["te" + "am"])`: true, `has(steps.billing?.a[0])`: false,
		`inputs.billing ? 1 : 1 / 0`: 1, `true || 1 / 0 > 1`: true, `false && 1 / 0 > 1`: false, `!inputs.billing`: false,
		`map(steps.log.commits, .size * 2)`: []any{10, 14}, `filter(steps.log.commits, .size > 5)[0].sha`: "2", `map(inputs.tags, string(#index) + #)`: []any{"0b", "1a"},
		`map(inputs.tags, map([1, 2], #) | sum())`: []any{3, 3}, `any(inputs.tags, any(["a"], # == "a") && # == "b")`: true,
		`find(steps.log.commits, .size == 9)?.sha ?? "none"`: "none", `count(steps.log.commits, .size > 5)`: 1, `sum(steps.log.commits, .size)`: 12, `sum([])`: 0, `sum([1, 0.5])`: 1.5,
		`map(sortBy(steps.log.commits, -.size), .sha)`: []any{"2", "1"}, `sort([3, 1.5, 2])`: []any{1.5, 2, 3}, `first([])`: nil, `last([])`: nil, `max([])`: nil, `min("b", "a")`: "a",
		`any([], # == 1)`: false, `all([], # == 1)`: true, `none([1], # == 1)`: false,
		`int("-3") + int(3.9)`: 0, `float(3)`: 3.0, `string(12345678901234)`: "12345678901234", `string(inputs.tags)`: `["b","a"]`, `truncate("für", 3)`: "für", `truncate("fürs", 3)`: "fü…", `round(-2.5) + floor(-0.5) + ceil(0.5) + round(3)`: 0,
		`format_date("2026-02-24T09:05:07Z", "%a %A %b %H:%M:%S %m%%")`: "Tue Tuesday Feb 09:05:07 02%", `split("a", "/")`: []any{"a"},
		`inputs.hostile`: values()["inputs"].(map[string]any)["hostile"],
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

func TestEvalFailures(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`9223372036854775807 + 1`:  `invalid: 9223372036854775807 + 1 does not fit an integer of 64 bits`,
		`-9223372036854775807 - 2`: `invalid: -9223372036854775807 - 2 does not fit an integer of 64 bits`, `9223372036854775807 * 2`: `invalid: 9223372036854775807 * 2 does not fit an integer of 64 bits`, `-(-9223372036854775807 - 1)`: `invalid: -(-9223372036854775808) does not fit an integer of 64 bits`, `(-9223372036854775807 - 1) * -1`: `invalid: -9223372036854775808 * -1 does not fit an integer of 64 bits`,
		`1 / 0`: `invalid: 1 / 0: division by zero`, `1 % 0`: `invalid: 1 % 0: division by zero`, `1e308 * 10`: `invalid: 1e+308 * 10 does not fit a number`, `inputs.tags[2]`: `invalid: inputs.tags has no element 2: its length is 2 (first() and last() give nothing for an empty list instead)`, `inputs.tags[-3]`: `invalid: inputs.tags has no element -3: its length is 2 (first() and last() give nothing for an empty list instead)`, `steps.billing.commit`: `invalid: steps.billing is absent (guard it with ?., ?? or has())`, `inputs.null + 1`: `invalid: inputs.null is absent (guard it with ?., ?? or has())`, `1 + inputs.null`: `invalid: inputs.null is absent (guard it with ?., ?? or has())`,
		`lower(inputs.null)`: `invalid: inputs.null is absent (guard it with ?., ?? or has())`, `inputs.null < 1`: `invalid: inputs.null is absent (guard it with ?., ?? or has())`, `inputs.name.x`: `internal: inputs.name is of kind string, not object`, `inputs.name - 1`: `internal: inputs.name is of kind string, not number`, `1 + inputs.name`: `internal: inputs.name is of kind string, not number`, `inputs.name + 1`: `internal: inputs.name is of kind string, not number`, `inputs.tags + 1`: `internal: inputs.tags is of kind list, not number`, `inputs.tags < 1`: `internal: inputs.tags is of kind list, not number`, `inputs.count && true`: `internal: inputs.count is of kind integer, not boolean`,
		`inputs.count[0]`: `internal: inputs.count is of kind integer, not list`, `inputs.tags["a"]`: `internal: inputs.tags is of kind list, not object`, `inputs.labels[0]`: `internal: 0 is of kind integer, not string`, `inputs.count[0:1]`: `internal: inputs.count is of kind integer, not list`, `inputs.tags["a":]`: `internal: "a" is of kind string, not integer`, `1 in 2`: `internal: 2 is of kind integer, not list`, `1 in inputs.labels`: `internal: 1 is of kind integer, not string`, `-inputs.name`: `internal: inputs.name is of kind string, not number`, `"a".."b"`: `internal: "a" is of kind string, not number`, `1.."b"`: `internal: "b" is of kind string, not integer`,
		`1 contains 2`: `internal: 1 is of kind integer, not string`, `"a" matches "a" && "a" startsWith 1`: `internal: 1 is of kind integer, not string`, `1..2 == 1 && true || inputs.name < 1`: `internal: inputs.name is of kind string, not number`, `len(1)`: `internal: 1 is of kind integer, not string, list or map`, `first(1)`: `internal: 1 is of kind integer, not list`, `any(inputs.tags, #)`: `internal: # is of kind string, not boolean`, `sum(inputs.tags)`: `internal: sum(inputs.tags) is of kind string, not number`, `sum([inputs.null])`: `invalid: sum cannot add what is absent`, `sort([1, "a"])`: `invalid: only numbers or only texts have an order`, `max(1, "a")`: `invalid: only numbers or only texts have an order`, `flatten([1])`: `invalid: flatten takes a list of lists`, `join([1], "")`: `internal: [1] is of kind list, not list<string>`,
		`int("x")`: `invalid: "x" is not an integer`, `int(1e300)`: `invalid: 1e+300 does not fit an integer of 64 bits`, `int(true)`: `invalid: int() cannot take a boolean`, `float("x")`: `invalid: "x" is not a number`, `float(true)`: `invalid: float() cannot take a boolean`, `split("a", "")`: `invalid: split needs a separator that is not empty`, `replace("a", "", "b")`: `invalid: replace needs an old text that is not empty`, `truncate("a", 0)`: `invalid: truncate cannot make a text of length 0`, `indent("a", 101)`: `invalid: indent moves by 0 to 100 spaces, not 101`,
		`format_date("24.2.2026", "%Y")`: `invalid: "24.2.2026" is not a date such as 2026-02-24 or 2026-02-24T09:30:00Z`, `format_date("2026-02-24", "%Q")`: `invalid: the layout "%Q" has an unknown %Q`, `format_date("2026-02-24", "5%")`: `invalid: the layout "5%" ends in the middle of a %`,
	} {
		v, err := run(t, src, environment())
		if err == nil {
			t.Errorf("%s: got %v, want a failure", src, v)
			continue
		}
		if got := string(types.CodeOf(err)) + ": " + err.Error(); got != want {
			t.Errorf("%s\n got %s\nwant %s", src, got, want)
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	jira, mr := types.Unknown{After: "jira"}, types.Unknown{After: "mr"}
	for src, want := range map[string]any{
		`steps.jira.key`: jira, `steps.jira`: jira, `steps.jira?.key ?? "x"`: jira, `"x" + steps.jira.key`: jira, `steps.mr.url + steps.jira.key`: mr,
		`has(steps.jira.key)`: jira, `!has(steps.jira)`: jira, `steps.jira.key == nil`: jira, `lower(steps.mr.url)`: mr,
		`steps.mr.title`: "release", `steps.mr`: values()["steps"].(map[string]any)["mr"], `json(steps.mr)`: mr, `steps.mr == steps.mr`: mr,
		`false && steps.jira.ok`: false, `steps.jira.ok && false`: false, `steps.jira.ok && true`: jira, `true && steps.jira.ok`: jira, `steps.jira.ok && 1 / 0 > 1`: jira,
		`true || steps.jira.ok`: true, `steps.jira.ok || true`: true, `steps.jira.ok || false`: jira, `inputs.billing ? 1 : steps.jira.n`: 1, `inputs.billing ? steps.jira.n : 1`: jira, `steps.jira.ok ? 1 : 1`: jira,
		`"a" ?? steps.jira.key`: "a", `inputs.null ?? steps.jira.key`: jira,
		`len(steps.mr.parts)`: 2, `first(steps.mr.parts)`: "a", `last(steps.mr.parts)`: mr, `steps.mr.parts[0]`: "a", `steps.mr.parts[1]`: mr, `steps.mr.parts[0:1]`: []any{"a"}, `join(steps.mr.parts, "")`: mr, `"a" in steps.mr.parts`: mr,
		`map(steps.mr.parts, # + "!")`: []any{"a!", mr}, `any(steps.mr.parts, # == "a")`: true, `any(steps.mr.parts, # == "b")`: mr, `all(steps.mr.parts, # == "b")`: false, `all(steps.mr.parts, # == "a")`: mr,
		`reduce(steps.mr.parts, #acc + #, "")`: mr, `reduce(steps.mr.parts, #acc || # == "a", false)`: true, `reduce(steps.mr.parts, #, "")`: mr, `reduce([steps.mr.url, "a"], #, "")`: "a", `reduce(steps.jira.list, #acc, "")`: jira, `filter(steps.mr.parts, # == "a")`: mr, `count(steps.mr.parts, # == "a")`: mr, `find(steps.mr.parts, # == "a")`: "a", `find(steps.mr.parts, # == "b")`: mr, `sum(steps.mr.parts, len(#))`: mr, `sortBy(steps.mr.parts, #)`: mr,
		`[steps.jira.key, 1]`: []any{jira, 1}, `{a: steps.jira.key}`: map[string]any{"a": jira}, `{a: steps.jira.key, b: 1}.b`: 1, `inputs.tags[steps.jira.n]`: jira, `inputs.tags[:steps.jira.n]`: jira,
		`steps.mr.text`: types.PartlyUnknown{Text: "(known after jira) - release", After: "jira"}, `steps.mr.text + "x"`: jira, `steps.mr.text.x`: jira, `steps.mr.text[0:1]`: jira, `len(steps.mr.text)`: jira, `first(steps.mr.text)`: jira, `any(inputs.tags, steps.mr.text)`: jira, `steps.mr.text ?? "x"`: types.PartlyUnknown{Text: "(known after jira) - release", After: "jira"},
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

// TestBombs holds small expressions that would take hours or all memory.
func TestBombs(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", 1<<20)
	env := environment()
	env.Vars["huge"] = huge
	many := make([]any, 90_000)
	for i := range many {
		many[i] = i
	}
	env.Vars["many"] = many
	double := `"` + strings.Repeat("a", 100) + `"`
	for range 24 {
		double = `replace(` + double + `, "a", "aa")`
	}
	for name, src := range map[string]string{
		"nested predicates": `all(1..990, all(1..990, all(1..990, # > 0)))`,
		"huge range":        `len(1..9000000000000)`,
		"overflowing range": `len(-9000000000000000000..9000000000000000000)`,
		"doubling":          double,
		"joining":           `len(join(map(1..1000, huge), "")) > 0`,
		"adding":            `all(1..90000, len(huge + huge) > 0)`,
		"scanning":          `all(1..90000, not (huge contains "y"))`,
		"matching":          `all(1..90000, not (huge matches "y$"))`,
		"comparing":         `all(1..90000, many == many)`,
		"splitting":         `len(split(huge, "x"))`,
		"sorting":           `all(1..90000, len(sort(many)) > 0)`,
		"writing":           `all(1..90000, len(json(huge)) > 0)`,
		"cutting":           `all(1..90000, len(huge[1:]) > 0)`,
		"literal lists":     `all(1..90000, len([` + strings.Repeat("1,", 1500) + `1]) > 0)`,
	} {
		start := time.Now()
		v, err := run(t, src, env)
		if err == nil {
			t.Errorf("%s: not stopped: %v", name, v)
			continue
		}
		if code := types.CodeOf(err); code != types.BadInput || !strings.Contains(err.Error(), "too m") {
			t.Errorf("%s: stopped by %s: %v", name, code, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: stopped after %s only", name, took)
		}
	}
}

func TestFuelIsShared(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Fuel = fuel.New(10, 1000)
	if _, err := run(t, `len(1..6)`, env); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, `len(1..6)`, env); err == nil {
		t.Error("the second evaluation got a budget of its own")
	}
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"long":               strings.Repeat("(", 10<<20),
		"deep":               strings.Repeat("(", 2000) + "1" + strings.Repeat(")", 2000),
		"deep lists":         strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
		"negations":          strings.Repeat("!", 4000) + "a",
		"parts":              strings.Repeat("1,", 2040),
		"shared comparisons": strings.Repeat("1<(", 100) + "1" + strings.Repeat(")<1", 100),
		"shared conditions":  strings.Repeat("(", 100) + "a" + strings.Repeat("?:1)", 100),
		"not UTF-8":          "\"\xff\"",
		"semicolon":          ";",
	} {
		if _, problems := Parse(src); name != "deep" && len(problems) == 0 {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEvalIsDeterministic(t *testing.T) {
	t.Parallel()
	src := `json({m: inputs.labels, u: unique(inputs.tags), s: sortBy(steps.log.commits, 1)}) + now()`
	first, err := run(t, src, environment())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, _ := run(t, src, environment()); again != first {
			t.Fatalf("%v, then %v", first, again)
		}
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Now = time.Date(2026, 2, 24, 23, 30, 0, 0, time.UTC)
	env.Zone = time.FixedZone("CET", 3600)
	if got, _ := run(t, `today() + " " + now()`, env); got != "2026-02-25 2026-02-25T00:30:00+01:00" {
		t.Errorf("got %v", got)
	}
}

// TestExamples runs the example of every function of the documentation.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, f := range stdlib.Functions() {
		if f.Name == "" || f.Signature == "" || f.Doc == "" {
			t.Errorf("%q is not documented", f.Name)
		}
		e, problems := Parse(f.Example)
		if len(problems) > 0 {
			t.Errorf("%s: %s", f.Name, complaint(f.Example, problems))
			continue
		}
		if _, problems := e.Check(Scope{}); len(problems) > 0 {
			t.Errorf("%s: %s", f.Name, complaint(f.Example, problems))
		}
		v, err := e.Eval(environment())
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if got := string(types.Encode(v)); got != f.Want {
			t.Errorf("%s = %s, want %s", f.Example, got, f.Want)
		}
	}
}
