package types_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

type inner struct {
	Sha string `json:"sha" doc:"SHA." pattern:"^[0-9a-f]{40}$"`
}

type sample struct {
	Repo   string            `json:"repo" doc:"Repository." trusted:"true"`
	Mode   string            `json:"mode,omitempty" doc:"Mode." enum:"a,b" default:"a"`
	N      int               `json:"n,omitempty" doc:"Number." minimum:"1" maximum:"9"`
	Items  []inner           `json:"items,omitempty" doc:"Items."`
	Labels map[string]string `json:"labels,omitempty" doc:"Labels."`
	Note   *string           `json:"note,omitempty" doc:"Note." cosmetic:"true"`
	Any    any               `json:"any,omitempty" doc:"Anything."`
	Keys   []string          `json:"keys,omitempty" doc:"Keys." pattern:"^[A-Z]+$"`
}

func TestOf(t *testing.T) {
	t.Parallel()
	got := types.Of[sample]()
	want := "{repo: string, mode: string, n: integer, items: list<{sha: string}>, labels: map<string>, note: optional string, any: any, keys: list<string>}"
	if got.String() != want && !strings.HasPrefix(want, strings.TrimSuffix(got.String(), "…}")) {
		t.Errorf("got %s", got)
	}
	f, _ := got.Field("mode")
	if f.Required || f.Default != "a" || cmp.Diff([]string{"a", "b"}, f.Type.Enum) != "" {
		t.Errorf("mode: %+v", f)
	}
	if err := got.Check(map[string]any{"repo": "r", "keys": []any{"AAP", "aap"}}); err == nil || !strings.HasPrefix(err.Error(), `keys[1] is "aap", which does not match`) {
		t.Errorf("a list's pattern is each one's: %v", err)
	}
	if f, _ := got.Field("repo"); !f.Required || !f.Type.Trusted {
		t.Errorf("repo: %+v", f)
	}
}

func TestOfPanics(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"no doc": func() {
			types.Of[struct {
				A string `json:"a"`
			}]()
		},
		"no json": func() {
			types.Of[struct {
				A string `doc:"A."`
			}]()
		},
		"bad kind": func() {
			types.Of[struct {
				A chan int `json:"a" doc:"A."`
			}]()
		},
		"bad default": func() {
			types.Of[struct {
				A int `json:"a" doc:"A." default:"x"`
			}]()
		},
		"bad bound": func() {
			types.Of[struct {
				A int `json:"a" doc:"A." minimum:"x"`
			}]()
		},
		"map of ints": func() { types.Of[map[int]string]() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	typ := types.Of[sample]()
	for _, tt := range []struct {
		value any
		want  string // "" when it fits
	}{
		{map[string]any{"repo": "x"}, ""},
		{map[string]any{"repo": "x", "n": types.Unknown{After: "y"}}, ""},
		{map[string]any{}, "repo is missing"},
		{map[string]any{"repo": 3}, "repo is the integer 3, not a string"},
		{map[string]any{"repo": "x", "mode": "c"}, `mode is "c", not one of a, b`},
		{map[string]any{"repo": "x", "n": 0}, "n is 0, less than 1"},
		{map[string]any{"repo": "x", "n": 10}, "n is 10, more than 9"},
		{map[string]any{"repo": "x", "n": 1.5}, "n is the number 1.5, not an integer"},
		{map[string]any{"repo": "x", "items": []any{map[string]any{"sha": "12"}}}, `items[0].sha is "12", which does not match ^[0-9a-f]{40}$`},
		{map[string]any{"repo": "x", "labels": map[string]any{"a": true}}, "labels.a is the boolean true, not a string"},
		{map[string]any{"repo": "x", "other": 1}, "other is not known"},
		{"text", `is the text "text", not a {repo`},
	} {
		err := typ.Check(tt.value)
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.value, err, tt.want)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		format, value string
		ok            bool
	}{
		{"date", "2026-01-15", true}, {"date", "2026-02-30", false}, {"date", "15.1.2026", false},
		{"date-time", "2026-01-15T10:00:00Z", true}, {"date-time", "2026-01-15", false},
		{"uri", "https://example.com/x", true}, {"uri", "example.com", false},
		{"duration", "3d", true}, {"duration", "soon", false},
		{"git-branch", "feat/a+b#1@x", true}, {"git-branch", "a..b", false}, {"git-branch", "", false},
	} {
		err := types.Type{Kind: types.String, Format: tt.format}.Check(tt.value)
		if (err == nil) != tt.ok {
			t.Errorf("%s %q: %v", tt.format, tt.value, err)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind types.Kind
		text string
		want any
		bad  string
	}{
		{types.String, "0123", "0123", ""},
		{types.Boolean, "true", true, ""},
		{types.Boolean, "yes", nil, `is "yes", not true or false`},
		{types.Integer, "42", 42, ""},
		{types.Integer, "4.2", nil, `is "4.2", not an integer`},
		{types.Integer, "9007199254740993", 9007199254740993, ""},
		{types.List, "[1, \"a\"]", []any{1, "a"}, ""},
		{types.List, "1, 2", nil, `is "1, 2", not a list in JSON`},
		{types.Any, "x", "x", ""},
		{types.Any, "3", 3, ""},
	} {
		got, err := types.OfKind(tt.kind).Parse(tt.text)
		if tt.bad != "" {
			if err == nil || err.Error() != tt.bad {
				t.Errorf("%s %q: %v, want %q", tt.kind, tt.text, err, tt.bad)
			}
			continue
		}
		if err != nil || cmp.Diff(tt.want, got) != "" {
			t.Errorf("%s %q: %v %v", tt.kind, tt.text, got, err)
		}
	}
}

// TestExactNumbers: what is written is read back the same, also above 2^53.
func TestExactNumbers(t *testing.T) {
	t.Parallel()
	for _, v := range []any{0, -1, 1<<53 + 1, 1<<63 - 1, 1.5, 1e20, 1e300, "x", true, nil, []any{1, 2.5}, map[string]any{"a": 1<<53 + 1}} {
		got, err := types.Decode(types.Encode(v))
		if err != nil || cmp.Diff(v, got) != "" {
			t.Errorf("%v came back as %v (%v)", v, got, err)
		}
	}
	for _, bad := range []string{"123456789012345678901234567890", "1e999", "1 2", "{", "[1]]", "{}}"} {
		if v, err := types.Decode([]byte(bad)); err == nil {
			t.Errorf("%s was read as %v", bad, v)
		}
	}
}

// TestNumberBeyond64BitsIsText: of what others wrote, every number arrives.
func TestNumberBeyond64BitsIsText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"9223372036854775808": "9223372036854775808", "-9223372036854775809": "-9223372036854775809",
		"100000000000000000000": "100000000000000000000", "1e400": "1e400", "[1e20, 1.0, -0]": []any{1e20, 1.0, 0},
		`{"a":{"b":[12345678901234567890123]}}`: map[string]any{"a": map[string]any{"b": []any{"12345678901234567890123"}}},
	} {
		got, err := types.Read([]byte(text))
		if err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s was read as %v (%v)", text, got, err)
			continue
		}
		again, err := types.Decode(types.Encode(got))
		if diff := cmp.Diff(types.Encode(got), types.Encode(again)); diff != "" || err != nil {
			t.Errorf("%s is another value when it is read from a journal: %v\n%s", text, err, diff)
		}
		if v, err := types.OfKind(types.Any).Parse(text); err != nil || cmp.Diff(want, v) != "" {
			t.Errorf("as an input, %s is %v (%v)", text, v, err)
		}
	}
	for _, bad := range []string{"1 2", "{", "01", "NaN"} {
		if v, err := types.Read([]byte(bad)); err == nil {
			t.Errorf("%s was read as %v", bad, v)
		}
	}
	for kind, want := range map[types.Kind]string{
		types.Integer: `is "99999999999999999999", which does not fit an integer of 64 bits`,
		types.Number:  `is the text "99999999999999999999", not a number`,
	} {
		if _, err := types.OfKind(kind).Parse("99999999999999999999"); err == nil || err.Error() != want {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	str := types.OfKind(types.String)
	for _, tt := range []struct {
		want, from types.Type
		ok         bool
	}{
		{str, str, true},
		{str, str.Maybe(), false},
		{str.Maybe(), str, true},
		{types.OfKind(types.Number), types.OfKind(types.Integer), true},
		{types.OfKind(types.Integer), types.OfKind(types.Number), false},
		{types.OfKind(types.Any), str, true},
		{str, types.OfKind(types.Any), false},
		{types.OfKind(types.Any), types.OfKind(types.SecretKind), false},
		{types.ListOf(str), types.ListOf(types.OfKind(types.Integer)), false},
		{types.MapOf(str), types.ObjectOf(types.Field{Name: "a", Type: str}), true},
		{types.ObjectOf(types.Field{Name: "a", Type: str, Required: true}), types.ObjectOf(), false},
		{types.Type{Kind: types.String, Enum: []string{"a"}}, types.Type{Kind: types.String, Enum: []string{"b"}}, false},
	} {
		if why, ok := tt.want.Accepts(tt.from); ok != tt.ok {
			t.Errorf("%s accepts %s: %v (%s)", tt.want, tt.from, ok, why)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	s := types.NewSecret("hunter22")
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %d", s, s, s, s, s, s), string(types.Encode(map[string]any{"s": s})), fmt.Sprint([]any{s})} {
		if strings.Contains(text, "hunter22") {
			t.Errorf("the secret shows: %s", text)
		}
	}
	if s.Reveal() != "hunter22" {
		t.Error("Reveal does not give the text")
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "3d": 72 * time.Hour, "1d12h": 36 * time.Hour} {
		if got, err := types.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
}
