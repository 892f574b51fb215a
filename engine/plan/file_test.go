package plan_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// kept is a plan with something in every member.
func kept() plan.Plan {
	const text = "name: x\n"
	sum := sha256.Sum256([]byte(text))
	prog := &program.Program{Skill: "x", TextDigest: hex.EncodeToString(sum[:]), Inputs: types.Values{"big": 9007199254740993, "share": 0.5}}
	local := plan.Local{Path: "l", Node: "l", Name: "L", Step: "yaml_set", Foreseen: true, Title: "t", Fields: []plan.Field{{Name: "n", Value: "v"}}, Diff: "d", Undecided: true, If: "x"}
	p := plan.Plan{Version: plan.Version, Forecast: plan.Forecast{
		Reads: []plan.Read{
			{Path: "a", Node: "a", Name: "A", Step: "quay_get_tag", Output: types.Values{"n": 1, "list": []any{"x", nil, true}}, Used: []string{"n"}},
			{Path: "b", Node: "b", Name: "B", Step: "git_log", Output: types.Values{"n": 1}, Used: []string{}},
			{Path: "c", After: "a", OutputDigest: "00", Members: map[string]string{"n": "00"}},
		},
		Questions: []plan.Question{{Kind: plan.Await, Path: "q", Node: "q", Name: "Q", Message: "m", Show: "s", Step: "gitlab_mr_view", Fields: []plan.Field{{Name: "n", Value: "v"}}, Until: "u", Undecided: true, If: "i", After: 1}},
		Writes: []plan.Write{
			{Path: "w", Node: "w", Name: "W", Step: "jira_create_issue", Service: "jira", Host: "h", Object: "issue", Verb: "create", Outcome: plan.Update, Ref: "r", Why: "y", Title: "<&>", Fields: []plan.Field{{Name: "n", Value: "v\u009b"}}, Diff: "d", Local: []plan.Local{local}, Reversible: true, Undecided: true, If: "i"},
			{Path: "v", Outcome: plan.Fail, Error: types.Errorf(types.Conflict, "no").WithHint("go")},
		},
		Local:   []plan.Local{local},
		Outputs: types.Values{"url": "u", "n": 7}, Missing: []string{"mr"},
	}}
	p.Manifest = plan.ManifestOf(p.Writes)
	p.Digest = plan.DigestOf(p.Forecast)
	p.Run = plan.Run{
		ID: "20260115-101530-k3f9q2", Site: "s", Work: "w", Skill: "x", File: "x.yaml", Text: text, Command: "skillrun x", Invocation: "skillrun",
		StartedAt: time.Date(2026, 1, 15, 10, 15, 30, 9, time.UTC), Zone: "UTC", Program: types.Encode(prog), ProgramDigest: prog.Digest(), Skillrun: "1",
	}
	return p
}

// TestDecode: a plan that was kept is read as it was, however its text is laid
// out.
func TestDecode(t *testing.T) {
	t.Parallel()
	p := kept().Sealed()
	var laid bytes.Buffer
	if err := json.Indent(&laid, types.Encode(p), "", "\t"); err != nil {
		t.Fatal(err)
	}
	escaped := strings.ReplaceAll(laid.String(), "<", `\u003c`)
	for _, text := range []string{string(types.Encode(p)), laid.String(), escaped + "\n"} {
		got, err := plan.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(types.Encode(p)), string(types.Encode(got))); diff != "" {
			t.Error(diff)
		}
	}
}

// TestEveryMemberIsSealed changes, removes and adds each member of a plan's
// file, at every depth, and swaps what stands in a list. All of it is refused.
func TestEveryMemberIsSealed(t *testing.T) {
	t.Parallel()
	text := types.Encode(kept().Sealed())
	n := 0
	for _, bad := range edits(t, text) {
		n++
		if _, err := plan.Decode(bad.text); types.CodeOf(err) != types.BadInput {
			t.Errorf("%s: %v", bad.what, err)
		}
	}
	if n < 300 {
		t.Errorf("only %d edits", n)
	}
}

// A seal of someone's own is no use where something else follows from the rest.
func TestForgedSeal(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*plan.Plan){
		"the program is another one":                       func(p *plan.Plan) { p.Run.Program = bytes.Replace(p.Run.Program, []byte(`"x"`), []byte(`"y"`), 1) },
		"the text of the skill is another one":             func(p *plan.Plan) { p.Run.Text += "#" },
		"the program is of another skill":                  func(p *plan.Plan) { p.Run.Skill = "y" },
		"its digest is not that of what it shows":          func(p *plan.Plan) { p.Writes[0].Fields[0].Value = "2" },
		"what it touches does not follow from its writes ": func(p *plan.Plan) { p.Manifest = nil },
	} {
		p := kept()
		change(&p)
		if _, err := plan.Decode(types.Encode(p.Sealed())); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := kept().Sealed()
	twice := strings.Replace(string(types.Encode(p)), `"run":{`, `"run":{"zone":"Mars",`, 1)
	if _, err := plan.Decode([]byte(twice)); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a member that is there twice: %v", err)
	}
	for _, none := range []string{"", "{", "[]", "null", `{"version":1}`, `{"version":99}`, string(types.Encode(p)) + "{}", strings.Repeat("[", 20000)} {
		if _, err := plan.Decode([]byte(none)); err == nil || !strings.Contains(err.Error(), "not a plan") {
			t.Errorf("%.20q: %v", none, err)
		}
	}
}

// edited is a text of which one thing was changed.
type edited struct {
	what string
	text []byte
}

// edits makes every edit of a JSON text's tree.
func edits(t *testing.T, text []byte) (out []edited) {
	t.Helper()
	root := tree(t, text)
	same := string(types.Encode(root))
	add := func(what string) {
		if bad := types.Encode(root); string(bad) != same {
			out = append(out, edited{what, bad})
		}
	}
	var walk func(path string, v any, put func(any))
	walk = func(path string, v any, put func(any)) {
		for _, other := range others(v) {
			put(other)
			add(fmt.Sprintf("%s is %v", path, other))
		}
		put(v)
		switch v := v.(type) {
		case map[string]any:
			v["added"] = 1
			add(path + " has one more")
			delete(v, "added")
			for _, name := range types.SortedKeys(v) {
				was := v[name]
				delete(v, name)
				add(path + "." + name + " is gone")
				v[name] = was
				walk(path+"."+name, was, func(x any) { v[name] = x })
			}
		case []any:
			for i, was := range v {
				put(append(append([]any{}, v[:i]...), v[i+1:]...))
				add(fmt.Sprintf("%s[%d] is gone", path, i))
				put(append(append([]any{}, v...), was))
				add(fmt.Sprintf("%s[%d] is there once more", path, i))
				put(v)
				walk(fmt.Sprintf("%s[%d]", path, i), was, func(x any) { v[i] = x })
			}
		}
	}
	walk("plan", root, func(v any) { root = v })
	return out
}

// others are values that are not v.
func others(v any) []any {
	switch v := v.(type) {
	case string:
		return []any{v + "x", "", nil}
	case bool:
		return []any{!v, nil}
	case int:
		return []any{v + 1, float64(v) + 0.5, nil}
	case float64:
		return []any{v * 2, nil}
	case nil:
		return []any{"", 0}
	case []any:
		if len(v) == 0 {
			return []any{nil, []any{1}}
		}
		return []any{nil, []any{}}
	case map[string]any:
		return []any{nil, map[string]any{}, []any{}}
	}
	return nil
}

func tree(t *testing.T, text []byte) any {
	t.Helper()
	v, err := types.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
