package refdocs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps"
)

// The pages are written by hand, but for what the program can say better:
// go test ./cmd/skillrun/internal/refdocs -update
// writes the reference of steps, the table of functions, the copied code and
// the output of the recorded commands.
var update = flag.Bool("update", false, "write what is generated in the pages")

// root is the folder of the module.
const root = "../../../.."

// partPages are the pages whose blocks stand for themselves: TestTutorial follows the
// tutorial as a whole, and TestChecksPage the sections of the checks.
func partPages(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(pages(t), func(page string) bool { return page == "docs/tutorial.md" || page == checksPage })
}

// pages returns the module's Markdown files, relative to root.
func pages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			rel, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, filepath.ToSlash(rel))
		}
	}
	if len(out) < 5 {
		t.Fatalf("only the pages %q were found", out)
	}
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// hold compares a page with what it has to be, or writes it.
func hold(t *testing.T, name, want string) {
	t.Helper()
	got := read(t, name)
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s is behind; go test ./cmd/skillrun/internal/refdocs -update writes it (-is +should be):\n%s", name, cmp.Diff(got, want))
		return
	}
	if err := os.WriteFile(filepath.Join(root, name), []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// between replaces what stands between two marks.
func between(t *testing.T, text, begin, end, with string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("the marks %q and %q are not there", begin, end)
	}
	return before + begin + with + end + after
}

func catalogue(t *testing.T) *step.Catalogue {
	t.Helper()
	cat, err := steps.All(&config.Config{}, steps.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// TestGenerated holds every part of a page that the program or a file of the
// module says. It is not parallel: TestConsole may write the same pages.
func TestGenerated(t *testing.T) {
	var page bytes.Buffer
	if err := refdocs.Markdown(&page, catalogue(t)); err != nil {
		t.Fatal(err)
	}
	hold(t, "docs/steps.md", page.String())

	hold(t, "docs/language.md", between(t, read(t, "docs/language.md"),
		"<!-- functions: written by a test with -update -->\n", "<!-- end -->", functionTable()))

	_, rest, _ := strings.Cut(read(t, "examples/step_test.go"), "// begin: a step\n")
	code, _, ok := strings.Cut(rest, "// end: a step\n")
	if !ok {
		t.Fatal("examples/step_test.go has lost its marks")
	}
	hold(t, "CONTRIBUTING.md", between(t, read(t, "CONTRIBUTING.md"),
		"<!-- step: copied from examples/step_test.go by a test with -update -->\n", "<!-- end -->",
		"```go\n"+strings.TrimSpace(code)+"\n```\n"))

	hold(t, "README.md", between(t, read(t, "README.md"),
		"<!-- skill: copied from examples/release_issue.yaml by a test with -update -->\n", "<!-- end -->",
		"```yaml\n"+skillOnly(read(t, "examples/release_issue.yaml"))+"```\n"))
}

// skillOnly is an example without the comments around the skill.
func skillOnly(text string) string {
	return text[strings.Index(text, "name: "):]
}

func functionTable() string {
	var out strings.Builder
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;")
	out.WriteString("| function | what it gives | example |\n|---|---|---|\n")
	for _, f := range stdlib.Functions() {
		fmt.Fprintf(&out, "| `%s` | %s | `%s` is `%s` |\n",
			strings.ReplaceAll(f.Signature, "|", `\|`), cell.Replace(f.Doc), strings.ReplaceAll(f.Example, "|", `\|`), f.Want)
	}
	return out.String()
}

// TestErrorCodes checks the page's list against the closed one.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/language.md")
	_, section, _ := strings.Cut(page, "## Error codes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var got []types.Code
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` ").FindAllStringSubmatch(section, -1) {
		got = append(got, types.Code(m[1]))
	}
	if d := cmp.Diff(types.Codes(), got); d != "" {
		t.Errorf("docs/language.md, error codes (-code +page):\n%s", d)
	}
}

// TestDependencies holds docs/dependencies.md against go.mod: each direct
// dependency has its line, and no other module has one.
func TestDependencies(t *testing.T) {
	t.Parallel()
	direct, _, _ := strings.Cut(read(t, "go.mod"), "// indirect")
	var want []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)$`).FindAllStringSubmatch(direct, -1) {
		want = append(want, m[1])
	}
	var got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		got = append(got, m[1])
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("docs/dependencies.md (-go.mod +page):\n%s", d)
	}
}

var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// TestYAML checks every skill, step type and configuration that a page shows.
func TestYAML(t *testing.T) {
	t.Parallel()
	e := engine.New(engine.Setup{Catalogue: catalogue(t)})
	seen := 0
	for _, page := range partPages(t) {
		for i, m := range fence.FindAllStringSubmatch(read(t, page), -1) {
			if m[1] != "yaml" {
				continue
			}
			at := fmt.Sprintf("%s, block %d", page, i+1)
			name := regexp.MustCompile(`(?m)^name: ([a-z_]+)`).FindStringSubmatch(m[2])
			switch {
			case strings.Contains(m[2], "\nsteps:\n") && name != nil:
				if _, diags := e.Check(name[1]+".yaml", []byte(m[2])); len(diags) > 0 {
					t.Errorf("%s: %v", at, diags)
				}
			case strings.Contains(m[2], "\ndoc: ") && name != nil:
				if _, diags := e.Check("steps/"+name[1]+".yaml", []byte(m[2])); len(diags) > 0 {
					t.Errorf("%s: %v", at, diags)
				}
			case strings.Contains(m[2], "\ncases:\n"):
				passes(t, at, m[2])
			case strings.HasPrefix(m[2], "# skills/"+config.StandInsName):
				if _, diags := config.ParseStandIns(config.StandInsName, []byte(m[2]), steps.Kinds()); len(diags) > 0 {
					t.Errorf("%s: %v", at, diags)
				}
			case strings.HasPrefix(m[2], "- "):
				if _, diags := config.Values("x.yaml", []byte("steps:\n"+m[2])); len(diags) > 0 {
					t.Errorf("%s: %v", at, diags)
				}
				continue // a part of a skill
			default:
				if _, diags := config.Parse("skillrun.yaml", []byte(m[2]), steps.Kinds()); len(diags) > 0 {
					t.Errorf("%s: %v", at, diags)
				}
			}
			seen++
		}
	}
	if seen < 4 {
		t.Errorf("only %d blocks were checked: does the pattern still find them?", seen)
	}
}

// passes runs the tests that a page shows, of an example that their first line names.
func passes(t *testing.T, at, text string) {
	t.Helper()
	file := regexp.MustCompile(`^# (examples/[a-z_/]+_test\.yaml)`).FindStringSubmatch(text)
	if file == nil {
		t.Fatalf("%s: tests begin with the file that they are of", at)
	}
	subject, _ := skilltest.Subject(file[1])
	cat := catalogue(t)
	types := func(beside, name string) (string, []byte, error) {
		found := "examples/steps/" + name + ".yaml"
		return found, []byte(read(t, found)), nil
	}
	skill, diags := engine.New(engine.Setup{Catalogue: cat, StepTypes: types}).Check(subject, []byte(read(t, subject)))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	suite, diags := skilltest.Read(file[1], []byte(text), skill, cat)
	if len(diags) > 0 {
		t.Errorf("%s: %v", at, diags)
	}
	for _, c := range suite.Cases {
		if r := suite.Run(c); len(r.Failures) > 0 {
			t.Errorf("%s: %s: %v", at, c.Name, r.Failures)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]*))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// TestLinks finds links to files and headings that are not there.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(read(t, page), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file := filepath.Join(filepath.Dir(page), m[1])
			if m[1] == "" {
				file = page
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil || m[2] != "" && !slices.Contains(anchors(read(t, file)), m[2]) {
				t.Errorf("%s links to %s#%s, which is not there", page, m[1], m[2])
			}
		}
	}
}

// anchors are what the headings of a page are called in links.
func anchors(page string) (out []string) {
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		out = append(out, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}
