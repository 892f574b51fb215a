package schemas

import (
	"slices"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// has is a mapping with a key.
func has(key string) Schema { return Schema{"required": []string{key}} }

// when is a mapping whose key has this very value.
func when(key string, value any) Schema {
	return Schema{"properties": Schema{key: Schema{"const": value}}, "required": []string{key}}
}

// ifThen is what holds of a mapping of which something else does.
func ifThen(cond, then Schema) Schema { return Schema{"if": cond, "then": then} }

// add adds rules to those of a mapping.
func add(s Schema, rules ...any) {
	all, _ := s["allOf"].([]any)
	s["allOf"] = append(all, rules...)
}

// stepRules say what goes together in a step: one kind, what belongs to it, and the
// arguments of the step type.
func (b *builder) stepRules(s Schema) {
	props := s["properties"].(Schema)
	props["uses"] = b.uses(props["uses"].(Schema), func(step.Step) bool { return true })
	var kinds []any
	for _, k := range check.Kinds() {
		kinds = append(kinds, has(k.Key.Name))
		add(s, ifThen(has(k.Key.Name), b.kind(k)))
	}
	add(s, Schema{"anyOf": kinds},
		ifThen(has("max_parallel"), Schema{"anyOf": []any{has("for_each"), has("parallel")}}))
	for _, t := range b.steps {
		codes := codesOf(t)
		add(s, ifThen(when("uses", t.Name), b.call(t)), ifThen(undeclared(t), Schema{"properties": Schema{
			"errors": Schema{"propertyNames": Schema{"enum": codes}, "properties": b.messages(codes)},
			"retry":  Schema{"properties": Schema{"on": Schema{"items": Schema{"enum": codes}}}},
		}}))
	}
}

// kind is a step of a kind: it has no other, and no key that belongs to others only.
func (b *builder) kind(k check.Kind) Schema {
	without, required := Schema{}, []string{}
	for _, other := range check.Kinds() {
		if other.Key.Name != k.Key.Name {
			without[other.Key.Name] = false
		}
	}
	for _, key := range b.places["step"] {
		if owners := check.Owners(key.Name); len(owners) > 0 && !slices.Contains(owners, k.Key.Name) {
			without[key.Name] = false
		}
	}
	for _, with := range k.With {
		if with.Required {
			required = append(required, with.Name)
		}
	}
	out := Schema{"properties": without}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// uses is the key that names a step type: it offers those that are known, with what
// they do.
func (b *builder) uses(s Schema, fits func(step.Step) bool) Schema {
	var known []any
	for _, t := range b.steps {
		if fits(t) {
			known = append(known, Schema{"const": t.Name, "description": t.Doc})
		}
	}
	out := Schema{"type": "string", "description": s["description"]}
	out["anyOf"] = append(known, Schema{"pattern": s["pattern"]})
	return out
}

// call is a mapping that uses a step type: its arguments.
func (b *builder) call(t step.Step) Schema {
	name := "with_" + t.Name
	if b.defs[name] == nil {
		b.defs[name] = arguments(t)
	}
	then := Schema{"properties": Schema{"with": Schema{"$ref": "#/definitions/" + name, "description": t.Doc}}}
	if slices.ContainsFunc(t.In.Fields, func(f types.Field) bool { return f.Required }) {
		then["required"] = []string{"with"}
	}
	return then
}

// arguments are those of a step type.
func arguments(t step.Step) Schema {
	out := object(t.In, true)
	out["title"], out["description"] = t.Name, t.Doc
	return out
}

// undeclared is a use of a step type whose arguments declare no codes of its own.
func undeclared(t step.Step) Schema {
	out := when("uses", t.Name)
	if t.IsCoded() {
		out["properties"].(Schema)["with"] = Schema{"not": has("codes")}
	}
	return out
}

// codesOf are the codes with which a use of a step type can fail that declares none, with
// that of its key timeout.
func codesOf(t step.Step) []types.Code {
	codes := append(t.AllCodes(), types.Timeout)
	slices.Sort(codes)
	return slices.Compact(codes)
}

// messages are the keys of errors.
func (b *builder) messages(codes []types.Code) Schema {
	out := Schema{}
	for _, c := range codes {
		out[string(c)] = b.shape(keys.Text())
	}
	return out
}

func (b *builder) awaitRules(s Schema) {
	reads := func(t step.Step) bool { return t.Effect == step.Reads }
	b.callRules(s, reads)
	for _, t := range b.steps {
		if reads(t) {
			add(s, ifThen(undeclared(t), Schema{"properties": Schema{"on": Schema{"items": Schema{"enum": codesOf(t)}}}}))
		}
	}
}

func (b *builder) approveRules(s Schema) {
	b.callRules(s, step.Step.Approves)
}

// callRules are the arguments of the step types that a mapping may use.
func (b *builder) callRules(s Schema, fits func(step.Step) bool) {
	props := s["properties"].(Schema)
	props["uses"] = b.uses(props["uses"].(Schema), fits)
	for _, t := range b.steps {
		if fits(t) {
			add(s, ifThen(when("uses", t.Name), b.call(t)))
		}
	}
}

// declarationRules say which keywords go with which type.
func declarationRules(s Schema) {
	props := s["properties"].(Schema)
	all, _ := props["type"].(Schema)["enum"].([]string)
	for _, name := range all {
		without := Schema{}
		for key := range props {
			if of := check.OfTypes(key); len(of) > 0 && !slices.Contains(of, name) {
				without[key] = false
			}
		}
		if was, there := props["default"].(Schema); there {
			of := value(types.OfKind(check.KindOf(name)), true)
			of["description"] = was["description"]
			without["default"] = of
		}
		then := Schema{"properties": without}
		if name == "array" {
			then["required"] = []string{"items"}
		}
		add(s, ifThen(when("type", name), then))
	}
	if _, there := props["default"]; there {
		add(s, ifThen(when("required", true), Schema{"not": has("default")}))
	}
}
