package refdocs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shared runs what the scripts of CI share, as they run it.
func shared(t *testing.T, script, output string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(file, []byte(output), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("bash", "-euo", "pipefail", "-c", ". .ci/sweeps\n"+script, "bash", file)
	c.Dir = root
	out, err := c.Output()
	return string(out), err
}

// TestFigures: what tests log is printed, from subtests and files with digits in
// their names too, and nothing else; output without any is no failure.
func TestFigures(t *testing.T) {
	t.Parallel()
	const output = `=== RUN   TestKillSweep
=== PAUSE TestKillSweep
    kill_test.go:281: resumed: 76 of 76 points in 24.1s
=== RUN   TestKillSweep/a
        protocol2_test.go:9: 3 of 3
        second line
--- PASS: TestKillSweep (24.20s)
    --- PASS: TestKillSweep/a (0.00s)
PASS
ok  	example.com/x_test.go:1: no	24.300s
`
	const want = "    kill_test.go:281: resumed: 76 of 76 points in 24.1s\n        protocol2_test.go:9: 3 of 3\n"
	if got, err := shared(t, `figures "$1"`, output); got != want || err != nil {
		t.Errorf("it prints %q, %v", got, err)
	}
	if got, err := shared(t, `figures "$1"; echo on`, "PASS\n"); got != "on\n" || err != nil {
		t.Errorf("without figures it prints %q, %v", got, err)
	}
}

// TestSkipsEndCI: a skipped test ends the script that looks for it.
func TestSkipsEndCI(t *testing.T) {
	t.Parallel()
	if got, err := shared(t, `unskipped "$1"; echo on`, "--- PASS: TestA (0.0s)\n"); got != "on\n" || err != nil {
		t.Errorf("without a skip: %q, %v", got, err)
	}
	if got, err := shared(t, `unskipped "$1"; echo on`, "--- PASS: TestA (0.0s)\n    --- SKIP: TestA/b (0.0s)\n"); strings.Contains(got, "on\n") || err == nil {
		t.Errorf("with a skip: %q, %v", got, err)
	}
	scripts, err := filepath.Glob(filepath.Join(root, ".ci", "[^b]*")) // without .ci/bugs
	if err != nil || len(scripts) < 5 {
		t.Fatalf("scripts: %q, %v", scripts, err)
	}
	for _, file := range scripts {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if line := regexp.MustCompile(`(?m)^\s*! .*`).FindString(string(text)); line != "" {
			t.Errorf("%s: bash does not end at a command that is negated: %s", file, line)
		}
	}
}

// TestSweepsAreAll checks the list of sweeps against the tests that are longer in CI.
func TestSweepsAreAll(t *testing.T) {
	t.Parallel()
	out, err := shared(t, `printf '%s\n' "${sweeps[@]}"`, "")
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Fields(out)
	files, err := filepath.Glob(filepath.Join(root, "cmd/skillrun/*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for one := range strings.SplitSeq(string(text), "\nfunc ") {
			name, _, _ := strings.Cut(one, "(")
			if strings.HasPrefix(name, "Test") && (strings.Contains(one, "sweeping()") || strings.Contains(one, "fullSweep()") || slices.Contains(listed, name)) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(listed)
	slices.Sort(found)
	if !slices.Equal(listed, found) {
		t.Errorf("listed are %v\nlonger in CI are %v", listed, found)
	}
}

// TestNamesInCI: a test that CI's scripts name is there. One that was renamed
// would else run, or be left out, without a word.
func TestNamesInCI(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join(root, ".ci/*"))
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			continue // a folder
		}
		named = append(named, regexp.MustCompile(`\bTest[A-Z]\w*`).FindAllString(string(text), -1)...)
	}
	if len(named) < 20 {
		t.Errorf("only %d names were found", len(named))
	}
	there := testsBelow(t, "./...")
	for _, name := range named {
		if !slices.Contains(there, name) {
			t.Errorf("%s is no test", name)
		}
	}
}
