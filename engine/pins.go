package engine

import (
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// PinAt is something that a step names by the digest of its schema, and where.
type PinAt struct {
	step.Pin
	At diag.Range
}

// Pins are those that the steps of a file name in words of their own, in its order.
func (e *Engine) Pins(s *Skill) []PinAt {
	var out []PinAt
	program.Each(s.Steps, func(n *program.Node) {
		t, ok := e.Catalogue.Lookup(n.Step)
		if !ok || n.At.File != s.File || len(n.Services) > 0 {
			return
		}
		pin, ok := t.PinOf(types.Encode(n.With))
		if ok && !strings.Contains(pin.Service+pin.Name+pin.Digest, "{{") {
			out = append(out, PinAt{pin, n.At})
		}
	})
	return out
}
