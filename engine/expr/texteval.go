package expr

import (
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
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
	w := &textWriter{ev: newEvaluator(env)}
	if err := w.parts(t.parts); err != nil {
		return nil, nil, types.AsError(err)
	}
	return strings.Join(w.pieces, ""), w.unknown, nil
}

// textWriter collects the pieces of a text. They are put together once, at the
// end, so that a text costs its length and not that of all its beginnings.
type textWriter struct {
	ev      *evaluator
	pieces  []string
	unknown *types.Unknown
}

func (w *textWriter) write(s string) error {
	// A list of pieces that grows by doubling takes five times its elements.
	if err := w.ev.fuel.Spend(len(s) + 6*fuel.Element); err != nil {
		return err
	}
	w.pieces = append(w.pieces, s)
	return nil
}

// open writes what stands for a part that cannot be known yet. Other errors
// are returned.
func (w *textWriter) open(err error) error {
	u, ok := err.(unknownRead)
	if !ok {
		return err
	}
	w.note(u.unknown)
	return w.write(u.unknown.String())
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
			err = w.write(string(p))
		case *holePart:
			err = w.hole(p)
		case *ifPart:
			err = w.branches(p)
		case *forPart:
			err = w.loop(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *textWriter) hole(p *holePart) error {
	v, err := w.ev.eval(p.e.root)
	switch known := v.(type) {
	case types.PartlyUnknown:
		w.note(types.Unknown{After: known.After})
		return w.write(known.Text)
	case nil:
		if err == nil {
			return absent(p.e.root)
		}
	case types.Secret:
		return types.Errorf(types.Internal, "%s is a secret inside a text", show(p.e.root))
	}
	if err == nil {
		err = w.ev.takeValue(v)
	}
	if err != nil {
		return w.open(err)
	}
	var s string
	if s, err = w.ev.spell(v); err != nil {
		return err
	}
	return w.write(s)
}

func (w *textWriter) branches(p *ifPart) error {
	for _, b := range p.branches {
		if b.test == nil {
			return w.parts(b.body)
		}
		holds, err := w.ev.boolean(b.test.root)
		if err != nil {
			return w.open(err)
		}
		if holds {
			return w.parts(b.body)
		}
	}
	return nil
}

func (w *textWriter) loop(p *forPart) error {
	elems, err := w.ev.elements(p.e.root)
	if err != nil {
		return w.open(err)
	}
	outer := w.ev.locals
	w.ev.locals = &local{name: p.name, outer: outer}
	defer func() { w.ev.locals = outer }()
	for _, e := range elems {
		if err := w.ev.fuel.Turn(); err != nil {
			return err
		}
		w.ev.locals.value = e
		if err := w.parts(p.body); err != nil {
			return err
		}
	}
	return nil
}
