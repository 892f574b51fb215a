package types

import "maps"

// Only returns v without the members of objects that t does not name. What is not of
// the type stays as it is, for [Type.Check] to refuse. v is not changed.
func (t Type) Only(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return t.onlyMembers(v)
	case []any:
		if t.Kind != List || t.Elem == nil {
			return v
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = t.Elem.Only(x)
		}
		return out
	}
	return v
}

func (t Type) onlyMembers(v map[string]any) map[string]any {
	switch {
	case t.Kind == Map && t.Elem != nil:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = t.Elem.Only(x)
		}
		return out
	case t.Kind != Object:
		return v
	}
	out := make(map[string]any, len(t.Fields))
	if t.Elem != nil {
		maps.Copy(out, v)
	}
	for _, f := range t.Fields {
		if x, given := v[f.Name]; given {
			out[f.Name] = f.Type.Only(x)
		}
	}
	return out
}
