package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/skilltest"
)

// mutations are ways in which a condition can be wrong: what of it is matched, and what
// stands there instead. Each place of a file is a mutant of its own.
var mutations = []struct {
	of   *regexp.Regexp // group 1 is replaced
	with []string
}{
	{regexp.MustCompile(`(==)`), []string{"!="}},
	{regexp.MustCompile(`(!=)`), []string{"=="}},
	{regexp.MustCompile(`(&&)`), []string{"||"}},
	{regexp.MustCompile(`(\|\|)`), []string{"&&"}},
	{regexp.MustCompile(` (> 0)`), []string{">= 0", "> 1"}},
	{regexp.MustCompile(`((?:steps|inputs|config|result|run)[\w.]*|len\([\w.]+\))(?: (?:==|!=|>|matches) (?:"[^"]*"|[\w.]+))`), nil},       // a comparison: see wholes
	{regexp.MustCompile(`(?:if:? |&& |\|\| |until: |assert: |\()((?:steps|inputs|config|result)\.[\w.]+)(?:$| &&| \|\|| ~?\}\}|\))`), nil}, // a boolean
	{regexp.MustCompile(`^ +(?:if|assert|until|fail_if): (.+)$`), []string{"not (@)"}},
	{regexp.MustCompile(`%\{\{ if (.+?) ~?\}\}`), []string{"not (@)"}},
}

// wholes stand for a part of a condition.
var wholes = []string{"true", "false"}

// mutants returns the texts of a skill with one condition wrong in each, by what is wrong.
func mutants(text string) map[string]string {
	out := map[string]string{}
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		bare := strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(bare), "#") || !isCondition(bare) {
			continue
		}
		for _, m := range mutations {
			for _, at := range m.of.FindAllStringSubmatchIndex(bare, -1) {
				from, to, with := at[2], at[3], m.with
				if with == nil {
					to, with = wholeOf(at), wholes
				}
				for _, w := range with {
					mutant := slices.Clone(lines)
					mutant[i] = bare[:from] + strings.ReplaceAll(w, "@", bare[from:to]) + bare[to:] + "\n"
					out[strings.TrimSpace(mutant[i])] = strings.Join(mutant, "")
				}
			}
		}
	}
	return out
}

// wholeOf is where the part ends that a match is about: of a comparison with what
// it is compared with.
func wholeOf(at []int) int {
	if at[0] == at[2] {
		return at[1]
	}
	return at[3]
}

// isCondition reports whether a line decides something. The paths of the release
// compare in a language of their own.
func isCondition(line string) bool {
	return !strings.Contains(line, "[?@") && regexp.MustCompile(`^ +(if|assert|until|fail_if): |%\{\{ if | \? `).MatchString(line)
}

// thoroughness is a file whose tests hold every condition, with the least numbers of
// mutants and of points of coverage that it has.
type thoroughness struct {
	file            string
	mutants, points int
}

// thorough are skills, and the step types that the rewritten ones use.
func thorough(t *testing.T) []thoroughness {
	t.Helper()
	files, err := filepath.Glob("rewritten/steps/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no step types: %v", err)
	}
	all := slices.Clone(thoroughSkills)
	for _, file := range slices.DeleteFunc(files, isTests) {
		all = append(all, thoroughness{file, 0, 1})
	}
	return all
}

var thoroughSkills = []thoroughness{
	{"../skills/release_aa_backend_prod.yaml", 50, 40},
	{"investigate_alert.yaml", 40, 40},
	{"rewritten/check_ci_health.yaml", 20, 24},
	{"rewritten/cleanup_branches.yaml", 8, 15},
	{"rewritten/create_jira_issue.yaml", 9, 20},
	{"rewritten/hotfix.yaml", 50, 35},
	{"rewritten/jira_hygiene.yaml", 25, 35},
	{"rewritten/review_all_prs.yaml", 12, 16},
	{"rewritten/review_mr.yaml", 25, 30},
	{"rewritten/scale_deployment.yaml", 30, 25},
	{"rewritten/silence_alert.yaml", 40, 30},
	{"rewritten/standup_summary.yaml", 25, 35},
	{"rewritten/sync_branch.yaml", 20, 12},
	{"start_work.yaml", 20, 30},
}

// TestEveryConditionIsTested: whatever is wrong with a condition, one of the tests of
// the skill fails, or the checker refuses it.
func TestEveryConditionIsTested(t *testing.T) {
	t.Parallel()
	for _, s := range thorough(t) {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			everyConditionIsTested(t, s.file, s.mutants)
		})
	}
}

func everyConditionIsTested(t *testing.T, file string, least int) {
	cat := newCatalogue(t).base
	suite := suiteOf(t, cat, strings.TrimSuffix(file, ".yaml")+skilltest.Suffix)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(suite.File)
	if err != nil {
		t.Fatal(err)
	}
	all := mutants(string(text))
	if len(all) < least {
		t.Fatalf("there are only %d mutants: do the patterns still find the conditions?", len(all))
	}
	e := newEngine(t, cat)
	for what, mutant := range all {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			skill, diags := e.Check(file, []byte(mutant))
			if diags.HasErrors() {
				return
			}
			s, diags := skilltest.Read(suite.File, tests, skill, cat)
			if diags.HasErrors() {
				return
			}
			if !slices.ContainsFunc(s.Cases, func(c *skilltest.Case) bool { return len(s.Run(c).Failures) > 0 }) {
				t.Error("no test fails")
			}
		})
	}
}

// TestCoverage: every step and every way that a decision can go.
func TestCoverage(t *testing.T) {
	t.Parallel()
	for _, s := range thorough(t) {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			suite := suiteOf(t, newCatalogue(t).base, strings.TrimSuffix(s.file, ".yaml")+skilltest.Suffix)
			all := skilltest.Covered{}
			for _, c := range suite.Cases {
				all.Add(suite.Run(c).Covered)
			}
			if c := suite.Coverage(all); len(c.Gaps) > 0 || c.Points < s.points {
				t.Errorf("%d of %d: %v", c.Covered, c.Points, c.Gaps)
			}
		})
	}
}
