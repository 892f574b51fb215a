package live

import (
	"cmp"
	"strings"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
)

// Step is a step of the skill as it is known before the run.
type Step struct {
	ID     string
	Name   string // may hold ${{ }}, and is then not shown before it is known
	Kind   string // of the program's node: uses, set, steps, skill, ...
	Type   string // the step type, "" for values, checks and groups
	Effect step.Effect
	Loop   bool   // performed once for each item of a list
	Steps  []Step // of a group, and of a called skill
	Rescue []Step
	Always []Step
	Before []Step // the cure that comes before another attempt
}

// hasChildren reports whether other steps stand in the step.
func (s Step) hasChildren() bool {
	return s.Loop || s.Kind == "steps" || s.Kind == "skill" || len(s.Steps)+len(s.Rescue)+len(s.Always) > 0
}

// writes reports whether the step, or one inside of it, changes what others see.
func (s Step) writes() bool {
	if s.Effect == step.Writes {
		return true
	}
	for _, inner := range [][]Step{s.Steps, s.Rescue, s.Always, s.Before} {
		for _, x := range inner {
			if x.writes() {
				return true
			}
		}
	}
	return false
}

// isSilent reports whether it is a value or a check that no one gave a name.
func (s Step) isSilent() bool {
	computes := s.Kind == "set" || s.Kind == "assert" // also for each item of a loop
	return (computes || !s.hasChildren()) && s.Type == "" && (s.Name == "" || s.Name == s.ID)
}

type state int

const (
	pending state = iota
	running
	waiting
	retrying // an attempt failed, another follows
	done
	skipped
	failed
	stopped   // begun and given up; in a record also what was under way at its end
	rescued   // a group whose rescue ended well
	continued // failed, and what stands around it continues
	returned  // ended the skill, well
)

// row is a step and what has become of it.
type row struct {
	Step
	path   string
	key    string // of an item of a loop
	parent *row
	inner  []*row // in the order of the skill; of a loop the items at work, and some that failed
	spare  bool   // of a rescue: shown once it begins

	state    state
	began    time.Time // by this process, also of a step that an earlier one began; zero for what takes no time
	ended    time.Time
	next     time.Time // when a step that waits is asked again, or the next attempt begins; zero when no one said
	every    string    // how often a step that waits is asked
	notice   string    // why it waits or is tried again, what is wrong
	result   map[string]any
	outcome  string // of a write: created or adopted
	earlier  bool   // an earlier process brought it to its end
	printed  bool   // it stands above the live frame already
	attempt  int    // the one that runs; 0 where there is only one
	attempts int
	wrote    map[string]int // outcomes of the writes inside, how many of each
	items    *items         // of a loop that began

	depth int    // of a row that is drawn
	doing string // of a row that is drawn: what runs inside of it
	more  int    // of a row that is drawn: it stands for so many others
}

func (r *row) active() bool   { return r.state >= running && r.state <= retrying }
func (r *row) finished() bool { return r.state >= done }

// took is how long this process has been at the step. One that an earlier
// process began counts from when this one took the run up.
func (r *row) took(now time.Time) time.Duration {
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
	root     *row            // stands for the skill
	rows     map[string]*row // by path
	began    time.Time
	stopping bool // a signal came; the run ends at its next safe place
	colour   bool
}

func newModel(steps []Step, began time.Time, colour bool) *model {
	m := &model{root: &row{state: running}, rows: map[string]*row{}, began: began, colour: colour}
	m.plant(m.root, steps, false)
	return m
}

func (m *model) apply(e engine.Event) {
	if e.Type == engine.EventEffect {
		m.effect(e)
		return
	}
	r := m.row(e)
	r.Name, r.Kind = cmp.Or(e.Name, r.Name), cmp.Or(string(e.Kind), r.Kind)
	switch e.Type {
	case engine.EventStepStarted:
		m.start(r, e)
	case engine.EventWaiting:
		m.updateTimes(r, e.At)
		r.state, r.notice, r.next, r.every = waiting, messageOf(e), e.Next, e.Every
	case engine.EventNotice:
		r.notice = e.Text
	case engine.EventStepRetry:
		m.retry(r, e)
	case engine.EventStepDone:
		m.finish(r, doneState(r, e), e)
	case engine.EventStepSkipped:
		m.finish(r, skipped, e)
	case engine.EventStepStopped:
		m.finish(r, stopped, e)
	case engine.EventStepFailed:
		if e.Handled {
			m.finish(r, continued, e)
			return
		}
		m.finish(r, failed, e)
	}
}

func doneState(r *row, e engine.Event) state {
	switch {
	case e.Error != nil:
		return rescued
	case r.Kind == "return":
		return returned
	}
	return done
}

func (m *model) start(r *row, e engine.Event) {
	m.revive(r)
	if r.finished() { // the run was resumed, and it begins again
		m.clear(r)
		r.items = nil
	}
	if !r.active() {
		r.began, r.printed = e.At, false
	}
	m.updateTimes(r, e.At)
	r.state = running
	if r.Loop {
		r.loop().total = max(e.Items, r.loop().total)
	}
	if e.Attempts > 0 {
		r.attempt, r.attempts = e.Attempt, e.Attempts
	}
}

// updateTimes sets the times of a step and of all around it, which are under way when
// it is: also a group that failed, when the run is resumed.
func (m *model) updateTimes(r *row, at time.Time) {
	for x := r; x != m.root; x = x.parent {
		x.earlier = false
		if x.began.IsZero() {
			x.began = at
		}
		if x != r && !x.active() {
			m.revive(x)
			x.state, x.printed = running, false
		}
	}
	if up := r.parent; up.state == retrying && render.ParentOf(r.path)+"/"+r.ID == r.path {
		up.state = running // a step of the next attempt, not of the cure before it
	}
}

// retry notes that an attempt failed. What it did is undecided once more.
func (m *model) retry(r *row, e engine.Event) {
	m.updateTimes(r, e.At)
	r.state, r.attempt, r.attempts, r.next = retrying, e.Attempt+1, e.Attempts, e.Next
	r.notice = messageOf(e)
	m.clear(r)
}

func messageOf(e engine.Event) string {
	if e.Error == nil {
		return ""
	}
	return e.Error.Message
}

func (m *model) finish(r *row, s state, e engine.Event) {
	r.state, r.ended, r.result, r.notice, r.earlier = s, e.At, e.Result, "", e.Replayed
	switch s {
	case done:
		if r.items != nil {
			r.notice = r.items.why
		}
	case rescued, continued:
		r.notice = messageOf(e)
	case failed:
		if r.notice = messageOf(e); r.repeats(r.notice) {
			r.notice = ""
		}
	}
	m.settle(r)
}

// repeats reports whether a step inside says the same already.
func (r *row) repeats(notice string) bool {
	for _, x := range r.inner {
		if x.state == failed && x.notice == notice || x.repeats(notice) {
			return true
		}
	}
	return false
}

// effect notes a write at its step, and counts it at all that stands around it.
func (m *model) effect(e engine.Event) {
	path := e.Effect.Path
	if m.rows[path] != nil || !strings.Contains(path, "[") { // an item that ended well has no row any more
		r := m.row(engine.Event{ID: e.Effect.ID, Path: path, Step: e.Effect.Step})
		r.outcome, r.result = e.Effect.Outcome, e.Effect.Result
	}
	for path = render.ParentOf(path); path != ""; path = render.ParentOf(path) {
		r := m.rows[path]
		if r == nil {
			continue
		}
		if r.wrote == nil {
			r.wrote = map[string]int{}
		}
		r.wrote[e.Effect.Outcome]++
	}
}

// markPrinted remembers that what is finished stands above the frame.
func (m *model) markPrinted() { m.root.markPrinted() }

func (r *row) markPrinted() {
	for _, x := range r.inner {
		x.printed = x.printed || x.finished()
		if x.finished() || !x.Loop {
			x.markPrinted()
		}
	}
}

// delay takes the time that a person thought off the steps under way.
func (m *model) delay(d time.Duration) {
	for _, r := range m.rows {
		if r.active() {
			r.began = r.began.Add(d)
		}
	}
}

// count returns how many steps are finished. A loop is one, a group is its steps.
func (m *model) count() (finished, all int) { return m.root.count(false) }

func (r *row) count(over bool) (finished, all int) {
	for _, x := range r.inner {
		over := over || x.finished()
		switch {
		case x.isSilent() || x.spare && x.state == pending:
		case x.hasChildren() && !x.Loop:
			f, a := x.count(over)
			finished, all = finished+f, all+a
		default:
			all++
			if over {
				finished++
			}
		}
	}
	return finished, all
}

// evaluated reports whether a name says something.
func evaluated(name string) bool { return name != "" && !strings.Contains(name, "${{") }
