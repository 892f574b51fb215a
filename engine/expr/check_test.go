package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/types"
)

// world is a scope like that of a release skill.
func world() Scope {
	str, yes := types.OfKind(types.String), types.OfKind(types.Boolean)
	field := func(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }
	commit := types.ObjectOf(field("sha", str), field("title", str), field("ticket", str.Maybe()), field("size", types.OfKind(types.Integer)))
	inputs := types.ObjectOf(
		field("name", str), field("ref", types.Type{Kind: types.String, Pattern: "^[a-z]+$"}),
		field("mode", types.Type{Kind: types.String, Enum: []string{"full", "quick"}}),
		field("other", types.Type{Kind: types.String, Enum: []string{"slow"}}),
		field("billing", yes), field("audit", yes), field("count", types.OfKind(types.Integer)), field("ratio", types.OfKind(types.Number)),
		field("note", str.Maybe()), field("tags", types.ListOf(str)), field("labels", types.MapOf(str)),
		field("blob", types.OfKind(types.Any)), field("token", types.OfKind(types.SecretKind)), field("gone", types.ListOf(str.Maybe())),
	)
	image := types.ObjectOf(field("digest", str), field("tag", str), field("layers", types.ListOf(types.ObjectOf(field("size", types.OfKind(types.Integer))))))
	billing := types.ObjectOf(field("commit", str), field("url", str.Maybe()))
	steps := types.ObjectOf(field("image", image), field("billing", billing.Maybe()), field("audit", billing.Maybe()),
		field("log", types.ObjectOf(field("commits", types.ListOf(commit)))))
	return Scope{
		Vars:  types.ObjectOf(field("inputs", inputs), field("config", types.ObjectOf(field("host", str))), field("steps", steps)),
		Given: map[string][]string{"billing": {"inputs.billing"}, "audit": {"inputs.billing", "inputs.audit"}},
	}
}

// says holds the verdict about an expression in the world of these tests against the
// one that is wanted.
func says(t *testing.T, src, want string) {
	t.Helper()
	if got := verdict(t, src, world()); got != want {
		t.Errorf("%s\n got %s\nwant %s", src, got, want)
	}
}

// verdict is the type of src, or the code, place and message of what is wrong.
func verdict(t *testing.T, src string, s Scope) string {
	t.Helper()
	e, problems := Parse(src)
	if len(problems) > 0 {
		return complaint(src, problems)
	}
	typ, problems := e.Check(s)
	if len(problems) > 0 {
		return complaint(src, problems)
	}
	return typ.String()
}

func complaint(src string, problems []Problem) string {
	var out []string
	for _, p := range problems {
		s := string(p.Code) + " «" + src[p.From:p.To] + "» " + p.Message
		if p.Hint != "" {
			s += " (" + p.Hint + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`1`: "integer", `1.5`: "number", `"a"`: "string", `true`: "boolean", `9007199254740993`: "integer",
		`inputs.name + "-" + inputs.ref`: "string", `inputs.count + 1`: "integer", `inputs.count / 2`: "number", `inputs.count * 1.5`: "number",
		`-inputs.ratio`: "number", `inputs.count % 2`: "integer", `1..3`: "list<integer>",
		`not inputs.billing`: "boolean", `inputs.billing and !inputs.audit`: "boolean", `inputs.count == 1.0`: "boolean",
		`[1, 2.5]`: "list<number>", `[]`: "list", `{"a": 1, b: "x"}`: "{a: integer, b: string}", `{a: 1}.a`: "integer",
		`inputs.note`: "optional string", `inputs.note ?? "none"`: "string", `inputs.note ?? 1`: "any", `nil ?? 1`: "integer",
		`inputs.billing ? 1 : nil`: "optional integer", `inputs.labels["team"]`: "optional string", `inputs.labels.team ?? ""`: "string",
		`inputs.labels[inputs.name]`: "optional string", `inputs["name"]`: "string", `inputs.tags[0]`: "string", `inputs.tags[1:]`: "list<string>",
		`inputs.name[0:12]`: "string", `steps.billing?.commit`: "optional string", `steps.billing?.url`: "optional string",
		`steps.billing?.commit ?? "none"`: "string", `has(steps.billing)`: "boolean", `has(steps.billing.url)`: "boolean", `has(inputs.blob)`: "boolean",
		`"x" in inputs.tags`: "boolean", `inputs.name not in ["a"]`: "boolean", `"k" in inputs.labels`: "boolean",
		`inputs.name matches "^v"`: "boolean", `inputs.name contains "v" || inputs.name startsWith "v" || inputs.name endsWith "v"`: "boolean",
		`inputs.blob == 1`: "boolean", `inputs.blob ?? 1`: "any", `string(inputs.blob)`: "string", `json(inputs.blob)`: "string",
		`inputs.mode == "full"`: "boolean", `inputs.token`: "secret", `inputs.billing ? inputs.token : inputs.token`: "secret", `inputs.token == nil`: "boolean",
		`map(steps.log.commits, .title)`: "list<string>", `filter(steps.log.commits, .size > 1)[0].sha`: "string",
		`map(steps.log.commits, ({t: .title, i: #index}))`: "list<{t: string, i: integer}>", `find(steps.log.commits, .sha == "x")?.title`: "optional string",
		`any(steps.log.commits, has(.ticket) && .ticket startsWith "AA")`: "boolean", `map(filter(steps.log.commits, has(.ticket)), .ticket)`: "list<string>",
		`filter(inputs.gone, # != nil)`: "list<string>", `steps.log.commits | map(.size) | sum()`: "integer", `sum(steps.log.commits, .size)`: "integer",
		`count(steps.log.commits, .size > 1)`: "integer", `first(inputs.tags)`: "optional string", `last(inputs.tags) ?? "x"`: "string",
		`min(1, 2.5)`: "number", `max(inputs.tags)`: "optional string", `sort(inputs.tags)`: "list<string>", `unique(inputs.tags)`: "list<string>",
		`sortBy(steps.log.commits, .title)[0].size`: "integer", `flatten([inputs.tags, ["a"]])`: "list<string>", `len(inputs.labels)`: "integer",
		`${{ inputs.count }}`: "integer", ` ${{ {"a": {"b": "}}"}} }} `: "{a: {b: string}}", `now()`: "string",
	} {
		says(t, src, want)
	}
}

func TestNarrowing(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`has(steps.billing) && steps.billing.commit == "x"`:                    "boolean",
		`steps.billing != nil ? steps.billing.commit : ""`:                     "string",
		`steps.billing == nil ? "" : steps.billing.commit`:                     "string",
		`steps.billing == nil || steps.billing.commit == "x"`:                  "boolean",
		`steps.billing?.url != nil ? steps.billing.url : ""`:                   "string",
		`steps.billing?.commit == "x" ? steps.billing.commit : ""`:             "string",
		`nil != steps.billing && "x" == steps.billing.url`:                     "boolean",
		`has(steps.billing.url) ? steps.billing.url : ""`:                      "string",
		`has(inputs.labels.team) ? inputs.labels.team : ""`:                    "string",
		`inputs.labels["x y"] != nil && inputs.labels["x y"] == "z" + "a"`:     "boolean",
		`not has(steps.billing) ? "" : steps.billing.commit`:                   "string",
		`!(!has(steps.billing) || inputs.audit) ? steps.billing.commit : ""`:   "string",
		`inputs.billing ? steps.billing.commit : ""`:                           "string",
		`(inputs.billing) and inputs.audit ? steps.audit.commit : ""`:          "string",
		`inputs.audit && inputs.billing && steps.audit.commit == "x"`:          "boolean",
		`inputs.billing ? (inputs.audit ? steps.audit.commit : "") : ""`:       "string",
		`!inputs.billing ? "" : steps.billing.commit`:                          "string",
		`has(steps.billing) || steps.billing.commit == "x"`:                    `maybe-absent «steps.billing» steps.billing may be absent (guard it with ?., ??, has(steps.billing) or the same if)`,
		`inputs.audit ? steps.audit.commit : ""`:                               `maybe-absent «steps.audit» steps.audit may be absent (guard it with ?., ??, has(steps.audit) or the same if)`,
		`inputs.billing ? "" : steps.billing.commit`:                           `maybe-absent «steps.billing» steps.billing may be absent (guard it with ?., ??, has(steps.billing) or the same if)`,
		`has(steps.billing) ? steps.billing.url + "" : ""`:                     `maybe-absent «steps.billing.url» steps.billing.url may be absent (guard it with ?., ??, has(steps.billing.url) or the same if)`,
		`steps.billing != nil || inputs.audit ? steps.billing.commit : "none"`: `maybe-absent «steps.billing» steps.billing may be absent (guard it with ?., ??, has(steps.billing) or the same if)`,
	} {
		says(t, src, want)
	}
}

func TestNarrowScope(t *testing.T) {
	t.Parallel()
	parse := func(src string) *Expr {
		e, problems := Parse(src)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", src, problems)
		}
		return e
	}
	e := parse("steps.audit.commit")
	s := parse("inputs.billing").Narrow(world())
	if _, problems := e.Check(s); len(problems) != 1 {
		t.Errorf("half of a condition was enough: %v", problems)
	}
	s = parse("inputs.audit").Narrow(s)
	if _, problems := e.Check(s); len(problems) != 0 {
		t.Errorf("both halves of the condition hold, but: %v", problems)
	}
	s = parse("!has(steps.billing)").NarrowFalse(world())
	if got := verdict(t, "steps.billing.commit", s); got != "string" {
		t.Errorf("steps.billing.commit: %s", got)
	}
	if got := verdict(t, "steps.billing.commit", world()); got == "string" {
		t.Error("narrowing changed the scope it was given")
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for src, want := range map[string][]string{
		`inputs.a`:                                {"inputs.a"},
		`not (inputs["a"]) && b . c`:              {"!inputs.a", "b.c"},
		`(a and (b && c)) and d or e`:             {"(a && b && c && d) || e"},
		`x == 2. && y < 77777777777777777777.0`:   {"x == 2.0", "y < 7.777777777777777e+19"},
		`a && (b and c)`:                          {"a", "b", "c"},
		`x=='1'and y != "a\"b"`:                   {`x == "1"`, `y != "a\"b"`},
		`has( a?.b ) && a not in [1,2]`:           {"has(a?.b)", "!(a in [1, 2])"},
		`any(a, .b > #index)`:                     {"any(a, .b > #index)"},
		`a ?. ["b c"] == {x: 1}["x"] ? 1 : c[1:]`: {`(a?.["b c"] == {"x": 1}.x) ? 1 : c[1:]`},
		`let x=a;(let y = -x ; y+x)`:              {"let x = a; let y = (-x); y + x"},
		`(let x = a && b; x) && [let y = 1; y]`:   {"let x = (a && b); x", "[let y = 1; y]"},
		`-a[0] < (b + 1) * 2 < 5`:                 {"(-a[0]) < ((b + 1) * 2)", "((b + 1) * 2) < 5"},
	} {
		e, problems := Parse(src)
		if len(problems) > 0 {
			t.Errorf("%s: %s", src, complaint(src, problems))
			continue
		}
		if diff := cmp.Diff(want, e.Conjuncts()); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
		again, problems := Parse(normalize(e.root))
		if len(problems) > 0 || normalize(again.root) != normalize(e.root) {
			t.Errorf("%s: canonical text %q does not parse to itself: %v", src, normalize(e.root), problems)
		}
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	src := `steps.image.layers[inputs.count].size > 1 && any(steps.log.commits, .sha in inputs.tags) && has(steps.billing?.url)`
	e, _ := Parse("${{" + src + "}}")
	var got []string
	for _, r := range e.Refs() {
		got = append(got, strings.Join(r.Path, ".")+"="+("${{" + src)[r.From:r.To])
	}
	want := []string{"steps.image.layers=steps.image.layers", "inputs.count=inputs.count", "steps.log.commits=steps.log.commits",
		"inputs.tags=inputs.tags", "steps.billing.url=steps.billing?.url"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTrusted(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`"main"`: "", `config.host + "/" + inputs.ref`: "", `inputs.mode == "full" ? "a" : "b"`: "", `inputs.billing ? "a" : "b"`: "",
		`inputs.name`: "inputs.name", `config.host + steps.image.tag`: "steps.image.tag", `inputs`: "inputs", `map(inputs.tags, #)[0]`: "inputs.tags",
	} {
		e, _ := Parse(src)
		ok, offender := e.Trusted(world())
		if got := strings.Join(offender.Path, "."); got != want || ok != (want == "") {
			t.Errorf("%s: trusted %v, offender %q, want %q", src, ok, got, want)
		}
	}
}
