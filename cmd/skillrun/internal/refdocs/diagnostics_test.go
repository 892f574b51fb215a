package refdocs_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestQuotedMessages: a message in a page's table of what to do stands in the
// sources, or in a test of what a service says. What differs reads … in the page.
func TestQuotedMessages(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, dir := range []string{"engine", "steps", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(file string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(file) != ".go" || filepath.Base(file) == "diagnostics_test.go" {
				return err
			}
			rel, err := filepath.Rel(root, file)
			sources.WriteString(read(t, rel))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	system := []string{"no such host", "connection refused"} // what the operating system says
	for page, head := range map[string]string{"docs/troubleshooting.md": "| symptom |", "docs/configuration.md": "| message |"} {
		_, table, _ := strings.Cut(read(t, page), head)
		table, _, _ = strings.Cut(table, "\n\n")
		_, table, _ = strings.Cut(table, "\n")
		seen := 0
		for line := range strings.Lines(table) {
			for _, m := range regexp.MustCompile("`([^`]+ [^`]+)`").FindAllStringSubmatch(strings.Split(line, "|")[1], -1) {
				for part := range strings.SplitSeq(m[1], "…") {
					seen++
					if part = strings.Trim(part, " ,“”"); !slices.Contains(system, part) && !strings.Contains(sources.String(), part) {
						t.Errorf("%s: no message has %q", page, part)
					}
				}
			}
		}
		if seen < 8 {
			t.Errorf("%s: only %d parts of messages were found: does the pattern still find them?", page, seen)
		}
	}
}
