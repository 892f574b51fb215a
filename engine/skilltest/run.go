package skilltest

import (
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// maxCalls bounds a case: an answer that holds for every call could be asked for ever.
const maxCalls = 100_000

// Result is what became of a case.
type Result struct {
	Case     *Case
	Failures []Failure // none: it passed
	Covered  Covered
	Outcome  Outcome // what it came to, of a case that was performed here
}

// Failure is an expectation that did not hold, or an answer that was missing.
type Failure struct {
	diag.Diagnostic
	Diff string `json:"diff,omitempty"` // of a value: lines with - for what was expected and + for what was
	edit *edit
}

// Outcome is how a run ended, wherever it was performed, for [Suite.Judge].
type Outcome struct {
	State   string
	Error   *types.Error
	Step    string // that failed
	Outputs map[string]any
	Calls   map[string][]map[string]any // by name and by name with the key of the item
	Undo    map[string][]map[string]any // the same, of the calls that would take writes back
	Steps   map[string]string           // states, by name and by name with the key of the item
	Writes  []string

	atOutput bool // Step is an output of the skill
}

// Run performs a case. It has no effect outside.
func (s *Suite) Run(c *Case) Result {
	out := Result{Case: c, Covered: Covered{}}
	b, diags := s.Bind(c)
	for _, d := range diags {
		out.Failures = append(out.Failures, Failure{Diagnostic: d})
	}
	if b == nil {
		return out
	}
	p := newPerformer(s, c, b)
	p.run()
	out.Covered, out.Failures = p.covered, p.failures
	if len(out.Failures) == 0 {
		out.Outcome = p.outcome()
		out.Failures = append(s.Judge(c, out.Outcome), p.unused()...)
	}
	return out
}

// Bind gives the skill what a case says. Diagnostics are placed in the file of tests.
func (s *Suite) Bind(c *Case) (*check.Bound, diag.List) {
	b, diags := s.Skill.Bind(check.Binding{
		Inputs: c.Inputs, Config: c.Config, Again: c.Again, Now: c.Now, Zone: c.Zone, StepType: true,
		ConfigPlace: func(_, name string) diag.Range { return c.place("config." + name) },
	})
	for i := range diags {
		d := &diags[i]
		switch name, input := strings.CutPrefix(d.At.File, "--input "); {
		case input:
			d.At = c.place("inputs." + name)
		case d.Code == "missing-config":
			d.Related = append(d.Related, diag.Note{At: d.At, Message: "it is declared here"})
			d.At = c.At
		}
		if d.Code == "missing-input" || d.Code == "missing-config" {
			d.Hint = "give it one in the case, or in defaults"
		}
	}
	return b, diags
}

// place is where a case says something, or where the case is.
func (c *Case) place(what string) diag.Range {
	if at, ok := c.places[what]; ok {
		return at
	}
	return c.At
}

// performer performs the actions of one case.
type performer struct {
	*Suite
	c        *Case
	m        *machine.Machine
	now      time.Time
	names    map[*program.Node]string
	answers  map[*program.Node]*program.Node // the one step of a call that is answered -> the call
	next     map[*Answers]int                // how many were given
	flying   map[string]flight               // by path
	out      Outcome
	byPath   map[string]string // the names of what was come to
	left     string            // the state, when the machine does not say
	held     map[string]bool   // awaits, by path, whose answers ran out
	count    int
	failures []Failure
	covered  Covered
}

// flight is a call whose answer takes time.
type flight struct {
	ends  time.Time
	event machine.Event
}

func newPerformer(s *Suite, c *Case, b *check.Bound) *performer {
	p := &performer{
		Suite: s, c: c, now: c.Now, names: map[*program.Node]string{}, answers: map[*program.Node]*program.Node{}, next: map[*Answers]int{},
		flying: map[string]flight{}, covered: Covered{}, byPath: map[string]string{}, held: map[string]bool{}, out: Outcome{Calls: map[string][]map[string]any{}, Undo: map[string][]map[string]any{}, Steps: map[string]string{}},
	}
	whole := map[string]bool{}
	for name := range c.Answers {
		whole[withoutItem(name)] = true
	}
	steps := s.answered("", body(b), whole)
	if s.Skill.Effect != "" {
		b.Steps[0].Call.Steps = steps
	} else {
		b.Steps = steps
	}
	for _, at := range placesOf(steps) {
		p.names[at.node] = at.name
		if call := at.node.Call; call != nil && len(call.Steps) == 1 && call.Steps[0].ID == answerID && call.Steps[0].Step == call.Uses() {
			p.answers[&call.Steps[0]] = at.node
		}
	}
	p.m = machine.New(b.Program, machine.Start{
		Run: c.Now.UTC().Format("20060102-150405") + "-000000", StartedAt: c.Now, Zone: c.Zone, Invocation: c.Program, Observe: p.observe, Polls: true,
		Trace: &machine.Trace{Arm: p.arm, Undecided: p.undecided, Entered: p.entered},
	})
	return p
}

func (p *performer) fail(at diag.Range, hint, format string, args ...any) {
	var l diag.List
	l.Errorf("test-failed", at, format, args...).Hint = hint
	p.failures = append(p.failures, Failure{Diagnostic: l[0]})
}

func (p *performer) run() {
	for p.left == "" && len(p.failures) == 0 {
		actions := p.m.Next()
		if len(actions) == 0 {
			return
		}
		p.step(actions)
	}
}

// step does one thing: what can be done now, or else it lets time pass.
func (p *performer) step(actions []machine.Action) {
	for _, a := range actions {
		switch f, flies := p.flying[a.Path]; {
		case !a.Deadline.IsZero() && !p.now.Before(a.Deadline) && !a.Stopping:
			p.apply(machine.Event{Kind: machine.TimedOut, Path: a.Bounds})
			return
		case a.Stopping && (!flies || a.Effect != string(step.Writes)):
			delete(p.flying, a.Path)
			p.apply(machine.Event{Kind: machine.Dropped, Path: a.Path})
			return
		case flies && !p.now.Before(f.ends):
			delete(p.flying, a.Path)
			p.apply(f.event)
			return
		case p.held[a.Path]:
		case a.Kind == machine.Call && !flies:
			p.call(a)
			return
		case a.Kind == machine.Wait && !p.now.Before(a.At):
			p.apply(machine.Event{Kind: machine.Woken, Path: a.Path})
			return
		case a.Kind == machine.Ask && p.ask(a):
			return
		}
	}
	p.wait(actions)
}

// wait lets time pass up to the next thing that happens by itself; when nothing
// does, the run waits for a person.
func (p *performer) wait(actions []machine.Action) {
	var next time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, a := range actions {
		if p.held[a.Path] || a.Kind == machine.Ask { // it parks: no time-out counts that time
			continue
		}
		sooner(a.Deadline)
		if a.Kind == machine.Wait {
			sooner(a.At)
		}
		if f, flies := p.flying[a.Path]; flies {
			sooner(f.ends)
		}
	}
	if next.IsZero() {
		p.left = Parked
		return
	}
	p.now = next
}

func (p *performer) apply(e machine.Event) {
	e.At = p.now
	if e.Kind == machine.Done {
		if in, err := p.m.Undo(e.Path, e.Output); in != nil && err == nil {
			addCall(p.out.Undo, p.byPath[e.Path], e.Path, in)
		}
	}
	if err := p.m.Apply(e); err != nil {
		p.fail(p.c.At, "", "%v", err)
	}
	for path := range p.flying {
		if _, live := p.m.Live(path); !live { // it belonged to a poll that was given up
			delete(p.flying, path)
		}
	}
}

// call has a step answer.
func (p *performer) call(a machine.Action) {
	node := a.Def
	if call := p.answers[node]; call != nil {
		node = call
	}
	name := p.names[node]
	p.byPath[a.Path] = name
	c, _ := p.contract(node)
	if p.checkKnown(name, a); len(p.failures) > 0 {
		return
	}
	if p.count++; p.count > maxCalls {
		p.fail(p.c.At, "give it a list of answers, or the step a timeout", "the case makes more than %d calls, the last one of %s", maxCalls, a.Path)
		return
	}
	if refused := p.refused(node, a); refused != nil {
		p.apply(p.m.FailureAt(a.Path, refused))
		return
	}
	answer, ok := p.answerOf(name, a, c)
	if !ok {
		return
	}
	addCall(p.out.Calls, name, a.Path, a.Input)
	e := machine.Event{Kind: machine.Done, Path: a.Path, Output: answer.Returns}
	switch {
	case answer.Fails != nil && c.write && answer.Fails.Code == types.UnknownOutcome:
		p.left = Parked // a person has to say what became of it
		return
	case answer.Fails != nil:
		failed := *answer.Fails
		e = p.m.FailureAt(a.Path, &failed)
	case c.write:
		p.out.Writes = append(p.out.Writes, name)
	}
	if answer.After > 0 {
		p.flying[a.Path] = flight{p.now.Add(answer.After), e}
		return
	}
	p.apply(e)
}

// addCall notes the arguments of a call, also by the item that it is for.
func addCall(to map[string][]map[string]any, name, path string, in types.Values) {
	to[name] = append(to[name], in)
	if key, ok := itemOf(path); ok {
		name += "[" + key + "]"
		to[name] = append(to[name], in)
	}
}

func (p *performer) outcome() Outcome {
	r := p.m.Result()
	p.out.Outputs = r.Outputs
	p.unfinished()
	switch p.out.State = p.left; {
	case p.left != "":
	case r.Failure != nil:
		p.out.State, p.out.Error, p.out.Step = Failed, r.Failure.Error, p.failedStep(r.Failure)
	case r.Problem != nil:
		p.out.State, p.out.Error, p.out.Step, p.out.atOutput = Failed, r.Problem.Error, r.Problem.Node, true
	default:
		p.out.State = Done
	}
	return p.out
}
