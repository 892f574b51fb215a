package schemas

import (
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
)

// Config is the schema of skillrun.yaml, with services of these kinds.
func Config(kinds []step.ServiceKind) Schema {
	b := newBuilder(config.Keys(), nil)
	b.nullable = true
	b.extra["service"] = func(s Schema) {
		for _, k := range kinds {
			add(s, ifThen(when("kind", k.Name), b.service(k)))
		}
	}
	b.extra["configuration"] = func(s Schema) {
		services := s["properties"].(Schema)["services"].(Schema)
		named := Schema{}
		for _, k := range kinds { // a service is of the kind that it is called, unless it says another
			named[k.Name] = Schema{"allOf": []any{b.refer("service"), ifThen(Schema{"not": has("kind")}, b.service(k))}}
		}
		services["properties"] = named
	}
	return b.document("configuration", "skillrun.yaml", "The configuration of skillrun: services, credentials by name, values for skills, policy.")
}

// service is a service of a kind: it has what the kind has a use for.
func (b *builder) service(k step.ServiceKind) Schema {
	props := Schema{}
	for _, key := range b.places["service"].Names() {
		switch words := k.Keys[key]; {
		case !config.Uses(k, key):
			props[key] = false
		case words != nil:
			props[key] = Schema{"enum": words}
		}
	}
	out := Schema{"properties": props}
	if k.Required != "" {
		out["required"] = []string{k.Required}
	}
	return out
}

// Sandbox is the schema of a sandbox.yaml.
func Sandbox() Schema {
	b := newBuilder(config.StandInKeys(), nil)
	b.nullable = true
	return b.document("sandbox", "sandbox.yaml", "What a team adds to the sandbox: services over HTTP, files, and values for skills.")
}

// Hints is the schema of a hints.yaml.
func Hints() Schema {
	return newBuilder(config.HintKeys(), nil).document("hints", "hints.yaml", "What a team knows of failures: cause and cure, by code, service and message.")
}
