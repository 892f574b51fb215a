package dry

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
)

// mostUses is how many calls a walk looks at for what they reach. What a loop
// does is the same for each of its items but for names; the services are told by
// the text of the skill, of all of it.
const mostUses = 2000

// Reaches tells what a program may reach, one thing a line and sorted: the
// services as they are configured, the repositories where they are, this machine,
// and anything where it runs programs. about describes a service. Nothing is
// performed. Two programs of one text that reach the same have the same lines.
func Reaches(p *program.Program, s machine.Start, c *step.Catalogue, about func(service string) string) []string {
	r := reaching{sight: SightOf(p, c, nil), about: about, lines: map[string]bool{}}
	program.Each(p.Steps, func(n *program.Node) {
		if n.Step != "" {
			args, open := n.Literals()
			r.use(step.Use{Step: n.Step, Args: args, Unknown: open})
		}
	})
	if l := p.Concurrency; l != nil && l.Repo != "" {
		r.service(cmp.Or(l.Service, "git"))
		r.add("lock: " + l.Repo)
	}
	m := machine.New(p, s)
	for range mostUses {
		actions := m.Next()
		if len(actions) == 0 {
			break
		}
		if a := actions[0]; a.Kind == machine.Call {
			u := useOf(a)
			r.use(u)
			r.places(u)
		}
		if m.Apply(machine.Event{Kind: machine.Done, Path: actions[0].Path, Unknown: true}) != nil {
			break
		}
	}
	out := make([]string, 0, len(r.lines))
	for line := range r.lines {
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

type reaching struct {
	sight *Sight
	about func(string) string
	lines map[string]bool
}

func (r *reaching) add(line string) { r.lines[line] = true }

// use adds the service that a call goes to.
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
	for _, p := range reach.Leads {
		r.add("leads to " + p.Kind + " " + p.Host + " " + p.Name)
	}
	for _, p := range reach.Changes {
		r.place("writes", p)
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
