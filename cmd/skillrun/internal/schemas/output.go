package schemas

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
)

// Run is the schema of what `--output json` of a run prints: its result, or why it came
// to nothing. Members may be added.
func Run() Schema {
	r := reflected{}
	return r.document("run", "What `skillrun run --output json` prints.",
		reflect.TypeFor[render.ResultJSON](), reflect.TypeFor[render.RefusalJSON]())
}

// Events is the schema of each line that `--output events` of a run prints. Members and
// types of events may be added.
func Events() Schema {
	r := reflected{}
	return r.document("event", "A line of what `skillrun run --output events` prints.",
		reflect.TypeFor[render.RunStartedJSON](), reflect.TypeFor[engine.Event](), reflect.TypeFor[render.AskedJSON](),
		reflect.TypeFor[render.RunEndedJSON](), reflect.TypeFor[render.RefusedJSON]())
}

// reflected are the definitions of Go structs, by their names.
type reflected Schema

func (r reflected) document(title, description string, alternatives ...reflect.Type) Schema {
	var of []any
	for _, t := range alternatives {
		of = append(of, r.of(t))
	}
	return Schema{"$schema": draft, "title": title, "description": description, "anyOf": of, "definitions": Schema(r)}
}

// of is the schema of what encoding/json makes of a type.
func (r reflected) of(t reflect.Type) Schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return Schema{"type": "string", "format": "date-time"}
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return Schema{}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return Schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Int32, reflect.Uint32:
		return Schema{"type": "integer"}
	case reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Pointer:
		return r.of(t.Elem())
	case reflect.Slice:
		return Schema{"type": "array", "items": r.of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": r.of(t.Elem())}
	case reflect.Struct:
		return r.refer(t)
	}
	return Schema{} // an interface: anything
}

// refer is a reference to the definition of a struct.
func (r reflected) refer(t reflect.Type) Schema {
	name := strings.ToLower(strings.TrimSuffix(strings.ReplaceAll(t.String(), ".", "_"), "JSON"))
	if _, there := r[name]; !there {
		r[name] = nil // it may hold itself
		out := Schema{"type": "object", "properties": Schema{}, "required": []string{}}
		r.fields(out, t)
		r[name] = out
	}
	return Schema{"$ref": "#/definitions/" + name}
}

// fields adds the members of a struct.
func (r reflected) fields(out Schema, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		of := f.Type
		for of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && name == "" && of.Kind() == reflect.Struct:
			r.fields(out, of)
			continue
		}
		p := r.of(f.Type)
		optional := strings.Contains(options, "omit")
		if !optional && slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, f.Type.Kind()) && p["type"] != nil {
			p["type"] = []any{p["type"], "null"}
		}
		if doc := f.Tag.Get("doc"); doc != "" {
			p["description"] = doc
		}
		out["properties"].(Schema)[name] = p
		if !optional {
			out["required"] = append(out["required"].([]string), name)
		}
	}
}
