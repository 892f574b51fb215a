package expr

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// bombs are expressions and texts that would take all memory or hours. They
// are stopped by fuel, and until then allocate no more than the budget and a
// tenth: not only what is alive at a time, but in all.
func bombs() map[string]string {
	doubling := `"` + strings.Repeat("a", 100) + `"`
	for range 24 {
		doubling = `replace(` + doubling + `, "a", "aa")`
	}
	adding := `huge`
	for range 40 {
		adding += ` + huge`
	}
	return map[string]string{
		"doubling by replace":     doubling,
		"adding":                  adding,
		"joining":                 `join(map(1..1000, huge), "")`,
		"joining with":            `join(map(1..1000, "x"), huge)`,
		"nested predicates":       `all(1..990, all(1..990, all(1..990, # > 0)))`,
		"nested lists":            `map(1..300, map(1..300, map(1..300, [#])))`,
		"lists of calls":          `map(1..300, map(1..300, string(#) + lower("A")))`,
		"objects":                 `map(1..300, map(1..330, ({a: #, b: {c: [#]}})))`,
		"huge range":              `1..9000000000000`,
		"overflowing range":       `-9000000000000000000..9000000000000000000`,
		"ranges":                  `map(1..42, 1..2400)`,
		"lists of ranges":         `map(1..90000, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36])`,
		"flattening":              `flatten(map(1..1000, many))`,
		"filtering":               `map(1..90000, filter(many, true))`,
		"sorting":                 `map(1..90000, sort(many))`,
		"sorting by":              `map(1..10, sort_by(many, -#))`,
		"reversing":               `map(1..90000, reverse(many))`,
		"the unique ones":         `map(1..90000, unique(many))`,
		"splitting":               `split(huge, "x")`,
		"writing JSON":            `map(1..90000, json(huge))`,
		"escaping":                `map(1..90000, json(quotes))`,
		"writing lists":           `map(1..90000, string(many))`,
		"writing numbers":         `map(1..300, json(map(1..330, # / 7)))`,
		"indenting":               `map(1..90000, indent(lines, 100))`,
		"upper case":              `map(1..90000, upper(umlauts))`,
		"truncating":              `map(1..90000, truncate(umlauts, 1000000))`,
		"cutting":                 `map(1..90000, umlauts[1:])`,
		"comparing":               `map(1..90000, many == many)`,
		"floats":                  `map(1..300, map(1..330, # < 1.5))`,
		"matching":                `map(1..90000, huge matches "y$")`,
		"large patterns":          `map(1..90000, ` + strings.Repeat(`"a" matches "a{1000}" || `, 130) + `false)`,
		"a slow pattern":          `map(1..90000, huge matches "(x?){400}y")`,
		"matches that read on":    `regex_find_all(huge, "x[^z]*z|x")`,
		"named groups":            `regex_find_all(huge, "(?P<a>x)(?P<b>x)")`,
		"replacing by pattern":    `regex_replace(huge, "x", "$0$0$0$0$0$0$0$0$0$0$0$0")`,
		"splitting by pattern":    `regex_split(huge, "x")`,
		"groups":                  `map(1..11, group_by(many, #))`,
		"groups of one":           `map(1..90000, group_by(many, 1))`,
		"first of each":           `map(1..11, unique_by(many, # + 1))`,
		"concatenating":           `map(1..90000, concat(many, many))`,
		"names":                   `map(1..90000, keys(wide))`,
		"members":                 `map(1..90000, entries(wide))`,
		"merging":                 `map(1..90000, merge(wide, {a: #}))`,
		"maps of members":         `map(1..90000, from_entries(entries(wide)))`,
		"lines":                   `map(1..90000, lines(lines))`,
		"words":                   `map(1..90000, words(lines))`,
		"slugs":                   `map(1..90000, slug(umlauts))`,
		"repeating":               `repeat(huge, 1000)`,
		"padding":                 `map(1..90000, pad_left("a", 1000000))`,
		"reading JSON lists":      `map(1..90000, from_json(lists))`,
		"reading JSON objects":    `map(1..90000, from_json(objects))`,
		"reading JSON of objects": `map(1..90000, from_json(json(wide)))`,
		"reading JSON texts":      `map(1..90000, from_json(json(quotes)))`,
		"reading YAML":            `map(1..90000, from_yaml(yamls))`,
		"reading YAML flow":       `map(1..90000, from_yaml(lists))`,
		"reading YAML objects":    `map(1..90000, from_yaml(objects))`,
		"reading YAML texts":      `map(1..90000, from_yaml(lines))`,
		"writing YAML":            `map(1..90000, yaml(wide))`,
		"giving types":            `map(1..90000, as(wide, "map<integer>"))`,
		"keeping members":         `map(1..90000, as(wide, "{name1: integer, …}"))`,
		"refusing types":          `map(1..90000, is(wide, "map<string>"))`,
		"base64":                  `map(1..90000, base64_decode(base64_encode(huge)))`,
		"escaped URLs":            `map(1..90000, url_decode(url_encode(umlauts)))`,
		"queries":                 `map(1..90000, url_parse("https://h/?" + url_query(wide)))`,
		"paths":                   `map(1..90000, path_join(huge, huge))`,
		"versions":                `map(1..90000, semver_sort(versions))`,
		"names that count":        `map(1..90000, next_name(versions, "1.0.0-1"))`,
		"layouts":                 `map(1..90000, format_date("2026-01-01", layout))`,
		"zones":                   `map(1..90000, [now("UTC"), date_add(now(), "1d"), start_of(today(), "week"), parse_date("2026-01-01", "%Y-%m-%d")])`,
		"sharing":                 sharing("[1]", "map(", ", ({a: #, b: #}))", 60),
		"sharing in lists":        sharing("[1]", "map(", ", [#, #])", 60),
		"named values":            `map(1..300, map(1..330, let a = #; let b = a; let c = b; [c]))`,
		"sharing by name":         `let a = [1, 1]; ` + `let b = [a, a]; let c = [b, b]; map(1..90000, json([c, c, c, c]))`,
		"reducing":                `map(1..90000, reduce(1..1000, #acc + #, 0))`,
		"reducing to lists":       `reduce(1..90000, concat(#acc, [#]), [0])`,
		"reducing to texts":       `reduce(1..90000, #acc + "0123456789", "")`,
		"reducing to objects":     `reduce(1..90000, ({a: #acc.b, b: string(#)}), {a: "", b: ""})`,
		"unknown keys":            `map(1..90000, any(1..90000, open.x == 1))`,
		"text: lists":             `%{{ for a in many }}%{{ for b in many }}${{ a + b }}%{{ end }}%{{ end }}`,
		"text: literals":          `%{{ for a in many }}` + strings.Repeat("x", 1<<16) + `%{{ end }}`,
		"text: values":            `%{{ for a in many }}${{ huge }}%{{ end }}`,
		"text: nested empty":      `%{{ for a in many }}%{{ for b in many }}%{{ for c in many }}%{{ end }}%{{ end }}%{{ end }}`,
		"text: expressions":       `%{{ for a in many }}${{ json({a: a, b: [a, a]}) }}${{ join(split(lines, "\n"), "-") }}%{{ end }}`,
		"text: conditions":        `%{{ for a in many }}%{{ for b in few }}%{{ if sum(map(few, # * b)) > a }}y%{{ else }}n%{{ end }}%{{ end }}%{{ end }}`,
		"text: unknown":           `%{{ for a in many }}%{{ for b in many }}${{ open.x }}%{{ end }}%{{ end }}`,
		"text: predicates inside": `%{{ for a in many }}${{ len(map(many, # + a)) }}%{{ end }}`,
	}
}

// sharing wraps an expression, so that what it holds doubles each time.
func sharing(src, open, end string, n int) string {
	return strings.Repeat(open, n) + src + strings.Repeat(end, n)
}

func bombEnv() Env {
	env := environment()
	numbers := func(n int) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = i + 1000
		}
		return out
	}
	env.Vars["huge"], env.Vars["umlauts"] = strings.Repeat("x", 1<<20), strings.Repeat("Ⱥ", 1<<18)
	env.Vars["lines"], env.Vars["quotes"] = strings.Repeat("x\n", 1<<10), strings.Repeat("\x01", 1<<18)
	env.Vars["many"], env.Vars["few"] = numbers(10_000), numbers(100)
	wide, versions := map[string]any{}, make([]any, 1000)
	for i := range versions {
		wide[fmt.Sprintf("name%d", i)] = i + 1000
		versions[i] = fmt.Sprintf("1.0.0-%d.a.b.c.d.e", 1000-i)
	}
	env.Vars["wide"], env.Vars["versions"], env.Vars["layout"] = wide, versions, strings.Repeat("%B", 1<<10)
	env.Vars["lists"], env.Vars["objects"] = "["+strings.Repeat("[],", 1<<10)+"1]", "["+strings.Repeat(`{"a":1},`, 1<<10)+"1]"
	env.Vars["yamls"] = strings.Repeat("- \n", 1<<12)
	env.Vars["open"] = types.Unknown{After: "jira"}
	return env
}

// TestBombsStopInsideTheirBudget is not parallel: it reads the program's
// counters of memory.
func TestBombsStopInsideTheirBudget(t *testing.T) {
	env := bombEnv()
	// All are tried with a smaller budget, some with the one that runs have.
	classics := []string{"doubling by replace", "joining", "nested predicates", "huge range", "objects", "sorting", "writing JSON", "a slow pattern",
		"replacing by pattern", "reading JSON objects", "reading YAML", "text: lists", "text: literals", "text: values"}
	budgets := []int{fuel.Bytes, fuel.Bytes / 4}
	if underRace { // there they only have to stop
		budgets = []int{1 << 20}
	}
	for _, budget := range budgets {
		for name, src := range bombs() {
			if budget == fuel.Bytes && !slices.Contains(classics, name) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%dMiB", name, budget>>20), func(t *testing.T) {
				env.Fuel = fuel.New(fuel.Iterations, budget)
				parsed, problems := ParseText(src)
				if !strings.HasPrefix(name, "text: ") {
					parsed, problems = ParseText("${{" + src + "}}")
				}
				if len(problems) > 0 {
					t.Fatal(problems[0])
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := parsed.Eval(env)
				runtime.ReadMemStats(&after)
				if err == nil || types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "too m") {
					t.Fatalf("not stopped by fuel: %v", err)
				}
				if took := int(after.TotalAlloc - before.TotalAlloc); took > budget+budget/10 && !underRace {
					t.Errorf("%d KiB were allocated on a budget of %d KiB (%.2f of it)", took>>10, budget>>10, float64(took)/float64(budget))
				}
			})
		}
	}
}

// TestMemoryOfResults: also what succeeds is inside the budget that it used.
func TestMemoryOfResults(t *testing.T) {
	env := bombEnv()
	for _, src := range []string{`map(many, ({a: #, b: string(#)}))`, `%{{ for a in many }}- ${{ a }} ${{ lines }}` + "\n" + `%{{ end }}`,
		`sort_by(many, -#)`, `json(map(many, [#, "x"]))`, `unique(split(lines, "\n"))`, `regex_replace(lines, "x", "yy")`,
		`all(many, upper("a") == "A" && trim(" a ") == "a" && lower("A") == "a")`,
		`all(many, ` + strings.Repeat(`upper(lower(`, 12) + `"A"` + strings.Repeat(`))`, 12) + ` == "A")`} {
		parsed, _ := ParseText(src)
		if !strings.HasPrefix(src, "%{{") {
			parsed, _ = ParseText("${{" + src + "}}")
		}
		env.Fuel = fuel.Full()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := parsed.Eval(env); err != nil {
			t.Errorf("%s: %v", src, err)
		}
		runtime.ReadMemStats(&after)
		used := fuel.Bytes - env.Fuel.Left()
		if took := int(after.TotalAlloc - before.TotalAlloc); took > used+used/10+4096 && !underRace {
			t.Errorf("%s: paid %d KiB, allocated %d KiB", src, used>>10, took>>10)
		}
	}
}

// TestDeepNesting: what is nested too deep is refused when it is read, with its
// place, before a recursion could go down with it.
func TestDeepNesting(t *testing.T) {
	t.Parallel()
	deep := func(open, inner, end string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	for name, src := range map[string]string{
		"parentheses": deep("(", "1", ")", 201), "lists": deep("[", "", "]", 201), "objects": deep("{a: ", "1", "}", 201),
		"calls": deep("lower(", `"a"`, ")", 201), "predicates": deep("all([1], ", "true", ")", 201), "indexes": "a" + deep("[a", "[0]", "]", 201),
		"unclosed": strings.Repeat("(", 4000), "negations": strings.Repeat("!", 300) + "true", "parts": strings.Repeat("!", 4000) + "true", "choices": deep("true ? ", "1", " : 1", 201),
		"sums": strings.Repeat("1 + ", 800) + "1",
	} {
		for _, text := range []string{src, "${{" + src + "}}", "x ${{" + src + "}} y"} {
			_, problems := ParseText(text)
			if text == src {
				_, problems = Parse(text)
			}
			if len(problems) != 1 || problems[0].Code != CodeTooBig {
				t.Errorf("%s: %v", name, problems)
			}
		}
	}
	for _, src := range []string{deep("(", "1", ")", 150), `"` + strings.Repeat("(", 300) + `"`} {
		if _, problems := Parse(src); len(problems) > 0 {
			t.Errorf("%.20s…: %v", src, problems)
		}
	}
}

// TestManyPatterns: reading a text of many patterns does not make their
// machines, which are thousands of times as large.
func TestManyPatterns(t *testing.T) {
	text := strings.Repeat(`${{ "a" matches "a{1000}" }}`, 10_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	parsed, problems := ParseText(text)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	if took := int(after.HeapAlloc - before.HeapAlloc); took > fuel.Bytes/2 {
		t.Errorf("%d KiB are alive after reading %d KiB", took>>10, len(text)>>10)
	}
	if _, err := parsed.Eval(Env{}); err == nil || !strings.Contains(err.Error(), "too much") {
		t.Errorf("the machines of %d patterns were made: %v", 10_000, err)
	}
}

// TestHugeTypes: what is checked is bounded too.
func TestHugeTypes(t *testing.T) {
	t.Parallel()
	for _, src := range []string{sharing("[1]", "map(", ", ({a: #, b: #}))", 60), "json(" + sharing("[1]", "map(", ", ({a: #, b: #}))", 60) + ")",
		sharing("[1]", "group_by(", ", json(#))", 1) + " == " + sharing("[1]", "map(", ", ({a: #, b: {c: #, d: #}}))", 40)} {
		e, problems := Parse(src)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		_, problems = e.Check(Scope{})
		if len(problems) != 1 || problems[0].Code != CodeTooBig || !strings.Contains(problems[0].Message, "too many parts") {
			t.Errorf("%.60s: %v", src, problems)
		}
	}
}
