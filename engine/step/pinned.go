package step

import (
	"encoding/json"

	"github.com/skillrun/skillrun/engine/types"
)

// Pin names something that a service has, such as a tool, by the digest of its schema:
// what else a step is given is checked against that.
type Pin struct {
	Service, Name string
	Digest        string // of the [Schema] that the skill was written for
	Argument      string // the argument of the step that the schema is about
}

// Schema is what something takes and gives, as JSON Schema; nil is free.
type Schema struct {
	Input  any `json:"input"`
	Output any `json:"output"`
}

// Digest is what a skill names a schema by.
func (s Schema) Digest() string {
	return "sha256:" + types.Digest(types.Encode(map[string]any{"input": s.Input, "output": s.Output}))
}

// Pinned gives a step the schema of one of its arguments, by others that are written out.
func Pinned[In any](s Step, pin func(In) Pin) Step {
	s.pin = func(raw json.RawMessage) Pin {
		var in In
		_ = json.Unmarshal(raw, &in) // what does not fit, such as the text of an expression, is left out
		return pin(in)
	}
	return s
}

// IsPinned reports whether a call of the step names something by its digest.
func (s Step) IsPinned() bool { return s.pin != nil }

// PinOf is what the arguments of a call name; ok is false for a step of another kind.
func (s Step) PinOf(in json.RawMessage) (p Pin, ok bool) {
	if s.pin == nil {
		return p, false
	}
	return s.pin(in), true
}
