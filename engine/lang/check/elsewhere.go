package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// elsewhere are keys that steps have in GitHub Actions, GitLab CI and Ansible, and what
// is written here for each.
var elsewhere = map[string]string{
	"run":               "run a program: uses: exec, with: {program: …, args: […]}",
	"script":            "run a program: uses: exec, with: {program: …, args: […]}",
	"shell":             "run a program: uses: exec, with: {program: …, args: […]}",
	"env":               "a program gets its variables as an argument: with: {env: {…}}",
	"working-directory": "a program runs in a workspace: with: {dir: …}",
	"continue-on-error": "write on_error: continue",
	"allow_failure":     "write on_error: continue",
	"ignore_errors":     "write on_error: continue",
	"timeout-minutes":   "write timeout: 5m",
	"needs":             "steps run in their order; those of a group with parallel: true beside each other",
	"depends_on":        "steps run in their order; those of a group with parallel: true beside each other",
	"when":              "write if: a condition",
	"only":              "write if: a condition",
	"rules":             "write if: a condition",
	"unless":            "write if: not (a condition)",
	"loop":              "write for_each: a list",
	"with_items":        "write for_each: a list",
	"strategy":          "write for_each: a list",
	"matrix":            "write for_each: a list",
	"until":             "put what is repeated into an await: {uses: …, until: …}",
	"register":          "the result of a step is steps.ID.NAME",
	"outputs":           "the result of a step is steps.ID.NAME; outputs of the skill stand at the top",
	"block":             "a group has steps: […]",
	"catch":             "a group has rescue: […]",
	"finally":           "a group has always: […]",
	"args":              "arguments stand under with",
}

// elsewhereTop are such keys at the top of a file.
var elsewhereTop = map[string]string{
	"on":         "whoever calls a skill decides when it runs: leave it out",
	"jobs":       "a skill has no jobs: write steps: at the top",
	"stages":     "a skill has no stages: write steps: at the top",
	"tasks":      "write steps: at the top",
	"env":        "the environment is not read: declare an input, or a value under config",
	"vars":       "name values in a step: set: {a: b}",
	"defaults":   "give each input its own: inputs: {a: {type: string, default: b}}",
	"params":     "write inputs: …",
	"args":       "write inputs: …",
	"arguments":  "write inputs: …",
	"parameters": "write inputs: …",
}

// unknownStepKey says what to write instead of a key that steps do not have.
func (c *checker) unknownStepKey(p syntax.Pair, known []string) {
	key := p.Key.Value
	d := c.unknownKey(p, "a step").Suggest(key, known)
	if hint, ok := elsewhere[key]; ok {
		d.Hint, d.Fix = hint, nil
	} else if _, isStep := c.world.Catalogue.Lookup(key); isStep {
		d.Hint, d.Fix = "write uses: "+key+", and what it gets under with", nil
	} else if d.Hint == "" {
		d.Hint = "known here: " + strings.Join(known, ", ")
	}
}

// meansKind reports whether a step without a kind has a key that was meant as one: that
// is all that is wrong with it.
func meansKind(n *syntax.Node) bool {
	return slices.ContainsFunc(n.Pairs, func(p syntax.Pair) bool {
		near := diag.Nearest(p.Key.Value, stepKeys().Names())
		return !stepKeys().Has(p.Key.Value) && slices.ContainsFunc(kinds, func(k Kind) bool { return k.Key.Name == near })
	})
}

// unknownTopKey adds what to write instead of a key that only a skill of another program
// has.
func (c *checker) unknownTopKey(d *diag.Diagnostic, key string, known []string) {
	if hint, ok := elsewhereTop[key]; ok && slices.Contains(known, "steps") {
		d.Hint, d.Fix = hint, nil
	}
}
