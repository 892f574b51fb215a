package yamltext_test

import (
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/skillrun/skillrun/engine/yamltext"
)

// TestLaterYAMLIsRefused reads texts of YAML 1.2 with a parser of 1.1.
func TestLaterYAMLIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"%YAML 1.2\n---\na: b\n":                       "b",
		"# why\n\n%YAML  1.2 # so\n---\na: b\n":        "b",
		"\ufeff%YAML 1.2\r\n---\r\na: b\r\n":           "b",
		"%YAML 1.10\n---\na: b\n":                      "b",
		"%YAML 1.1\n---\na: b\n":                       "b",
		"%FOO bar baz\n---\na: b\n":                    "b",
		"%TAG ! tag:example.com,2000:\n---\na: b\n":    "b",
		"a: b\u0085c\n":                                "b\u0085c",
		"a: b\u2028c\u2029d\n":                         "b\u2028c\u2029d",
		"a: \"b\u0085 \u2028\"\n":                      "b\u0085 \u2028",
		"a: 'b\u0085'\n":                               "b\u0085",
		"a: |\n  b\u0085c\n  d\n":                      "b\u0085c\nd\n",
		"a: \"\\xC0 \u00c1 \\ue000\\u2028 \u0085\"\n":  "\u00c0 \u00c1 \ue000\u2028 \u0085",
		"a: \"\\\n  b\u0085\"\n":                       "b\u0085",
		"a: |\n  %YAML 1.2\n  %FOO\n":                  "%YAML 1.2\n%FOO\n",
		"a: x\u2028\n...\n%YAML 1.2\n---\na: second\n": "x\u2028",
	} {
		var n yaml.Node
		if err := yamltext.NewDecoder(text).Decode(&n); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := n.Content[0].Content[1].Value; got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
	}
}

// TestJSONPairs: JSON escapes a character above U+FFFF as a pair. Where a text is
// no JSON string, the same signs are what they are.
func TestJSONPairs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a": "\ud83d\ude00"}`:                      "😀",
		`{"a": "x \uD83D\uDE00\ud83d\ude01\u00e9!"}`: "x 😀😁é!",
		`{"a": "\ue000\ue001\ud83d\ude00"}`:          "\ue000\ue001😀",
		`{"a": "\\ud83d"}`:                           `\ud83d`,
		`{"a": "\\\ud83d\ude00"}`:                    `\😀`,
		`{"a": "\ud83d\ude00\u0085\L"}`:              "😀\u0085\u2028",
		"a: \\ud83d\\ude00\n":                        `\ud83d\ude00`,
		"a: '\\uD83d\\ude00'\n":                      `\uD83d\ude00`,
		"a: |\n  \\ud83d\\ude00\u2028\n":             "\\ud83d\\ude00\u2028\n",
	} {
		var n yaml.Node
		if err := yamltext.NewDecoder(text).Decode(&n); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := n.Content[0].Content[1].Value; got != want {
			t.Errorf("%s reads %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{`{"a": "\ud83d"}`, `{"a": "\ude00\ud83d"}`, `{"a": "\\ud83d\ude00"}`, `{"a": "\ud83d\ud83d\ude00"}`} {
		var n yaml.Node
		if err := yamltext.NewDecoder(text).Decode(&n); err == nil {
			t.Errorf("%s reads %q", text, n.Content[0].Content[1].Value)
		}
	}
}

// TestWhatIsWrongStaysWrong: a directive stands before a document, and nothing of
// another major version is read.
func TestWhatIsWrongStaysWrong(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"%YAML 2.0\n---\na: b\n", "%YAML\n---\na: b\n", "%YAML 1.2\na: b\n"} {
		var n yaml.Node
		if err := yamltext.NewDecoder(text).Decode(&n); err == nil {
			t.Errorf("%q reads as %v", text, n.Content[0])
		}
	}
}

// TestPlacesStay: lines and columns are those of the text, and an escape of the
// parser's own for a line break is what it was.
func TestPlacesStay(t *testing.T) {
	t.Parallel()
	var n yaml.Node
	if err := yamltext.NewDecoder("%YAML 1.2\n---\na\u2028: 1\nb: [\u0085x, y]\nc: \"\\N\\L\"\n").Decode(&n); err != nil {
		t.Fatal(err)
	}
	root := n.Content[0].Content
	if k, y, c := root[0], root[3].Content[1], root[5]; k.Value != "a\u2028" || y.Line != 4 || y.Column != 9 || c.Value != "\u0085\u2028" {
		t.Errorf("%q, %d:%d, %q", k.Value, y.Line, y.Column, c.Value)
	}
}
