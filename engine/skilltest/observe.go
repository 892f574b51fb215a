package skilltest

import (
	"path"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// observe notes what became of each step.
func (p *performer) observe(n machine.Note) {
	def := n.Def
	if call := p.answers[def]; call != nil {
		def = call
	}
	name, known := p.names[def]
	if !known {
		return
	}
	p.byPath[n.Path] = name
	if def != n.Def {
		return // the call tells it
	}
	state := string(n.Kind)
	if n.Kind == machine.Set || n.Kind == machine.Asserted {
		state = Done
	}
	p.out.Steps[name] = state
	if key, ok := itemOf(n.Path); ok {
		p.out.Steps[name+"["+key+"]"] = state
	}
	if n.Kind != machine.Skipped {
		p.covered[Point{Step: name, What: Ran}] = true
	}
	if n.Kind == machine.Finished && len(n.Def.Rescue) > 0 {
		p.covered[Point{Step: name, What: NotRescued}] = true
	}
	if n.Kind == machine.Rescued || p.reachedRescue(n.Def) {
		p.covered[Point{Step: name, What: WasRescued}] = true
	}
}

// failedStep is the name of the step that failed. Of those in a poll, the machine tells
// no more than the await itself.
func (p *performer) failedStep(f *machine.Failure) string {
	for at := f.Path; at != "" && at != "."; at = path.Dir(at) {
		switch name := p.byPath[at]; {
		case name != "" && at == f.Path:
			return name
		case name != "":
			return name + "/" + f.Node
		}
	}
	return f.Node
}

// entered notes the arguments of a call of which the steps inside are answered; one that
// is answered as a whole is noted with its answer.
func (p *performer) entered(n *program.Node, path string, in types.Values) {
	if name, known := p.names[n]; known && p.answers[&n.Call.Steps[0]] == nil {
		addCall(p.out.Calls, name, path, in)
	}
}

// unfinished says of the steps that were begun what becomes of them where a run does
// not end by itself: they wait, or nothing needs them any more.
func (p *performer) unfinished() {
	state := machine.StillWaiting
	if p.left == Rejected {
		state = machine.GivenUp
	}
	for name, s := range p.out.Steps {
		if p.left != "" && (s == string(machine.Started) || s == string(machine.StillWaiting)) {
			p.out.Steps[name] = string(state)
		}
	}
}

func (p *performer) reachedRescue(n *program.Node) bool {
	return len(n.Rescue) > 0 && p.out.Steps[p.names[&n.Rescue[0]]] != ""
}

func (p *performer) arm(n *program.Node, src string, a expr.Arm) {
	p.covered[Point{Step: p.names[n], What: Arm, Source: src, Arm: a}] = true
}

func (p *performer) undecided(n *program.Node, src string) {
	name := p.names[n]
	p.fail(p.c.At, "add to the answers what it reads", "the condition of %s cannot be decided, because of what the answers leave out: %s", name, src)
}
