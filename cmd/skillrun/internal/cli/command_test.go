package cli

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/types"
)

// TestOneOrder: whoever prints a command, the verb comes first, then what it is
// about, then the flags of the site, then the others.
func TestOneOrder(t *testing.T) {
	t.Parallel()
	f := runFlags{config: "a b.yaml"}
	o := runtime.Options{Invocation: "skillrun" + siteOf(f)}
	trust := true
	trusted := runFlags{sandbox: true, trust: &trust}
	for got, want := range map[string]string{
		resumeCommand("k3", "", trusted):                                 "skillrun resume k3 --sandbox --trust",
		siteOf(trusted):                                                  " --sandbox",
		resumeCommand("k3", "", f):                                       "skillrun resume k3 --config 'a b.yaml'",
		resumeCommand("k3", engine.ForConfirm, f):                        "skillrun resume k3 --config 'a b.yaml' --yes",
		resumeCommand("k3", engine.ForApprove, f):                        "skillrun approve k3 --config 'a b.yaml'",
		repeatCommand("k3", "g[1]/a", f):                                 "skillrun resolve k3 'g[1]/a' --config 'a b.yaml' --not-done",
		nextOf(engine.Summary{ID: "k3", State: "partly_undone"}, f).Undo: "skillrun undo k3 --config 'a b.yaml'",
		o.Command("undo", "k3"):                                          "skillrun undo k3 --config 'a b.yaml'",
		o.Command("resolve", "k3", "a") + " --not-done":                  "skillrun resolve k3 a --config 'a b.yaml' --not-done",
		runtime.Options{}.Command("runs", "k3"):                          "skillrun runs k3",
		atSite("`skillrun runs` lists; `skillrun x` y", siteOf(f)):       "`skillrun runs --config 'a b.yaml'` lists; `skillrun x --config 'a b.yaml'` y",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := approveCommand(engine.PendingQuestion{Run: engine.Run{ID: "k3"}}, personFlags{runFlags: runFlags{sandbox: true}}); got != "skillrun approve k3 --sandbox --digest " {
		t.Error(got)
	}
}

// A value that is too long for a command line floods no terminal: the command names a file.
func TestLongValue(t *testing.T) {
	t.Parallel()
	str := types.OfKind(types.String)
	s := &engine.Skill{Name: "notes", Inputs: types.ObjectOf(types.Field{Name: "text", Type: str}, types.Field{Name: "to", Type: str})}
	for size, want := range map[int]string{
		longestWord:     "skillrun notes --input text=" + strings.Repeat("x", longestWord) + " --input to=prod",
		longestWord + 1: "skillrun notes --input text=@FILE --input to=prod",
	} {
		in := map[string]any{"text": strings.Repeat("x", size), "to": "prod"}
		if got := command(s, in, runFlags{called: "notes"}); got != want {
			t.Errorf("%d bytes: %.80s", size, got)
		}
	}
}
