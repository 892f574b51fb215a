package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps"
)

// TestTests runs the tests that stand beside the examples and the built-in skills.
func TestTests(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t)
	for _, pattern := range []string{"*", "steps/*", "rewritten/*", "rewritten/steps/*", "../skills/*"} {
		files, err := filepath.Glob(pattern + skilltest.Suffix)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				suite := suiteOf(t, c.base, file)
				for _, x := range suite.Cases {
					if x.World == skilltest.Sandbox {
						continue // with the whole program, in a test of cmd/skillrun/internal/refdocs
					}
					for _, f := range suite.Run(x).Failures {
						t.Errorf("%s: %s\n%s", x.Name, f, f.Diff)
					}
				}
			})
		}
	}
}

// TestRunsAreOfSkills: runs of a skill that there is no more are read by nobody.
func TestRunsAreOfSkills(t *testing.T) {
	t.Parallel()
	runs, err := filepath.Glob("testdata/runs/*.yaml")
	if err != nil || len(runs) == 0 {
		t.Fatalf("no runs: %v", err)
	}
	for _, file := range runs {
		if name := filepath.Base(file); !exists(name) && !exists(filepath.Join("rewritten", name)) {
			t.Errorf("%s is of no example", file)
		}
	}
}

// TestTested: every example, every rewritten skill and every step type beside them has
// tests.
func TestTested(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*.yaml", "steps/*.yaml", "rewritten/*.yaml", "rewritten/steps/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range slices.DeleteFunc(files, isTests) {
			if tests := strings.TrimSuffix(file, ".yaml") + skilltest.Suffix; !exists(tests) {
				t.Errorf("%s has no tests: write %s", file, tests)
			}
		}
	}
}

// TestServices: the configuration in the README of the rewritten skills has the services
// that they need, and no others.
func TestServices(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("rewritten/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```yaml\n")
	block, _, _ = strings.Cut(block, "```\n")
	site, diags := config.Parse("skillrun.yaml", []byte(block), steps.Kinds())
	if len(diags) > 0 || len(site.Services) == 0 {
		t.Fatal("no services in the README: ", diags)
	}
	files, err := filepath.Glob("rewritten/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := newCatalogue(t)
	var needs []config.Need
	for _, file := range slices.DeleteFunc(files, isTests) {
		for _, n := range checked(t, c.base, file).Needs(nil) {
			needs = append(needs, config.Need(n))
		}
	}
	if diags := site.Unmet(needs); len(diags) > 0 {
		t.Error(diags)
	}
	for name := range site.Services {
		if !slices.ContainsFunc(needs, func(n config.Need) bool { return n.Service == name }) {
			t.Errorf("no skill needs the service %s", name)
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// suiteOf reads a file of tests, and the skill that it is about.
func suiteOf(t *testing.T, cat *step.Catalogue, file string) *skilltest.Suite {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := skilltest.Subject(file)
	suite, diags := skilltest.Read(file, text, checked(t, cat, subject), cat)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return suite
}

// BenchmarkThousandCases reads a thousand cases of the release and runs them, one after
// the other. It fails beyond five seconds.
func BenchmarkThousandCases(b *testing.B) {
	text, err := os.ReadFile("../skills/release_aa_backend_prod" + skilltest.Suffix)
	if err != nil {
		b.Fatal(err)
	}
	defaults, _, _ := strings.Cut(string(text), "\ncases:\n")
	var many strings.Builder
	many.WriteString(defaults + "\ncases:\n")
	for i := range 1000 {
		sha := fmt.Sprintf("1%039d", i)
		fmt.Fprintf(&many, "  - {name: case %d, inputs: {commit_sha: %s}, expect: {outputs: {new_sha: %s}, writes: [jira, push, mr, link]}}\n", i, sha, sha)
	}
	t := new(testing.T)
	c := newCatalogue(t)
	skill := checked(t, c.base, "../skills/release_aa_backend_prod.yaml")
	for b.Loop() {
		began := time.Now()
		suite, diags := skilltest.Read("many_test.yaml", []byte(many.String()), skill, c.base)
		if len(diags) > 0 || len(suite.Cases) != 1000 {
			b.Fatal(diags)
		}
		for _, x := range suite.Cases {
			if f := suite.Run(x).Failures; len(f) > 0 {
				b.Fatal(f)
			}
		}
		if d := time.Since(began); d > 5*time.Second {
			b.Fatalf("a thousand cases took %s", d)
		}
	}
}
