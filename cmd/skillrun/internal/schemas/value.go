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
//
// Editors tell best what is wrong with a scalar where its alternatives stand under anyOf,
// and what is wrong inside of a list or a mapping where they do not.
func value(t types.Type, filled bool) Schema {
	out := Schema{}
	switch t.Kind {
	case types.Any, types.Invalid:
		return out
	case types.SecretKind: // it is only ever passed on
		out["type"], out["pattern"] = "string", hole
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
		out = scalar(t)
		if filled && len(out) > 1 || filled && t.Kind != types.String {
			return Schema{"anyOf": []any{out, Schema{"type": "string", "pattern": hole}}}
		}
		return out
	}
	if filled && t.Kind != types.SecretKind {
		out["type"], out["pattern"] = append(typesOf(out), "string"), hole
	}
	return out
}

// scalar is a scalar that is written out.
func scalar(t types.Type) Schema {
	out := Schema{"type": t.Kind.String()}
	switch pattern := ecma(t.Pattern); {
	case len(t.Enum) > 0:
		out["enum"] = t.Enum
	case pattern != "":
		out["pattern"] = pattern
	case t.Format == "duration":
		out["pattern"] = duration
	case t.Format == "date" || t.Format == "date-time":
		out["format"] = t.Format
	}
	if t.Minimum != nil {
		out["minimum"] = *t.Minimum
	}
	if t.Maximum != nil {
		out["maximum"] = *t.Maximum
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
		p := value(f.Type, filled && !f.Literal)
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
