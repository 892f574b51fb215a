package runtimetest

import (
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// scenario is what people and processes do to a run of a skill.
type scenario struct {
	skill string
	act   func(*testing.T, *bench)
}

const (
	oneWrite  = "name: skill\nsteps:\n  - {id: a, uses: look}\n  - {id: w, uses: put}\n"
	twoWrites = "name: skill\nsteps:\n  - {id: a, uses: put}\n  - {id: b, uses: put}\n"
	oneBlind  = "# answers: w lost\nname: skill\nsteps:\n  - {id: a, uses: put}\n  - {id: w, uses: blind}\n  - {id: z, uses: put}\n"
	asking    = "name: skill\nsteps:\n  - {id: a, uses: put}\n  - {id: ok, approve: \"Go on?\"}\n  - {id: w, uses: put}\n"
	waiting   = "name: skill\nsteps:\n  - id: g\n    steps:\n      - {id: a, uses: put}\n      - {id: r, await: {uses: look, until: result.n >= 3, every: 1h}}\n    always: [{id: z, uses: put}]\n"
	watching  = "name: skill\nsteps:\n  - id: g\n    steps:\n      - {id: a, uses: put}\n      - {id: r, await: {uses: seen, until: result.n >= 3, every: 1h}}\n    always: [{id: z, uses: put}]\n"
	naps      = "name: skill\nsteps:\n  - id: g\n    parallel: true\n    steps: [{id: a, uses: nap}, {id: b, uses: nap}, {id: c, uses: nap}]\n"
)

// stands holds where a process left the run.
func stands(t *testing.T, o runtime.Outcome, state runtime.State, reason string) {
	t.Helper()
	if o.State != state || reason != "" && o.Reason != reason {
		t.Fatalf("the run is %s %q, want %s %q: %+v", o.State, o.Reason, state, reason, o.Failure)
	}
}

// has holds which writes took effect.
func (b *bench) has(t *testing.T, effects string) {
	t.Helper()
	if got := strings.Join(b.world.effects(), " "); got != effects || len(b.world.twice()) > 0 {
		t.Fatalf("took effect: %q, more than once: %v; want %q", got, b.world.twice(), effects)
	}
}

func (b *bench) append(t *testing.T, r journal.Record) {
	t.Helper()
	r.At = time.Now().UTC()
	if err := b.j.Append(r, true); err != nil {
		t.Fatal(err)
	}
}

// other is a run of its own of the same piece of work.
func (b *bench) other(t *testing.T) *bench {
	t.Helper()
	out := *b
	out.id = "20260115-110000-bbbbbb"
	out.start(t)
	return &out
}

func (b *bench) reversals(t *testing.T) []runtime.Reversal {
	t.Helper()
	list, err := b.made().Reversals(t.Context(), b.options())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (b *bench) undo(t *testing.T, list []runtime.Reversal) {
	t.Helper()
	if err := b.made().Undo(t.Context(), b.options(), list); err != nil {
		t.Fatal(err)
	}
}
