package schemas

import (
	"slices"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/step"
)

// bodies say what a step type does: one body, with the arguments of the built-in step
// type that performs it.
func (b *builder) bodies(s Schema) {
	var one []any
	for _, key := range check.BodyKeys() {
		one = append(one, has(key))
		without := Schema{}
		for _, other := range check.BodyKeys() {
			if other != key {
				without[other] = false
			}
		}
		if key == "steps" {
			for _, of := range check.OfOneCall() {
				without[of] = false
			}
		}
		add(s, ifThen(has(key), Schema{"properties": without}))
	}
	add(s, Schema{"anyOf": one})
	for _, body := range check.Bodies() {
		i := slices.IndexFunc(b.steps, func(t step.Step) bool { return t.Name == body.Uses })
		if i < 0 {
			continue
		}
		cond := Schema{
			"properties": Schema{"effect": Schema{"const": body.Effect}, body.Key: b.method(body)},
			"required":   []string{"effect", body.Key},
		}
		add(s, ifThen(cond, Schema{"properties": Schema{body.Key: b.body(body, b.steps[i])}}))
	}
}

// method is a body by the method of its request, where that decides.
func (b *builder) method(body check.Body) Schema {
	switch {
	case body.Method != "":
		return when("method", body.Method)
	case slices.ContainsFunc(check.Bodies(), func(o check.Body) bool {
		return o.Key == body.Key && o.Effect == body.Effect && o.Method != ""
	}):
		return Schema{"not": when("method", "POST")}
	}
	return Schema{}
}

// body is the arguments of the built-in step type. The method of a request that reads
// decides which one that is, and is none of its arguments.
func (b *builder) body(body check.Body, t step.Step) Schema {
	out := arguments(t)
	props := out["properties"].(Schema)
	if _, there := props["method"]; !there && body.Key == "http" {
		props["method"] = Schema{"type": "string", "enum": []string{"GET", "POST"}, "description": "The method of the request; one that reads is a `GET` or a `POST`."}
	}
	return out
}
