package engine

import (
	"cmp"
	"context"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Start binds a skill and runs it. When an unfinished run of the same piece of
// work is there, it goes on with that one.
func (e *Engine) Start(ctx context.Context, s *Skill, b Binding, o Options) (Report, diag.List, error) {
	p, diags := s.Bind(b)
	if p == nil {
		return Report{}, diags, nil
	}
	id := journal.NewID(b.Now, e.Random)
	h := e.header(id, step.Hash(16, p.Work(id)...), s, p, b, o)
	j, unfinished, err := e.store.Start(h)
	if err != nil {
		return Report{}, diags, err
	}
	if unfinished != "" && o.Anew {
		if j, err = e.startAnew(ctx, unfinished, h, o); err != nil {
			return Report{}, diags, err
		}
		unfinished = ""
	}
	if unfinished != "" {
		if more := e.sameInputs(unfinished, p, o.Set); more.HasErrors() {
			return Report{}, append(diags, more...), nil
		}
		if err := e.sameProgram(unfinished, s, p, o); err != nil {
			return Report{}, diags, err
		}
		r, err := e.Resume(ctx, unfinished, o)
		return r, diags, err
	}
	r, err := e.run(ctx, j, o, false)
	return r, diags, err
}

func (e *Engine) header(id, work string, s *Skill, p *program.Program, b Binding, o Options) journal.RunHeader {
	h := journal.RunHeader{
		ID: id, Site: e.Site, User: e.User, Work: work, Skill: s.Name, File: s.File, Text: string(s.Text),
		StartedAt: b.Now.UTC(), Zone: b.Zone.String(), Digest: p.Digest(), Program: types.Encode(p),
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language, Program: e.Version}, Invocation: cmp.Or(o.Invocation, e.Invocation),
		Origin: o.Origin.Kind, Path: o.Origin.Path,
	}
	h.Reach = e.reach(p, machine.Start{Run: id, StartedAt: h.StartedAt, Zone: b.Zone, Invocation: h.Invocation})
	if o.Command != nil {
		h.Command = o.Command(p.Inputs)
	}
	return h
}
