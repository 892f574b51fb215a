package refdocs_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// overlays is where TestPlantedBugs puts the overlays, for .ci/planted.
var overlays = flag.String("overlays", "", "folder to write NAME.json of each planted bug to, for go test -overlay")

// TestPlantedBugs applies each planted bug of .ci/bugs to the sources as they are,
// and checks them against the table in docs/reliability.md.
func TestPlantedBugs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs/reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Planted bugs")
	var rows, bugs []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllStringSubmatch(section, -1) {
		rows = append(rows, m[1])
	}
	files, err := filepath.Glob(filepath.Join(root, ".ci/bugs/*.diff"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".diff")
		bugs = append(bugs, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		changed, err := plant(root, string(text))
		if err != nil {
			t.Errorf(".ci/bugs/%s.diff: %v; say anew where the bug is", name, err)
		}
		if *overlays != "" {
			writeOverlay(t, name, changed)
		}
	}
	slices.Sort(rows)
	if !slices.Equal(rows, bugs) || len(rows) < 12 {
		t.Errorf("the table has %v\n.ci/bugs has %v", rows, bugs)
	}
}

func TestPlant(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.go": "package p\n\nfunc a() {\n\tx()\n\ty()\n}\n", "b.go": "package p\n\nfunc b() {\n\ty()\n}\n", "a_test.go": "package p\n\nfunc a() {\n\tx()\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ patch, want, wrong string }{
		{patch: "Why.\n\n--- .\n func a() {\n-\tx()\n+\tz()\n", want: "package p\n\nfunc a() {\n\tz()\n\ty()\n}\n"},
		{patch: "--- .\n-\tx()\n+\tz()\n--- .\n-\tz()\n-\ty()\n+\tw()\n", want: "package p\n\nfunc a() {\n\tw()\n}\n"},
		{patch: "--- .\n-\tgone()\n+\tz()\n", wrong: "0 places"},
		{patch: "--- .\n-\ty()\n+\tz()\n", wrong: "2 places"},
		{patch: "--- .\n-()\n+\tz()\n", wrong: "0 places"}, // whole lines only
		{patch: "--- .\n \tx()\n", wrong: "changes nothing"},
		{patch: "--- .\n+\tx()\n", wrong: "changes nothing it names"},
		{patch: "Why.\n", wrong: "changes nothing"},
		{patch: "--- .\n-\tx()\n\n+\tz()\n", wrong: `""`},
	} {
		changed, err := plant(dir, test.patch)
		switch {
		case test.wrong != "":
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%q gave %v, not %q", test.patch, err, test.wrong)
			}
		case err != nil || len(changed) != 1 || changed[filepath.Join(dir, "a.go")] != test.want:
			t.Errorf("%q gave %q, %v", test.patch, changed, err)
		}
	}
}

// plant applies a planted bug to the sources under root: what its files hold with
// it. A bug is a sentence, and hunks: a line "--- PACKAGE", then the lines of the
// package that it changes, marked as in a diff. They have to stand in the package
// exactly once, in whatever file: then it is a bug that is planted, and not a bug
// that was.
func plant(root, patch string) (map[string]string, error) {
	changed := map[string]string{}
	_, hunks, _ := strings.Cut("\n"+strings.TrimSuffix(patch, "\n"), "\n--- ")
	for hunk := range strings.SplitSeq(hunks, "\n--- ") {
		dir, lines, _ := strings.Cut(hunk, "\n")
		was, is, err := sides(lines)
		if err != nil {
			return nil, err
		}
		if err := replace(changed, filepath.Join(root, dir), was, is); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// sides are the lines of a hunk before and after.
func sides(lines string) (was, is string, err error) {
	for line := range strings.SplitSeq(lines, "\n") {
		mark, text := byte(0), ""
		if line != "" {
			mark, text = line[0], line[1:]+"\n"
		}
		switch mark {
		case ' ':
			was, is = was+text, is+text
		case '-':
			was += text
		case '+':
			is += text
		default:
			return "", "", fmt.Errorf("the line %q changes nothing: it begins with none of ' ', '-' and '+'", line)
		}
	}
	switch {
	case was == "":
		return "", "", errors.New("it changes nothing it names")
	case was == is:
		return "", "", errors.New("it changes nothing")
	}
	return was, is, nil
}

// replace changes the one place in a package's sources where was stands.
func replace(changed map[string]string, dir, was, is string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	places := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, ok := changed[file]
		if !ok {
			source, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			text = string(source)
		}
		if n := strings.Count("\n"+text, "\n"+was); n > 0 {
			places += n
			changed[file] = strings.Replace("\n"+text, "\n"+was, "\n"+is, 1)[1:]
		}
	}
	if places != 1 {
		return fmt.Errorf("its lines stand at %d places of %s, not at one:\n%s", places, dir, was)
	}
	return nil
}

// writeOverlay puts the changed files and their overlay where .ci/planted wants
// them.
func writeOverlay(t *testing.T, name string, changed map[string]string) {
	t.Helper()
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(changed)) {
		source, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		overlay.Replace[source] = filepath.Join(*overlays, fmt.Sprintf("%s-%d.go", name, len(overlay.Replace)))
		if err := os.WriteFile(overlay.Replace[source], []byte(changed[file]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*overlays, name+".json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}
