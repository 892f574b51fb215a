package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
)

// underWay are the steps that run or wait, in the order in which they began.
type underWay []begun

type begun struct {
	engine.Event
	since time.Time
}

func (u *underWay) observe(e engine.Event) {
	same := func(b begun) bool { return b.Path == e.Path }
	switch e.Type {
	case engine.EventStepStarted, engine.EventWaiting, engine.EventStepRetry:
		if i := slices.IndexFunc(*u, same); i >= 0 {
			(*u)[i].Event = e
			return
		}
		*u = append(*u, begun{e, e.At})
	case engine.EventStepDone, engine.EventStepFailed, engine.EventStepSkipped, engine.EventStepStopped:
		*u = slices.DeleteFunc(*u, same)
	}
}

// innermost are those in which nothing else is under way.
func (u underWay) innermost() []begun {
	around := map[string]bool{}
	for _, b := range u {
		for path := render.ParentOf(b.Path); path != ""; path = render.ParentOf(path) {
			around[path] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(u), func(b begun) bool { return around[b.Path] })
}

// mostBeats is how many steps that run side by side are told of at once.
const mostBeats = 5

// beat tells that steps which take long are still at it.
func (s *surface) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view != nil {
		return
	}
	all := s.work.innermost()
	for _, b := range all[:min(len(all), mostBeats)] {
		s.beatOf(b)
	}
	if more := len(all) - mostBeats; more > 0 && s.flags.output != "events" {
		fmt.Fprintf(s.p.Stderr, "%-8s %d more\n", "running", more)
	}
}

func (s *surface) beatOf(b begun) {
	now, word := s.p.Clock.Now(), "running"
	if b.Type == engine.EventWaiting {
		word = "waiting"
	}
	lasted := now.Sub(b.since).Round(time.Second).String()
	if s.flags.output == "events" {
		s.line(engine.Event{
			Version: b.Version, Type: "heartbeat", At: now.UTC(), Run: b.Run, ID: b.ID, Path: b.Path,
			Name: b.Name, Step: b.Step, Text: word + " for " + lasted,
		})
		return
	}
	fmt.Fprintf(s.p.Stderr, "%-8s %s (%s)\n", word, s.lines.Title(b.Event), lasted)
}

// beatEvery is how long nothing may be heard of a step that runs: CI systems
// end jobs that are silent for minutes.
const beatEvery = 30 * time.Second

// heartbeat beats until stop is called.
func (p *Program) heartbeat(s *surface) (stop func()) {
	if p.Tick == nil {
		return func() {}
	}
	ticks, end := p.Tick(beatEvery)
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ticks:
				s.beat()
			case <-over:
				return
			}
		}
	}()
	return func() { end(); close(over); <-done }
}
