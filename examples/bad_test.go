package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/engine/types"
)

// TestBadSkills checks what people write by mistake with the real step types: habits from
// elsewhere, keys that are misspelt, steps that stand too deep, texts without quotes. What
// is said about each stands on the line at fault, with its code.
func TestBadSkills(t *testing.T) {
	t.Parallel()
	const least = 200
	e := engine.New(engine.Setup{Catalogue: newCatalogue(t).base, Lint: true, Skills: noSkill, StepTypes: noSkill})
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		for _, c := range diagtest.Cases(t, file) {
			if seen[c.Text] {
				t.Errorf("%s: this skill is here twice:\n%s", file, c.Text)
			}
			seen[c.Text] = true
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
				t.Parallel()
				_, diags := e.Check("x.yaml", []byte(c.Text))
				if len(diags) == 0 {
					t.Errorf("nothing is wrong with\n%s", c.Text)
				}
				c.Compare(t, diags)
			})
		}
	}
	if len(seen) < least {
		t.Errorf("%d skills, fewer than %d", len(seen), least)
	}
}

// TestBadSkillsSayCodes: each expectation has a part of the message, and the code.
func TestBadSkillsSayCodes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`^.{5,} ?\.[a-z]+(-[a-z]+)*\.( |$)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			_, expected, ok := strings.Cut(strings.TrimSpace(line), ` ### "`)
			if !ok {
				continue
			}
			for _, want := range strings.Split(strings.TrimSuffix(expected, `"`), `" "`) {
				if !code.MatchString(want) {
					t.Errorf("%s: %q has no message or no code", file, want)
				}
			}
		}
	}
}

func noSkill(_, name string) (string, []byte, error) {
	return "", nil, types.Errorf(types.NotFound, "no skill is named %q", name).WithHint("there are none")
}
