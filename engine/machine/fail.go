package machine

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// worse returns the one of two failures side by side that counts: a write that
// may have happened, else what failed by itself, else the first.
func worse(a, b *Failure) *Failure {
	switch {
	case a == nil:
		return b
	case b == nil || a.Unsettled:
		return a
	case b.Unsettled || a.Stopped && !b.Stopped:
		return b
	}
	return a
}

func (m *Machine) failure(v *visit, err *types.Error) *Failure {
	return &Failure{Path: v.Path, Node: v.node.ID, At: v.node.At, Error: err}
}

// errorValue is what the name `error` means.
func errorValue(f *Failure) types.Values {
	details := map[string]any{}
	for k, x := range f.Error.Details {
		details[k] = x
	}
	return types.Values{"code": string(f.Error.Code), "message": f.Error.Message, "step": f.Node, "details": details}
}

// failed ends an attempt of v at its own node.
func (m *Machine) failed(v *visit, err *types.Error) {
	m.failedAt(v, m.failure(v, err))
}

// failedAt ends an attempt of v with what failed in it. Another attempt
// follows, or the node is passed over, or it has failed.
func (m *Machine) failedAt(v *visit, f *Failure) {
	v.Action = nil
	delete(m.live, v.Path)
	if v.Returned { // what was to be the last word of the skill did not end well
		v.Returned, v.skill().Given = false, nil
	}
	if m.again(v, f) {
		m.pause(v, f)
		return
	}
	f = m.inWords(v, f)
	v.Stage = over
	if m.passes(v, f) {
		v.Absent = v.node.Kind != program.Group || v.Item != nil // the steps of a group that were done are there
		m.note(v, Note{Kind: Continued, Error: f.Error})
		return
	}
	v.Fail = f
	if v.frame != nil {
		kind := FailedNote
		if f.Stopped {
			kind = GivenUp
		}
		if v.Began || kind == FailedNote {
			m.note(v, Note{Kind: kind, Error: f.Error})
		}
	}
}

// inWords puts the people's message of `errors:` in the place of the step's
// own.
func (m *Machine) inWords(v *visit, f *Failure) *Failure {
	text, ok := v.node.Errors[f.Error.Code]
	if !ok || f.Stopped {
		return f
	}
	m.refuel()
	x, err := m.text(v.names, text, map[string]any{"error": map[string]any(errorValue(f))})
	if err != nil {
		return f
	}
	out := f.with("cause", f.Error.Message)
	out.Error.Message, out.Error.Hint = types.Show(x), ""
	return out
}

// passes reports whether the skill goes on without the node.
func (m *Machine) passes(v *visit, f *Failure) bool {
	pass := v.node.OnError || v.node.OnItemError && v.Item != nil
	return pass && v.Loop == nil && !f.Stopped && !f.Unsettled
}

// again reports whether another attempt follows a failure. None does of what
// stands around a write that may have happened: a person has the write tried
// again first.
func (m *Machine) again(v *visit, f *Failure) bool {
	r := v.node.Retry
	if r == nil || v.Loop != nil || v.Stop != nil || v.Tries >= r.Attempts || v.Stage == curing || f.Unsettled && f.Path != v.Path {
		return false
	}
	code := f.Error.Code
	if len(r.On) == 0 && (code == types.Cancelled || code == types.Internal) || len(r.On) > 0 && !slices.Contains(r.On, code) {
		return false
	}
	if r.If == "" {
		return true
	}
	yes, _, err := m.condition(v.names, r.If, map[string]any{"error": map[string]any(errorValue(f))})
	return err == nil && yes
}

// pause waits for the time of the next attempt.
func (m *Machine) pause(v *visit, f *Failure) {
	v.Cause = f
	note := Note{Kind: Retrying, Error: f.Error, Attempt: v.Tries, Attempts: v.node.Retry.Attempts}
	d := m.delay(v, f.Error)
	if d <= 0 {
		m.note(v, note)
		m.cure(v)
		return
	}
	at := m.now.Add(d)
	if !v.endsBy(at) {
		note.Next = at
	}
	m.note(v, note)
	v.Stage = pausing
	v.Action = &Action{
		Kind: Wait, Path: v.Path, Node: v.node.ID, Name: m.title(v), Def: v.node, Retry: true, At: at, Undecided: v.Undecided,
	}
	m.live[v.Path] = v
}

// endsBy reports whether the time of v, or of what stands around it, is up by then.
func (v *visit) endsBy(at time.Time) bool {
	if v.bounded() && !at.Before(v.Deadline) {
		return true
	}
	return v.frame != nil && v.frame.of.endsBy(at)
}

// delay is how long the next attempt waits: the retry's delay, grown by its
// backoff, up to a quarter more or less so that many runs do not come back at
// once, and no less than the service asked for. The same run waits the same
// each time it is replayed.
func (m *Machine) delay(v *visit, err *types.Error) time.Duration {
	r := v.node.Retry
	d, _ := types.ParseDuration(r.Delay)
	for range v.Tries - 1 {
		if r.Backoff > 0 && d < time.Hour*24*365 {
			d = time.Duration(float64(d) * r.Backoff)
		}
	}
	d = time.Duration(float64(d) * (0.75 + 0.5*m.chance(v)))
	if most, err := types.ParseDuration(r.MaxDelay); err == nil && most > 0 {
		d = min(d, most)
	}
	return noSooner(d, err)
}

// noSooner is a pause that is no shorter than the service asked for.
func noSooner(d time.Duration, err *types.Error) time.Duration {
	if asked, ok := err.Details["retry_after"].(string); ok {
		if s, err := strconv.Atoi(asked); err == nil && s < 3600 {
			d = max(d, time.Duration(s)*time.Second)
		}
	}
	return d
}

// chance is a number from 0 to 1 that follows from the run and the attempt.
func (m *Machine) chance(v *visit) float64 {
	h := fnv.New32a()
	h.Write([]byte(m.start.Run + "\x00" + v.Path + "\x00" + strconv.Itoa(v.Attempt)))
	return float64(h.Sum32()) / float64(1<<32)
}

// cure performs what is to be done before the next attempt.
func (m *Machine) cure(v *visit) {
	v.Action = nil
	delete(m.live, v.Path)
	r := v.node.Retry
	if len(r.Before) == 0 {
		m.afterCure(v, nil)
		return
	}
	f := v.sequence(before, r.Before, nil)
	f.Error = errorValue(v.Cause)
	f.names = v.names.with("error", map[string]any(f.Error)).inside(r.Before)
	m.open(v, curing, []*frame{f})
}

// afterCure begins the next attempt, unless the cure failed.
func (m *Machine) afterCure(v *visit, failed *Failure) {
	if failed = m.cause(v, failed); failed != nil {
		m.failedAt(v, failed.with("before", v.Cause.Error.Message))
		return
	}
	v.Cause, v.Frames, v.Stage = nil, nil, entering
	if v.Stop != nil {
		m.stopped(v)
		return
	}
	m.fresh(v)
	m.begin(v)
}

// fresh forgets what an earlier attempt of a group or a called skill did.
func (m *Machine) fresh(v *visit) {
	v.Opened, v.Given, v.Behind, v.Rescued, v.Returned, v.result = 0, nil, nil, nil, false, nil
	if v.node.Kind == program.Group {
		ahead(v.names.steps, []program.Node{unlooped(v.node)})
	}
}

// stop lets nothing new begin in v. What is in flight comes to its end, waits
// end at once, and the always of groups is run.
func (m *Machine) stop(v *visit, why *types.Error) {
	if v.Stage == over || v.Stop != nil {
		return
	}
	v.Stop = why
	switch {
	case v.Stage == cleaning: // it is seen to its end, and no attempt follows
	case v.Stage == entering, v.Action != nil && v.Action.Kind != Call:
		m.stopped(v)
	case v.Loop != nil:
		for _, inner := range v.Loop.Live {
			m.stop(inner, why)
		}
	default:
		for _, f := range v.Frames {
			m.stopFrame(f, why)
		}
	}
}

func (m *Machine) stopFrame(f *frame, why *types.Error) {
	f.Stop = true
	if f.Now != nil {
		m.stop(f.Now, why)
	}
}

// stopped ends a visit that was not begun, or given up.
func (m *Machine) stopped(v *visit) {
	m.failedAt(v, m.stopFailure(v))
}

// stopFailure is the failure of a visit that was stopped.
func (m *Machine) stopFailure(v *visit) *Failure {
	f := m.failure(v, v.Stop)
	f.Stopped = !v.Expired
	return f
}

// expire ends a visit whose time is up.
func (m *Machine) expire(v *visit) {
	v.Deadline = time.Time{}
	if v.Stop != nil || v.Stage == cleaning {
		return // it comes to its end already
	}
	v.Expired = true
	what := v.node.ID
	if v.frame == nil {
		what = "the skill"
	}
	why := types.Errorf(types.Timeout, "%s took longer than %s", what, v.Limit).WithHint("give it more time, or see what takes so long")
	if v.Action == nil || v.Action.Kind != Call {
		m.stop(v, why)
		return
	}
	v.Stop = why
	m.failed(v, why)
}

// limit begins the time that a visit may take.
func (m *Machine) limit(v *visit) {
	n := v.node
	if n.Kind == program.Await {
		return // its time is of another kind
	}
	limits := []string{n.Timeout}
	if n.Call != nil {
		limits = append(limits, n.Call.Timeout)
	}
	for _, limit := range limits {
		d, err := types.ParseDuration(limit)
		if err != nil || d <= 0 {
			continue
		}
		if at := m.now.Add(d); v.Deadline.IsZero() || at.Before(v.Deadline) {
			v.Deadline, v.Limit = at, limit
		}
	}
}
