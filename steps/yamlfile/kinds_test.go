package yamlfile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// TestNumberInJSONBecomesText: a JSON file stays JSON, and what was a number or a
// boolean stays one; all else is a text in double quotes.
func TestNumberInJSONBecomesText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, value, want string }{
		"number":              {`{"a": 3, "b": 1}`, "4", `{"a": 4, "b": 1}`},
		"negative":            {`{"a": 3}`, "-4.5e3", `{"a": -4.5e3}`},
		"beyond 64 bits":      {`{"a": 3}`, "123456789012345678901234567890", `{"a": 123456789012345678901234567890}`},
		"fraction":            {`{"a": 1.5}`, "2", `{"a": 2}`},
		"not JSON's number":   {`{"a": 3}`, "0123", `{"a": "0123"}`},
		"hexadecimal":         {`{"a": 3}`, "0x1f", `{"a": "0x1f"}`},
		"a text for a number": {`{"a": 3}`, "x", `{"a": "x"}`},
		"a boolean for one":   {`{"a": 3}`, "true", `{"a": "true"}`},
		"boolean":             {`{"a": true}`, "false", `{"a": false}`},
		"not JSON's boolean":  {`{"a": true}`, "False", `{"a": "False"}`},
		"null":                {`{"a": null}`, "x", `{"a": "x"}`},
		"null, a number":      {`{"a": null}`, "4", `{"a": "4"}`},
		"text":                {`{"a": "3"}`, "4", `{"a": "4"}`},
		"text, by quotes":     {`{"a": "b"}`, `say "it's" \ ` + "\u0001\u2028\U000e0001\U0001f600", `{"a": "say \"it's\" \\ \u0001\u2028` + "\U000e0001\U0001f600" + `"}`},
		"empty text":          {`{"a": "b"}`, "", `{"a": ""}`},
		"was empty":           {`{"a": ""}`, "b", `{"a": "b"}`},
		"in lines, by tabs":   {"{\n\t\"a\": 3\n}\n", "4", "{\n\t\"a\": 4\n}\n"},
		"a mark, and CRLF":    {"\ufeff{\r\n  \"a\": 3\r\n}\r\n", "4", "\ufeff{\r\n  \"a\": 4\r\n}\r\n"},
		"in a list":           {`[{"a": 3}]`, "4", `[{"a": 4}]`},
		"YAML beside it":      {"{a: 3}", "4", "{a: '4'}"},
		"YAML, a block":       {"a: 3\n", "4", "a: '4'\n"},
	} {
		e, err := Set([]byte(c.src), "$..a", c.value, 1)
		if d := cmp.Diff(c.want, string(e.Out)); err != nil || d != "" {
			t.Errorf("%s: %v %s", name, err, d)
		}
		text := strings.TrimPrefix(c.src, bom)
		if json.Valid([]byte(text)) != json.Valid([]byte(strings.TrimPrefix(string(e.Out), bom))) {
			t.Errorf("%s: %q is no JSON any more", name, e.Out)
		}
	}
}

// TestEmptyValueIsRefused sets values of which nothing stands in the file.
func TestEmptyValueIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, path, value, want string }{
		"at the end":            {"a:", "$.a", "v", "a: v"},
		"before a key":          {"a:\nb: c\n", "$.a", "v", "a: v\nb: c\n"},
		"CRLF":                  {"a:\r\nb: c\r\n", "$.a", "v", "a: v\r\nb: c\r\n"},
		"blanks":                {"a:  \nb: c\n", "$.a", "v", "a: v  \nb: c\n"},
		"a comment":             {"a: # why\nb: c\n", "$.a", "v", "a: v # why\nb: c\n"},
		"a blank before":        {"a : \nb: c\n", "$.a", "v", "a : v \nb: c\n"},
		"comments below":        {"a:\n\n# why\nb: c\n", "$.a", "v", "a: v\n\n# why\nb: c\n"},
		"deep":                  {"x:\n  a:\n  # c\ny: 1\n", "$.x.a", "v", "x:\n  a: v\n  # c\ny: 1\n"},
		"quoted key":            {"\"a\":\n", "$.a", "v", "\"a\": v\n"},
		"in a list":             {"-\n- b\n", "$[0]", "v", "- v\n- b\n"},
		"in a list, a blank":    {"- \n- b\n", "$[0]", "v", "- v \n- b\n"},
		"in a list of a key":    {"x:\n  -\n  - y\n", "$.x[0]", "v", "x:\n  - v\n  - y\n"},
		"in braces":             {"{a: , b: 1}\n", "$.a", "v", "{a: v, b: 1}\n"},
		"in braces, close":      {"{\"a\":}\n", "$.a", "v", "{\"a\": v}\n"},
		"in braces, no colon":   {"{a, b: 1}\n", "$.a", "v", "{a: v, b: 1}\n"},
		"a pair in brackets":    {"[a: ]\n", "$[0].a", "v", "[a: v ]\n"},
		"a tag":                 {"a: !!str\nb: c\n", "$.a", "v", "a: !!str v\nb: c\n"},
		"an anchor":             {"a: &x\nb: c\n", "$.a", "v", "a: &x v\nb: c\n"},
		"a number":              {"a:\n", "$.a", "4", "a: '4'\n"},
		"a hash":                {"a:\n", "$.a", "v # w", "a: 'v # w'\n"},
		"nothing":               {"a:\n", "$.a", "", "a: ''\n"},
		"null":                  {"a: null\n", "$.a", "v", "a: v\n"},
		"a tilde":               {"a: ~ # c\n", "$.a", "v", "a: v # c\n"},
		"an empty text":         {"a: ''\n", "$.a", "v", "a: 'v'\n"},
		"an empty text, double": {"a: \"\"\n", "$.a", "v", "a: \"v\"\n"},
		"to an empty text":      {"a: b\n", "$.a", "", "a: ''\n"},
		"a boolean":             {"a: true\n", "$.a", "v", "a: v\n"},
	} {
		e, err := Set([]byte(c.src), c.path, c.value, 1)
		if d := cmp.Diff(c.want, string(e.Out)); err != nil || d != "" || !e.Changed {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

// TestTrueSizeIsSaid: a file above the limit is told its own size, and the pages
// tell the limit.
func TestTrueSizeIsSaid(t *testing.T) {
	t.Parallel()
	base := workspace(t, map[string]string{"big.yml": "a: b\n#" + strings.Repeat("x", 5<<20)})
	size := 5<<20 + 6
	for name, in := range map[string]map[string]any{
		"yaml_get": {"workspace": "ws", "file": "big.yml", "jsonpath": "$.a"},
		"yaml_set": {"workspace": "ws", "file": "big.yml", "jsonpath": "$.a", "value": "c"},
	} {
		_, err := run(t, base, name, in)
		wantError(t, err, types.BadInput, fmt.Sprintf("the YAML has %d bytes, more than %d", size, maxFile))
	}
	if info, err := os.Stat(filepath.Join(base, "ws", "files", "big.yml")); err != nil || info.Size() != int64(size) {
		t.Errorf("%v %v", info, err)
	}
	limit := fmt.Sprintf("at most %d MiB", maxFile>>20)
	for _, s := range Steps() {
		for _, arg := range []string{"file", "text"} {
			if f, there := s.In.Field(arg); there && !strings.Contains(f.Doc, limit) {
				t.Errorf("%s does not say of %s that it is %s: %s", s.Name, arg, limit, f.Doc)
			}
		}
	}
}

// TestLaterYAML edits what YAML 1.1 would read otherwise, or not at all.
func TestLaterYAML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, path, want string }{
		"a directive":      {"%YAML 1.2\n---\na: b\n", "$.a", "%YAML 1.2\n---\na: v\n"},
		"two documents":    {"a: b\n...\n%YAML 1.2\n---\nc: d\n", "$.c", "a: b\n...\n%YAML 1.2\n---\nc: v\n"},
		"NEL in plain":     {"x: p\u0085q\na: b\n", "$.a", "x: p\u0085q\na: v\n"},
		"NEL in it":        {"a: b\u0085 c\n", "$.a", "a: v\n"},
		"LS in quotes":     {"x: \"p\u2028q\"\na: 'b\u2029'\n", "$.a", "x: \"p\u2028q\"\na: 'v'\n"},
		"NEL in a block":   {"x: |\n  p\u0085q\n  r\na: b\n", "$.a", "x: |\n  p\u0085q\n  r\na: v\n"},
		"PS before it":     {"x: {p\u2029: q, a: b}\n", "$.x.a", "x: {p\u2029: q, a: v}\n"},
		"chosen by a NEL":  {"- {n: p\u0085q, a: b}\n- {n: pq, a: c}\n", "$[?@.n == 'p\u0085q'].a", "- {n: p\u0085q, a: v}\n- {n: pq, a: c}\n"},
		"beside an escape": {"x: \"\\N\u0085\u00c0\"\na: b\n", "$.a", "x: \"\\N\u0085\u00c0\"\na: v\n"},
	} {
		e, err := Set([]byte(c.src), c.path, "v", 1)
		if d := cmp.Diff(c.want, string(e.Out)); err != nil || d != "" {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	docs, err := parse([]byte("a: b\u0085c\n"))
	if err != nil || docs[0].Content[0].Content[1].Value != "b\u0085c" {
		t.Errorf("%v %v", docs, err)
	}
}
