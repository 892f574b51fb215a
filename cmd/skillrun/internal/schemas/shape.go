package schemas

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/types"
)

// mapping is the schema of a mapping by its keys.
func (b *builder) mapping(place string) Schema {
	props, required, needs := Schema{}, []string{}, Schema{}
	for _, k := range b.places[place] {
		p := b.shape(k.Value)
		p["description"] = k.Doc
		props[k.Name] = p
		if k.Required {
			required = append(required, k.Name)
		}
		if k.Needs != "" {
			needs[k.Name] = []string{k.Needs}
		}
	}
	out := Schema{"type": b.objectType(), "properties": props, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	if len(needs) > 0 {
		out["dependencies"] = needs
	}
	if f := b.extra[place]; f != nil {
		f(out)
	}
	return out
}

func (b *builder) objectType() any {
	if b.nullable {
		return []any{"object", "null"}
	}
	return "object"
}

// refer returns a reference to the definition of a mapping.
func (b *builder) refer(place string) Schema {
	name := strings.ReplaceAll(place, " ", "_")
	if _, there := b.defs[name]; !there {
		b.defs[name] = nil // made later: a step refers to itself
	}
	return Schema{"$ref": "#/definitions/" + name}
}

// shape is the schema of what stands behind a key. It is the caller's to change.
func (b *builder) shape(s keys.Shape) Schema {
	if s.Or == nil {
		return b.one(s)
	}
	// The alternatives are of different types, and the keywords of each say nothing of
	// the others: so they stand beside each other, which editors complete better than
	// anyOf.
	out := Schema{}
	of := []any{}
	for alternative := &s; alternative != nil; alternative = alternative.Or {
		one := b.one(*alternative)
		if alternative.Mapping != "" {
			one = b.mapping(alternative.Mapping)
		}
		of = append(of, typesOf(one)...)
		for key, v := range one {
			out[key] = v
		}
	}
	out["type"] = of
	return out
}

func (b *builder) one(s keys.Shape) Schema {
	switch {
	case s.Mapping != "":
		return b.refer(s.Mapping)
	case s.Type.Kind == types.List:
		out := Schema{"type": "array"}
		if s.Elem != nil {
			out["items"] = b.shape(*s.Elem)
		}
		if s.NotEmpty {
			out["minItems"] = 1
		}
		return out
	case s.Type.Kind == types.Map:
		out := Schema{"type": b.objectType()}
		if s.Elem != nil {
			out["additionalProperties"] = b.shape(*s.Elem)
		}
		if s.Names != "" {
			out["propertyNames"] = Schema{"pattern": s.Names}
		}
		return out
	}
	switch s.Reading {
	case keys.Bare:
		return bare(s.Type)
	case keys.Filled:
		return value(s.Type, true)
	}
	return value(s.Type, false)
}

// bare is an expression. Some of them are values of YAML too, such as true.
func bare(t types.Type) Schema {
	if t.Kind == types.Boolean {
		return Schema{"type": []any{"boolean", "string"}}
	}
	return Schema{"type": []any{"string", "number", "boolean"}}
}

// typesOf are the words of a schema's type.
func typesOf(s Schema) []any {
	switch t := s["type"].(type) {
	case string:
		return []any{t}
	case []any:
		return slices.Clone(t)
	}
	return nil
}
