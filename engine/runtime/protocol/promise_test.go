package protocol_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// settle is how long a request may take to have its effect where services lag.
const settle = 3 * time.Second

// process is a runtime that drives writes; its members break it.
type process struct {
	known   func(*protocol.Known)
	event   func(protocol.Verb, *protocol.Event)
	command func(*protocol.Command)
	skips   protocol.Verb // what it answers itself, as if it had done it
}

// world is what is true of a write, whatever a process believes.
type world struct {
	step   protocol.Step
	blind  bool // no one can look
	now    time.Time
	intent bool // in the journal, without an end
	since  time.Time
	word   bool // a person says that it is not there, since the last INTENT
	heeds  bool // this process has the word, for one send
	before bool
	said   string

	maybe   bool      // it may be there, because of a request of this run
	until   time.Time // it can appear until then
	proof   bool      // it is not there: said by looking, or by a person, since the last send
	known   bool      // it is known what became of the last send
	yes     bool      // the last send was answered well
	here    bool      // the last look saw it
	allowed bool      // by a person, in this process
	told    string    // the outcome of the last INTENT of this process, "no" without one
}

// at is one point of all ways that a write can go.
type at struct {
	world
	w       protocol.Write
	c       protocol.Command
	crashes int
}

// explorer goes all ways, and says which break the promise.
type explorer struct {
	process
	seen   map[string]bool
	broken map[string]bool
	ends   map[string]bool
	wants  string // it ends when it has seen that
	kills  int    // how often a process is killed on one way
}

// TestPromise: whatever happens, and wherever processes are killed, nothing is sent
// without INTENT, without consent, or without proof since the last send that it is
// not there; and nothing is called done, or not done, that is unknown.
func TestPromise(t *testing.T) {
	t.Parallel()
	x := explore(process{}, "nothing")
	for what, broken := range x.broken {
		if broken {
			t.Error(what)
		}
	}
	for _, end := range []string{
		"done created", "done adopted", "done confirmed", "done updated", "done resolved", "fail", "fail unknown", "fail unseen", "fail resolved",
		"park unknown_outcome", "park repeat", "give_up", "leave",
	} {
		if !x.ends[end] {
			t.Errorf("no way ends with %s, so the exploration sees nothing", end)
		}
	}
	if len(x.seen) < 1000 {
		t.Errorf("only %d points were looked at", len(x.seen))
	}
	t.Logf("%d points", len(x.seen))
}

// TestPromiseBroken: a process that breaks the protocol breaks the promise, and the
// exploration sees it.
func TestPromiseBroken(t *testing.T) {
	t.Parallel()
	code := func(from, to types.Code) func(protocol.Verb, *protocol.Event) {
		return func(_ protocol.Verb, e *protocol.Event) {
			if e.Err != nil && types.CodeOf(e.Err) == from {
				e.Err = types.Errorf(to, "broken")
			}
		}
	}
	for name, c := range map[string]struct {
		process
		broken string
	}{
		"absent is believed at once":       {process{known: func(k *protocol.Known) { k.Step.EventuallyConsistent = false }}, "sent without proof"},
		"does not wait for what may come":  {process{known: func(k *protocol.Known) { k.Settle = 0 }}, "sent without proof"},
		"forgets what it announced":        {process{known: func(k *protocol.Known) { k.Sent = false }}, "sent without proof"},
		"forgets that it is done":          {process{known: func(k *protocol.Known) { k.Before = nil }}, "sent without proof"},
		"repeats what may not be":          {process{known: func(k *protocol.Known) { k.Step.Repeatable = true }}, "sent without proof"},
		"takes a word that nobody said":    {process{known: func(k *protocol.Known) { k.Absent = true }}, "sent without proof"},
		"looks no harder than before":      {process{command: func(c *protocol.Command) { c.Hard = false }}, "sent without proof"},
		"does not look":                    {process{skips: protocol.Look}, "sent without proof"},
		"does not wait":                    {process{event: func(v protocol.Verb, e *protocol.Event) { e.At = e.At.Add(time.Hour) }}, "sent without proof"},
		"does not announce":                {process{skips: protocol.Announce}, "sent without INTENT"},
		"does not ask":                     {process{skips: protocol.Permit}, "sent without consent"},
		"takes a lost answer for a no":     {process{event: code(types.UnknownOutcome, types.BadInput)}, "failed, and nobody knows"},
		"takes a cut for a no":             {process{event: func(v protocol.Verb, e *protocol.Event) { e.Cut = false }}, "failed, and nobody knows"},
		"takes a lost answer for conflict": {process{event: code(types.UnknownOutcome, types.Conflict)}, "called another run's, and this one may have made it"},
	} {
		if x := explore(c.process, c.broken); !x.broken[c.broken] {
			t.Errorf("%s: not seen; seen is %v", name, x.broken)
		}
	}
}

func explore(p process, wants string) *explorer {
	kills := 1
	if os.Getenv("SKILLRUN_SWEEP") == "full" {
		kills = 2
	}
	x := &explorer{process: p, wants: wants, kills: kills, seen: map[string]bool{}, broken: map[string]bool{}, ends: map[string]bool{}}
	for _, s := range []protocol.Step{{}, {EventuallyConsistent: true}, {Updates: true}, {Repeatable: true}} {
		for _, blind := range []bool{false, true} {
			w := world{step: s, blind: blind, now: began, told: "no"}
			x.start(w, 0, protocol.Known{})
			x.start(w, 0, protocol.Known{Held: true})
			for _, said := range []string{"", protocol.SaidRepeat, protocol.SaidStands} {
				w.before, w.said, w.word = true, said, said == protocol.SaidRepeat
				w.maybe = !s.Repeatable && said != protocol.SaidRepeat
				x.start(w, 0, protocol.Known{Before: past, Said: said})
			}
		}
	}
	return x
}

// start begins a process at what the journal holds.
func (x *explorer) start(w world, crashes int, k protocol.Known) {
	k.Step, k.Settle, k.Sent, k.Since, k.Absent = w.step, settle, w.intent, w.since, w.word
	if x.process.known != nil {
		x.process.known(&k)
	}
	w.proof, w.allowed, w.told, w.heeds = false, false, "no", w.word
	p, c := protocol.Begin(k)
	x.visit(at{world: w, w: *p, c: c, crashes: crashes})
}

// visit goes all ways from a point.
func (x *explorer) visit(a at) {
	if x.command != nil {
		x.command(&a.c)
	}
	key := fmt.Sprintf("%+v", a)
	if x.seen[key] || x.broken[x.wants] {
		return
	}
	x.seen[key] = true
	x.judge(&a)
	switch a.c.Do {
	case protocol.Done, protocol.Fail, protocol.Park, protocol.GiveUp, protocol.Leave:
		end := string(a.c.Do)
		for _, word := range []string{a.c.Outcome, a.c.Reason} {
			if word != "" {
				end += " " + word
			}
		}
		x.ends[end] = true
		return
	case x.skips:
		x.on(a, protocol.Event{Found: step.Absent[json.RawMessage](), At: a.now})
		return
	}
	for _, e := range a.answers() {
		next := a
		next.happens(&e)
		switch a.c.Do {
		case protocol.Announce, protocol.Send, protocol.Update: // elsewhere it would begin as it began
			if a.crashes < x.kills {
				x.restart(next)
			}
		}
		x.on(next, e)
	}
}

// on tells the write what came of its command.
func (x *explorer) on(a at, e protocol.Event) {
	if x.event != nil {
		x.event(a.c.Do, &e)
	}
	a.c = a.w.On(e)
	x.visit(a)
}

// restart kills the process after what happened, and starts another; a person may
// say before that it is not there.
func (x *explorer) restart(a at) {
	if a.c.Do == protocol.Send {
		a.until = a.now.Add(settle)
	}
	k := protocol.Known{Said: a.said}
	if a.before {
		k.Before = past
	}
	x.start(a.world, a.crashes+1, k)
	if a.intent {
		a.intent, a.word, a.maybe, a.known = false, true, false, true // they are believed
		x.start(a.world, a.crashes+1, k)
	}
}

// judge says what a command breaks.
func (x *explorer) judge(a *at) {
	says := func(broken bool, what string) { x.broken[what] = x.broken[what] || broken }
	switch c := a.c; c.Do {
	case protocol.Send, protocol.Update:
		says(a.told == "no", "sent without INTENT")
		says(!a.allowed, "sent without consent")
		says(c.Do == protocol.Send && !a.proof, "sent without proof")
		says(c.Do == protocol.Update && a.told != protocol.Updated, "updated without saying so before")
	case protocol.Done:
		says(c.Outcome == protocol.Created && !a.yes, "called created, and the send was not answered")
		says(c.Outcome == protocol.Confirmed && !a.here || c.Outcome == protocol.Adopted && !a.here, "called there, and nobody saw it")
		says(c.Outcome == protocol.Adopted && a.maybe, "called another run's, and this one may have made it")
	case protocol.Fail:
		says(c.Outcome != protocol.Unknown && a.intent && a.maybe && !a.known, "failed, and nobody knows")
	case protocol.GiveUp:
		says(a.intent && a.maybe && !a.proof && !a.known, "given up, and nobody knows")
	}
}

// answers is all that can come of a command.
func (a *at) answers() []protocol.Event {
	fails := func(code types.Code) protocol.Event {
		return protocol.Event{At: a.now, Err: types.Errorf(code, "%s", code)}
	}
	ok := protocol.Event{At: a.now}
	switch a.c.Do {
	case protocol.Permit:
		return []protocol.Event{ok, {Refused: true}, {Refused: true, Need: protocol.Needless}, {Refused: true, Need: protocol.TooLate}}
	case protocol.Prepare, protocol.ReadBack, protocol.Update:
		return []protocol.Event{ok, fails(types.Network)}
	case protocol.Send:
		cut := fails(types.Network)
		cut.Cut = true
		return []protocol.Event{ok, cut, fails(types.UnknownOutcome), fails(types.Conflict), fails(types.BadInput)}
	case protocol.Look:
		out := []protocol.Event{fails(types.Network)}
		for _, s := range []step.FoundState{step.StateAbsent, step.StateExists, step.StateDrifted, step.StateEnded, step.StateInconclusive} {
			if a.blind && (s != step.StateInconclusive || !a.c.Hard) && (s != step.StateAbsent || a.c.Hard) {
				continue
			}
			out = append(out, protocol.Event{At: a.now, Found: protocol.Found{State: s}})
		}
		if !a.blind || !a.c.Hard {
			out = append(out, protocol.Event{At: a.now, Need: protocol.Needless, Found: step.Absent[json.RawMessage]()})
		}
		return out
	}
	return []protocol.Event{ok}
}

// happens is what an answer makes true.
func (a *at) happens(e *protocol.Event) {
	switch a.c.Do {
	case protocol.Permit:
		a.proof = false // it took its time
		a.allowed = a.allowed || !e.Refused
	case protocol.Announce:
		if a.told = a.c.Outcome; !a.intent {
			a.since = a.now
		}
		a.intent, a.word = true, false
	case protocol.Wait:
		a.now = a.c.Until
	case protocol.Look:
		a.looks(*e)
	case protocol.Send:
		code := types.CodeOf(e.Err)
		a.yes = e.Err == nil
		a.known = a.yes || !e.Cut && code != types.UnknownOutcome
		a.maybe = a.maybe || !a.known || a.yes
		a.proof, a.heeds, a.until = false, false, a.now.Add(settle)
	}
}

func (a *at) looks(e protocol.Event) {
	a.here = e.Err == nil && e.Found.State == step.StateExists
	told := e.Err == nil && e.Found.State != step.StateInconclusive
	lags := a.step.EventuallyConsistent && a.intent && a.now.Before(a.until)
	switch {
	case !told:
		a.proof = a.heeds
	case e.Found.State == step.StateAbsent:
		a.proof = !a.maybe || a.c.Hard && !lags
		a.known = a.known || a.proof
	default:
		a.proof, a.known = false, true
	}
}
