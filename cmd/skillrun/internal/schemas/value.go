package schemas

import (
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

const (
	// hole is in a text that has an expression or a directive in it.
	hole = `[$%]\{\{`
	// duration is a text such as 90s, 1h30m or 3d.
	duration = `^[-+]?([0-9]+d)?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*$`
)

// value is the schema of a value of a type, as a file has it. With filled, a text with
// ${{ }} may stand for it, and for each part of it.
func value(t types.Type, filled bool) Schema {
	out := Schema{}
	switch t.Kind {
	case types.Any, types.Invalid:
		return out
	case types.String:
		out = text(t, filled)
	case types.SecretKind: // it is only ever passed on
		return Schema{"type": "string", "pattern": hole}
	case types.List:
		out["type"] = "array"
		if t.Elem != nil {
			out["items"] = value(*t.Elem, filled)
		}
	case types.Map:
		out["type"] = "object"
		if t.Elem != nil {
			out["additionalProperties"] = value(*t.Elem, filled)
		}
	case types.Object:
		out = object(t, filled)
	default:
		out["type"] = t.Kind.String()
		bounds(out, t)
	}
	if filled && t.Kind != types.String {
		out["type"] = append(typesOf(out), "string")
		out["pattern"] = hole
	}
	if t.Optional {
		out["type"] = append(typesOf(out), "null")
	}
	return out
}

func bounds(s Schema, t types.Type) {
	if t.Minimum != nil {
		s["minimum"] = *t.Minimum
	}
	if t.Maximum != nil {
		s["maximum"] = *t.Maximum
	}
}

// text is a string. What restricts it does not restrict a text with ${{ }}.
func text(t types.Type, filled bool) Schema {
	out := Schema{"type": "string"}
	pattern := ecma(t.Pattern)
	switch t.Format {
	case "date", "date-time":
		if !filled {
			out["format"] = t.Format
			break
		}
		out["anyOf"] = []any{Schema{"format": t.Format}, Schema{"pattern": hole}}
	case "duration":
		pattern = duration
	}
	if len(t.Enum) > 0 {
		if !filled {
			out["enum"] = t.Enum
			return out
		}
		out["anyOf"] = []any{Schema{"enum": t.Enum}, Schema{"pattern": hole}}
		return out
	}
	if pattern != "" && filled {
		pattern = hole + "|(?:" + pattern + ")"
	}
	if pattern != "" {
		out["pattern"] = pattern
	}
	return out
}

// ecma is a pattern as JSON Schema has them, "" for one that only RE2 knows.
func ecma(pattern string) string {
	for _, own := range []string{"(?", `\p`, `\P`, `\z`, `\A`, `\x`, `\C`, `\Q`, "[:", `\a`} {
		if strings.Contains(strings.ReplaceAll(pattern, "(?:", ""), own) {
			return ""
		}
	}
	return pattern
}

// object is a mapping of the fields of a type.
func object(t types.Type, filled bool) Schema {
	props, required := Schema{}, []string{}
	for _, f := range t.Fields {
		of := f.Type
		if !f.Required {
			of = of.Maybe()
		}
		p := value(of, filled && !f.Literal)
		if f.Doc != "" {
			p["description"] = f.Doc
		}
		if f.Default != nil {
			p["default"] = f.Default
		}
		props[f.Name] = p
		if f.Required {
			required = append(required, f.Name)
		}
	}
	out := Schema{"type": "object", "properties": props, "additionalProperties": false}
	if t.Elem != nil {
		out["additionalProperties"] = value(*t.Elem, filled)
	}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}
