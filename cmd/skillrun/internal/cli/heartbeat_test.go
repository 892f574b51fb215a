package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine"
)

// handClock is turned by hand.
type handClock struct{ now time.Time }

// Now returns its time.
func (c *handClock) Now() time.Time { return c.now }

// Sleep does not.
func (c *handClock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		format string
		want   []string
	}{
		{"text", []string{"running  Push branch (30s)\n", "waiting  Await approval (1m0s)\n"}},
		{"events", []string{`"text":"running for 30s"`, `"text":"waiting for 1m0s"`, `"at":"2026-01-15T10:00:30Z"`}},
	} {
		t.Run(test.format, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			clock := &handClock{start}
			ticks, stopped := make(chan time.Time), false
			p := &Program{Stdout: &out, Stderr: &out, Clock: clock, Tick: func(time.Duration) (<-chan time.Time, func()) {
				return ticks, func() { stopped = true }
			}}
			s := p.surface(t.Context(), runFlags{output: test.format}, nil)
			s.beat() // nothing runs: nothing to say
			s.observe(engine.Event{Type: engine.EventStepStarted, ID: "push", Path: "push", Name: "Push branch", At: start})
			clock.now = start.Add(30 * time.Second)
			s.beat()
			s.observe(engine.Event{Type: engine.EventStepDone, ID: "push", Path: "push", Name: "Push branch", At: start})
			s.beat()
			s.observe(engine.Event{Type: engine.EventWaiting, ID: "wait", Path: "wait", Name: "Await approval", At: start})
			clock.now = start.Add(time.Minute)
			stop := p.heartbeat(s)
			ticks <- clock.now
			stop()
			if !stopped {
				t.Error("the ticker runs on")
			}
			for _, want := range test.want {
				if strings.Count(out.String(), want) != 1 {
					t.Errorf("want once %q, got:\n%s", want, out.String())
				}
			}
			if n := strings.Count(out.String(), `"heartbeat"`) + strings.Count(out.String(), "("); n != 2 {
				t.Errorf("%d beats, want 2:\n%s", n, out.String())
			}
		})
	}
}

// TestHeartbeatSideBySide beats for the steps that run, and not for the groups
// around them.
func TestHeartbeatSideBySide(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	clock := &handClock{start.Add(30 * time.Second)}
	s := (&Program{Stdout: &out, Stderr: &out, Clock: clock}).surface(t.Context(), runFlags{output: "text"}, nil)
	for _, path := range []string{"g", "g/a", "g/b", "g/h", "g/h[1]", "g/h[1]/x", "g/h[2]", "g/h[3]", "g/h[4]", "g/h[5]"} {
		s.observe(engine.Event{Type: engine.EventStepStarted, ID: path, Path: path, Name: path, Step: "t", At: start})
	}
	s.observe(engine.Event{Type: engine.EventStepRetry, ID: "b", Path: "g/b", Name: "Push", Step: "t", At: start.Add(time.Second), Attempt: 1, Attempts: 2})
	s.observe(engine.Event{Type: engine.EventStepStopped, ID: "h[5]", Path: "g/h[5]", Name: "h", Step: "t", At: start})
	out.Reset()
	s.beat()
	want := "running  g/a (30s)\nrunning  g/b: Push (30s)\nrunning  g/h[1]/x (30s)\nrunning  g/h[2] (30s)\nrunning  g/h[3] (30s)\nrunning  1 more\n"
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", out.String(), want)
	}
}
