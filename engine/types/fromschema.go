package types

import (
	"math"
	"slices"
)

// FromSchema reads a JSON Schema as a type, as far as a type can say it; what it says
// beyond that (anyOf, $ref, patterns, lengths and the like) is left open. So what the
// type refuses the schema refuses too, and not the other way round.
func FromSchema(schema any) Type {
	s, ok := schema.(map[string]any)
	if !ok || slices.ContainsFunc([]string{"$ref", "anyOf", "oneOf", "allOf", "not", "if", "$dynamicRef"}, func(key string) bool { return s[key] != nil }) {
		return OfKind(Any)
	}
	named, null := kindIn(s["type"])
	t := OfKind(Any)
	switch named {
	case "object":
		t = objectIn(s)
	case "array":
		t = Type{Kind: List}
		if items, ok := s["items"].(map[string]any); ok {
			t = ListOf(FromSchema(items))
		}
	case "string":
		t = OfKind(String)
		t.Enum = textsIn(s["enum"])
	case "boolean":
		t = OfKind(Boolean)
	case "integer":
		t = OfKind(Integer)
		t.Minimum, t.Maximum = wholeIn(s["minimum"]), wholeIn(s["maximum"])
	case "number":
		t = OfKind(Number)
	}
	if null && t.Kind != Any {
		t = t.Maybe()
	}
	return t
}

// kindIn is the one type that a schema names, and whether null is one too; "" where it
// names several or none.
func kindIn(v any) (name string, null bool) {
	names, ok := v.([]any)
	if !ok {
		name, _ = v.(string)
		return name, false
	}
	for _, n := range names {
		switch text, _ := n.(string); {
		case text == "null":
			null = true
		case name != "":
			return "", false
		default:
			name = text
		}
	}
	return name, null
}

// objectIn is an object; without a word about it, it may have further members.
func objectIn(s map[string]any) Type {
	more := FromSchema(s["additionalProperties"])
	closed := s["additionalProperties"] == false
	members, ok := s["properties"].(map[string]any)
	if !ok && !closed {
		return MapOf(more)
	}
	required := textsIn(s["required"])
	t := ObjectOf()
	for _, name := range SortedKeys(members) {
		f := Field{Name: name, Type: FromSchema(members[name]), Required: slices.Contains(required, name)}
		if about, ok := members[name].(map[string]any); ok {
			f.Doc, _ = about["description"].(string)
		}
		t.Fields = append(t.Fields, f)
	}
	if !closed {
		t.Elem = &more
	}
	return t
}

// textsIn are the texts of a list; nil where something in it is none.
func textsIn(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		text, ok := e.(string)
		if !ok {
			return nil
		}
		out = append(out, text)
	}
	return out
}

// wholeIn is a whole number, nil for anything else.
func wholeIn(v any) *int {
	f, ok := v.(float64)
	if n, is := v.(int); is {
		f, ok = float64(n), true
	}
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return nil
	}
	n := int(f)
	return &n
}
