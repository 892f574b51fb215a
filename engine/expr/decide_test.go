package expr

import (
	"slices"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

func TestDecided(t *testing.T) {
	t.Parallel()
	one, nine := 1, 9
	scope := Scope{Vars: types.ObjectOf(types.Field{Name: "inputs", Type: types.ObjectOf(
		types.Field{Name: "flag", Type: types.OfKind(types.Boolean)},
		types.Field{Name: "other", Type: types.OfKind(types.Boolean)},
		types.Field{Name: "note", Type: types.OfKind(types.String).Maybe()},
		types.Field{Name: "name", Type: types.OfKind(types.String)},
		types.Field{Name: "only", Type: types.Type{Kind: types.String, Enum: []string{"a"}}},
		types.Field{Name: "either", Type: types.Type{Kind: types.String, Enum: []string{"a", "b"}}},
		types.Field{Name: "blob", Type: types.OfKind(types.Any)},
		types.Field{Name: "n", Type: types.Type{Kind: types.Integer, Minimum: &one, Maximum: &nine}},
		types.Field{Name: "tags", Type: types.ListOf(types.OfKind(types.String))},
	)})}
	for src, want := range map[string]string{
		"true": "true", "!true": "false", "inputs.flag": "", "inputs.flag && false": "false", "false || inputs.flag": "",
		"inputs.flag || true": "true", "inputs.other": "true", "not inputs.other": "false", "inputs.other && inputs.flag": "",
		"1 == 1": "true", "'a' != 'a'": "false", "inputs.note == nil": "", "inputs.name == nil": "false", "nil != inputs.name": "true",
		"has(inputs.note)": "", "has(inputs.name)": "true", "has(inputs.note) && inputs.note != nil": "", "inputs.note != nil || has(inputs.name)": "true",
		"inputs.only == 'a'": "true", "inputs.only != 'a'": "false", "inputs.either == 'a'": "",
		"has(inputs.blob)": "", "inputs.blob == nil": "",
		"inputs.n > 0": "true", "inputs.n >= 1": "true", "inputs.n > 1": "", "inputs.n < 10": "true", "inputs.n <= 0": "false", "10 > inputs.n": "true", "inputs.n < 1": "false",
		"len(inputs.tags) >= 0": "true", "len(inputs.tags) < 0": "false", "len(inputs.tags) > 0": "", "2 > 1": "true", "1 > 2": "false",
		"len(inputs.name) > 0 && inputs.other": "",
	} {
		e, problems := Parse(src)
		if len(problems) > 0 {
			t.Fatal(src, problems)
		}
		if _, problems := e.Check(scope); len(problems) > 0 {
			t.Fatal(src, problems)
		}
		got := ""
		if value, decided := e.Decided(scope, func(text string) bool { return text == "inputs.other" }); decided {
			got = map[bool]string{true: "true", false: "false"}[value]
		}
		if got != want {
			t.Errorf("%s: %q, want %q", src, got, want)
		}
	}
}

func TestFollows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src   string
		value bool
		want  []string
	}{
		{"a && !b", true, []string{"a", "!b"}},
		{"a || b", false, []string{"!a", "!b"}},
		{"a == 1", false, []string{"a != 1"}},
	} {
		e, problems := Parse(c.src)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, want := range c.want {
			if got := e.Follows(c.value); !slices.Contains(got, want) {
				t.Errorf("%s is %t: %q, without %s", c.src, c.value, got, want)
			}
		}
	}
}
