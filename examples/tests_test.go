package examples_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/skillrun/skillrun/engine/skilltest"
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
				suite := suiteOf(t, c, file)
				for _, x := range suite.Cases {
					for _, f := range suite.Run(x).Failures {
						t.Errorf("%s: %s\n%s", x.Name, f, f.Diff)
					}
				}
			})
		}
	}
}

// suiteOf reads a file of tests, and the skill that it is about.
func suiteOf(t *testing.T, c catalogue, file string) *skilltest.Suite {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := skilltest.Subject(file)
	suite, diags := skilltest.Read(file, text, checked(t, c, subject), c.steps(t, c.world(t, nil)))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return suite
}
