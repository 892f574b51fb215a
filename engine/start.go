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

// Start runs a bound skill. When a run of the same piece of work is not finished,
// it resumes that one; it returns diagnostics when that one has other inputs.
func (e *Engine) Start(ctx context.Context, b *Bound, o Options) (Report, diag.List, error) {
	h := e.header(b, o)
	j, unfinished, err := e.store.Start(h)
	if err == nil && unfinished != "" && o.Restart {
		j, err = e.restart(ctx, unfinished, h, o)
		unfinished = ""
	}
	if err != nil {
		return Report{}, nil, err
	}
	if unfinished == "" {
		r, err := e.run(ctx, j, o, false)
		return r, nil, err
	}
	if diags := e.sameInputs(unfinished, b.Program, o.Set); diags.HasErrors() {
		return Report{}, diags, nil
	}
	if err := e.sameProgram(unfinished, b, o); err != nil {
		return Report{}, nil, err
	}
	r, err := e.Resume(ctx, unfinished, o)
	return r, nil, err
}

func (e *Engine) header(b *Bound, o Options) journal.RunHeader {
	s, p, id := b.Skill, b.Program, journal.NewID(b.Now, e.Random)
	h := journal.RunHeader{
		ID: id, Site: e.Site, User: e.User, Work: step.Hash(16, p.Work(id)...), Skill: s.Name, File: s.File, Text: string(s.Text),
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
