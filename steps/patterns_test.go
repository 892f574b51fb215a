package steps

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestSharedPatterns: what several families take is the same in all of them.
// They may not import each other, so their patterns are held together here.
func TestSharedPatterns(t *testing.T) {
	t.Parallel()
	catalogue, err := All(load(t, "services: {}", nil), Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, name := range catalogue.Names() {
		s, _ := catalogue.Lookup(name)
		for _, f := range slices.Concat(s.In.Fields, s.Out.Fields) {
			typ := f.Type
			if typ.Kind == types.List {
				typ = *typ.Elem
			}
			switch {
			case strings.Contains(f.Name, "branch") && typ.Pattern != "":
				t.Errorf("%s: %s has a pattern of its own: %s", name, f.Name, typ.Pattern)
			case typ.Format == "git-branch":
				seen["branch"]++
			case strings.HasSuffix(typ.Pattern, "-[1-9][0-9]*$"):
				seen["key"]++
				if typ.Pattern != `^[A-Z][A-Z0-9_]+-[1-9][0-9]*$` {
					t.Errorf("%s: %s has a pattern of its own for keys of issues: %s", name, f.Name, typ.Pattern)
				}
			case strings.HasPrefix(f.Name, "jira_project"), name == "jira_create_issue" && f.Name == "project":
				seen["project"]++
				if typ.Pattern != `^[A-Z][A-Z0-9_]+$` {
					t.Errorf("%s: %s has a pattern of its own for projects: %s", name, f.Name, typ.Pattern)
				}
			}
		}
	}
	for what, least := range map[string]int{"branch": 8, "key": 5, "project": 2} {
		if seen[what] < least {
			t.Errorf("%d arguments are a %s, want %d at least: does the test still look?", seen[what], what, least)
		}
	}
}

// TestPatternsAreWrittenOnce: where code checks an argument against its pattern once
// more, it takes the one that the argument is declared with.
func TestPatternsAreWrittenOnce(t *testing.T) {
	t.Parallel()
	catalogue, err := All(load(t, "services: {}", nil), Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]string{}
	for _, name := range catalogue.Names() {
		s, _ := catalogue.Lookup(name)
		for _, f := range s.In.Fields {
			typ := f.Type
			if typ.Kind == types.List {
				typ = *typ.Elem
			}
			if typ.Pattern != "" {
				declared[typ.Pattern] = name + "." + f.Name
			}
		}
	}
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	literal := regexp.MustCompile("regexp.MustCompile\\(`([^`]*)`\\)")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(text), -1) {
			lock := file == "git/sharedlock.go" // the name of a group is the language's
			if of := declared[m[1]]; of != "" && !lock && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s writes the pattern of %s again: %s", file, of, m[1])
			}
		}
	}
}
