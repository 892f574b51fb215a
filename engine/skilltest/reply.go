package skilltest

import (
	"net/url"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// checkKnown fails a case in which a step is called with what the answers leave out.
func (p *performer) checkKnown(name string, a machine.Action) {
	if u, unknown := types.FirstUnknown(map[string]any(a.Input)); unknown {
		p.fail(p.answerPlace(u.After), "add it to the answer", "%s is called with %s, which the answer leaves out", name, u.After)
	}
}

// refused says why a step does not take its arguments. What is called as a whole has
// had them checked.
func (p *performer) refused(n *program.Node, a machine.Action) *types.Error {
	s, ok := p.catalogue.Lookup(n.Step)
	if n.Call != nil || !ok {
		return nil
	}
	if err := s.CheckArguments(types.Encode(a.Input), nil); err != nil {
		return types.AsError(err)
	}
	return nil
}

// answerPlace is where the answer of a step is written; what is "STEP.member".
func (p *performer) answerPlace(what string) diag.Range {
	step, _, _ := strings.Cut(what, ".")
	for name, a := range p.c.Answers {
		if withoutItem(name) == step {
			return a.At
		}
	}
	return p.c.At
}

// given returns the answers of a step for the item of a path, and those for all.
func (p *performer) given(name, path string) *Answers {
	if key, ok := itemOf(path); ok {
		if a := p.c.Answers[name+"["+key+"]"]; a != nil {
			return a
		}
	}
	return p.c.Answers[name]
}

// itemOf is the key of the innermost item that a path stands in.
func itemOf(path string) (key string, ok bool) {
	from, to := strings.LastIndexByte(path, '['), strings.LastIndexByte(path, ']')
	if from < 0 || to < from {
		return "", false
	}
	key, err := url.PathUnescape(path[from+1 : to])
	return key, err == nil
}

func (p *performer) answerOf(name string, a machine.Action, c contract) (Answer, bool) {
	list := p.given(name, a.Path)
	switch {
	case list == nil && !hasRequired(c.out):
		return Answer{Returns: map[string]any{}}, true
	case list == nil:
		p.fail(p.c.At, "add it to answers: "+name+": {returns: {…}}", "step %s has no answer", a.Path)
		return Answer{}, false
	case list.Always:
		p.next[list] = 1
		return list.List[0], true
	case p.next[list] == len(list.List) && a.Poll:
		p.held[a.Path] = true // nothing new is there
		return Answer{}, false
	case p.next[list] == len(list.List):
		p.fail(list.At, "add an answer, or write one that is no list: it holds for every call", "step %s is called once more than there are answers", a.Path)
		return Answer{}, false
	}
	p.next[list]++
	return list.List[p.next[list]-1], true
}

func hasRequired(t types.Type) bool {
	for _, f := range t.Fields {
		if f.Required && !f.Type.Optional {
			return true
		}
	}
	return false
}

// ask has a person answer, and reports whether one did.
func (p *performer) ask(a machine.Action) bool {
	name := p.names[a.Def]
	list := p.given(name, a.Path)
	if list == nil || !list.Always && p.next[list] == len(list.List) {
		return false
	}
	p.count++
	if p.checkKnown(name, a); len(p.failures) > 0 {
		return true
	}
	answer, _ := p.answerOf(name, a, contract{})
	p.now = p.now.Add(answer.After)
	p.apply(machine.Event{Kind: machine.Resumed}) // it was parked
	if answer.Approves == "" {
		p.left = Rejected
		return true
	}
	p.apply(machine.Event{Kind: machine.Done, Path: a.Path, Output: types.Values{
		"by": answer.Approves, "at": p.now.UTC().Format(time.RFC3339), "digest": "plan", "known_by": "machine",
	}})
	return true
}

// unused fails a case whose answers were not asked for: it tests something else than
// it says.
func (p *performer) unused() []Failure {
	p.failures = nil
	for _, name := range types.SortedKeys(p.c.Answers) {
		a := p.c.Answers[name]
		switch given := p.next[a]; {
		case a.shared && given == 0, given == len(a.List):
		case given == 0:
			p.fail(a.At, "leave the answer out", "step %s was not called", name)
		default:
			p.fail(a.List[given].At, "leave the others out", "step %s was called %s, and there are %d answers", name, times(given), len(a.List))
		}
	}
	return p.failures
}
