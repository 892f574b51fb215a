package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// What a run may reach is bound with the run: services are read again when it continues, and one that leads elsewhere by then is another run than the one that
// a person agreed to. It is written into the header, and into the record of
// whoever agreed to another one.

// reach is what a run of a bound program may reach now, a line for each.
func (e *Engine) reach(p *program.Program, start machine.Start) []string {
	var lock []step.Place
	if c := p.Concurrency; c != nil && c.Repo != "" && e.Locks != nil {
		if l, err := e.Locks(c.Service, c.Repo); err == nil { // else taking it says so
			lock = l.Leads(context.Background())
		}
	}
	return dry.Reaches(p, start, e.Catalogue, e.Services, lock)
}

// boundReach is what a run was bound to last; nil of one by an earlier skillrun.
func boundReach(records []journal.Record) []string {
	for _, r := range slices.Backward(records) {
		if r.Reach != nil {
			return r.Reach
		}
	}
	return records[0].Run.Reach
}

// begun reports whether a person saw or allowed something of a run. Before that it is
// as good as not started.
func begun(records []journal.Record) bool {
	return slices.ContainsFunc(records, func(r journal.Record) bool {
		return r.Kind == journal.Approved || r.Kind == journal.Parked || r.Kind == journal.Intent || r.By != ""
	})
}

// rebind checks what a run would reach now against what it was bound to, and
// returns what it is to be bound to from here on, nil for as it is.
func (e *Engine) rebind(ctx context.Context, o Options, records []journal.Record, p *program.Program, start machine.Start) ([]string, error) {
	is := e.reach(p, start)
	if slices.Equal(boundReach(records), is) {
		return nil, nil
	}
	c, none := reachChange(records, is)
	if none {
		return is, nil
	}
	if o.AcceptedReach == c.Digest || o.AcceptedReach == "" && o.ConfirmReach != nil && o.ConfirmReach(ctx, c) {
		return is, nil
	}
	return nil, c.refused()
}

// reachChange is how what a run would reach differs from what it is bound to.
func reachChange(records []journal.Record, is []string) (c ReachChange, none bool) {
	was := boundReach(records)
	if was == nil || slices.Equal(was, is) || !begun(records) {
		return c, true
	}
	digest := types.Digest([]byte(strings.Join(is, "\n")))[:16]
	return ReachChange{Run: records[0].Run.ID, Gone: without(was, is), New: without(is, was), Digest: digest}, false
}

// reachesOut reports whether a call leaves the run's own workspaces: for a
// service, a repository, a program or a file of this machine.
func (e *Engine) reachesOut(ctx context.Context, u step.Use) bool {
	t, ok := e.Catalogue.Lookup(u.Step)
	if !ok || t.Touch.Reaches() != "" {
		return true
	}
	r := t.Reach(ctx, u)
	return slices.ContainsFunc(slices.Concat(r.Sees, r.Settled, r.Changes), func(p step.Place) bool {
		return p.Kind != step.Workspace && p.Kind != step.State
	})
}

// Kept is what a run continues with: its own steps, and the services that they need,
// whatever stands in the files of its skills by now.
func (e *Engine) Kept(id string) ([]Node, []Need, error) {
	_, p, _, err := e.load(id)
	if err != nil {
		return nil, nil, err
	}
	return p.Steps, e.needs(p), nil
}

// KeptIn is the same of a plan.
func (e *Engine) KeptIn(made plan.Plan) ([]Node, []Need, error) {
	h := e.headerOf(made.Run)
	p, _, err := restore(&h)
	if err != nil {
		return nil, nil, err
	}
	return p.Steps, e.needs(p), nil
}

func (e *Engine) needs(p *program.Program) []Need {
	var out []Need
	if c := p.Concurrency; c != nil && c.Repo != "" {
		out = append(out, Need{Service: cmp.Or(c.Service, "git"), Kind: "git"})
	}
	for _, name := range p.Secrets {
		out = append(out, Need{Service: types.SitePrefix + name, Kind: step.SecretKind})
	}
	program.Each(p.Steps, func(n *program.Node) {
		t, _ := e.Catalogue.Lookup(n.Step)
		kind, names := t.Touch.Reaches(), n.Services
		if len(names) == 0 {
			named, _ := n.With["service"].(string)
			names = []string{cmp.Or(named, t.Touch.Service)}
		}
		for _, name := range names {
			if kind != "" && name != "" {
				out = append(out, Need{Service: name, Kind: kind, At: n.At})
			}
		}
	})
	return out
}

// Outline tells what a skill runs and reaches, a line for each, as far as that is
// known without inputs. Nothing is performed.
func (e *Engine) Outline(s *Skill, b Binding) []string {
	var out []string
	program.Each(s.Steps, func(n *program.Node) {
		if t, ok := e.Catalogue.Lookup(n.Step); ok && t.Touch.Object == "program" {
			find, _ := n.With["find"].(map[string]any)
			out = append(out, runs(n.With, "")...)
			out = append(out, runs(find, ", for its find")...)
			out = append(out, runs(n.Undo, ", for its undo")...)
		}
	})
	for _, n := range s.NeedsSecret {
		if line := "uses the secret " + strings.TrimPrefix(n.Service, types.SitePrefix); !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	p := s.PartialProgram(b)
	for _, line := range dry.AndServices(e.reach(p, machine.Start{StartedAt: b.Now, Zone: b.Zone}), p, e.Services) {
		out = append(out, "reaches "+line)
	}
	return out
}

// runs tells which program arguments name, and what that is given.
func runs(with types.Values, why string) []string {
	if with["program"] == nil {
		return nil
	}
	line := "runs " + types.Show(with["program"])
	for _, name := range []string{"script", "args"} {
		if with[name] != nil {
			line += " " + strings.TrimSpace(types.Show(with[name]))
		}
	}
	return []string{line + why}
}

// sameReach refuses a plan that would reach something else than it showed.
func (e *Engine) sameReach(ctx context.Context, h *journal.RunHeader, o Options) error {
	p, start, err := restore(h)
	if err != nil {
		return err
	}
	if h.Reach == nil {
		h.Reach = []string{} // a plan always says what it reaches
	}
	planned := []journal.Record{{Kind: journal.Header, Run: h}, {Kind: journal.Approved}}
	reach, err := e.rebind(ctx, o, planned, p, start)
	if reach != nil {
		h.Reach = reach
	}
	return err
}

// refused says what a run would reach now, to whoever did not agree to it.
func (c ReachChange) refused() *types.Error {
	return types.Errorf(types.Conflict, "run %s would reach something else now than when it started:%s", c.Run, Indented(c.Lines())).
		WithHint("check which configuration this is; to agree to it: --reaching %s", c.Digest)
}

// Lines are what changes, for people.
func (c ReachChange) Lines() []string {
	var out []string
	for _, line := range c.Gone {
		out = append(out, "- "+line)
	}
	for _, line := range c.New {
		out = append(out, "+ "+line)
	}
	return out
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(line string) bool { return slices.Contains(b, line) })
}
