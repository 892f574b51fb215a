package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/types"
)

// TestSummary counts by service, most first; what is there does not count.
func TestSummary(t *testing.T) {
	t.Parallel()
	jira, git, gitlab := plan.Write{Service: "jira", Object: "issue"}, plan.Write{Service: "git"}, plan.Write{Service: "gitlab"}
	there, maybe := plan.Write{Service: "jira", Outcome: plan.Adopt}, plan.Write{Undecided: true}
	each := plan.Write{Path: "h[*]/push", Service: "git", Undecided: true}
	cases := map[string][]plan.Write{
		"nothing to write":                  nil,
		"1 write: git 1":                    {git},
		"4 writes: jira 2, git 1, gitlab 1": {jira, git, gitlab, jira},
		"nothing to write; 1 there already": {there},
		"2 writes: git 1, other 1; of these 1 only if a condition holds; 1 there already":                                 {there, git, maybe},
		"3 writes: git 2, other 1; of these 1 only if a condition holds, 1 for each item of a list that is not known yet": {git, maybe, each},
		"1 write: git 1; of these 1 for each item of a list that is not known yet":                                        {each},
	}
	for want, writes := range cases {
		if got := plan.Summary(writes); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	want := []plan.ManifestEntry{{Service: "jira", Object: "issue", Times: 2}, {Service: "git", Times: 1}}
	if diff := cmp.Diff(want, plan.ManifestOf([]plan.Write{jira, git, there, jira})); diff != "" {
		t.Error(diff)
	}
}

// TestFields leaves out what is empty.
func TestFields(t *testing.T) {
	t.Parallel()
	input := types.Values{"a": "", "b": []any{}, "c": map[string]any{}, "d": nil, "e": 0, "f": types.Unknown{After: "x"}}
	want := []plan.Field{{Name: "f", Value: "(known after x)"}, {Name: "e", Value: "0"}}
	if diff := cmp.Diff(want, plan.Fields([]string{"f", "a", "b", "c", "d", "e", "g"}, input)); diff != "" {
		t.Error(diff)
	}
}

// TestJSON: a plan that was kept says the same as before.
func TestJSON(t *testing.T) {
	t.Parallel()
	p := plan.Plan{Version: plan.Version, Run: plan.Run{ID: "r", Program: json.RawMessage(`{"n":1}`)}, Forecast: plan.Forecast{
		Reads:     []plan.Read{{Path: "a", Output: types.Values{"big": 9007199254740993, "list": []any{1, "x"}}, Used: []string{"big"}}, {Path: "b", Output: types.Values{"x": 1}, Used: []string{}}},
		Questions: []plan.Question{{Kind: plan.Check, Path: "c"}},
		Writes:    []plan.Write{{Path: "w", Fields: []plan.Field{{Name: "n", Value: "<&>"}}, Local: []plan.Local{{Path: "l"}}}},
		Failure:   &plan.Failure{Path: "w", Place: plan.Place{Line: 3}, Error: types.Errorf(types.Conflict, "no").WithHint("h")},
	}}
	var again plan.Plan
	if err := json.Unmarshal(types.Encode(p), &again); err != nil {
		t.Fatal(err)
	}
	if was, is := string(types.Encode(p)), string(types.Encode(again)); was != is {
		t.Errorf("kept  %s\nread %s", was, is)
	}
	again.Reads[1].Output["x"] = 2
	if d := append(plan.Diff(p.Forecast, again.Forecast), plan.Diff(again.Forecast, p.Forecast)...); len(d) != 0 {
		t.Errorf("a plan differs from itself, in what nobody reads: %v", d)
	}
}

func reads(output types.Values, used ...string) plan.Forecast {
	return plan.Forecast{Reads: []plan.Read{{Path: "a", Output: output, Used: used}}}
}

func writes(list ...plan.Write) plan.Forecast { return plan.Forecast{Writes: list} }

func fields(pairs ...string) plan.Write {
	w := plan.Write{Path: "w"}
	for i := 0; i < len(pairs); i += 2 {
		w.Fields = append(w.Fields, plan.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return w
}

// after is of two writes: an issue, and a push whose commit was to be made after
// it; in known, the issue is there and the commit could be made.
func after(message, to string) plan.Forecast {
	push := plan.Write{Path: "push", Node: "push", Title: "push " + to, Outcome: plan.Create, Fields: []plan.Field{{Name: "to", Value: to}}}
	push.Local = []plan.Local{{Path: "commit", Foreseen: true, Fields: []plan.Field{{Name: "message", Value: message}}}}
	return writes(plan.Write{Path: "j", Node: "j", Outcome: plan.Create}, push)
}

func known(message, to string) plan.Forecast {
	push := plan.Write{Path: "push", Node: "push", Title: "push " + to, Outcome: plan.Create, Fields: []plan.Field{{Name: "to", Value: to}, {Name: "message", Value: message}}}
	push.Local = []plan.Local{{Path: "commit"}}
	return writes(plan.Write{Path: "j", Node: "j", Outcome: plan.Adopt, Ref: "A-1"}, push)
}

// TestDiff says what moved in a line each.
func TestDiff(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 15)
	big := func(v string) types.Values {
		return types.Values{"text": strings.Repeat(v, 70<<10), "n": 1, "noise": v}
	}
	cases := []struct {
		name    string
		was, is plan.Forecast
		want    string
	}{
		{"nothing", reads(types.Values{"x": 1}), reads(types.Values{"x": 1}), ""},
		{"a value", reads(types.Values{"x": 1}), reads(types.Values{"x": 2}), "a.x: was 1, is 2"},
		{"one that nothing reads", reads(types.Values{"x": 1, "y": 1}, "x"), reads(types.Values{"x": 1, "y": 2}, "x"), ""},
		{"gone", reads(types.Values{"x": "v"}), reads(types.Values{}), "a.x: was v, is nothing"},
		{"new", reads(types.Values{}), reads(types.Values{"x": "v"}), "a.x: was nothing, is v"},
		{"inside", reads(types.Values{"x": map[string]any{"y": []any{1, map[string]any{"z": true}}}}), reads(types.Values{"x": map[string]any{"y": []any{1, map[string]any{"z": false}}}}), "a.x.y[1].z: was true, is false"},
		{"a longer list", reads(types.Values{"x": []any{1}}), reads(types.Values{"x": []any{1, 2}}), "a.x: was 1 item, is 2 items"},
		{"a line", reads(types.Values{"x": "a\n  b\nc"}), reads(types.Values{"x": "a\n  d\nc"}), "a.x line 2: was b, is d"},
		{"a line more", reads(types.Values{"x": "a"}), reads(types.Values{"x": "a\nb"}), "a.x line 2: was nothing, is b"},
		{"blanks", reads(types.Values{"x": "a"}), reads(types.Values{"x": "a "}), `a.x: was "a", is "a "`},
		{"far in", reads(types.Values{"x": long + "A"}), reads(types.Values{"x": long + "B"}), "a.x: was …" + long[:30] + "A, is …" + long[:30] + "B"},
		{"kept as digests", plan.Forecast{Reads: []plan.Read{reads(big("a"), "text").Reads[0].Kept()}}, reads(big("a"), "text"), ""},
		{"another kept as digests", plan.Forecast{Reads: []plan.Read{reads(big("a"), "n", "text").Reads[0].Kept()}}, reads(big("b"), "n", "text"), "a.text: was sha256:58b4357143af, is sha256:d32a3a1674d5"},
		{"all of it kept as digest", plan.Forecast{Reads: []plan.Read{reads(big("a")).Reads[0].Kept()}}, reads(big("b")), "a: was sha256:a1e567302eea, is sha256:588f41eef80b"},
		{"reads explain writes", plan.Forecast{Reads: reads(types.Values{"x": 1}).Reads, Writes: []plan.Write{fields("n", "1")}},
			plan.Forecast{Reads: reads(types.Values{"x": 2}).Reads, Writes: []plan.Write{fields("n", "2")}}, "a.x: was 1, is 2"},
		{"a read not done", reads(types.Values{"x": 1}), plan.Forecast{}, ""},
		{"a write gone", writes(plan.Write{Path: "w", Title: "push b"}), writes(), "w: was to push b, is nothing"},
		{"a write new", writes(), writes(plan.Write{Path: "w", Verb: "create", Object: "issue"}), "w: was nothing, is to create issue"},
		{"a write without words", writes(), writes(plan.Write{Path: "w"}), "w: was nothing, is a write"},
		{"there by now", writes(plan.Write{Path: "w", Outcome: plan.Create}), writes(plan.Write{Path: "w", Outcome: plan.Adopt, Ref: "A-1"}), ""},
		{"not there any more", writes(plan.Write{Path: "w", Outcome: plan.Adopt, Ref: "A-1"}), writes(plan.Write{Path: "w", Outcome: plan.Create}), "w: was there already (A-1), is to be created"},
		{"there from other arguments", writes(plan.Write{Path: "w", Outcome: plan.Create}), writes(plan.Write{Path: "w", Outcome: plan.Update, Ref: "A-1"}), "w: was to be created, is to be updated (A-1)"},
		{"known by now", after("(known after j) - x", "(known after j) to (known after m)"), known("A-1 - x", "A-1 to (known after m)"), ""},
		{"known by now, and moved", after("(known after j) - x", "b"), known("A-1 - y", "b"), "push.message: was (known after j) - x, is A-1 - y"},
		{"known by now, and moved beside it", after("(known after j)", "(known after j) to a"), known("A-1", "A-1 to b"), "push.to: was (known after j) to a, is A-1 to b"},
		{"known only later", after("(known after j)", "(known after m)"), known("A-1", "!3"), "push: was push (known after m), is push !3\npush.to: was (known after m), is !3"},
		{"another one there", writes(plan.Write{Path: "w", Outcome: plan.Update, Ref: "A-1"}), writes(plan.Write{Path: "w", Outcome: plan.Update, Ref: "A-2"}), "w: was to be updated (A-1), is to be updated (A-2)"},
		{"a field", writes(fields("n", "1", "m", "1")), writes(fields("n", "2", "o", "1")), "w.n: was 1, is 2\nw.m: was 1, is nothing\nw.o: was nothing, is 1"},
		{"the diff", writes(plan.Write{Path: "w", Diff: "@@\n+a\n"}), writes(plan.Write{Path: "w", Diff: "@@\n+b\n"}), "w.diff line 2: was +a, is +b"},
		{"what is said of it", writes(plan.Write{Path: "w", Preview: []plan.Field{{Name: "n", Value: "1"}}}), writes(plan.Write{Path: "w", Preview: []plan.Field{{Name: "n", Value: "2"}}}), "w.preview.n: was 1, is 2"},
		{"the host", writes(plan.Write{Path: "w", Host: "a"}), writes(plan.Write{Path: "w", Host: "b"}), "w.host: was a, is b"},
		{"the condition", writes(plan.Write{Path: "w", Undecided: true, If: "x"}), writes(plan.Write{Path: "w"}), "w.if: was only if x, is nothing"},
		{"a message", writes(plan.Write{Path: "w", Local: []plan.Local{{Path: "c", Foreseen: true, Fields: []plan.Field{{Name: "m", Value: "1"}}}}}),
			writes(plan.Write{Path: "w", Local: []plan.Local{{Path: "c", Foreseen: true, Fields: []plan.Field{{Name: "m", Value: "2"}}}}}), "c.m: was 1, is 2"},
		{"a step that is done by now", writes(plan.Write{Path: "w", Local: []plan.Local{{Path: "c", Foreseen: true}}}), writes(plan.Write{Path: "w"}), ""},
		{"a step more", writes(plan.Write{Path: "w"}), writes(plan.Write{Path: "w", Local: []plan.Local{{Path: "c", Foreseen: true}}}), "c: was nothing, is a step before w"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, d := range plan.Diff(c.was, c.is) {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDiffIsShort: a result that is another altogether is told in few lines.
func TestDiffIsShort(t *testing.T) {
	t.Parallel()
	a, b := map[string]any{}, map[string]any{}
	for _, name := range strings.Split("abcdefghij", "") {
		a[name], b[name] = 1, 2
	}
	if got := plan.Diff(reads(types.Values{"x": a}), reads(types.Values{"x": b})); len(got) != 5 {
		t.Errorf("%d lines: %v", len(got), got)
	}
}

// TestDigest is of what people agree to, and of nothing else.
func TestDigest(t *testing.T) {
	t.Parallel()
	f := plan.Forecast{Writes: []plan.Write{fields("n", "1")}, Questions: []plan.Question{{Kind: plan.Approve, Message: "m"}}}
	d := plan.DigestOf(f)
	same := f
	same.Reads, same.Outputs, same.Local = []plan.Read{{Path: "a"}}, types.Values{"o": 1}, []plan.Local{{Path: "l"}}
	if plan.DigestOf(same) != d || len(d) != 32 {
		t.Error("what nobody agrees to changes the digest")
	}
	for name, other := range map[string]plan.Forecast{
		"a field":    {Writes: []plan.Write{fields("n", "2")}, Questions: f.Questions},
		"a question": {Writes: f.Writes, Questions: []plan.Question{{Kind: plan.Approve, Message: "n"}}},
		"a step":     {Writes: f.Writes, Questions: f.Questions, Local: []plan.Local{{Path: "l", Foreseen: true}}},
	} {
		if plan.DigestOf(other) == d {
			t.Errorf("%s does not change the digest", name)
		}
	}
}
