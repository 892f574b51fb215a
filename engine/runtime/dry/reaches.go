package dry

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Reaches tells what a program may reach, one thing a line and sorted: the
// services as they are configured, the repositories where they are, this machine,
// and anything where it runs programs. about describes a service, lock is where the
// lock of its concurrency group leads. Nothing is performed. Two programs of one text
// that reach the same have the same lines.
//
// What decides where an effect lands is made of literals, inputs and
// configuration, also where a set names it, so every step of the skill's text is
// looked at, also those that only a failure leads to.
func Reaches(p *program.Program, s machine.Start, c *step.Catalogue, about func(service string) string, lock []step.Place) []string {
	r := reaching{sight: VisibilityOf(p, c, nil), about: about, lines: map[string]bool{}, start: s, left: maxActivations, budget: maxSpent}
	r.skill(p.Steps, scope{"inputs": map[string]any(p.Inputs), "config": map[string]any(p.Config)})
	if l := p.Concurrency; l != nil && l.Repo != "" {
		r.service(cmp.Or(l.Service, "git"))
		r.add("lock: " + l.Repo)
		r.leads(lock)
	}
	return slices.Sorted(maps.Keys(r.lines))
}

// AndServices are the lines of [Reaches], and those of every service that a step may
// choose with other inputs.
func AndServices(lines []string, p *program.Program, about func(service string) string) []string {
	r := reaching{about: about, lines: map[string]bool{}}
	for _, line := range lines {
		r.add(line)
	}
	program.Each(p.Steps, func(n *program.Node) {
		for _, name := range n.Services {
			r.service(name)
		}
	})
	return slices.Sorted(maps.Keys(r.lines))
}

// maxActivations is how many visits of steps are made for the items of loops. What a
// loop does is the same for each of them but for names; then it is looked at once
// more, for an item that is unknown.
const maxActivations = 2000

type reaching struct {
	sight *Visibility
	about func(string) string
	lines map[string]bool
	start machine.Start
	left  int // of maxActivations
	// budget is how many bytes evaluations may still use up, of maxSpent.
	budget int
}

// maxSpent is what all evaluations of a walk may use up together, each of them
// within the budgets of an expression; what is beyond it is not known. spentOnEach is
// what one takes whatever it says, and spentOnByte what its text takes to be read.
const (
	maxSpent    = 16 * fuel.Bytes
	spentOnEach = 4 << 10
	spentOnByte = 64
)

// scope are the names that a step's texts see. What only the run can tell is
// unknown: what steps return, the error that is rescued, the run itself. What a set
// names is known where it is sure to have run; where that is asked, in a condition,
// nothing is known of any step.
type scope map[string]any

func (s scope) with(name string, v any) scope {
	out := maps.Clone(s)
	out[name] = v
	return out
}

// skill walks the steps of a skill, of which nothing is known yet.
func (r *reaching) skill(nodes []program.Node, s scope) {
	steps := map[string]any{}
	program.Each(nodes, func(n *program.Node) { steps[n.ID] = types.Unknown{} })
	s["steps"], s["error"], s["run"] = steps, types.Unknown{}, types.Unknown{}
	r.nodes(nodes, s)
}

func (r *reaching) nodes(nodes []program.Node, s scope) {
	for i := range nodes {
		n := &nodes[i]
		if n.ForEach == "" {
			r.visit(n, s)
			continue
		}
		as := cmp.Or(n.As, "item")
		list, all := r.eval(n.ForEach, s).([]any)
		for _, item := range list {
			if all = r.left > 0; !all {
				break
			}
			r.visit(n, s.with(as, item))
		}
		if !all {
			r.visit(n, s.with(as, types.Unknown{}))
		}
	}
}

// visit looks at a node once, unless its condition does not hold whatever happens.
func (r *reaching) visit(n *program.Node, s scope) {
	if n.If != "" && r.eval(n.If, s.with("steps", types.Unknown{})) == false {
		return
	}
	r.left--
	r.node(n, s)
}

func (r *reaching) node(n *program.Node, s scope) {
	args, _ := r.value(map[string]any(n.With), s).(map[string]any)
	if n.Step != "" {
		for _, u := range usesOf(machine.Action{Node: n.ID, Step: n.Step, Input: args, Def: n}) {
			r.use(u)
			r.places(u)
		}
	}
	if n.Kind == program.Set && n.ForEach == "" {
		values := map[string]any{}
		for _, b := range n.Values {
			values[b.Name] = r.value(b.Value.V, s)
		}
		s["steps"].(map[string]any)[n.ID] = values
	}
	for _, inside := range [][]program.Node{n.Steps, n.Rescue, n.Always} {
		r.nodes(inside, s)
	}
	if n.Retry != nil {
		r.nodes(n.Retry.Before, s)
	}
	if c := n.Call; c != nil {
		given, _ := r.value(map[string]any(c.Defaults), scope{"config": map[string]any(c.Config)}).(map[string]any)
		maps.Copy(given, args)
		r.skill(c.Steps, scope{"inputs": given, "config": map[string]any(c.Config)})
	}
}

// eval is what a bare expression comes to, unknown when that is not known.
func (r *reaching) eval(src string, s scope) any {
	return r.spend(src, s, func(env expr.Env) (any, error) {
		e, problems := expr.Parse(src)
		if len(problems) > 0 {
			return types.Unknown{}, nil
		}
		return e.Eval(env)
	})
}

// value is v with every text in it evaluated.
func (r *reaching) value(v any, s scope) any {
	out, _ := types.MapTexts(v, func(src string) (any, error) { return r.text(src, s), nil })
	return out
}

func (r *reaching) text(src string, s scope) any {
	return r.spend(src, s, func(env expr.Env) (any, error) {
		t, problems := expr.ParseText(src)
		if len(problems) > 0 {
			return types.Unknown{}, nil
		}
		x, partial, err := t.EvalPartial(env)
		if partial != nil {
			x = types.Unknown{}
		}
		return x, err
	})
}

// spend evaluates a source out of the budget of the walk.
func (r *reaching) spend(src string, s scope, eval func(expr.Env) (any, error)) any {
	if r.budget -= spentOnEach + spentOnByte*len(src); r.budget <= 0 {
		return types.Unknown{}
	}
	before := min(fuel.Bytes, r.budget)
	tank := fuel.New(fuel.Iterations, before)
	v, err := eval(expr.Env{Vars: s, Now: r.start.StartedAt, Zone: r.start.Zone, Fuel: tank})
	if r.budget -= before - tank.Left(); err != nil {
		return types.Unknown{}
	}
	return v
}

func (r *reaching) add(line string) { r.lines[line] = true }

func (r *reaching) use(u step.Use) {
	t, ok := r.sight.catalogue.Lookup(u.Step)
	if !ok {
		return
	}
	if name := u.Text("service"); name != "" {
		r.service(name)
	} else if !slices.Contains(u.Unknown, "service") {
		r.service(t.Touch.Service)
	}
}

func (r *reaching) service(name string) {
	if name == "" {
		return
	}
	about := ""
	if r.about != nil {
		about = r.about(name)
	}
	r.add(name + ": " + about)
}

// places adds where a call reaches, as far as the service does not tell it.
func (r *reaching) places(u step.Use) {
	reach := r.sight.of(context.Background(), u)
	for _, p := range slices.Concat(reach.Sees, reach.Settled) {
		r.place("reads", p)
	}
	r.leads(reach.Leads)
	for _, p := range reach.Changes {
		r.place("writes", p)
	}
}

func (r *reaching) leads(places []step.Place) {
	for _, p := range places {
		r.add("leads to " + p.Kind + " " + p.Host + " " + p.Name)
	}
}

func (r *reaching) place(verb string, p step.Place) {
	switch {
	case p.Kind == step.Anywhere:
		r.add(verb + " anything: it runs a program")
	case p.Kind == step.Machine:
		r.add(verb + " this machine")
	case p.Service != "":
		r.service(p.Service)
	case p.Host != "":
		name, _, _ := strings.Cut(p.Name, "#")
		r.add(verb + " " + p.Kind + " " + p.Host + " " + name)
	}
}
