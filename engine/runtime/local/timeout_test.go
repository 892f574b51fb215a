package local_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// TestTimeOuts: what is out is cut at its deadline; a write that was sent is
// looked for.
func TestTimeOuts(t *testing.T) {
	t.Parallel()
	saved := timed(groupOf("g", act("a", "look"), act("b", "hang"), act("c", "look")), "10s")
	saved.Rescue = []program.Node{act("r", "look")}
	loop := timed(groupOf("l", act("b", "nap")), "3s")
	loop.ForEach = "1..100"
	for name, tt := range map[string]struct {
		nodes []program.Node
		state runtime.State
		fails string
		after time.Duration
		made  int
	}{
		"a read":                        {[]program.Node{timed(act("a", "hang"), "5s")}, runtime.Failed, "a timeout", 5 * time.Second, 0},
		"a group":                       {[]program.Node{timed(groupOf("g", act("a", "hang")), "5s")}, runtime.Failed, "g timeout", 5 * time.Second, 0},
		"a group is rescued":            {[]program.Node{saved, act("z", "look")}, runtime.Done, "", 10 * time.Second, 0},
		"the inner one is sooner":       {[]program.Node{timed(groupOf("g", timed(act("a", "hang"), "5s")), "7s")}, runtime.Failed, "g/a timeout", 5 * time.Second, 0},
		"the outer one is sooner":       {[]program.Node{timed(groupOf("g", timed(act("a", "hang"), "7s")), "5s")}, runtime.Failed, "g timeout", 5 * time.Second, 0},
		"a write that happened":         {[]program.Node{timed(act("w", "lose"), "5s"), act("z", "look")}, runtime.Done, "", 5 * time.Second, 1},
		"a write that did not":          {[]program.Node{timed(act("w", "never"), "5s")}, runtime.Failed, "w timeout", 5 * time.Second, 0},
		"a write in a group":            {[]program.Node{timed(groupOf("g", act("w", "never")), "5s")}, runtime.Failed, "g timeout", 5 * time.Second, 0},
		"each item has its own time":    {[]program.Node{loop, act("z", "look")}, runtime.Done, "", 10 * time.Second, 0},
		"all items together":            {[]program.Node{timed(groupOf("g", loop), "2s")}, runtime.Failed, "g timeout", 2 * time.Second, 0},
		"the pause before an attempt":   {[]program.Node{timed(groupOf("g", retrying(act("n", "look"), "1h")), "9s")}, runtime.Failed, "g timeout", 9 * time.Second, 0},
		"an attempt's pause of its own": {[]program.Node{timed(retrying(act("n", "look"), "1h"), "9s")}, runtime.Failed, "n timeout", 9 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, began := newShop(), time.Now()
				s.fail["g/n"], s.fail["n"] = []types.Code{types.Network}, []types.Code{types.Network}
				o := run(t, t.Context(), s.options(journal.NewMemory(), tt.nodes...))
				fails := ""
				if o.Failure != nil {
					fails = o.Failure.Path + " " + string(o.Failure.Error.Code)
				}
				if o.State != tt.state || fails != tt.fails || time.Since(began) != tt.after || len(s.made) != tt.made {
					t.Errorf("%s %q after %s, %d made; want %s %q after %s, %d made", o.State, fails, time.Since(began), len(s.made), tt.state, tt.fails, tt.after, tt.made)
				}
			})
		})
	}
}

// TestRetrySaysWhen: the event of a failed attempt has the time at which the next
// one begins, also in a process that takes the run up in between, and none where
// a time-out comes first or there is no pause.
func TestRetrySaysWhen(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		node program.Node
		says bool
	}{
		"a pause":           {retrying(act("n", "look"), "10s"), true},
		"no pause":          {retrying(act("n", "look"), ""), false},
		"its time is up":    {timed(retrying(act("n", "look"), "1h"), "9s"), false},
		"the group's is up": {timed(groupOf("n", retrying(act("n", "look"), "1h")), "9s"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, j := newShop(), journal.NewMemory()
				s.fail["n"], s.fail["n/n"] = []types.Code{types.Network}, []types.Code{types.Network}
				o := s.options(j, act("made", "put"), tt.node)
				ctx, kill := context.WithCancel(t.Context())
				defer kill()
				var told []time.Time
				o.Observe = func(e runtime.Event) {
					switch {
					case e.Type == runtime.EventStepRetry:
						told = append(told, e.Next)
						time.AfterFunc(5*time.Second, kill)
					case e.Type == runtime.EventStepDone && e.ID == "n" && tt.says && !e.At.Equal(told[0]):
						t.Errorf("told %s, tried again at %s", told[0], e.At)
					}
				}
				run(t, ctx, o)
				if len(told) != 1 || told[0].IsZero() == tt.says {
					t.Fatalf("told %v, a time: %v", told, tt.says)
				}
				if !tt.says {
					return
				}
				if run(t, t.Context(), o); len(told) != 2 || !told[0].Equal(told[1]) {
					t.Errorf("told %v; the second process is to say the same", told)
				}
			})
		})
	}
}

func timed(n program.Node, limit string) program.Node {
	n.Timeout = limit
	return n
}

func retrying(n program.Node, delay string) program.Node {
	n.Retry = &program.Retry{Attempts: 3, Delay: delay}
	return n
}
