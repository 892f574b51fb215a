package refdocs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	goTest   = regexp.MustCompile("go test [^`\n#]+")
	goFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w*)\(`)
	goFilter = regexp.MustCompile(`-(?:run|bench|fuzz) '?([^\s']+)'?`)
	goPath   = regexp.MustCompile(`\s(\.[\w./{},]*)`)
)

// TestGoTestCommands checks every `go test` of a page against the sources: its
// packages are there, and each part of its patterns names a test in them.
func TestGoTestCommands(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, page := range append(pages(t), "CONTRIBUTING.md") {
		for _, line := range goTest.FindAllString(read(t, page), -1) {
			seen++
			var names []string
			for _, m := range goPath.FindAllStringSubmatch(line, -1) {
				names = append(names, testsBelow(t, m[1])...)
			}
			if len(names) == 0 {
				t.Errorf("%s: %s: no tests are there", page, line)
			}
			for _, m := range goFilter.FindAllStringSubmatch(line, -1) {
				for part := range strings.SplitSeq(strings.Split(m[1], "/")[0], "|") {
					if slices.Contains([]string{"", "^$", "."}, part) {
						continue
					}
					pattern, err := regexp.Compile(part)
					if err != nil || !slices.ContainsFunc(names, pattern.MatchString) {
						t.Errorf("%s: %s: no test is called %s (%v)", page, line, part, err)
					}
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d commands were found: does the pattern still find them?", seen)
	}
}

// testsBelow names the tests of what a package pattern stands for; a/{b,c} is
// two packages, as a shell reads it.
func testsBelow(t *testing.T, pattern string) []string {
	t.Helper()
	if before, rest, ok := strings.Cut(pattern, "{"); ok {
		inner, after, _ := strings.Cut(rest, "}")
		var all []string
		for one := range strings.SplitSeq(inner, ",") {
			all = append(all, testsBelow(t, before+one+after)...)
		}
		return all
	}
	dir, below := strings.CutSuffix(filepath.Join(root, pattern), "/...")
	var all []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (!below || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range goFunc.FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", pattern, err)
	}
	return all
}
