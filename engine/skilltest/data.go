package skilltest

import (
	"strconv"

	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

// leniency is how a value is held against its type.
type leniency int

const (
	exact   leniency = iota // all that is required is there
	answer                  // what is left out is not known
	partial                 // what is left out is free
)

// data returns the value of a node, and says at the very member what does not fit.
func (r *reader) data(n *syntax.Node, t types.Type, what string, l leniency) any {
	switch {
	case n.IsNull() && (t.Optional || l == partial):
		return nil
	case n.Kind == syntax.Mapping && t.Kind == types.Object:
		return r.object(n, t, what, l)
	case n.Kind == syntax.Mapping && t.Kind == types.Map && t.Elem != nil:
		out := map[string]any{}
		for _, p := range n.Pairs {
			out[p.Key.Value] = r.data(p.Value, *t.Elem, what+"."+p.Key.Value, l)
		}
		return out
	case n.Kind == syntax.Sequence && t.Kind == types.List && t.Elem != nil:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = r.data(item, *t.Elem, what+"["+strconv.Itoa(i)+"]", l)
		}
		return out
	}
	v := n.Data()
	if name, ok := v.(string); ok && t.Kind == types.SecretKind {
		return secretNamed(name)
	}
	if t.Kind == types.Any || t.Kind == types.Invalid {
		return v
	}
	if err := t.Check(v); err != nil {
		d := r.diags.Errorf("type-mismatch", n.Range, "%s %v", what, err)
		if n.Kind == syntax.Scalar && n.Tag != syntax.Str && t.Kind == types.String {
			d.Hint = `quote it: "` + n.Value + `"`
		}
	}
	return v
}

func (r *reader) object(n *syntax.Node, t types.Type, what string, l leniency) any {
	out := map[string]any{}
	for _, p := range n.Pairs {
		f, ok := t.Field(p.Key.Value)
		if !ok {
			r.diags.Errorf("unknown-key", p.Key.Range, "%s has no %s", what, p.Key.Value).Suggest(p.Key.Value, t.Names())
			continue
		}
		if p.Value.IsNull() && !f.Required {
			continue
		}
		out[f.Name] = r.data(p.Value, f.Type, what+"."+f.Name, l)
	}
	for _, f := range t.Fields {
		if _, given := out[f.Name]; given || !f.Required || f.Type.Optional {
			continue
		}
		switch l {
		case exact:
			if f.Default == nil {
				r.diags.Errorf("missing-key", n.Head(), "%s needs %s", what, f.Name).Hint = f.Doc
			}
		case answer:
			out[f.Name] = types.Unknown{After: what + "." + f.Name}
		}
	}
	return out
}

// secretNamed is the secret that a test calls by its name, or by its handle as a
// recording has it. What it is does not matter to a test, only where it goes.
func secretNamed(text string) types.Secret {
	var handle types.Secret
	if handle.UnmarshalText([]byte(text)) == nil && handle.String() == text {
		return handle
	}
	return types.SecretNamed(text)
}
