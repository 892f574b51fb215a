package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/types"
)

// TestLetTypes: a name has the type of its value, and what is known of the name
// or of what it stands for is known of both.
func TestLetTypes(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`let n = inputs.count; n + 1`:                                                   "integer",
		`let a = 1; let b = a + 1.5; [a, b]`:                                            "list<number>",
		`(let n = 1; n) + (let n = 2; n)`:                                               "integer",
		`let count = count(inputs.tags, # == "a"); count > 1`:                           "boolean",
		`filter(steps.log.commits, let c = #; any(inputs.tags, # == c.sha))`:            "list<{sha: string, title: string, ticket: optional string, size: integer}>",
		`map(steps.log.commits, {let i = #index; map(inputs.tags, i + #index)})`:        "list<list<integer>>",
		`filter(steps.log.commits, let t = .ticket; t != nil)[0].ticket + ""`:           "string",
		`let t = inputs.token; {t: t}`:                                                  "{t: secret}",
		`let b = steps.billing; b != nil ? b.commit : ""`:                               "string",
		`let b = steps.billing; has(b.url) ? b.url : ""`:                                "string",
		`let l = inputs.labels; has(l.team) && l.team == "a" + "b"`:                     "boolean",
		`let b = steps.billing?.commit; b ?? "none"`:                                    "string",
		`inputs.billing && (let b = steps.billing; b.commit == "x")`:                    "boolean",
		`(let b = steps.billing; b != nil && inputs.audit) ? steps.billing.commit : ""`: "string",
		`(let m = inputs.mode; m == "full") && (inputs.mode == "quick")`:                `type-mismatch «inputs.mode == "quick"» inputs.mode and "quick" are never equal: one can only be full`,
		`(let b = steps.image.tag; b == "x") && steps.billing.commit == ""`:             `maybe-absent «steps.billing» steps.billing may be absent (guard it with ?., ??, has(steps.billing) or the same if)`,
		`let b = steps.billing; b.commit`:                                               `maybe-absent «b» b may be absent (guard it with ?., ??, has(b) or the same if)`,
		`(let b = lower(inputs.name); b == "x") && (let b = inputs.note; b + "")=="y"`:  `maybe-absent «b» b may be absent (guard it with ?., ??, has(b) or the same if)`,
		`let t = inputs.token; t + "x"`:                                                 `secret-leak «t» t is or holds a secret, which cannot be computed with (pass it on whole, to a field that takes a secret)`,
		`let a = 1; 2`:                                                                  `unused-name «a» nothing reads a (leave it out, or use it behind the ;)`,
		`let a = 1; let b = a; a + 1`:                                                   `unused-name «b» nothing reads b (leave it out, or use it behind the ;)`,
		`let inputs = 1; inputs`:                                                        `name-taken «inputs» inputs already means something here (choose another name)`,
		`let a = 1; let a = 2; a`:                                                       `name-taken «a» a already means something here (choose another name)`,
		`let nil = 1; nil`:                                                              `name-taken «nil» nil already means something here (choose another name)`,
		`let é = 1; é`:                                                                  `expression-syntax «é» é is not a name (a name has letters, digits and _: let total = 1; total + 1)`,
		`(let a = 1; a) + a`:                                                            `unknown-name «a» there is no a here (known here: inputs, config, steps)`,
		`let total = 1; totl`:                                                           `unknown-name «totl» there is no totl here (did you mean total?)`,
		`let a = a; a`:                                                                  `unknown-name «a» there is no a here (known here: inputs, config, steps)`,
		`let a = 1; a; a`:                                                               "expression-syntax «a» `;` is not part of the language: an expression has one value",
		`let a = 1`:                                                                     "expression-syntax «let a = 1» the expression ends too early",
		`let a == 1; a`:                                                                 "expression-syntax «==» this is not expected here: ==",
	} {
		says(t, src, want)
	}
}

func TestLetValues(t *testing.T) {
	t.Parallel()
	jira := types.Unknown{After: "jira"}
	for src, want := range map[string]any{
		`let n = inputs.count; n * n`: 9,
		`map(filter(steps.log.commits, let c = #; any(["2", "3"], # == c.sha)), .size)`: []any{7},
		`map([1, 2], let x = #; map([10, 20], x * #))`:                                  []any{[]any{10, 20}, []any{20, 40}},
		`let a = 1; [(let b = a + 1; b), (let b = a + 2; b), a]`:                        []any{2, 3, 1},
		`let c = first([]); c?.x ?? "none"`:                                             "none",
		`let u = steps.jira.key; true || u == "x"`:                                      true,
		`let u = steps.jira.key; u`:                                                     jira,
		`let u = steps.jira.key; [1, u]`:                                                []any{1, jira},
		`let p = steps.mr.parts; p[0]`:                                                  "a",
		`let x = steps.billing; has(x.commit)`:                                          false,
		`let x = {n: 1}; has(x.n)`:                                                      true,
	} {
		got, err := run(t, src, environment())
		if err != nil {
			t.Errorf("%s: %v", src, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", src, diff)
		}
	}
	for src, want := range map[string]string{
		`let x = steps.billing; x.commit`:                  "x is absent (guard it with ?., ?? or has())",
		`let x = int("a"); true || x == 1`:                 `"a" is not an integer`,
		`let x = 1..90000; all(x, all(x, # > 0))`:          "the expression takes too many iterations (narrow the list before working on it, or do it in steps)",
		`len(map(1..90000, let x = repeat("a", 9999); x))`: "the expression handles too much text (work on a part of it)",
	} {
		if v, err := run(t, src, environment()); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v, %v\nwant %s", src, v, err, want)
		}
	}
}

// TestLetReads: what an expression reads through a name it reads of what the name
// stands for, and it can be trusted as far.
func TestLetReads(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`let i = steps.image; i.digest + i.tag`:                      "steps.image.digest steps.image.tag; offender steps.image.digest",
		`let i = inputs; let m = i.mode; m + i.ref`:                  "inputs.mode inputs.ref; trusted",
		`let h = config.host + inputs.ref; h`:                        "config.host inputs.ref; trusted",
		`let unused = steps.image; config.host`:                      "steps.image config.host; offender steps.image",
		`let n = lower(inputs.name); "x"`:                            "inputs.name; offender inputs.name",
		`map(steps.log.commits, let c = #; map(inputs.tags, c.sha))`: "steps.log.commits inputs.tags; offender steps.log.commits",
		`(let x = config.host; x) + x.y`:                             "config.host x.y; offender x.y",
	} {
		e, problems := Parse(src)
		if len(problems) > 0 {
			t.Fatal(complaint(src, problems))
		}
		var got []string
		for _, r := range e.Refs() {
			got = append(got, strings.Join(r.Path, "."))
		}
		trust := "; trusted"
		if ok, offender := e.Trusted(world()); !ok {
			trust = "; offender " + strings.Join(offender.Path, ".")
		}
		if all := strings.Join(got, " ") + trust; all != want {
			t.Errorf("%s\n got %s\nwant %s", src, all, want)
		}
	}
}
