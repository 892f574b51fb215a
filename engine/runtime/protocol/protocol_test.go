package protocol_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

var began = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// past is a write that was done before.
var past = &protocol.Past{At: began, Output: json.RawMessage(`{"key":"T-0"}`)}

// transitions are what is known of a write, and then, a line each, what came of the
// last command and which one follows.
var transitions = []struct {
	name   string
	known  protocol.Known
	script string
}{
	{"made", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; ok: done created`},
	{"no consent", protocol.Known{}, `begin: permit; no: leave`},
	{"not needed any more, and not begun", protocol.Known{}, `begin: permit; no needless: give_up`},
	{"too late to begin", protocol.Known{}, `begin: permit; no too_late: give_up`},
	{"nothing to work in", protocol.Known{}, `begin: permit; ok: prepare; internal: fail (internal)`},
	{"there already", protocol.Known{}, `begin: permit; ok: prepare; ok: announce; ok: look; here: done adopted`},
	{"made from other arguments", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; differs: fail (conflict)`},
	{"brought up to date", protocol.Known{Step: protocol.Step{Updates: true}}, `
		begin: permit; ok: prepare; ok: announce; ok: look; differs: announce updated !; ok: update; ok: done updated`},
	{"update failed", protocol.Known{Step: protocol.Step{Updates: true}}, `
		begin: permit; ok: prepare; ok: announce; ok: look; differs: announce updated !; ok: update; network: fail unknown (network)`},
	{"update not needed any more", protocol.Known{Step: protocol.Step{Updates: true}}, `
		begin: permit; ok: prepare; ok: announce; ok: look; differs needless: give_up`},
	{"ended by somebody", protocol.Known{}, `begin: permit; ok: prepare; ok: announce; ok: look; over: fail (conflict)`},
	{"cannot tell before the first send", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; cannot_tell: fail unseen (conflict)`},
	{"cannot look before the first send", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; network: fail unseen (network)`},
	{"not needed any more, and not sent", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent needless: give_up`},
	{"too late to send", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent too_late: give_up`},
	{"refused", protocol.Known{}, `begin: permit; ok: prepare; ok: announce; ok: look; absent: send; invalid: fail (invalid)`},
	{"somebody was faster", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; conflict: look; here: done adopted`},
	{"conflict with something else", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; conflict: look; absent: fail (conflict)`},
	{"conflict, then nobody can tell", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; conflict: look; cannot_tell: fail unseen (conflict)`},
	{"answer lost, and it is there", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; unknown_outcome: look hard; here: done confirmed`},
	{"cut, and it is there", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; cut network: look hard; here: done confirmed`},
	{"answer lost, and it is not there, time and again", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; unknown_outcome: look hard; absent: send hard;
		unknown_outcome: look hard; absent: send hard; unknown_outcome: look hard; absent: fail (unknown_outcome)`},
	{"answer lost, and nobody can tell", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; unknown_outcome: look hard;
		cannot_tell: park unknown_outcome (unknown_outcome)`},
	{"answer lost, and nobody can look", protocol.Known{}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; unknown_outcome: look hard; network: fail unknown (network)`},
	{"answer lost, and it appears late", protocol.Known{Step: protocol.Step{EventuallyConsistent: true}, Settle: 5 * time.Second}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; unknown_outcome: look hard;
		absent: wait 2s !; +2s: look hard; absent: wait 4s; +2s: look hard; here: done confirmed`},
	{"answer lost, and it never appears", protocol.Known{Step: protocol.Step{EventuallyConsistent: true}, Settle: 3 * time.Second}, `
		begin: permit; ok: prepare; ok: announce; ok: look; absent: send; unknown_outcome: look hard;
		absent: wait 2s !; +2s: look hard; absent: wait 3s; +1s: look hard; absent: send hard; ok: done created`},
	{"resumed, and it is there", protocol.Known{Sent: true, Since: began}, `
		begin: prepare; ok: announce; ok: look hard; here: done confirmed`},
	{"resumed, and it is as it was to be updated", protocol.Known{Sent: true, Since: began, Changing: true}, `
		begin: prepare; ok: announce; ok: look hard; here: done updated`},
	{"resumed, and it is not there", protocol.Known{Sent: true, Since: began}, `
		begin: prepare; ok: announce; ok: look hard; absent: permit; ok: look hard; absent: send hard; ok: done created`},
	{"resumed, and it appears while consent is asked", protocol.Known{Sent: true, Since: began}, `
		begin: prepare; ok: announce; ok: look hard; absent: permit; ok: look hard; here: done confirmed`},
	{"resumed, without consent", protocol.Known{Sent: true, Since: began}, `
		begin: prepare; ok: announce; ok: look hard; absent: permit; no: leave`},
	{"resumed, without consent, and not needed", protocol.Known{Sent: true, Since: began}, `
		begin: prepare; ok: announce; ok: look hard; absent: permit; no needless: give_up`},
	{"resumed, and not needed any more", protocol.Known{Sent: true, Since: began}, `
		begin: prepare; ok: announce; ok: look hard; absent needless: give_up`},
	{"resumed, and nothing to look with", protocol.Known{Sent: true, Since: began}, `begin: prepare; auth: fail unknown (auth)`},
	{"resumed, and an old request can still take effect", protocol.Known{Sent: true, Since: began, Step: protocol.Step{EventuallyConsistent: true}, Settle: time.Second}, `
		begin: prepare; ok +3s: announce; ok: look hard; absent: wait 4s !; +1s: look hard; absent: permit; ok: look hard; absent: send hard; ok: done created`},
	{"resumed long after", protocol.Known{Sent: true, Since: began.Add(-time.Hour), Step: protocol.Step{EventuallyConsistent: true}, Settle: time.Second}, `
		begin: prepare; ok: announce; ok: look hard; absent: permit; ok: look hard; absent: send hard; ok: done created`},
	{"a person says it is not there", protocol.Known{Absent: true}, `
		begin: permit; ok: prepare; ok: announce; ok: look hard; cannot_tell: send; ok: done created`},
	{"a person says it is not there, and nobody can look", protocol.Known{Absent: true}, `
		begin: permit; ok: prepare; ok: announce; ok: look hard; network: send !; ok: done created`},
	{"a person says it is not there, and it is", protocol.Known{Absent: true}, `
		begin: permit; ok: prepare; ok: announce; ok: look hard; here: done adopted`},
	{"a person's word is for one send", protocol.Known{Absent: true}, `
		begin: permit; ok: prepare; ok: announce; ok: look hard; cannot_tell: send; unknown_outcome: look hard;
		cannot_tell: park unknown_outcome (unknown_outcome)`},
	{"a person found it", protocol.Known{Held: true}, `begin: permit; ok: prepare; ok: read_back; ok: done resolved`},
	{"what a person found is gone", protocol.Known{Held: true}, `
		begin: permit; ok: prepare; ok: read_back; not_found: fail resolved (not_found)`},
	{"sent after a person found something", protocol.Known{Held: true, Sent: true, Since: began}, `
		begin: prepare; ok: announce; ok: look hard; here: done confirmed`},
	{"done before, and still there", protocol.Known{Before: past}, `
		begin: permit; ok: prepare; ok: look hard; here: announce; ok: look hard; here: done confirmed`},
	{"done before, and gone", protocol.Known{Before: past}, `
		begin: permit; ok: prepare; ok: look hard; absent: announce; ok: look hard; absent: send; ok: done created`},
	{"done before, and then nobody can tell", protocol.Known{Before: past}, `
		begin: permit; ok: prepare; ok: look hard; here: announce; ok: look hard; cannot_tell: park unknown_outcome (unknown_outcome)`},
	{"done before, and nobody can look", protocol.Known{Before: past}, `
		begin: permit; ok: prepare; ok: look hard; network: fail (network)`},
	{"done before, and nobody can tell", protocol.Known{Before: past}, `
		begin: permit; ok: prepare; ok: look hard; cannot_tell: park repeat (unknown_outcome)`},
	{"done before, and repeatable", protocol.Known{Before: past, Step: protocol.Step{Repeatable: true}}, `
		begin: permit; ok: prepare; ok: look hard; cannot_tell: announce; ok: look; absent: send; ok: done created`},
	{"done before, and stands", protocol.Known{Before: past, Said: protocol.SaidStands}, `
		begin: permit; ok: prepare; ok: look hard; cannot_tell: done resolved`},
	{"done before, and to be done again", protocol.Known{Before: past, Said: protocol.SaidRepeat}, `
		begin: permit; ok: prepare; ok: look hard; cannot_tell: announce; ok: look hard; cannot_tell: send; ok: done created`},
	{"done before, and sent again", protocol.Known{Before: past, Sent: true, Since: began}, `
		begin: prepare; ok: announce; ok: look hard; here: done confirmed`},
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	for _, c := range transitions {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var w *protocol.Write
			var got protocol.Command
			now := began
			for i, line := range strings.Split(c.script, ";") {
				event, want, _ := strings.Cut(strings.TrimSpace(line), ": ")
				if w == nil {
					w, got = protocol.Begin(c.known)
				} else {
					got = w.On(eventOf(event, &now))
				}
				if shown(got) != want {
					t.Fatalf("command %d, after %q: %q, and not %q", i+1, event, shown(got), want)
				}
			}
			if again := w.On(protocol.Event{}); got.Do == protocol.Done && again.Do != protocol.Leave {
				t.Errorf("it goes on after its end: %q", shown(again))
			}
		})
	}
}

// eventOf reads an event: words for its members, and how much time has passed.
func eventOf(s string, now *time.Time) protocol.Event {
	var e protocol.Event
	for _, word := range strings.Fields(s) {
		switch d, err := time.ParseDuration(word); {
		case err == nil:
			*now = now.Add(d)
		case word == "ok":
		case word == "no":
			e.Refused = true
		case word == "cut":
			e.Cut = true
		case word == "needless":
			e.Need = protocol.Needless
		case word == "too_late":
			e.Need = protocol.TooLate
		case strings.Contains("absent here differs over cannot_tell", word):
			e.Found = protocol.Found{State: step.FoundState(word), Ref: "T-1", Why: "so it is"}
		default:
			e.Err = types.Errorf(types.Code(word), "it was %s", word).WithHint("resume the run")
		}
	}
	e.At = *now
	return e
}

// shown is a command in words; the sign at its end says that people are told
// something.
func shown(c protocol.Command) string {
	words := []string{string(c.Do)}
	if c.Hard {
		words = append(words, "hard")
	}
	if !c.Until.IsZero() {
		words = append(words, c.Until.Sub(began).String())
	}
	words = append(words, c.Outcome, c.Reason)
	if c.Err != nil {
		words = append(words, "("+string(types.CodeOf(c.Err))+")")
	}
	if c.Notice != "" {
		words = append(words, "!")
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// TestWords: what people are told says what happened, and what to do.
func TestWords(t *testing.T) {
	t.Parallel()
	k := protocol.Known{Step: protocol.Step{Name: "issue"}, Resolve: "skillrun resolve RUN a"}
	readable := k
	readable.Step.Resolves, readable.Step.Ref = true, "a key"
	sent := k
	sent.Sent = true
	before := k
	before.Before = past
	for _, c := range []struct {
		known  protocol.Known
		events string
		want   string
	}{
		{k, "ok; ok; ok; differs", "T-1 exists already, made from other arguments: so it is / change it back, or start new work with --again 1"},
		{k, "ok; ok; ok; over", "so it is / bring it back, or start new work with --again 1"},
		{k, "ok; ok; ok; cannot_tell", "cannot tell whether issue is done already, so nothing was sent: so it is / resume the run, which looks again; or look for it, and if it certainly did not happen: skillrun resolve RUN a --not-done"},
		{sent, "ok; ok; cannot_tell", "it is unknown whether issue happened: so it is / look for it, and if it certainly did not happen: skillrun resolve RUN a --not-done"},
		{readable, "ok; ok; ok; absent; unknown_outcome; cannot_tell", "it is unknown whether issue happened: so it is / look for it, then: skillrun resolve RUN a --found REF, or --not-done; REF is a key / cause: it was unknown_outcome"},
		{before, "ok; ok; cannot_tell", "issue was done before, at 2026-01-15 10:00:00 UTC; the steps around it restart, and it cannot be determined whether it is safe to do it again / to do it again: skillrun resolve RUN a --not-done; to keep what it did: skillrun resolve RUN a --done; a step that is always safe to do again has repeatable: true"},
	} {
		w, got := protocol.Begin(c.known)
		now := began
		for _, e := range strings.Split(c.events, ";") {
			got = w.On(eventOf(e, &now))
		}
		e := types.AsError(got.Err)
		text := e.Message + " / " + e.Hint
		if cause, there := e.Details["cause"]; there {
			text += fmt.Sprint(" / cause: ", cause)
		}
		if diff := cmp.Diff(c.want, text); diff != "" {
			t.Error(diff)
		}
	}
}

// TestForesee: a plan foresees what a run does, from one table.
func TestForesee(t *testing.T) {
	t.Parallel()
	broken := types.Errorf(types.Network, "no answer")
	for _, c := range []struct {
		step  protocol.Step
		found string
		err   error
		want  string
	}{
		{protocol.Step{}, "absent", nil, "send"},
		{protocol.Step{}, "here", nil, "done adopted"},
		{protocol.Step{}, "differs", nil, "fail (conflict)"},
		{protocol.Step{Updates: true}, "differs", nil, "update"},
		{protocol.Step{}, "over", nil, "fail (conflict)"},
		{protocol.Step{Name: "issue"}, "cannot_tell", nil, "fail unseen (conflict)"},
		{protocol.Step{}, "absent", broken, "fail unseen (network)"},
	} {
		now := began
		got := protocol.Foresee(c.step, eventOf(c.found, &now).Found, c.err)
		if shown(got) != c.want {
			t.Errorf("%+v, %s, %v: %q, and not %q", c.step, c.found, c.err, shown(got), c.want)
		}
		if c.found == "cannot_tell" {
			if e := types.AsError(got.Err); e.Message != "cannot tell whether issue is done already: so it is" || e.Hint != "look for it yourself, and plan again when it is clear" {
				t.Errorf("%q, %q", e.Message, e.Hint)
			}
		}
	}
}

// TestSearch: looking for a write of unknown outcome asks nothing else as long as
// it is not known.
func TestSearch(t *testing.T) {
	t.Parallel()
	now := began
	w, got := protocol.Search(protocol.Known{Sent: true, Since: began, Step: protocol.Step{EventuallyConsistent: true}, Settle: 3 * time.Second}, now)
	for _, x := range [][2]string{{"absent", "wait 2s !"}, {"2s", "look hard"}, {"absent", "wait 3s"}, {"1s", "look hard"}, {"absent", "permit"}} {
		if shown(got) != "look hard" && got.Do != protocol.Wait {
			t.Errorf("it asks to %s", shown(got))
		}
		if got = w.On(eventOf(x[0], &now)); shown(got) != x[1] {
			t.Fatalf("%s: %q, and not %q", x[0], shown(got), x[1])
		}
	}
}
