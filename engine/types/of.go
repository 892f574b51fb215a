package types

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Of derives the type of a Go struct from its fields and tags, once, when a
// step is declared. The tags:
//
//	json:"name"            the field's name; with ,omitempty or ,omitzero it is not required
//	doc:"…"                what it is for; every field must have one
//	pattern enum format    constraints on a string, or on each of a list; enum is
//	                       separated by commas
//	default:"…"            the value when it is not given, as JSON or plain text
//	trusted:"true"         a sink that decides where an effect lands
//	cosmetic:"true"        left out of the argument digest
//	workspace:"true"       names a workspace of the run, which has to be there before
//	makes:"true"           names a workspace of the run that the step makes
//	literal:"true"         written out in the skill: no expression
//	minimum maximum        of an integer
//
// A pointer is optional: it may be absent though it is declared. Slices,
// string-keyed maps, nested structs, any and [Secret] are allowed. Of panics on
// anything else and on a field without a doc: both are bugs of the program,
// found when it starts.
func Of[T any]() Type {
	return of(reflect.TypeFor[T](), reflect.TypeFor[T]().String())
}

// Result is the type of a struct as something that was made, not asked for: a
// member that may be left out is optional.
func (t Type) Result() Type {
	if t.Elem != nil {
		elem := t.Elem.Result()
		t.Elem = &elem
	}
	fields := make([]Field, len(t.Fields))
	for i, f := range t.Fields {
		f.Type = f.Type.Result()
		f.Type.Optional = f.Type.Optional || !f.Required
		fields[i] = f
	}
	if t.Fields != nil {
		t.Fields = fields
	}
	return t
}

var secretType = reflect.TypeFor[Secret]()

func of(t reflect.Type, at string) Type {
	switch {
	case t == secretType:
		return Type{Kind: SecretKind}
	case t == reflect.TypeFor[json.RawMessage]():
		return Type{Kind: Any}
	}
	switch t.Kind() {
	case reflect.String:
		return Type{Kind: String}
	case reflect.Bool:
		return Type{Kind: Boolean}
	case reflect.Int, reflect.Int64:
		return Type{Kind: Integer}
	case reflect.Float64:
		return Type{Kind: Number}
	case reflect.Interface:
		return Type{Kind: Any}
	case reflect.Pointer:
		return of(t.Elem(), at).Maybe()
	case reflect.Slice:
		return ListOf(of(t.Elem(), at+"[]"))
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return MapOf(of(t.Elem(), at+"{}"))
		}
	case reflect.Struct:
		return ofStruct(t, at)
	}
	panic(fmt.Sprintf("types.Of: %s is a %s, which no skill value can be", at, t))
}

func ofStruct(t reflect.Type, at string) Type {
	out := Type{Kind: Object}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			out.Fields = append(out.Fields, ofStruct(f.Type, at).Fields...)
			continue
		}
		out.Fields = append(out.Fields, fieldOf(f, at))
	}
	return out
}

func fieldOf(f reflect.StructField, at string) Field {
	name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
	at += "." + f.Name
	if name == "" || !f.IsExported() {
		panic("types.Of: " + at + " needs a json name")
	}
	doc := f.Tag.Get("doc")
	if doc == "" {
		panic("types.Of: " + at + " needs a doc")
	}
	typ := of(f.Type, at)
	each := &typ
	if typ.Kind == List {
		each = typ.Elem
	}
	each.Pattern, each.Format = f.Tag.Get("pattern"), f.Tag.Get("format")
	if enum := f.Tag.Get("enum"); enum != "" {
		each.Enum = strings.Split(enum, ",")
	}
	typ.Trusted = f.Tag.Get("trusted") == "true"
	typ.Minimum, typ.Maximum = bound(f, "minimum", at), bound(f, "maximum", at)
	out := Field{
		Name: name, Doc: doc, Type: typ,
		Required: !strings.Contains(opts, "omit") && !typ.Optional,
		Cosmetic: f.Tag.Get("cosmetic") == "true", Workspace: f.Tag.Get("workspace") == "true",
		Makes: f.Tag.Get("makes") == "true", Literal: f.Tag.Get("literal") == "true",
	}
	if text, ok := f.Tag.Lookup("default"); ok {
		v, err := typ.Parse(text)
		if err != nil {
			panic("types.Of: default of " + at + " " + err.Error())
		}
		out.Default, out.Required = v, false
	}
	return out
}

func bound(f reflect.StructField, tag, at string) *int {
	text, ok := f.Tag.Lookup(tag)
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic("types.Of: " + tag + " of " + at + " is not an integer")
	}
	return &n
}
