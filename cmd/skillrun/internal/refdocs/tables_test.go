package refdocs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// separator is the line below the head of a table.
var separator = regexp.MustCompile(`^\|(\s*:?-+:?\s*\|)+$`)

// TestEveryMarkdownTableIsWhole: a row belongs to a table with a head, and has
// as many cells.
func TestEveryMarkdownTableIsWhole(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "..")
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 10 {
		t.Fatalf("only %d pages", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range broken(string(text)) {
			t.Errorf("%s: %s", file, fault)
		}
	}
}

// TestABrokenTableIsSeen plants what has to be found.
func TestABrokenTableIsSeen(t *testing.T) {
	t.Parallel()
	const head = "| a | b |\n|---|---|\n"
	for text, want := range map[string]int{
		head + "| 1 | 2 |\n":              0,
		head + "| 1 | `x\\|y` |\n":        0,
		head + "| 1 | 2 |\n\n| 3 | 4 |\n": 1,
		head + "| 1 |\n":                  1,
		"```\n| x |\n```\n":               0,
	} {
		if got := broken(text); len(got) != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// broken are the rows of a page that belong to no table, or not as they are.
func broken(page string) (out []string) {
	lines := strings.Split(page, "\n")
	cells, fenced := 0, false
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if fenced || !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		switch {
		case cells == 0 && (i+1 == len(lines) || !separator.MatchString(lines[i+1])):
			out = append(out, "no head over: "+line)
		case cells > 0 && n != cells:
			out = append(out, "another number of cells: "+line)
		}
		cells = n
	}
	return out
}
