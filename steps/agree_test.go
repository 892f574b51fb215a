package steps

import (
	"fmt"
	mrand "math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/skillrun/skillrun/engine"
)

// TestPlansAgree: skills drawn from a seed, of writes and of reads behind them,
// are planned, agreed to by the digest and run, and run with consent in a world
// of their own. What a plan showed as certain happened so, leaf by leaf; all
// that came otherwise was marked.
func TestPlansAgree(t *testing.T) {
	t.Parallel()
	skills := uint64(60)
	if os.Getenv("SKILLRUN_SWEEP") == "full" {
		skills = 500
	}
	var all figures
	t.Run("skills", func(t *testing.T) {
		for seed := range skills {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				f := agree(t, seed)
				all.mu.Lock()
				defer all.mu.Unlock()
				all.add(f)
			})
		}
	})
	t.Logf("%d skills: %d reads shown, %d marked as known later, of these %d would have said the same; %d writes shown, %d undecided, %d failing; %d outputs shown, %d marked; %d runs failed, %d of them as planned",
		skills, all.shown, all.later, all.needless, all.writes, all.undecided, all.failing, all.outputs, all.missing, all.failed, all.foretold)
	if all.shown == 0 || all.later == 0 || all.needless == all.later || all.undecided == 0 || all.failing == 0 || all.failed == 0 {
		t.Error("the skills do not try what they are for")
	}
}

// figures count what was compared.
type figures struct {
	mu                                                                                     sync.Mutex
	shown, later, needless, writes, undecided, failing, outputs, missing, failed, foretold int
}

func (f *figures) add(g *figures) {
	f.shown, f.later, f.needless = f.shown+g.shown, f.later+g.later, f.needless+g.needless
	f.writes, f.undecided, f.failing = f.writes+g.writes, f.undecided+g.undecided, f.failing+g.failing
	f.outputs, f.missing = f.outputs+g.outputs, f.missing+g.missing
	f.failed, f.foretold = f.failed+g.failed, f.foretold+g.foretold
}

const inputs = "inputs: {root: {type: string, required: true}}\n"

func agree(t *testing.T, seed uint64) *figures {
	called := draw{r: mrand.New(mrand.NewPCG(seed, 1))}
	inside := "name: called\n" + inputs + "steps:\n" + called.sequence("    ", 3)
	d := draw{r: mrand.New(mrand.NewPCG(seed, 2))}
	text := "name: drawn\n" + inputs + "steps:\n" + d.sequence("  ", 8) + "outputs:\n  n: done\n"
	for i, e := range d.seen {
		text += fmt.Sprintf("  o%d: ${{ %s }}\n", i, e)
	}
	j := &judge{T: t, text: text, inside: inside}
	one, other := newSite(t, inside), newSite(t, inside)
	j.plan = j.planned(one)
	j.hold(one, j.agreed(one))
	j.replay(one, other)
	again := &judge{T: t, text: text, inside: inside, plan: j.plan} // whose figures would be the same
	again.hold(other, again.started(other, engine.Options{Consent: engine.Given}))
	return &j.figures
}
