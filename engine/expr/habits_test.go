package expr

import (
	"strings"
	"testing"
)

// TestHabitsOfOtherLanguagesGetTheHintThatHelps: what is right in GitHub
// Actions, Jinja, Ansible, Terraform or Python.
func TestHabitsOfOtherLanguagesGetTheHintThatHelps(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`inputs.name | upper`:                 "a function after | has parentheses: x | upper(), or upper(x)",
		`inputs.tags | join(",") | upper`:     "a function after | has parentheses: x | upper(), or upper(x)",
		`inputs.note == null`:                 noNull,
		`inputs.note == None`:                 noNull,
		`undefined`:                           noNull,
		`secrets.TOKEN`:                       noCredentials,
		`vault("x")`:                          noCredentials,
		`inputs.name == prod`:                 `put a string in quotes: "prod"`,
		`prod != inputs.name`:                 `put a string in quotes: "prod"`,
		`steps.image.outputs.tag`:             "the result of a step is steps.image.NAME, with nothing between",
		`image.tag`:                           "write steps.image",
		`name`:                                "write inputs.name",
		`needs.build.outputs.x`:               resultOfAStep,
		`github.sha`:                          noContext,
		`var.region`:                          noContext,
		`env.HOME`:                            noEnvironment,
		`env("HOME")`:                         noEnvironment,
		`matrix.os`:                           "a loop is for_each, in which item is the item",
		`True`:                                "write true or false",
		`hashFiles("a")`:                      "compute it in a step, such as exec_read of sha256sum",
		`failure()`:                           "a group's rescue and always run after a failure",
		`inputs.name | default("x")`:          "write x ?? y",
		`inputs.name is defined`:              "write has(x), or x == nil",
		`inputs.name is not none`:             "write x == nil",
		`"a" if inputs.name == "b" else "c"`:  "write c ? a : b",
		`"a" ~ inputs.name`:                   "texts are put together with +, or in a text with ${{ }}",
		`inputs.name <> "x"`:                  "write !=",
		`contains(inputs.tags, "x")`:          `write text contains "x", or "x" in list`,
		`startsWith(inputs.name, "x")`:        `it stands between two texts: x startsWith "y"`,
		`inputs.tags.length`:                  "write len(inputs.tags)",
		`inputs.name.length`:                  "write len(inputs.name)",
		`duration("1w")`:                      "write 7d",
		`date_add(today(), "2 days")`:         "write 2d",
		`date_add(today(), "-1 week")`:        "write 7d",
		`date_add(today(), "30")`:             "write its unit: 30s, 30m, 30h or 30d",
		`date_add(today(), "P1D")`:            "write a number with s, m, h or d behind it, also several: 90s, 1h30m, 3d; a week is 7d",
		`inputs.nmae`:                         "did you mean name?",
		`stepz.image`:                         "did you mean steps?",
		`inputs.mode == "quick" ? "|upper" :`: "",
	} {
		if got := verdict(t, src, world()); want != "" && !strings.HasSuffix(got, " ("+want+")") || want == "" && strings.Contains(got, "parentheses") {
			t.Errorf("%s\n got %s\nwant …(%s)", src, got, want)
		}
	}
}
