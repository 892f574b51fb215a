package live

import (
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
)

// Step is a step of the skill as it is known before the run.
type Step struct {
	ID     string
	Path   string // in the skill; parents are divided by "/"
	Name   string // may hold ${{ }}, and is then not shown before it is known
	Type   string // the step type, "" for values and checks
	Effect step.Effect
}

// quiet reports whether people need not see the step: a value or a check that
// nobody gave a name.
func (s Step) quiet() bool { return s.Type == "" && (s.Name == "" || s.Name == s.ID) }

type state int

const (
	pending state = iota
	running
	waiting
	done
	skipped
	failed
	stopped // only in the record of a run that was interrupted
)

// row is a step and what has become of it.
type row struct {
	Step
	state   state
	began   time.Time // zero for what takes no time
	ended   time.Time
	notice  string // why it waits, what is wrong
	result  map[string]any
	outcome string // of a write: created or adopted
	earlier bool   // an earlier process did it
	printed bool   // it stands above the live frame already
}

func (r row) active() bool   { return r.state == running || r.state == waiting }
func (r row) finished() bool { return r.state >= done }

// took is how long the step has been under way.
func (r row) took(now time.Time) time.Duration {
	switch {
	case r.began.IsZero() || r.earlier:
		return 0
	case r.finished():
		return r.ended.Sub(r.began)
	}
	return now.Sub(r.began)
}

// model is all that a frame shows. It is changed by events only, and drawn by
// [model.frame]; neither knows the terminal or the clock.
type model struct {
	rows     []row
	began    time.Time
	stopping bool // a signal came; the run ends at its next safe place
	colour   bool
}

func newModel(steps []Step, began time.Time, colour bool) *model {
	m := &model{began: began, colour: colour}
	for _, s := range steps {
		m.rows = append(m.rows, row{Step: s})
	}
	return m
}

// apply takes in one event.
func (m *model) apply(e engine.Event) {
	if e.Type == "effect" {
		m.effect(e)
		return
	}
	r := m.row(e)
	if e.Name != "" {
		r.Name = e.Name
	}
	r.earlier = e.Replayed
	switch e.Type {
	case "step_started":
		r.state, r.began = running, e.At
	case "waiting":
		r.state = waiting
		if r.began.IsZero() {
			r.began = e.At
		}
	case "notice":
		r.notice = e.Text
	case "step_done":
		r.finish(done, e)
	case "step_skipped":
		r.finish(skipped, e)
	case "step_failed":
		r.finish(failed, e)
		if e.Error != nil {
			r.notice = e.Error.Message
		}
	}
}

func (r *row) finish(s state, e engine.Event) {
	r.state, r.ended, r.result, r.notice = s, e.At, e.Result, ""
}

func (m *model) effect(e engine.Event) {
	if e.Effect == nil {
		return
	}
	r := m.row(engine.Event{ID: e.Effect.ID, Path: e.Effect.Path, Step: e.Effect.Step})
	r.outcome, r.result = e.Effect.Outcome, e.Effect.Result
}

// row returns the event's row. A step that nobody announced, such as one turn
// of a loop, gets one after its siblings.
func (m *model) row(e engine.Event) *row {
	if i := slices.IndexFunc(m.rows, func(r row) bool { return r.Path == e.Path }); i >= 0 {
		return &m.rows[i]
	}
	at := len(m.rows)
	if parent, _, ok := cutLast(e.Path); ok {
		for i, r := range m.rows {
			if r.Path == parent || strings.HasPrefix(r.Path, parent+"/") {
				at = i + 1
			}
		}
	}
	m.rows = slices.Insert(m.rows, at, row{Step: Step{ID: e.ID, Path: e.Path, Name: e.Name, Type: e.Step}})
	return &m.rows[at]
}

func cutLast(path string) (parent, last string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// visible returns the rows that the next frame may show.
func (m *model) visible() []row {
	var out []row
	for _, r := range m.rows {
		if !r.printed && (!r.quiet() || r.state == failed) {
			out = append(out, r)
		}
	}
	return out
}

// markPrinted remembers that what is finished stands above the frame.
func (m *model) markPrinted() {
	for i := range m.rows {
		m.rows[i].printed = m.rows[i].printed || m.rows[i].finished()
	}
}

// delay takes the time that a person thought off the steps under way.
func (m *model) delay(d time.Duration) {
	for i := range m.rows {
		if m.rows[i].active() {
			m.rows[i].began = m.rows[i].began.Add(d)
		}
	}
}

// count returns how many of the steps people see are finished.
func (m *model) count() (finished, all int) {
	for _, r := range m.rows {
		if r.quiet() {
			continue
		}
		all++
		if r.finished() {
			finished++
		}
	}
	return finished, all
}
