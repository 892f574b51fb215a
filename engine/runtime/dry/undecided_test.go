package dry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestUndecided: what depends on what is unknown is shown with its condition;
// nothing of it is done, and what follows does not count on it.
func TestUndecided(t *testing.T) {
	t.Parallel()
	w := &world{t: t}
	cond := "steps.first.key == 'x'"
	f := w.forecast(w.options(
		titled("first", "make", "a"),
		node("read", "look", cond, types.Values{"title": "r"}),
		node("edited", "edit", cond, types.Values{"workspace": "w", "title": "e"}),
		node("committed", "commit", "", types.Values{"workspace": "w", "title": "c"}),
		node("second", "make", cond, types.Values{"title": "b"}),
		node("broken", "make", cond, types.Values{"title": "refused"}),
		titled("third", "make", "${{ steps.second?.title ?? 'none' }}"),
		program.Node{ID: "right", Kind: program.Assert, Cond: cond, Message: "no"},
		program.Node{ID: "stop", Kind: program.Fail, If: cond, Message: "no"},
		program.Node{ID: "ask", Kind: program.Approve, If: cond, Message: "go on?"},
		program.Node{ID: "wait", Kind: program.Await, If: cond, Step: "look", Effect: "read", With: types.Values{"title": "w"}, Until: "result.key == 'x'", Every: "1s"},
	))
	if diff := cmp.Diff([]string{"find a"}, w.seen); diff != "" {
		t.Errorf("what was done: %s", diff)
	}
	got := map[string]string{}
	for _, x := range f.Writes {
		got[x.Node] = x.If + "|" + x.Fields[0].Value
		for _, l := range x.Local {
			got[l.Node] = l.If + "|" + l.Fields[0].Value
		}
	}
	want := map[string]string{
		"first": "|a", "edited": cond + "|e", "committed": "|c", "second": cond + "|b", "broken": cond + "|refused", "third": "|(known after second)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	questions := []plan.Question{
		{Kind: plan.Check, Path: "right", Node: "right", Name: "right", Until: cond, After: 4},
		{Kind: plan.Check, Path: "stop", Node: "stop", Name: "stop", Until: "not (" + cond + ")", After: 4},
		{Kind: plan.Approve, Path: "ask", Node: "ask", Name: "ask", Message: "go on?", Undecided: true, If: cond, After: 4},
		{Kind: plan.Await, Path: "wait", Node: "wait", Name: "wait", Step: "look", Until: "result.key == 'x'",
			Fields: []plan.Field{{Name: "title", Value: "w"}}, Undecided: true, If: cond, After: 4},
	}
	if diff := cmp.Diff(questions, f.Questions); diff != "" {
		t.Error(diff)
	}
	if f.Failure != nil {
		t.Errorf("failure %+v", f.Failure)
	}
}

// TestBreakIf: behind an item of which it is not known whether it ends the loop,
// no item is sure to come, and nothing is known of all of them.
func TestBreakIf(t *testing.T) {
	t.Parallel()
	for cond, want := range map[string][]string{
		"result.title == 'a'":           {"l[a]", "m string 1"},
		"result.title == 'b'":           {"l[a]", "l[b]", "m string 2"},
		"result.key == 'x'":             {"l[a]", "l[b] if no item before had result.key == 'x'", "l[c] if no item before had result.key == 'x'", "m string (known after l)"},
		"item == 'b' || result.key > 1": {"l[a]", "l[b] if no item before had item == 'b' || result.key > 1", "m string (known after l)"},
	} {
		l := titled("l", "make", "${{ item }}")
		l.ForEach, l.BreakIf = `["a", "b", "c"]`, cond
		w := &world{t: t}
		f := w.forecast(w.options(l, titled("m", "make", "string ${{ len(steps.l) }}")))
		var got []string
		for _, x := range f.Writes {
			line := x.Path
			if x.If != "" {
				line += " if " + x.If
			}
			if x.Node == "m" {
				line += " " + x.Fields[0].Value
			}
			if x.Undecided != (x.If != "") {
				t.Errorf("%s: undecided %v", line, x.Undecided)
			}
			got = append(got, line)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", cond, diff)
		}
	}
}
