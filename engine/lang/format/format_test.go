package format_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/lang/format"
)

func TestSource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"levels are indented by two, and lists more than their keys": {
			"a:\n    b:\n        c: 1\n    d:\n    - e:   1\n      f: 2\n    -   - g\n        - h\n",
			"a:\n  b:\n    c: 1\n  d:\n    - e: 1\n      f: 2\n    - - g\n      - h\n",
		},
		"one blank after marks":             {"a :\t1\n\"b\":   [ 1 ,2,3, ]\nc: { d : 1,e: {} ,\"f\":2 }\n", "a: 1\n\"b\": [1, 2, 3]\nc: {d: 1, e: {}, \"f\": 2}\n"},
		"a key without a value in brackets": {"a: { b: , c: }\n", "a: {b: , c: }\n"},
		"blank lines and ends of lines":     {"\ufeff\r\n\r\na: 1  \r\n \t\r\n\r\n\r\nb: 2\t\r\n\r\n\r\n", "a: 1\n\nb: 2\n"},
		"no end of the last line":           {"a: 1", "a: 1\n"},
		"quotes and order stay":             {"b: '1'\na: \"1\"\nc: x\n", "b: '1'\na: \"1\"\nc: x\n"},
		"brackets over lines": {
			"a: [\n1,\n      {b: 2,\n  c: 3},\n]\nd: [{\ne: 1\n}]\nf:\n   [ 1,\n2 ]\n",
			"a: [\n    1,\n    {b: 2,\n      c: 3},\n  ]\nd: [{\n    e: 1\n  }]\nf:\n  [1,\n    2]\n",
		},
		"a block moves as a whole": {
			"a:\n      b: |   # why\n               x\n\n                 y  \n               \n      c: >-\n         z\n",
			"a:\n  b: |   # why\n    x\n\n      y  \n\n  c: >-\n    z\n",
		},
		"a block that says how far it is indented": {"a:\n     b: |2\n          x\n        y\n", "a:\n  b: |2\n       x\n     y\n"},
		"a block that keeps its blank lines":       {"a: |+\n    x\n\n\n\nb: 1\n\n\n", "a: |+\n  x\n\n\n\nb: 1\n"},
		"a block at the end of a text":             {"a: |\n    x", "a: |-\n  x\n"},
		"a text over lines": {
			"a: x\n         y  \n\n     z\nb: \"x \\ \n  \\ y\\\n z\"\nc:\n      'x\n y'\n",
			"a: x\n  y\n\n  z\nb: \"x \\ \n  \\ y\\\n  z\"\nc:\n  'x\n  y'\n",
		},
		"comments follow what they are about": {
			"   # of all\na:    # of a\n# of b\n    b: 1      # one\n    # two\n    c:\n        - 1\n        # in the list\n      # in a\n# of d\nd: 1\n      # of the rest\n",
			"# of all\na:    # of a\n  # of b\n  b: 1      # one\n  # two\n  c:\n    - 1\n    # in the list\n  # in a\n# of d\nd: 1\n# of the rest\n",
		},
		"comments in brackets":   {"a: [\t# one\n# two\n1, # three\n# four\n]\n", "a: [ # one\n    # two\n    1, # three\n    # four\n  ]\n"},
		"marks of a document":    {"%YAML 1.2\n---   # first\n\n\na:   1\n...\n", "%YAML 1.2\n---   # first\n\na: 1\n...\n"},
		"what it does not know":  {"? a\n:   b\n", "? a\n:   b\n"},
		"what is in expressions": {"a:   ${{ {a:1}  }}\nb: [ \"${{ x ,y }}\" ]\n", "a: ${{ {a:1}  }}\nb: [\"${{ x ,y }}\"]\n"},
	} {
		out, diags := format.Source("x.yaml", []byte(c.text))
		if d := cmp.Diff(c.want, string(out)); d != "" || diags != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, diags, d)
		}
		holds(t, []byte(c.text))
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	out, diags := format.Source("x.yaml", []byte("a: [1\nb: 2\n"))
	if out != nil || !diags.HasErrors() || diags.First().At.File != "x.yaml" {
		t.Errorf("%q, %v", out, diags)
	}
}

// TestShipped: what this repository ships and what its pages show is canonical.
func TestShipped(t *testing.T) {
	t.Parallel()
	for file, text := range shipped(t) {
		if strings.Contains(file, "/testdata/") {
			continue // some of it is there to be wrong
		}
		if out, diags := format.Source(file, text); diags != nil || string(out) != string(text) {
			t.Errorf("%s is not canonical: skillrun fmt it %v", file, diags)
		}
	}
	block := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")
	pages, err := filepath.Glob("../../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(err, pages)
	}
	for _, page := range append(pages, "../../../README.md", "../../../CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllSubmatch(text, -1) {
			if out, diags := format.Source(page, m[1]); diags == nil && string(out) != string(m[1]) {
				t.Errorf("%s (-page +canonical)\n%s", page, cmp.Diff(string(m[1]), string(out)))
			}
		}
	}
}

// TestMoved: what stands in another place with another indentation has the form that it
// had, moved.
func TestMoved(t *testing.T) {
	t.Parallel()
	for file, text := range shipped(t) {
		if strings.Contains(file, "/testdata/") {
			continue
		}
		moved := "x:\n" + regexp.MustCompile(`(?m)^.`).ReplaceAllString(string(text), "     $0")
		want := "x:\n" + regexp.MustCompile(`(?m)^.`).ReplaceAllString(string(text), "  $0")
		out, diags := format.Source(file, []byte(strings.ReplaceAll(moved, "\n", "\r\n")))
		if d := cmp.Diff(want, string(out)); d != "" || diags != nil {
			t.Errorf("%s: %v (-want +got)\n%s", file, diags, d)
		}
	}
}

// TestMutated: the promises hold for files that somebody works at.
func TestMutated(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(16, 2))
	signs := []string{" ", "  ", "\n", "\n\n", "\t", "#", " # x\n", "-", "- ", ":", ": ", "|", ">", "|+", "'", `"`, `\`, "{", "}", "[", "]", ",", ", ", "a", "${{ ", "é", "?", "---\n", "\r\n"}
	for _, text := range shipped(t) {
		if len(text) > 4000 {
			continue
		}
		for range 2 {
			out := string(text)
			for range 1 + random.IntN(4) {
				at := random.IntN(len(out) + 1)
				out = out[:at] + signs[random.IntN(len(signs))] + out[min(len(out), at+random.IntN(3)):]
			}
			holds(t, []byte(out))
		}
	}
}
