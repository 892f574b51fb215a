package types

// Schema returns the type as JSON Schema 2020-12, for agents and editors. An
// optional value accepts null too.
func (t Type) Schema() map[string]any {
	s := map[string]any{}
	switch t.Kind {
	case Any, Invalid:
	case List:
		s["type"] = "array"
		if t.Elem != nil {
			s["items"] = t.Elem.Schema()
		}
	case Map:
		s["type"] = "object"
		if t.Elem != nil {
			s["additionalProperties"] = t.Elem.Schema()
		}
	case Object:
		t.objectSchema(s)
	case SecretKind:
		s["type"], s["writeOnly"] = "string", true
	default:
		s["type"] = t.Kind.String()
	}
	t.constraints(s)
	if t.Optional && s["type"] != nil {
		s["type"] = []any{s["type"], "null"}
	}
	return s
}

func (t Type) objectSchema(s map[string]any) {
	props, required := map[string]any{}, []any{}
	for _, f := range t.Fields {
		p := f.Type.Schema()
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
	s["type"], s["properties"], s["additionalProperties"] = "object", props, false
	if t.Elem != nil {
		s["additionalProperties"] = t.Elem.Schema()
	}
	if len(required) > 0 {
		s["required"] = required
	}
}

func (t Type) constraints(s map[string]any) {
	if len(t.Enum) > 0 {
		s["enum"] = t.Enum
	}
	if t.Pattern != "" {
		s["pattern"] = t.Pattern
	}
	if t.Format != "" {
		s["format"] = t.Format
	}
	if t.Minimum != nil {
		s["minimum"] = *t.Minimum
	}
	if t.Maximum != nil {
		s["maximum"] = *t.Maximum
	}
}
