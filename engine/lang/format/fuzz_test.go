package format_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/skillrun/skillrun/engine/lang/format"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// FuzzSource: what is laid out anew says what it said, with the same comments, and is
// canonical. The look at the result that Source has is left out: it never finds anything.
func FuzzSource(f *testing.F) {
	for _, text := range shipped(f) {
		if len(text) < 3000 {
			f.Add(text)
		}
	}
	for _, text := range odd {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { holds(t, text) })
}

// holds checks the promises for one text.
func holds(t *testing.T, text []byte) {
	t.Helper()
	root, diags := syntax.ParseData("x.yaml", text)
	if diags.HasErrors() {
		if out, _ := format.Source("x.yaml", text); out != nil {
			t.Errorf("%q is no YAML, and yet it is %q", text, out)
		}
		return
	}
	out, ok := format.Rewrite(root, text)
	if !ok {
		return
	}
	again, diags := syntax.ParseData("x.yaml", []byte(out))
	if diags.HasErrors() {
		t.Fatalf("%q\nbecomes\n%q\n%v", text, out, diags)
	}
	if !format.Same(root, again) {
		t.Fatalf("%q\nsays something else as\n%q", text, out)
	}
	if was, is := format.Comments(root, text), format.Comments(again, []byte(out)); !slices.Equal(was, is) {
		t.Fatalf("%q\nbecomes\n%q\nwith the comments %q, was %q", text, out, is, was)
	}
	if twice, ok := format.Rewrite(again, []byte(out)); !ok || twice != out {
		t.Fatalf("%q\nbecomes\n%q\nwhich becomes %t\n%q", text, out, ok, twice)
	}
}

// shipped are the YAML files of this repository that skillrun is to read.
func shipped(t testing.TB) map[string][]byte {
	out := map[string][]byte{}
	for _, dir := range []string{"skills", "examples", "engine", "steps", "cmd", "docs"} {
		err := filepath.WalkDir(filepath.Join("../../..", dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) {
				return err
			}
			out[path], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// odd are texts with what the files of this repository do not have.
var odd = []string{
	"a: |\n  text", "a: >-\n      text\n       more\n\n", "a: |+\n  text\n\n\n", "a:\n  b: |2+\n      x\n\n  c: d\n", "a: |\n\n\n",
	"a:\n- b\n-\n- \n- - c\n  - d\nk:\n", "a: {b: , c:, d}\n", "a: 'b\n  c  \n\n  d'\ne: f # c\n", "--- {a: b}\n...\n# c\n",
	"{a: [b: c, d], \"g\":h , }\n", "a: [b,\nc,\n]\n", "a: # c\n  b\n", "a: [{\n b: c # d\n# e\n},\n f]\n", "%YAML 1.2\n---\na: b\n",
	"a:\n    - b:   c\n      # of b\n    # of a\n    - d\n# end\n", "\ufeffa: b\r\n\r\n\r\nc: |\r\n    d\r\n", "a: \"b\\ \n  c\\\n  d\"\n",
	"? a\n: b\n", "a: b\n  c\n   - d # e\nf:\n- |\n text\n", "a: |\n  b\n\t\nc: >\n\n   d\n    e\n", "a :  b\n\"c\"  :\n     - d\n",
}
