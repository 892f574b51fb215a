// Package runtimetest is the conformance suite of runtimes. A runtime that passes it
// performs every construct of the language, writes down before it sends, asks before
// it writes, parks and resumes, cleans up, and does nothing twice: not when its
// process is killed in any call, not when the power fails, and not when its journal
// ends behind any record.
//
//	func TestConforms(t *testing.T) {
//		runtimetest.Test(t, func() runtime.Runtime { return mine.Runtime{} })
//	}
//
// Each construct is a skill in constructs/NAME.yaml, whose first lines say what comes
// of it:
//
//	# state: failed invalid        how the run ends, and the code of its failure; done unless it says so
//	# effects: a g/b               paths of the writes that took effect, in the order of the alphabet
//	# outputs: {"o": 1}            of the skill
//	# answers: a lost conflict     how calls of the step at path a end, one after the other, before they succeed:
//	#                              lost took effect and its answer is lost, unsent did not, everything else is a code
//
// It is performed whole, killed in each call, left by a power cut in each call, and
// resumed from each prefix of its journal. What people and other processes do is in
// the scenarios, which are Go. All of it is in bubbles of testing/synctest, so that
// days of waiting take no time.
package runtimetest

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
)

//go:embed constructs
var files embed.FS

// Test checks a runtime against the suite; made returns one for a process.
func Test(t *testing.T, made func() runtime.Runtime) {
	names, err := fs.Glob(files, "constructs/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("the constructs are gone: %v", err)
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		name = strings.TrimSuffix(path.Base(name), ".yaml")
		if name == "called" {
			continue // by others
		}
		for how, hold := range map[string]func(*testing.T, *bench){"whole": whole, "killed": killed, "powercut": powerCut, "cut": cut} {
			bubble(t, name+"/"+how, made, string(text), hold)
		}
	}
	for _, all := range []map[string]scenario{questions, effects} {
		for name, s := range all {
			bubble(t, name, made, s.skill, s.act)
		}
	}
}

func bubble(t *testing.T, name string, made func() runtime.Runtime, text string, act func(*testing.T, *bench)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) { act(t, newBench(t, made, dir, text)) })
	})
}

// whole performs a skill from its beginning to its end.
func whole(t *testing.T, b *bench) {
	b.comes(t, "whole", b.run(t))
	for i, r := range b.j.Records() {
		if r.Kind == journal.Event && r.Effect == string(step.Writes) && r.Outcome == "created" && !b.announced(i) {
			t.Errorf("record %d: %s was not announced", i+1, r.Path)
		}
	}
}

// killed ends the process in the middle of each call, before and behind its work,
// and once more while the run is resumed.
func killed(t *testing.T, b *bench) { b.dying(t, (*journal.Memory).Reopen) }

// powerCut is killed, and what was not synced is gone.
func powerCut(t *testing.T, b *bench) {
	b.dying(t, func(j *journal.Memory) *journal.Memory { return j.Prefix(j.Synced()) })
}

// cut resumes the run from each prefix of its journal. A write that was announced
// last has happened, or not.
func cut(t *testing.T, b *bench) {
	first := b.fresh(t)
	first.run(t)
	records := first.j.Records()
	for n := 1; n <= len(records); n++ {
		for _, sent := range []bool{false, true} {
			last := records[n-1]
			if sent && last.Kind != journal.Intent {
				continue
			}
			again := b.fresh(t)
			again.j = first.j.Prefix(n)
			again.world.recall(records[:n])
			if sent && !again.world.mayTake(last.Path) {
				continue
			}
			if sent {
				again.world.take(last.Key, last.Path)
			}
			again.comes(t, "cut behind "+string(last.Kind)+" "+last.Path, again.resume(t))
		}
	}
}

// dying kills the process in its nth call, for every n, and again in the next one;
// left is what a process finds of the journal.
func (b *bench) dying(t *testing.T, left func(*journal.Memory) *journal.Memory) {
	for n := 1; ; n++ {
		again, kills := b.fresh(t), 0
		var out runtime.Outcome
		for try := 0; ; try++ {
			ctx, kill := context.WithCancel(t.Context())
			calls := 0
			again.world.at = func(string) {
				if calls++; calls == n && try < 2 {
					kills++
					again.j = left(again.j) // what is written from here on is lost
					kill()
				}
			}
			if try > 0 {
				again.resumed(t)
			}
			out = again.runIn(t, ctx)
			kill()
			if kills == try { // it came to its end
				break
			}
		}
		again.comes(t, fmt.Sprint("killed in call ", n), out)
		if kills == 0 || t.Failed() {
			return
		}
	}
}

// comes checks what came of a run against what its skill says.
func (b *bench) comes(t *testing.T, how string, o runtime.Outcome) {
	t.Helper()
	state := string(o.State)
	if o.Failure != nil && o.State != runtime.Done {
		state += " " + string(o.Failure.Error.Code)
	}
	if state != b.want.state {
		t.Errorf("%s: the run is %s, want %s: %+v", how, state, b.want.state, o.Failure)
	}
	if got := strings.Join(b.world.effects(), " "); got != b.want.effects {
		t.Errorf("%s: took effect: %s\nwant: %s", how, got, b.want.effects)
	}
	if twice := b.world.twice(); len(twice) > 0 {
		t.Errorf("%s: took effect more than once: %v", how, twice)
	}
	var outputs map[string]any
	if err := json.Unmarshal([]byte(b.want.outputs), &outputs); err != nil {
		t.Fatalf("outputs: %v", err)
	}
	if got := plain(o.Outputs); o.State == runtime.Done && !reflect.DeepEqual(got, outputs) {
		t.Errorf("%s: outputs %v, want %v", how, got, outputs)
	}
}

// plain is a value as it comes out of JSON.
func plain(v map[string]any) map[string]any {
	raw, _ := json.Marshal(v)
	out := map[string]any{}
	_ = json.Unmarshal(raw, &out)
	return out
}
