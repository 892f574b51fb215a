package refdocs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPlantedBugs holds the table of planted bugs against the build tags of the
// sources: each bug has its broken file and its whole one, and a row.
func TestPlantedBugs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs/reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Planted bugs")
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllStringSubmatch(section, -1) {
		rows = append(rows, m[1])
	}
	on, off := tags(t)
	slices.Sort(rows)
	if !slices.Equal(rows, on) || !slices.Equal(on, off) || len(rows) < 12 {
		t.Errorf("the table has %v\nswitched on by a tag are %v\nswitched off are %v", rows, on, off)
	}
}

// tags are the planted bugs that files of the sources are built with, and
// without.
func tags(t *testing.T) (on, off []string) {
	t.Helper()
	tag := regexp.MustCompile(`(?m)^//go:build (!?)bug_([a-z0-9_]+)$`)
	for _, dir := range []string{"engine", "steps", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") {
				return err
			}
			text, err := os.ReadFile(path)
			m := tag.FindStringSubmatch(string(text))
			switch {
			case m == nil:
			case m[1] == "":
				on = append(on, m[2])
			default:
				off = append(off, m[2])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(on)
	slices.Sort(off)
	return on, off
}
