package refdocs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine"
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

// TestGlossary: its terms are in order, each once, and each with a link; that
// leads somewhere by [TestLinks].
func TestGlossary(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/glossary.md")
	rows := regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+: \[[^]]+\]\([a-z-]+\.md[a-z#-]*\)\. \|$`).FindAllStringSubmatch(text, -1)
	if lines := strings.Count(text, "\n| ") - 1; len(rows) != lines || lines < 20 {
		t.Errorf("%d of %d rows are a term, a sentence and a link", len(rows), lines)
	}
	for i, row := range rows {
		if i > 0 && rows[i-1][1] >= row[1] {
			t.Errorf("%s comes after %s", row[1], rows[i-1][1])
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

// TestAuditMembers: the page names every member of an action, and every kind.
func TestAuditMembers(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Audit log\n")
	section, _, _ = strings.Cut(section, "\n## ")
	action := reflect.TypeFor[engine.Action]()
	var words []string
	for i := range action.NumField() {
		member, _, _ := strings.Cut(action.Field(i).Tag.Get("json"), ",")
		words = append(words, member)
	}
	source, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "engine", "audit.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\s+(?:Action|Known)\w+\s+(?:ActionKind )?= "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		words = append(words, m[1])
	}
	if len(words) < 30 {
		t.Fatalf("only %q", words)
	}
	for _, word := range words {
		if !strings.Contains(section, "`"+word+"`") {
			t.Errorf("%s is not told", word)
		}
	}
}
