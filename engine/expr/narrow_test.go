package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// chooser is a scope with texts that can be few things.
func chooser() Scope {
	text, integer := types.OfKind(types.String), types.OfKind(types.Integer)
	env := types.Type{Kind: types.String, Enum: []string{"dev", "stage", "prod"}}
	field := func(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }
	target := types.ObjectOf(field("env", env), field("note", text))
	inputs := types.ObjectOf(field("env", env), field("maybe", env.Maybe()), field("name", text), field("targets", types.ListOf(target)),
		field("deep", types.ObjectOf(field("env", env.Maybe())).Maybe()), field("labels", types.MapOf(env)), field("count", integer))
	return Scope{Vars: types.ObjectOf(field("inputs", inputs), field("config", types.ObjectOf(field("repos", types.ListOf(text)))),
		field("steps", types.ObjectOf(field("log", types.ObjectOf(field("out", text))))))}
}

// TestEnumsAreNarrowed lists conditions, what they read, and what that can be
// where they are true and where they are false.
func TestEnumsAreNarrowed(t *testing.T) {
	t.Parallel()
	const all = "dev stage prod"
	for _, test := range []struct{ condition, of, yes, no string }{
		{`inputs.env == "prod"`, "inputs.env", "prod", "dev stage"},
		{`"prod" == inputs.env`, "inputs.env", "prod", "dev stage"},
		{`inputs.env != "prod"`, "inputs.env", "dev stage", "prod"},
		{`!(inputs.env == "prod")`, "inputs.env", "dev stage", "prod"},
		{`not (inputs.env != "prod")`, "inputs.env", "prod", "dev stage"},
		{`inputs.env in ["dev", "prod"]`, "inputs.env", "dev prod", "stage"},
		{`inputs.env not in ["dev", "prod"]`, "inputs.env", "stage", "dev prod"},
		{`inputs.env == "dev" || inputs.env == "prod"`, "inputs.env", "dev prod", "stage"},
		{`inputs.env == "dev" || inputs.env in ["stage"] || "prod" == inputs.env`, "inputs.env", all, "prod"}, // never false
		{`inputs.env != "dev" && inputs.env != "prod"`, "inputs.env", "stage", all},
		{`inputs.env == "dev" && inputs.count > 1`, "inputs.env", "dev", all},
		{`inputs.env == "dev" || inputs.count > 1`, "inputs.env", all, "stage prod"},
		{`inputs.env == "dev" || inputs.name == "dev"`, "inputs.env", all, "stage prod"},
		{`inputs.env == inputs.name`, "inputs.env", all, all},
		{`inputs.env in ["dev", inputs.name]`, "inputs.env", all, all},
		{`inputs.env startsWith "d"`, "inputs.env", all, all},
		{`inputs.name == "x"`, "inputs.name", "x", ""},
		{`inputs.name in ["b", "a", "b"]`, "inputs.name", "a b", ""},
		{`inputs.maybe == "prod"`, "inputs.maybe", "prod", "optional dev stage"},
		{`inputs.maybe in ["prod"]`, "inputs.maybe", "prod", "optional dev stage"},
		{`inputs.maybe != "prod"`, "inputs.maybe", "optional dev stage", "prod"},
		{`inputs.deep?.env == "prod"`, "inputs.deep?.env", "prod", "optional dev stage"},
		{`inputs.labels.a == "prod"`, "inputs.labels.a", all, "optional " + all},
	} {
		condition, problems := Parse(test.condition)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		before := chooser()
		if _, problems := condition.Check(before); len(problems) > 0 {
			t.Errorf("%s: %v", test.condition, problems)
		}
		for i, s := range []Scope{condition.Narrow(before), condition.NarrowFalse(before)} {
			if got, want := enumAt(t, test.of, s), []string{test.yes, test.no}[i]; got != want {
				t.Errorf("where %s is %v, %s is one of %q, want %q", test.condition, i == 0, test.of, got, want)
			}
		}
		if diff := cmp.Diff(chooser().Vars, before.Vars); diff != "" {
			t.Errorf("%s changed the scope it was asked in:\n%s", test.condition, diff)
		}
	}
}

func enumAt(t *testing.T, src string, s Scope) string {
	t.Helper()
	e, _ := Parse(src)
	typ, problems := e.Check(s)
	if len(problems) > 0 {
		t.Error(problems)
	}
	out := strings.Join(typ.Enum, " ")
	if typ.Optional {
		out = "optional " + out
	}
	return out
}

// TestNarrowedInside: what a side of && and ?: says holds in the other.
func TestNarrowedInside(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`inputs.env == "prod" && inputs.env == "dev"`:                                               `type-mismatch «inputs.env == "dev"» inputs.env and "dev" are never equal: one can only be prod`,
		`inputs.env == "prod" || inputs.env == "prod"`:                                              `type-mismatch «inputs.env == "prod"» inputs.env and "prod" are never equal: one can only be dev, stage`,
		`inputs.env == "prod" ? "p" : inputs.env == "dev" ? "d" : inputs.env == "stage" ? "s" : ""`: "string",
		`inputs.env == "prod" ? "p" : inputs.env == "prod" ? "d" : ""`:                              `type-mismatch «inputs.env == "prod"» inputs.env and "prod" are never equal: one can only be dev, stage`,
		`any(filter(inputs.targets, .env in ["dev", "prod"]), .env == "stage")`:                     `type-mismatch «.env == "stage"» .env and "stage" are never equal: one can only be dev, prod`,
		`find(inputs.targets, .env == "dev")?.env == "prod"`:                                        `type-mismatch «find(inputs.targets, .env == "dev")?.env == "prod"» find(inputs.targets, .env == "dev")?.env and "prod" are never equal: one can only be dev`,
	} {
		if got := verdict(t, src, chooser()); got != want {
			t.Errorf("%s\n got %s\nwant %s", src, got, want)
		}
	}
}

// TestTrustOfLoops: a loop's variable is as trusted as the list.
func TestTrustOfLoops(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		list  string
		trust Trust
		reads map[string]bool // what the body reads of the variable, and whether it can be trusted
	}{
		{`config.repos`, TrustFull, map[string]bool{`item`: true, `"x" + item`: true}},
		{`["a", "b"]`, TrustFull, map[string]bool{`item`: true}},
		{`map(config.repos, # + "/x")`, TrustFull, map[string]bool{`item`: true}},
		{`inputs.targets`, TrustBounded, map[string]bool{`item`: false, `item.env`: true, `item.note`: false, `item.env + item.note`: false}},
		{`filter(inputs.targets, .note != "x")`, TrustBounded, map[string]bool{`item.env`: true, `item.note`: false}},
		{`map(inputs.targets, .env)`, TrustBounded, map[string]bool{`item`: true, `item + steps.log.out`: false}},
		{`map(inputs.targets, .note)`, TrustBounded, map[string]bool{`item`: false, `item == "a" ? item : "b"`: false}},
		{`lines(steps.log.out)`, TrustNone, map[string]bool{`item`: false}},
		{`concat(config.repos, lines(steps.log.out))`, TrustNone, map[string]bool{`item`: false}},
	} {
		list, _ := Parse(test.list)
		typ, problems := list.Check(chooser())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if got := list.Trust(chooser()); got != test.trust {
			t.Errorf("%s: trust %d, want %d", test.list, got, test.trust)
		}
		s := chooser().With("item", stdlib.Elem(typ))
		for src, want := range test.reads {
			e, _ := Parse(src)
			if ok, _ := e.Trusted(s); ok && strings.Contains(src, "item") {
				t.Errorf("%s: %s is trusted though nobody said that its loop is", test.list, src)
			}
			within := s
			within.Trust = map[string]Trust{"item": list.Trust(chooser())}
			if ok, offender := e.Trusted(within); ok != want {
				t.Errorf("%s: %s trusted: %v (%v)", test.list, src, ok, offender)
			}
		}
	}
	// What was compared with a literal is that literal.
	e, _ := Parse(`inputs.name`)
	condition, _ := Parse(`inputs.name in ["a", "b"]`)
	if ok, _ := e.Trusted(condition.Narrow(chooser())); !ok {
		t.Error("a name that is one of two literals is not trusted")
	}
	if ok, _ := e.Trusted(condition.NarrowFalse(chooser())); ok {
		t.Error("a name that is none of two literals is trusted")
	}
}
