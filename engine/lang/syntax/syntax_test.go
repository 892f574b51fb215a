package syntax_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

func parse(t testing.TB, text string) *syntax.Node {
	t.Helper()
	n, list := syntax.Parse("f.yaml", []byte(text))
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestData(t *testing.T) {
	t.Parallel()
	n := parse(t, `
text: [a, "1", 'true', 010, 0x1F, 1_000, 1e3, 123e45, yes, True, 2026-01-31, <<, 99999999999999999999, .5, "", "null"]
int: [0, 12, -3, 9223372036854775807]
float: [1.5, -0.25, 1.10, 2.5e3]
bool: [true, false]
none: [~, null]
nothing:
`)
	want := map[string]any{
		"text": []any{"a", "1", "true", "010", "0x1F", "1_000", "1e3", "123e45", "yes", "True", "2026-01-31", "<<",
			"99999999999999999999", ".5", "", "null"},
		"int":     []any{0, 12, -3, 9223372036854775807},
		"float":   []any{1.5, -0.25, 1.10, 2.5e3},
		"bool":    []any{true, false},
		"none":    []any{nil, nil},
		"nothing": nil,
	}
	if diff := cmp.Diff(want, n.Data()); diff != "" {
		t.Error(diff)
	}
	if n.Get("nothing") == nil || !n.Get("nothing").IsNull() || n.Get("absent") != nil || n.Get("absent").Get("x") != nil {
		t.Error("Get does not tell nothing from absent")
	}
}

// cut returns the text of a range, by counting in the plainest way.
func cut(text string, r diag.Range) string {
	offset := func(p diag.Pos) int {
		lines := strings.SplitAfter(text, "\n")
		n := 0
		for _, l := range lines[:p.Line-1] {
			n += len(l)
		}
		for range p.Col - 1 {
			_, size := utf8.DecodeRuneInString(text[n:])
			n += size
		}
		return n
	}
	return text[offset(r.Start):offset(r.End)]
}

func TestRanges(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"plain", "v: ab # c\n", "ab"},
		{"plain over lines", "v: ab\n  cd \n\n  ef  \n", "ab\n  cd \n\n  ef"},
		{"single", "v: 'it''s' \n", "'it''s'"},
		{"double", `v: "a\"b" `, `"a\"b"`},
		{"nothing", "v:   \n", ""},
		{"flow sequence", "v: [1, [2], # ]\n 3 , ] # x\n", "[1, [2], # ]\n 3 , ]"},
		{"flow mapping", "v: {a: {}, b: } \n", "{a: {}, b: }"},
		{"flow pair", "v: [a: b, c]\n", "[a: b, c]"},
		{"block sequence", "v:\n- a\n- b\nw: 1\n", "- a\n- b"},
		{"block mapping", "v:\n  a: 1\n  é: ü # c\nw: 1\n", "a: 1\n  é: ü"},
		{"literal", "v: |  \n  a\n\n   b\n\n\nw: 1\n", "|  \n  a\n\n   b"},
		{"empty literal", "v: |-\nw: 1\n", "|-"},
		{"crlf", "v: 'a\r\n  b'\r\nw: 1\r\n", "'a\r\n  b'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := cut(tt.text, parse(t, tt.text).Get("v").Range); got != tt.want {
				t.Errorf("the range is %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPlace looks up the expression in the decoded text and checks the place
// against the source.
func TestPlace(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, at string }{
		{"plain", "v: é ${{ x }} y\n", "1:6"},
		{"plain over lines", "v: a\n\n\n  b\n  ${{ x }}\n", "5:3"},
		{"single", "v: 'it''s ${{ x }}'\n", "1:11"},
		{"single over lines", "v: 'it''s \n\n \n  é ${{ x }}'\n", "4:5"},
		{"double", `v: "\t\"\u00e9\U0001F600\x41 é ${{ x }}"`, "1:32"},
		{"double over lines", "v: \"a \\\n   b\n\n\n   ${{ x }}\"\n", "5:4"},
		{"double with an escaped break and blank lines", "v: \"a\\\n\n\n   ${{ x }}\"\n", "4:4"},
		{"literal", "v: |\n  a\n\n    b\n  é ${{ x }}\n", "5:5"},
		{"literal with a comment and an indicator", "v: |2- # 3\n    a\n   ${{ x }}\n", "3:4"},
		{"literal keeping its end", "v: |+\n  ${{ x }}\n\n\n", "2:3"},
		{"folded", "v: >\n  a\n  b\n\n  c\n   d\n\n   e\n  é ${{ x }}\n", "9:5"},
		{"folded, begun by blank lines", "v: >-\n\n\n  a\n  ${{ x }}\n", "5:3"},
		{"crlf", "v: |\r\n  a\r\n  b ${{ x }}\r\n", "3:5"},
		{"folded crlf", "v: >\r\n  a\r\n  b ${{ x }}\r\n", "3:5"},
		{"double crlf", "v: \"a\r\n  b ${{ x }}\"\r\n", "2:5"},
		{"flow", "v: {k: ['${{ x }}']}\n", "1:10"},
		{"after a mark", "\ufeffv: ${{ x }}\n", "1:4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := parse(t, tt.text).Get("v")
			if n.Kind == syntax.Mapping {
				n = n.Pairs[0].Value.Items[0]
			}
			from := strings.Index(n.Value, "${{")
			r := n.Place(from, from+len("${{ x }}"))
			text := strings.TrimPrefix(tt.text, "\ufeff")
			if got := cut(text, r); got != "${{ x }}" {
				t.Errorf("the place is %q of %q", got, n.Value)
			}
			if got := fmt.Sprintf("%d:%d", r.Start.Line, r.Start.Col); got != tt.at {
				t.Errorf("the place begins at %s, want %s", got, tt.at)
			}
		})
	}
}

func TestPlaceInside(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text     string
		from, to int
		want     string
	}{
		{`v: "\u00e9b"`, 0, 1, `\u00e9`}, // a part of a character is the whole escape
		{`v: "\u00e9b"`, 1, 3, `\u00e9b`},
		{"v: 'a\n b'", 1, 2, "\n "}, // a folded break
		{"v: 'a\n b'", 1, 3, "\n b"},
		{"v: ab", -5, 99, "ab"},
		{"v: ab", 1, 1, ""},
		{"v: ab", 2, 1, ""},
		{"v: ''", 0, 0, ""},
		{"v: ", 0, 0, ""},
		{"v: [a]", 0, 1, "[a]"},
	}
	for _, tt := range tests {
		if got := cut(tt.text, parse(t, tt.text).Get("v").Place(tt.from, tt.to)); got != tt.want {
			t.Errorf("%q: bytes %d to %d are at %q, want %q", tt.text, tt.from, tt.to, got, tt.want)
		}
	}
	end := parse(t, "v: 'ab' ").Get("v").Place(2, 2).Start
	if want := (diag.Pos{Line: 1, Col: 7}); end != want {
		t.Errorf("the end is at %v, want %v", end, want)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct{ name, text, want string }{
		{"size", "a: " + strings.Repeat("x", syntax.MaxBytes-3), ""},
		{"too large", strings.Repeat("x", syntax.MaxBytes+1), "too-large"},
		{"nodes", "[" + strings.Repeat("1,", syntax.MaxNodes-1) + "]", ""},
		{"too many nodes", "[" + strings.Repeat("1,", syntax.MaxNodes) + "]", "too-many-nodes"},
		{"far too many nodes", "{" + strings.Repeat("a,", 100_000) + "}", "too-many-nodes"},
		{"depth", deep(syntax.MaxDepth), ""},
		{"too deep", deep(syntax.MaxDepth + 1), "too-deep"},
		{"far too deep", deep(100_000), "too-deep"},
		{"fault in a long file", strings.Repeat("a: [\n]\n", 6_000) + " b: 1", "yaml-syntax"},
		{"fault on a long line", "x: " + strings.Repeat("é, ", 50_000) + "b: c", "yaml-syntax"},
		{"comments in brackets", "v: [" + strings.Repeat("1, # é\n", 9_000) + "]", ""},
		{"one line of quotes", "[" + strings.Repeat(`'é', "b", `, 4_900) + "]", ""},
		{"one line of brackets", "[" + strings.Repeat("{é: [1]},", 2_400) + "]", ""},
		{"wide block", "v: |9\n" + strings.Repeat(strings.Repeat(" ", 120)+"x\n", 2_000), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			_, list := syntax.Parse("f.yaml", []byte(tt.text))
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			codes := map[diag.Code]bool{}
			for _, d := range list {
				codes[d.Code] = true
			}
			if tt.want == "" && len(codes) > 0 || tt.want != "" && !codes[diag.Code(tt.want)] {
				t.Errorf("the codes are %v, want %q", codes, tt.want)
			}
		})
	}
}

// FuzzParse holds that nothing panics, that every range lies in the text and
// in its parent, and that every scalar of a file without errors was brought
// together with its source.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, path := range files {
		for _, c := range diagtest.Cases(f, path) {
			f.Add([]byte(c.Text))
		}
	}
	f.Add([]byte("{<<: {}, ? [a] : b}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, list := syntax.Parse("f", data)
		text := strings.TrimPrefix(string(data), "\ufeff")
		lines := strings.Split(text, "\n")
		for _, d := range list {
			checkRange(t, lines, d.At)
		}
		if n != nil {
			checkNode(t, text, lines, n, list.HasErrors())
		} else if !list.HasErrors() {
			t.Error("neither a node nor an error")
		}
	})
}

func checkRange(t *testing.T, lines []string, r diag.Range) {
	t.Helper()
	for _, p := range []diag.Pos{r.Start, r.End} {
		if p.Line < 1 || p.Line > len(lines) || p.Col < 1 || p.Col > utf8.RuneCountInString(lines[p.Line-1])+1 {
			t.Fatalf("%v is outside of the text", r)
		}
	}
	if after(r.Start, r.End) {
		t.Fatalf("%v ends at %v, before it begins", r, r.End)
	}
}

func after(a, b diag.Pos) bool { return a.Line > b.Line || a.Line == b.Line && a.Col > b.Col }

func checkNode(t *testing.T, text string, lines []string, n *syntax.Node, errors bool) {
	checkRange(t, lines, n.Range)
	checkRange(t, lines, n.Place(0, len(n.Value)/2))
	if !errors && n.Kind == syntax.Scalar && !n.Aligned() {
		t.Errorf("the text %q at %v has no places", n.Value, n.Range)
	}
	var children []*syntax.Node
	children = append(children, n.Items...)
	for _, p := range n.Pairs {
		children = append(children, p.Key, p.Value)
	}
	for _, c := range children {
		if !errors && (after(n.Range.Start, c.Range.Start) || after(c.Range.End, n.Range.End)) {
			t.Errorf("%v-%v is outside of its parent %v-%v", c.Range, c.Range.End, n.Range, n.Range.End)
		}
		checkNode(t, text, lines, c, errors)
	}
}

// TestErrorsBehindTooManyValues: a file that is too large for us is told so once,
// wherever in it the limit falls, and nothing is said of what was not read.
func TestErrorsBehindTooManyValues(t *testing.T) {
	t.Parallel()
	lines := func(n int, line func(int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i))
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"keys":         lines(6_000, func(i int) string { return fmt.Sprintf("k%d: v\n", i) }),
		"keys, by one": "a: [1]\n" + lines(6_000, func(i int) string { return fmt.Sprintf("k%d: v\n", i) }),
		"objects":      "steps:\n" + lines(3_000, func(i int) string { return fmt.Sprintf("  - {id: s%d, log: x}\n", i) }),
		"lists":        "steps:\n" + lines(6_000, func(i int) string { return "  - [a]\n" }),
	} {
		root, list := syntax.Parse("f.yaml", []byte(text))
		if len(list) != 1 || list[0].Code != "too-many-nodes" || root != nil {
			t.Errorf("%s: %v %v", name, root != nil, list)
		}
	}
}

// TestVersionDirective: a skill may say that it is YAML 1.2, which it is.
func TestVersionDirective(t *testing.T) {
	t.Parallel()
	root, list := syntax.Parse("f.yaml", []byte("%YAML 1.2\n---\nname: x\n"))
	if len(list) != 0 || root.Get("name").Value != "x" || root.Get("name").Range.Start.Line != 3 {
		t.Errorf("%v %v", root, list)
	}
}
