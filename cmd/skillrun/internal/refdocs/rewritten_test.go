package refdocs_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/types"
)

// original is what a skill was in the Python engine, in its version of January
// 2026: lines of the file, steps, and lines of Python among them.
type original struct{ lines, steps, code int }

// originals are the ten that stand rewritten in examples/rewritten.
var originals = map[string]original{
	"check_ci_health":   {460, 18, 185},
	"cleanup_branches":  {525, 21, 192},
	"create_jira_issue": {629, 21, 192},
	"hotfix":            {756, 31, 257},
	"jira_hygiene":      {771, 23, 464},
	"review_all_prs":    {821, 31, 426},
	"scale_deployment":  {556, 21, 226},
	"silence_alert":     {550, 19, 224},
	"standup_summary":   {801, 37, 403},
	"sync_branch":       {698, 31, 295},
}

// parts are the files that a skill has beside its own.
var parts = map[string][]string{"review_all_prs": {"review_mr"}}

var stepID = regexp.MustCompile(`(?m)^ *- \{?id: `)

// TestRewritten holds the table of docs/rewritten.md against the skills.
func TestRewritten(t *testing.T) {
	var table strings.Builder
	table.WriteString("| skill | lines then | lines now | steps then | steps now | lines of Python then |\n|---|---:|---:|---:|---:|---:|\n")
	var then, now original
	counted := []string{}
	for _, name := range types.SortedKeys(originals) {
		o, n := originals[name], original{}
		links := []string{}
		for _, part := range append([]string{name}, parts[name]...) {
			counted = append(counted, part)
			text := read(t, "examples/rewritten/"+part+".yaml")
			n.lines += strings.Count(text, "\n")
			n.steps += len(stepID.FindAllString(text, -1))
			links = append(links, fmt.Sprintf("[%s](../examples/rewritten/%s.yaml)", part, part))
		}
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %d | %d |\n", strings.Join(links, ", "), o.lines, n.lines, o.steps, n.steps, o.code)
		then = original{then.lines + o.lines, then.steps + o.steps, then.code + o.code}
		now = original{now.lines + n.lines, now.steps + n.steps, 0}
	}
	fmt.Fprintf(&table, "| **all** | **%d** | **%d** | **%d** | **%d** | **%d** |\n", then.lines, now.lines, then.steps, now.steps, then.code)
	fmt.Fprintf(&table, "\n%s\n", stepTypeLines(t))
	hold(t, "docs/rewritten.md", between(t, read(t, "docs/rewritten.md"), "<!-- table: written by a test with -update -->\n", "<!-- end -->", table.String()))

	files, err := filepath.Glob(filepath.Join(root, "examples/rewritten/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".yaml")
		if _, isTests := skilltest.Subject(f); !isTests && !slices.Contains(counted, name) {
			t.Errorf("%s is in no row of the table", name)
		}
	}
}

// stepTypeLines says how long the step types are that the skills share.
func stepTypeLines(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "examples/rewritten/steps/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no step types: %v", err)
	}
	count, lines := 0, 0
	for _, f := range files {
		if _, isTests := skilltest.Subject(f); !isTests {
			count++
			lines += strings.Count(read(t, "examples/rewritten/steps/"+filepath.Base(f)), "\n")
		}
	}
	return fmt.Sprintf("Beside them are %d step types in YAML of %d lines together.", count, lines)
}
