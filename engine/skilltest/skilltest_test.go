package skilltest_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type lookIn struct {
	Name string `json:"name" doc:"Name."`
}

type lookOut struct {
	Digest string  `json:"digest" doc:"Digest."`
	Size   int     `json:"size" doc:"Size."`
	Note   *string `json:"note" doc:"A note, when there is one."`
}

type makeIn struct {
	Title string `json:"title" doc:"Title."`
	Body  string `json:"body,omitempty" doc:"Body."`
}

type makeOut struct {
	Key string `json:"key" doc:"Key."`
}

type tellIn struct {
	Text  string       `json:"text" doc:"Text."`
	Loud  bool         `json:"loud,omitempty" doc:"Whether it is loud."`
	Codes []types.Code `json:"codes,omitempty" literal:"true" doc:"What else it fails with."`
}

type sendIn struct {
	Site  types.Secret `json:"site" doc:"Of the site."`
	Token types.Secret `json:"token" doc:"Token."`
}

type loginOut struct {
	Token types.Secret `json:"token" doc:"Token."`
}

// never is a step that a test must not perform.
func never[In, Out any](context.Context, In) (out Out, err error) { panic("performed") }

func noFlag(in lookIn, _ step.UnknownPaths) error {
	if strings.HasPrefix(in.Name, "-") {
		return types.Errorf(types.BadInput, "name is %q", in.Name).WithHint("do not begin it with a dash")
	}
	return nil
}

func catalogue() *step.Catalogue {
	return step.NewCatalogue([]step.Step{
		step.Checked(step.Read("look", "Look.", never[lookIn, lookOut]), noFlag).Errors(types.NotFound, types.Network, types.RateLimited),
		step.Write("make", "Make.", never[makeIn, makeOut]).Errors(types.Forbidden),
		step.Read("login", "Log in.", never[struct{}, loginOut]),
		step.Read("send", "Send.", never[sendIn, struct{}]).Errors("not_sent"),
		step.Coded(step.Read("tell", "Tell.", never[tellIn, struct{}]), func(in tellIn) []types.Code { return in.Codes }),
	})
}

func skill(t *testing.T) *check.Skill {
	t.Helper()
	return skillOf(t, "skill.yaml")
}

func skillOf(t *testing.T, file string) *check.Skill {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	s, diags := check.File(file, text, check.World{Catalogue: catalogue(), Skill: small, StepType: seen})
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	return s
}

// small is a skill that others call.
func small(_, name string) (string, []byte, error) {
	return name + ".yaml", []byte(`
name: small
inputs: {name: {type: string, required: true}}
steps: [{id: one, uses: look, with: {name: "${{ inputs.name }}"}}]
outputs: {digest: "${{ steps.one.digest }}"}
`), nil
}

// seen is a step type that awaits repeat.
func seen(_, name string) (string, []byte, error) {
	if name == "brief" {
		return "steps/brief.yaml", []byte("name: brief\ndoc: Look.\neffect: read\nsteps: [{id: one, uses: look, with: {name: one}, timeout: 2s}]\noutputs: {size: {type: integer, value: \"${{ steps.one.size }}\"}}\n"), nil
	}
	if name != "seen" {
		return "", nil, types.Errorf(types.NotFound, "there is no %s", name)
	}
	return "steps/seen.yaml", []byte(`
name: seen
doc: Look twice.
effect: read
inputs: {second: {type: string, default: two, description: What to look for then.}}
timeout: 2s
steps: [{id: one, uses: look, with: {name: one}}, {id: set, set: {n: "${{ steps.one.size }}"}}, {id: two, uses: look, with: {name: "${{ inputs.second }}"}, if: steps.set.n > 0}]
outputs: {size: {type: integer, value: "${{ steps.two?.size ?? 0 }}"}}
`), nil
}

func TestMistakes(t *testing.T) {
	s := skill(t)
	for i, c := range diagtest.Cases(t, "testdata/mistakes.yaml") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			check := func(name string, text []byte) diag.List {
				_, diags := skilltest.Read(name, text, s, catalogue())
				return diags
			}
			c.Compare(t, check("skill_test.yaml", []byte(c.Text)))
			diagtest.Fixed(t, "skill_test.yaml", []byte(c.Text), check)
		})
	}
}

// In the sandbox, a run tells nothing of a call as a whole, nor of what would undo it.
func TestOutOfSight(t *testing.T) {
	text := "cases: [{name: a, world: sandbox, expect: {calls: {b: {}, b/one: {name: one}}}}]"
	_, diags := skilltest.Read("polls_test.yaml", []byte(text), skillOf(t, "polls.yaml"), catalogue())
	if len(diags) != 1 || diags[0].Message != "in the sandbox, only the calls of the steps inside of b are known" {
		t.Errorf("%v", diags)
	}
}

// The name that a run shows of a step inside of an item leads to the one that tests use.
func TestItemAtTheEnd(t *testing.T) {
	text := "cases: [{name: a, expect: {steps: {\"b[x]/one\": done, \"b/one[x]\": done}}}]"
	_, diags := skilltest.Read("polls_test.yaml", []byte(text), skillOf(t, "polls.yaml"), catalogue())
	if len(diags) != 1 || diags[0].Hint != "the item stands at the end: b/one[x]" {
		t.Errorf("%v", diags)
	}
}

// read returns the suite of a text without mistakes.
func read(t *testing.T, text string) *skilltest.Suite {
	t.Helper()
	return readOf(t, text, skill(t))
}

func readOf(t *testing.T, text string, s *check.Skill) *skilltest.Suite {
	t.Helper()
	suite, diags := skilltest.Read("skill_test.yaml", []byte(text), s, catalogue())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return suite
}

// TestCases runs files of cases, each of which says in a comment which failures it
// comes to.
func TestCases(t *testing.T) {
	for file, of := range map[string]string{"cases.yaml": "skill.yaml", "world_cases.yaml": "world.yaml", "polls_cases.yaml": "polls.yaml", "outputs_cases.yaml": "outputs.yaml"} {
		for i, c := range diagtest.Cases(t, "testdata/"+file) {
			t.Run(fmt.Sprint(file, i), func(t *testing.T) { c.Compare(t, failuresOf(t, readOf(t, c.Text, skillOf(t, of)))) })
		}
	}
}

func failuresOf(t *testing.T, suite *skilltest.Suite) (out diag.List) {
	t.Helper()
	for _, x := range suite.Cases {
		began := time.Now()
		for _, f := range suite.Run(x).Failures {
			f.Message += strings.ReplaceAll("\n"+f.Diff, "\n", "|")
			out = append(out, f.Diagnostic)
		}
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("%s: time that is waited for went by: %s", x.Name, d)
		}
	}
	return out
}

func TestCoverage(t *testing.T) {
	suite := read(t, `
defaults:
  answers:
    image: {returns: {digest: d, size: 1}}
    made: {returns: {key: K}}
    merged: {returns: {size: 9}}
cases:
  - {name: nothing special}
`)
	all := skilltest.Covered{}
	all.Add(suite.Run(suite.Cases[0]).Covered)
	got := suite.Coverage(all)
	var gaps []string
	for _, g := range got.Gaps {
		gaps = append(gaps, fmt.Sprintf("%d:%d %s", g.At.Start.Line, g.At.Start.Col, g.What))
	}
	want := []string{
		`10:69 never true: "big"`,
		`10:92 never present: steps.image.note`,
		`11:10 step gate never runs`,
		`11:20 never true: inputs.notify`,
		`12:9 the steps of work never fail`,
		`18:14 step told never runs`,
		`19:14 step stop never runs`,
		`23:31 never absent: "none"`,
		`24:11 never present: steps.gate?.at`,
	}
	if strings.Join(gaps, "\n") != strings.Join(want, "\n") {
		t.Errorf("gaps\n%s\nwant\n%s", strings.Join(gaps, "\n"), strings.Join(want, "\n"))
	}
	if got.Points-got.Covered != len(want) || got.Percent() != got.Covered*100/got.Points {
		t.Errorf("%+v", got)
	}
}

func TestUpdated(t *testing.T) {
	const text = `
cases:
  - name: two values
    answers:
      image: {returns: {digest: d, size: 1}}
      made: {returns: {key: "K 1"}}
      merged: {returns: {size: 9}}
    expect:
      outputs: {key: K, at: now}  # stays
      calls:
        made:
          title: |
            a
            b

          body: d  # and this
`
	suite := read(t, text)
	failures := suite.Run(suite.Cases[0]).Failures
	got, n := skilltest.Updated([]byte(text), failures)
	if n != 3 || len(skilltest.NotUpdated(failures)) != 0 {
		t.Errorf("%d values of %v", n, failures)
	}
	again := read(t, string(got))
	if left := again.Run(again.Cases[0]).Failures; len(left) > 0 || !strings.Contains(string(got), `key: "K 1", at: "nobody was asked"}  # stays`) || !strings.Contains(string(got), "title: \"small plain\"\n") {
		t.Errorf("%s\n%v", got, left)
	}
}

func TestSubject(t *testing.T) {
	for file, want := range map[string]string{
		"a_test.yaml": "a.yaml", "x/steps/b_test.yaml": "x/steps/b.yaml", "a.yaml": "", "x/_test.yaml": "", "_test.yaml": "",
	} {
		if got, ok := skilltest.Subject(file); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s, %v", file, got, ok)
		}
	}
}
