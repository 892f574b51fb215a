// Package diagtest checks diagnostics against expectations that stand on the
// lines that cause them, so that a test of a checker is a YAML file and no Go.
//
// A file holds cases, separated by lines of ---8<---. A line that is at fault
// ends in
//
//	### "regexp" "regexp" …
//
// one for each diagnostic that begins on it, checked against the diagnostic's
// text with code, hint and notes. The comment is cut off before the case is
// parsed. ⟦85⟧ stands for the byte 0x85. What is not expected fails, and so
// does what is expected and does not come.
package diagtest

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
)

// Case is a text, and what is expected on each of its lines.
type Case struct {
	Text string
	want map[int][]string
}

// Cases reads the cases of a file.
func Cases(t testing.TB, path string) []Case {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []Case
	for part := range strings.SplitSeq(string(data), "---8<---\n") {
		out = append(out, newCase(part))
	}
	return out
}

func newCase(text string) Case {
	comment := regexp.MustCompile(`[ \t]*### (".*")$`)
	quoted := regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	rawByte := regexp.MustCompile(`⟦([0-9a-f]{2})⟧`)
	c := Case{want: map[int][]string{}}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if m := comment.FindStringSubmatch(line); m != nil {
			for _, q := range quoted.FindAllStringSubmatch(m[1], -1) {
				c.want[i+1] = append(c.want[i+1], strings.ReplaceAll(q[1], `\"`, `"`))
			}
			lines[i] = strings.TrimSuffix(line, m[0])
		}
	}
	c.Text = rawByte.ReplaceAllStringFunc(strings.Join(lines, "\n"), func(m string) string {
		b, err := hex.DecodeString(rawByte.FindStringSubmatch(m)[1])
		if err != nil {
			panic("unreachable: the pattern matches hexadecimal digits only")
		}
		return string(b)
	})
	return c
}

// Compare checks diagnostics against the expectations, both ways. A diagnostic
// about the text as a whole belongs to its first line.
func (c Case) Compare(t testing.TB, got diag.List) {
	t.Helper()
	for _, d := range got {
		line := max(d.At.Start.Line, 1)
		if i := matching(c.want[line], describe(d)); i >= 0 {
			c.want[line] = append(c.want[line][:i:i], c.want[line][i+1:]...)
		} else {
			t.Errorf("not expected: %s", describe(d))
		}
	}
	for line, wants := range c.want {
		for _, w := range wants {
			t.Errorf("line %d: nothing matches %q", line, w)
		}
	}
	if t.Failed() {
		t.Logf("of\n%s", c.Text)
	}
}

func describe(d diag.Diagnostic) string {
	s := d.String()
	for _, n := range d.Related {
		s += " note " + n.At.String() + ": " + n.Message
	}
	return s
}

func matching(patterns []string, text string) int {
	for i, p := range patterns {
		if regexp.MustCompile(p).MatchString(text) {
			return i
		}
	}
	return -1
}

// Fixed makes each fix of what a text has, alone, and checks that it mends what it is of.
// It returns the codes of those.
func Fixed(t testing.TB, name string, text []byte, check func(name string, text []byte) diag.List) (codes []string) {
	t.Helper()
	before := check(name, text)
	for _, d := range before {
		if len(d.Fix) == 0 || d.At.File != name {
			continue
		}
		fixed, err := diag.Apply(text, d.Fix)
		if err != nil {
			t.Errorf("%s: %v", d, err)
			continue
		}
		if times(check(name, fixed), d) >= times(before, d) {
			t.Errorf("%s: the fix leaves it:\n%s", d, fixed)
		}
		codes = append(codes, string(d.Code))
	}
	return codes
}

// times counts the diagnostics that say the same.
func times(l diag.List, d diag.Diagnostic) (n int) {
	for _, x := range l {
		if x.Code == d.Code && x.Message == d.Message {
			n++
		}
	}
	return n
}

// Run checks every file of testdata against what check says of each case. name
// is what a case's file would be called.
func Run(t *testing.T, check func(name string, text []byte) diag.List) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			for _, c := range Cases(t, path) {
				t.Run("", func(t *testing.T) {
					c.Compare(t, check(filepath.Base(path), []byte(c.Text)))
					Fixed(t, filepath.Base(path), []byte(c.Text), check)
				})
			}
		})
	}
}
