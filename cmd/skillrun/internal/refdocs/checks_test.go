package refdocs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/checks.md has a section for each code. What is shown in it is done, in a folder
// of its own:
//
//	```yaml      a file: of the name in the comment of its first line, or the skill
//	             that it names
//	```console   the commands behind "$ " print what stands below them
//	```diff      the lines of the files behind "-" give way to those behind "+"; then
//	             the last command no longer reports the codes of the section
//
// A file belongs to all that comes before the next file that stands behind a console.

const checksPage = "docs/checks.md"

// codeInSource is a diagnostic's code.
var codeInSource = regexp.MustCompile(`(?:Errorf|Warnf)\("([a-z]+(?:-[a-z]+)*)", |diag\.Code = "([a-z-]+)"`)

// sourceCodes are the codes of all diagnostics, sorted.
func sourceCodes(t *testing.T) []string {
	t.Helper()
	var codes []string
	for _, dir := range []string{"engine", "cmd/skillrun/internal/cli"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(file string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/journal/") {
				return err
			}
			rel, err := filepath.Rel(root, file)
			for _, m := range codeInSource.FindAllStringSubmatch(read(t, rel), -1) {
				codes = append(codes, m[1]+m[2])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// checksHeading is the heading of a section about codes.
var checksHeading = regexp.MustCompile(`^[a-z]+(-[a-z]+)*(, [a-z]+(-[a-z]+)*)*$`)

// checksCodes are the codes of a section, none of one that is about something else.
func checksCodes(section string) []string {
	heading, _, _ := strings.Cut(section, "\n")
	if !checksHeading.MatchString(heading) {
		return nil
	}
	return strings.Split(heading, ", ")
}

// withoutExample are the codes that no file has, each with the reason.
var withoutExample = map[string]string{"unwritable": "whoever runs the tests as root may write everywhere"}

// TestChecksPage holds docs/checks.md: it has a section for each code of the source, in
// the order of the alphabet, and all that it shows is so.
func TestChecksPage(t *testing.T) {
	t.Parallel()
	sections := strings.Split(read(t, checksPage), "\n## ")
	var codes []string
	for _, s := range sections[1:] {
		codes = append(codes, checksCodes(s)...)
	}
	if d := cmp.Diff(sourceCodes(t), codes); d != "" {
		t.Errorf("%s (-source +page):\n%s", checksPage, d)
	}
	t.Run("sections", func(t *testing.T) {
		for i, s := range sections[1:] {
			heading, _, _ := strings.Cut(s, "\n")
			t.Run(heading, func(t *testing.T) {
				t.Parallel()
				e := example{t: t, codes: checksCodes(s)}
				sections[i+1] = fence.ReplaceAllStringFunc(s, e.block)
				if withoutExample[heading] != "" {
					return
				}
				for _, code := range e.codes {
					if !strings.Contains(e.shown, "["+code+"]") {
						t.Errorf("no example reports %s", code)
					}
				}
				if len(e.codes) > 0 && !e.corrected {
					t.Error("no example is corrected")
				}
			})
		}
	})
	hold(t, checksPage, strings.Join(sections, "\n## "))
}

// example is what a section shows, as far as it was read.
type example struct {
	t         *testing.T
	codes     []string
	files     map[string]string
	commands  []string
	shown     string // what all commands have printed
	exit      int    // of the last one
	corrected bool
}

// block does what a block says, and returns it as it should be.
func (e *example) block(block string) string {
	m := fence.FindStringSubmatch(block)
	switch m[1] {
	case "yaml":
		if len(e.commands) > 0 {
			e.files, e.commands = nil, nil
		}
		if e.files == nil {
			e.files = map[string]string{}
		}
		name := exampleName(e.t, m[2])
		e.files[name] = strings.TrimPrefix(m[2], map[string]string{".lock": "# " + name + "\n"}[filepath.Ext(name)]) // JSON has no comments
	case "console":
		e.commands = nil
		for line := range strings.Lines(m[2]) {
			if cmd, ok := strings.CutPrefix(line, "$ "); ok {
				e.commands = append(e.commands, strings.TrimSpace(cmd))
			}
		}
		out := e.run()
		e.shown += out
		return "```console\n" + out + "```"
	case "diff":
		e.correct(m[2])
		e.corrected = true
		out := e.run()
		if e.exit != 0 && e.exit != 3 { // a person has to act
			e.t.Errorf("with its correction it fails:\n%s", out)
		}
		for _, code := range e.codes {
			if strings.Contains(out, "["+code+"]") {
				e.t.Errorf("with its correction it still reports %s:\n%s", code, out)
			}
		}
	}
	return block
}

// exampleName is the name of a file that a page shows.
func exampleName(t *testing.T, text string) string {
	t.Helper()
	if m := regexp.MustCompile(`^# ([a-z0-9_/.-]+\.(?:yaml|yml|lock))\n`).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	m := regexp.MustCompile(`(?m)^name: ([a-z0-9_]+)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no name is said of\n%s", text)
	}
	return m[1] + ".yaml"
}

// A line that stands for many, and a file that is a link.
var (
	repeated = regexp.MustCompile(`(?m)^(.*) # and ([0-9]+) more$`)
	linked   = regexp.MustCompile(`^# .*\n# a link to (.*)\n$`)
)

// run runs the commands, in a folder with the files, and returns what they print.
func (e *example) run() string {
	dir := e.t.TempDir()
	for name, text := range e.files {
		text = repeated.ReplaceAllStringFunc(text, func(line string) string {
			m := repeated.FindStringSubmatch(line)
			n, _ := strconv.Atoi(m[2])
			return strings.Repeat(m[1]+"\n", n) + m[1]
		})
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			e.t.Fatal(err)
		}
		err := error(nil)
		if m := linked.FindStringSubmatch(text); m != nil {
			err = os.Symlink(m[1], filepath.Join(dir, name))
		} else {
			err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
		}
		if err != nil {
			e.t.Fatal(err)
		}
	}
	s := newShell(e.t)
	s.dir = dir
	var out strings.Builder
	for _, c := range e.commands {
		fmt.Fprintf(&out, "$ %s\n%s", c, strings.ReplaceAll(s.line(c), dir, "."))
	}
	e.exit = s.code
	return out.String()
}

// correct changes lines of a file, or a command, as a diff says: those behind "-" give way
// to those behind "+". A line of @@ stands before another place.
func (e *example) correct(diff string) {
	for hunk := range strings.SplitSeq(diff, "@@\n") {
		old, with := "", ""
		for line := range strings.Lines(hunk) {
			if line[0] != '+' {
				old += line[1:]
			}
			if line[0] != '-' {
				with += line[1:]
			}
		}
		if !e.change(old, with) {
			e.t.Errorf("there is nothing like this to correct:\n%s", old)
		}
	}
}

func (e *example) change(old, with string) bool {
	if cmd, ok := strings.CutPrefix(old, "$ "); ok {
		i := slices.Index(e.commands, strings.TrimSpace(cmd))
		if i >= 0 {
			e.commands[i] = strings.TrimSpace(strings.TrimPrefix(with, "$ "))
		}
		return i >= 0
	}
	for name, text := range e.files {
		if before, after, ok := strings.Cut("\n"+text, "\n"+old); ok {
			e.files[name] = strings.TrimPrefix(before+"\n"+with+after, "\n")
			return true
		}
	}
	return false
}
