package expr

import (
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// Eval computes the text, in one pass: what a hole gives is data and is never
// looked at again. A text of which only parts can be known yet comes back as
// [types.PartlyUnknown].
func (t *Text) Eval(env Env) (any, error) {
	v, unknown, err := t.EvalPartial(env)
	if s, ok := v.(string); ok && unknown != nil {
		return types.PartlyUnknown{Text: s, After: unknown.After}, err
	}
	return v, err
}

// EvalPartial computes the text. Where a part cannot be known yet, the text
// says "(known after ID)" and unknown is the first such part. A text that is
// one single hole gives the value itself, which may be a [types.Unknown] or
// hold one inside.
func (t *Text) EvalPartial(env Env) (v any, unknown *types.Unknown, err error) {
	if e := t.single(); e != nil {
		v, err := e.Eval(env)
		if u, ok := types.FirstUnknown(v); ok {
			unknown = &u
		}
		return v, unknown, err
	}
	ev := newEvaluator(env)
	w := &textWriter{Text: fuel.NewText(ev.Tank), ev: ev}
	if err := w.parts(t.parts); err != nil {
		return nil, nil, types.AsError(err)
	}
	s, _ := w.Done()
	return s, w.unknown, nil
}

type textWriter struct {
	*fuel.Text
	ev      *evaluator
	unknown *types.Unknown
}

// open writes what stands for an unknown part, and returns other errors.
func (w *textWriter) open(err error) error {
	u, ok := err.(stdlib.NotKnown)
	if !ok {
		return err
	}
	w.note(u.Unknown)
	w.Add(u.String())
	return nil
}

func (w *textWriter) note(u types.Unknown) {
	if w.unknown == nil {
		w.unknown = &u
	}
}

func (w *textWriter) parts(parts []part) error {
	for _, p := range parts {
		var err error
		switch p := p.(type) {
		case literalPart:
			w.Add(string(p))
		case *holePart:
			err = w.hole(p)
		case *ifPart:
			err = w.branches(p)
		case *forPart:
			err = w.loop(p)
		}
		if err == nil {
			err = w.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *textWriter) hole(p *holePart) error {
	w.ev.offset = p.e.base
	v, err := w.ev.eval(p.e.root)
	switch known := v.(type) {
	case types.PartlyUnknown:
		w.note(types.Unknown{After: known.After})
		w.Add(known.Text)
		return nil
	case nil:
		if err == nil {
			return absent(p.e.root)
		}
	case types.Secret:
		return types.Errorf(types.Internal, "%s is a secret inside a text", show(p.e.root))
	}
	if err == nil {
		err = w.ev.Take(v)
	}
	if err != nil {
		return w.open(err)
	}
	s, err := w.ev.Spell(v)
	w.Add(s)
	return err
}

func (w *textWriter) branches(p *ifPart) error {
	for _, b := range p.branches {
		if b.test == nil {
			w.ev.took.tell(p.otherwise())
			return w.parts(b.body)
		}
		w.ev.offset = b.test.base
		holds, err := w.ev.boolean(b.test.root)
		if err != nil {
			return w.open(err)
		}
		if holds {
			w.ev.took.tell(b.arm(ArmTrue))
			return w.parts(b.body)
		}
	}
	w.ev.took.tell(p.otherwise())
	return nil
}

func (w *textWriter) loop(p *forPart) error {
	w.ev.offset = p.e.base
	elems, err := w.ev.elements(p.e.root)
	if err != nil {
		return w.open(err)
	}
	outer := w.ev.locals
	w.ev.locals = &local{name: p.name, outer: outer}
	defer func() { w.ev.locals = outer }()
	for _, e := range elems.([]any) {
		if err := w.ev.Turn(); err != nil {
			return err
		}
		w.ev.locals.value = e
		if err := w.parts(p.body); err != nil {
			return err
		}
	}
	return nil
}
