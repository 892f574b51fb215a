package dry

import (
	"context"
	"slices"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Visibility knows which writes the reads of a program can see.
type Visibility struct {
	catalogue *step.Catalogue
	hosts     func(service string) string
	beside    map[*program.Node][]*program.Node
	changes   map[*program.Node][]step.Place // of nodes that stand beside others, as far as the skill's text tells
}

// VisibilityOf looks at a program. hosts names the host of a service; it may be nil.
func VisibilityOf(p *program.Program, c *step.Catalogue, hosts func(service string) string) *Visibility {
	return &Visibility{catalogue: c, hosts: hosts, beside: program.Beside(p.Steps), changes: map[*program.Node][]step.Place{}}
}

// Beside reports whether a write that may happen at any time beside a call can
// change what the call looks at, and which. What the call sees is then known
// only when someone has agreed to the write.
func (s *Visibility) Beside(ctx context.Context, a machine.Action) (after string, yes bool) {
	near := s.beside[a.Def]
	if len(near) == 0 || a.Kind != machine.Call {
		return "", false
	}
	sees := s.of(ctx, useOf(a)).Sees
	for _, n := range near {
		if meet(sees, s.changed(ctx, n)) {
			return n.ID, true
		}
	}
	return "", false
}

// changed is what a node changes, as far as the skill's text tells.
func (s *Visibility) changed(ctx context.Context, n *program.Node) []step.Place {
	places, known := s.changes[n]
	if !known {
		args, open := n.Literals()
		places = s.of(ctx, step.Use{Node: n.ID, Step: n.Step, Args: args, Unknown: open}).Changes
		s.changes[n] = places
	}
	return places
}

// of is where a call reaches; a step that there is not reaches nowhere.
func (s *Visibility) of(ctx context.Context, u step.Use) step.Reach {
	t, ok := s.catalogue.Lookup(u.Step)
	if !ok {
		return step.Reach{}
	}
	r := t.Reach(ctx, u)
	s.locate(r.Sees)
	s.locate(r.Settled)
	s.locate(r.Changes)
	return r
}

// locate says where the services are.
func (s *Visibility) locate(places []step.Place) {
	for i, p := range places {
		if p.Host == "" && p.Service != "" && s.hosts != nil {
			places[i].Host = s.hosts(p.Service)
		}
	}
}

func meet(sees, changed []step.Place) bool {
	return slices.ContainsFunc(sees, func(p step.Place) bool { return slices.ContainsFunc(changed, p.Overlaps) })
}

// skipped is what a walk has left out so far: writes, and steps in workspaces.
type skipped struct {
	places map[step.Place]skippedStep
	count  int
}

// skippedStep is the last step that was left out and changes a place.
type skippedStep struct {
	after string
	nth   int
}

// markSkipped notes that a step was not done. What sees the places that it changes
// is known after it; after what the step itself waits for, when it only works
// in a workspace.
func (w *walker) markSkipped(ctx context.Context, a machine.Action) {
	after := a.Node
	if a.Effect == string(step.Locals) {
		if by, hidden := w.hiddenBy(ctx, a); hidden {
			after = by
		} else if u, unknown := types.FirstUnknown(map[string]any(a.Input)); unknown {
			after = u.After
		}
	}
	w.skipped.count++
	for _, p := range w.reach(ctx, a).Changes {
		w.skipped.places[p] = skippedStep{after, w.skipped.count}
	}
}

// hiddenBy names the step without which a call would not see what the run sees:
// one before it that was left out, or a write beside it.
func (w *walker) hiddenBy(ctx context.Context, a machine.Action) (after string, hidden bool) {
	if by, hidden := w.behind(ctx, a); hidden {
		return by, true
	}
	return w.visibility.Beside(w.calling(ctx, a), a)
}

// behind names the last step that was left out and changes what a call looks at.
func (w *walker) behind(ctx context.Context, a machine.Action) (after string, hidden bool) {
	if len(w.skipped.places) == 0 {
		return "", false
	}
	return w.skipped.last(w.reach(ctx, a).Sees)
}

// unprepared reports whether a step was left out in a workspace that a call works in.
func (w *walker) unprepared(ctx context.Context, a machine.Action) bool {
	if len(w.skipped.places) == 0 {
		return false
	}
	inside := slices.DeleteFunc(w.reach(ctx, a).Sees, func(p step.Place) bool { return p.Kind != step.Workspace })
	_, yes := w.skipped.last(inside)
	return yes
}

// openFiles reports whether that step changes files.
func (w *walker) openFiles(ctx context.Context, a machine.Action) bool {
	var files []step.Place
	for _, p := range w.reach(ctx, a).Sees {
		if p.Kind == step.Workspace {
			if p.Name != "" {
				p.Name += "#" + step.Files
			}
			files = append(files, p)
		}
	}
	_, yes := w.skipped.last(files)
	return yes
}

// awaited names the step that was left out and may make what was not found.
func (w *walker) awaited(ctx context.Context, a machine.Action, err error) (after string, yes bool) {
	if types.CodeOf(err) != types.NotFound || len(w.skipped.places) == 0 {
		return "", false
	}
	return w.skipped.last(w.reach(ctx, a).Settled)
}

// last is the last step that was left out and changes one of the places.
func (u skipped) last(sees []step.Place) (after string, yes bool) {
	var last skippedStep
	for place, l := range u.places {
		if l.nth > last.nth && meet(sees, []step.Place{place}) {
			last = l
		}
	}
	return last.after, last.nth > 0
}

func (w *walker) reach(ctx context.Context, a machine.Action) step.Reach {
	return w.visibility.of(w.calling(ctx, a), useOf(a))
}

func (w *walker) calling(ctx context.Context, a machine.Action) context.Context {
	return step.WithCall(ctx, step.Call{Run: w.Run, Path: a.Path, StartedAt: w.Start.StartedAt, Workspaces: w.Workspaces})
}
