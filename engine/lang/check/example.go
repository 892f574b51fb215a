package check

import (
	"cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// asIn shows a value in YAML to paste, "" where none can be made up.
func asIn(f types.Field) string {
	v := exampleOf(f.Type)
	if v == nil || f.Type.Check(v) != nil {
		return ""
	}
	return ", as in `" + f.Name + ": " + string(types.Encode(v)) + "`"
}

var formats = map[string]string{
	"date": "2026-01-15", "date-time": "2026-01-15T10:00:00Z", "uri": "https://example.com", "duration": "5m",
}

func exampleOf(t types.Type) any {
	switch t.Kind {
	case types.String:
		if len(t.Enum) > 0 {
			return t.Enum[0]
		}
		return cmp.Or(formats[t.Format], "…")
	case types.Integer, types.Number:
		for _, bound := range []*int{t.Minimum, t.Maximum} {
			if bound != nil {
				return *bound
			}
		}
		return 1
	case types.Boolean:
		return true
	case types.List:
		return []any{}
	case types.Map:
		return map[string]any{}
	case types.Object:
		out := map[string]any{}
		for _, f := range t.Fields {
			if f.Required {
				out[f.Name] = exampleOf(f.Type)
			}
		}
		return out
	}
	return nil
}

// Example is a value of a type as it is written in YAML, "…" where none can be made up.
func Example(t types.Type) string {
	if v := exampleOf(t); v != nil {
		return string(types.Encode(v))
	}
	return "…"
}
