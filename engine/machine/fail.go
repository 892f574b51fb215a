package machine

import (
	"cmp"
	"hash/fnv"
	"maps"
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

func (m *Machine) failure(a *activation, err *types.Error) *Failure {
	return &Failure{Path: a.Path, Node: a.node.ID, At: a.node.At, Error: err}
}

// errorValue is what the name `error` means.
func errorValue(f *Failure) types.Values {
	details := map[string]any{}
	maps.Copy(details, f.Error.Details)
	return types.Values{"code": string(f.Error.Code), "message": f.Error.Message, "step": cmp.Or(f.Called, f.Node), "details": details}
}

// failed ends an attempt of a at its own node.
func (m *Machine) failed(a *activation, err *types.Error) {
	m.failedAt(a, m.failure(a, err))
}

// failedAt ends an attempt of a with what failed in it. Another attempt
// follows, or the node is passed over, or it has failed.
func (m *Machine) failedAt(a *activation, f *Failure) {
	a.Action = nil
	delete(m.live, a.Path)
	if a.Returned { // what was to be the last word of the skill did not end well
		a.Returned, a.skill().ReturnValues = false, nil
	}
	if m.retries(a, f) {
		m.pause(a, f)
		return
	}
	f = m.withMessage(a, f)
	a.Stage = ended
	if m.continuesOnError(a, f) {
		a.Absent = a.node.Kind != program.Group || a.Item != nil // the steps of a group that were done are there
		m.note(a, Note{Kind: Continued, Error: f.Error})
		return
	}
	a.Fail = f
	if a.frame != nil {
		kind := FailedNote
		if f.Stopped {
			kind = GivenUp
		}
		if a.Began || kind == FailedNote {
			m.note(a, Note{Kind: kind, Error: f.Error})
		}
	}
}

// withMessage puts the message of `errors:` in the place of the step's own.
func (m *Machine) withMessage(a *activation, f *Failure) *Failure {
	text, ok := a.node.Errors[f.Error.Code]
	if !ok || f.Stopped {
		return f
	}
	m.refuel()
	m.at = a.node
	x, err := m.text(a.names, text, map[string]any{"error": map[string]any(errorValue(f))})
	if err != nil {
		return f
	}
	out := f.with("cause", f.Error.Message)
	out.Error.Message, out.Error.Hint = types.Show(x), ""
	return out
}

func (m *Machine) continuesOnError(a *activation, f *Failure) bool {
	pass := a.node.OnError || a.node.OnItemError && a.Item != nil
	return pass && a.Loop == nil && !f.Stopped && !f.Unsettled
}

// retries reports whether another attempt follows a failure. None does of what
// stands around a write that may have happened: a person has the write tried
// again first.
func (m *Machine) retries(a *activation, f *Failure) bool {
	r := a.node.Retry
	if r == nil || a.Loop != nil || a.Stop != nil || a.Tries >= r.Attempts || a.Stage == remedying || f.Unsettled && f.Path != a.Path {
		return false
	}
	code := f.Error.Code
	if len(r.On) == 0 && (code == types.Cancelled || code == types.Internal) || len(r.On) > 0 && !slices.Contains(r.On, code) {
		return false
	}
	if r.If == "" {
		return true
	}
	yes, _, err := m.condition(a, r.If, map[string]any{"error": map[string]any(errorValue(f))})
	return err == nil && yes
}

func (m *Machine) pause(a *activation, f *Failure) {
	a.Cause = f
	note := Note{Kind: Retrying, Error: f.Error, Attempt: a.Tries, Attempts: a.node.Retry.Attempts}
	d := m.delay(a, f.Error)
	if d <= 0 {
		m.note(a, note)
		m.startRemedy(a)
		return
	}
	at := m.now.Add(d)
	if !a.expiresBy(at) {
		note.Next = at
	}
	m.note(a, note)
	a.Stage = pausing
	a.Action = &Action{
		Kind: Wait, Path: a.Path, Node: a.node.ID, Name: m.title(a), Def: a.node, Retry: true, At: at, Undecided: a.Undecided,
	}
	m.live[a.Path] = a
}

// expiresBy reports whether the time of a, or of what stands around it, is up by then.
func (a *activation) expiresBy(at time.Time) bool {
	if a.timeoutApplies() && !at.Before(a.Deadline) {
		return true
	}
	return a.frame != nil && a.frame.of.expiresBy(at)
}

// delay is how long the next attempt waits: the retry's delay, grown by its
// backoff, up to a quarter more or less so that many runs do not come back at
// once, and no less than the service asked for. The same run waits the same
// each time it is replayed.
func (m *Machine) delay(a *activation, err *types.Error) time.Duration {
	r := a.node.Retry
	d, _ := types.ParseDuration(r.Delay)
	for range a.Tries - 1 {
		if r.Backoff > 0 && d < time.Hour*24*365 {
			d = time.Duration(float64(d) * r.Backoff)
		}
	}
	d = time.Duration(float64(d) * (0.75 + 0.5*m.jitter(a)))
	if most, err := types.ParseDuration(r.MaxDelay); err == nil && most > 0 {
		d = min(d, most)
	}
	return atLeastRetryAfter(d, err)
}

// atLeastRetryAfter is a pause that is no shorter than the service asked for.
func atLeastRetryAfter(d time.Duration, err *types.Error) time.Duration {
	if asked, ok := err.Details["retry_after"].(string); ok {
		if s, err := strconv.Atoi(asked); err == nil && s < 3600 {
			d = max(d, time.Duration(s)*time.Second)
		}
	}
	return d
}

// jitter is a number from 0 to 1 that follows from the run and the attempt.
func (m *Machine) jitter(a *activation) float64 {
	h := fnv.New32a()
	h.Write([]byte(m.start.Run + "\x00" + a.Path + "\x00" + strconv.Itoa(a.Attempt)))
	return float64(h.Sum32()) / float64(1<<32)
}

func (m *Machine) startRemedy(a *activation) {
	a.Action = nil
	delete(m.live, a.Path)
	r := a.node.Retry
	if len(r.Before) == 0 {
		m.afterRemedy(a, nil)
		return
	}
	f := a.sequence(before, r.Before, nil)
	f.Error = errorValue(a.Cause)
	f.names = a.names.with("error", map[string]any(f.Error)).inside(r.Before)
	a.open(remedying, f)
}

// afterRemedy begins the next attempt, unless the remedy failed.
func (m *Machine) afterRemedy(a *activation, failed *Failure) {
	if failed = m.cause(a, failed); failed != nil {
		m.failedAt(a, failed.with("before", a.Cause.Error.Message))
		return
	}
	a.Cause, a.Frames, a.Stage = nil, nil, entering
	if a.Stop != nil {
		m.stopped(a)
		return
	}
	m.resetSteps(a)
	m.begin(a)
}

// resetSteps forgets what an earlier attempt of a group or a called skill did.
func (m *Machine) resetSteps(a *activation) {
	a.Opened, a.ReturnValues, a.Unreached, a.Rescued, a.Returned, a.result = 0, nil, nil, nil, false, nil
	if a.node.Kind == program.Group {
		markPending(a.names.steps, []program.Node{withoutLoop(a.node)})
	}
}

// stop lets nothing new begin in a. What is in flight ends, waits
// end at once, and the always of groups is run.
func (m *Machine) stop(a *activation, why *types.Error) {
	if a.Stage == ended || a.Stop != nil {
		return
	}
	a.Stop = why
	switch {
	case a.polls() && a.Stage == body:
		m.giveUpPoll(a)
		m.pollBroke(a, m.stopFailure(a))
	case a.Stage == cleaning: // it is seen to its end, and no attempt follows
	case a.Stage == entering, a.Action != nil && a.Action.Kind != Call:
		m.stopped(a)
	case a.Loop != nil:
		for _, inner := range a.Loop.Live {
			m.stop(inner, why)
		}
	default:
		for _, f := range a.Frames {
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

// stopped ends an activation that was not begun, or given up.
func (m *Machine) stopped(a *activation) {
	m.failedAt(a, m.stopFailure(a))
}

func (m *Machine) stopFailure(a *activation) *Failure {
	f := m.failure(a, a.Stop)
	f.Stopped = !a.Expired
	return f
}

// expire ends an activation whose time is up.
func (m *Machine) expire(a *activation) {
	a.Deadline = time.Time{}
	if a.Stop != nil || a.Stage == cleaning {
		return // it ends already
	}
	a.Expired = true
	what := a.node.ID
	if a.frame == nil {
		what = "the skill"
	}
	why := types.Errorf(types.Timeout, "%s took longer than %s", what, a.Limit).WithHint("give it more time, or see what takes so long")
	if a.Action == nil || a.Action.Kind != Call {
		m.stop(a, why)
		return
	}
	a.Stop = why
	m.failed(a, why)
}

func (m *Machine) startTimeout(a *activation) {
	n := a.node
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
		if at := m.now.Add(d); a.Deadline.IsZero() || at.Before(a.Deadline) {
			a.Deadline, a.Limit = at, limit
		}
	}
}
