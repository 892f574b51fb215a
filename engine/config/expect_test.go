package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
)

// A file in testdata holds cases, separated by lines of ---8<---. A line that
// is at fault ends in
//
//	### "regexp" "regexp" …
//
// one for each diagnostic that begins on it, held against its text with code,
// hint and notes. The comment is cut off before the case is parsed. A
// diagnostic about the file as a whole belongs to its first line. To add a case,
// add it there.
var (
	comment = regexp.MustCompile(`[ \t]*### (".*")$`)
	quoted  = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
)

// chunk is a case: its text, and what is expected on each line.
type chunk struct {
	text string
	want map[int][]string
}

func readChunks(t testing.TB, path string) []chunk {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var chunks []chunk
	for part := range strings.SplitSeq(string(data), "---8<---\n") {
		chunks = append(chunks, newChunk(part))
	}
	return chunks
}

func newChunk(text string) chunk {
	c := chunk{want: map[int][]string{}}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if m := comment.FindStringSubmatch(line); m != nil {
			for _, q := range quoted.FindAllStringSubmatch(m[1], -1) {
				c.want[i+1] = append(c.want[i+1], strings.ReplaceAll(q[1], `\"`, `"`))
			}
			lines[i] = strings.TrimSuffix(line, m[0])
		}
	}
	c.text = strings.Join(lines, "\n")
	return c
}

func describe(d diag.Diagnostic) string {
	s := d.String()
	for _, n := range d.Related {
		s += " note " + n.At.String() + ": " + n.Message
	}
	return s
}

// compare holds the diagnostics against the expectations, both ways.
func (c chunk) compare(t *testing.T, got diag.List) {
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
		t.Logf("of\n%s", c.text)
	}
}

func matching(patterns []string, text string) int {
	for i, p := range patterns {
		if regexp.MustCompile(p).MatchString(text) {
			return i
		}
	}
	return -1
}

func TestDiagnostics(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			for _, c := range readChunks(t, path) {
				t.Run("", func(t *testing.T) {
					_, got := config.Parse("f.yaml", []byte(c.text))
					c.compare(t, got)
				})
			}
		})
	}
}
