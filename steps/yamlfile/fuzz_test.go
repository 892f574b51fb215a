package yamlfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// flat lists every node of a file, with all that is not its place.
func flat(t *testing.T, src []byte) []string {
	t.Helper()
	var out []string
	var walk func(n *yamltext.Node)
	walk = func(n *yamltext.Node) {
		out = append(out, fmt.Sprintf("%d %s %q &%s", n.Kind, n.Tag, n.Value, n.Anchor))
		for _, c := range n.Content {
			walk(c)
		}
	}
	docs, err := parse(src)
	if err != nil {
		t.Fatalf("not YAML any more: %v\n%q", err, src)
	}
	for _, d := range docs {
		walk(d)
	}
	return out
}

// checkEdit proves by other means than Set's own that only the scalars of the
// places differ, and that they are the string value now.
func checkEdit(t *testing.T, src []byte, value string, e Edit) {
	t.Helper()
	before, after := flat(t, src), flat(t, e.Out)
	if len(before) != len(after) {
		t.Fatalf("%d nodes became %d", len(before), len(after))
	}
	differ := 0
	for i := range before {
		if before[i] == after[i] {
			continue
		}
		differ++
		if want := fmt.Sprintf("%d !!str %q &", yamltext.ScalarNode, value); after[i] != want {
			t.Errorf("%s became %s, want %s", before[i], after[i], want)
		}
	}
	if differ > len(e.Places) {
		t.Errorf("%d values differ, %d places", differ, len(e.Places))
	}
	a, b := splitLines(src), splitLines(e.Out)
	if len(a) != len(b) {
		t.Fatalf("%d lines became %d", len(a), len(b))
	}
	touched := 0
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			touched++
		}
	}
	if touched > len(e.Places) {
		t.Errorf("%d lines differ, %d places", touched, len(e.Places))
	}
}

func FuzzSet(f *testing.F) {
	for _, s := range []struct{ src, path, value string }{
		{"a: b\n", "$.a", "1234567"},
		{"{ref: abc, 'b': \"c\"}", "$.ref", "x: y"},
		{"- &a x\n- *a\n- {<<: {c: d}}\n", "$[*]", "'"},
		{"a: |\n  b\n# c\r\nd: e\u0085f: g", "$..*", "\n"},
		{"%YAML 1.1\n---\n? a\n: b\n...\n--- !!str c\n", "$", "%"},
		{"\ufeffa: 'b''c' # d\n", "$['a']", "\u2028"},
		{"a: [b, [c, {d: e}], 0x1f, 2025-01-01]", "$.a[?(@.d == 'e' || @ > 3)]", "-"},
	} {
		f.Add(s.src, s.path, s.value, 1)
	}
	f.Fuzz(func(t *testing.T, src, path, value string, expect int) {
		e, err := Set([]byte(src), path, value, expect)
		if err == nil {
			checkEdit(t, []byte(src), value, e)
			return
		}
		if types.CodeOf(err) == types.Internal {
			t.Errorf("%q %q %q: %v", src, path, value, err)
		}
	})
}

// TestGeneratedFiles edits one scalar in files of every shape the generator
// makes, and compares the bytes around it.
func TestGeneratedFiles(t *testing.T) {
	t.Parallel()
	values := []string{newSHA, "1234567", "main", "it's", `"q"`, "a: b", "früh", "", "no", "#", "a\nb", "[x"}
	for seed := range uint64(400) {
		g := generator{r: rand.New(rand.NewPCG(seed, 7)), eol: "\n"}
		if seed%3 == 0 {
			g.eol = "\r\n"
		}
		before, scalar, after := g.file()
		src := before + scalar + after
		value := values[seed%uint64(len(values))]
		e, err := Set([]byte(src), "$..target.ref", value, 1)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, src)
		}
		out := string(e.Out)
		if !strings.HasPrefix(out, before) || !strings.HasSuffix(out, after) {
			t.Errorf("seed %d: bytes around the scalar differ\n%s\n---\n%s", seed, src, out)
		}
		checkEdit(t, []byte(src), value, e)
		if strings.ContainsAny(scalar[:1], `'"`) && scalar[0] != out[len(before)] && !strings.Contains(value, "\n") {
			t.Errorf("seed %d: %s lost its quotes: %s", seed, scalar, out[len(before):len(out)-len(after)])
		}
	}
}

// generator writes random YAML with one mapping "target" that has a "ref".
type generator struct {
	r   *rand.Rand
	eol string
}

func (g generator) pick(of ...string) string { return of[g.r.IntN(len(of))] }

func (g generator) file() (before, scalar, after string) {
	var b strings.Builder
	b.WriteString(g.pick("", bom, "---\n", "# it's \"odd\n", "--- # head\n"))
	g.noise(&b)
	indent := g.r.IntN(5)
	pad := strings.Repeat(" ", indent)
	list := g.pick("", "- ")
	b.WriteString("list:\n")
	if list == "" {
		pad += " "
	}
	scalar = g.pick("abc1234", "'abc'", `"a\tb"`, "1234567", "x y z", "'it''s'", "日本", "true")
	if g.r.IntN(3) == 0 {
		b.WriteString(pad + list + "target: {ä: \"ö, }\", ref:" + g.pick(" ", "   "))
		return g.lines(b.String()), scalar, g.lines(g.pick("}", " }", ", z: 1}", ",z: 'q' } # c", " # don't\n"+pad+"   }", "\n"+pad+"   , k: v}") + g.rest())
	}
	b.WriteString(pad + list + "target:" + g.pick("", " # 'c") + "\n")
	inner := pad + strings.Repeat(" ", len(list)+1+g.r.IntN(4))
	b.WriteString(g.pick("", inner+"first: >\n"+inner+"  folded\n\n"+inner+"  text # no comment\n", inner+"$ref: /x/y.yml\n"))
	b.WriteString(inner + g.pick("ref", `"ref"`, "'ref'", `"r\x65f"`) + ":" + g.pick(" ", "    ", " \t"))
	return g.lines(b.String()), scalar, g.lines(g.pick("", "  ", " # don't \"x\"", "\t# y") + "\n" + g.pick("", inner+"z: [a,  b]\n") + g.rest())
}

// rest is what follows: after a flow mapping it must begin a line of its own.
func (g generator) rest() string {
	return g.pick("", "\n", "\n# end", "\n\ntail: |\n  ref: x\n   y\n", "\n---\nother: 'doc'\n", "\n...\n")
}

func (g generator) noise(b *strings.Builder) {
	for i := range g.r.IntN(4) {
		fmt.Fprintf(b, "n%d: %s\n", i, g.pick("x", "'y'   # c", "[1,\n  2]", "|\n  block: x\n\n  more", ">-\n  a\n  b", "\"l1\n  l2\"", "{q: w}", "~"))
		if i == 0 {
			b.WriteString("x: &x0 " + g.pick("v", "[v]") + "\ny: *x0\n")
		}
	}
}

// lines gives the text its line ends.
func (g generator) lines(s string) string { return strings.ReplaceAll(s, "\n", g.eol) }
