package refdocs

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// StepJSON is a step type as JSON, with schemas of what it takes and gives.
type StepJSON struct {
	Name   string         `json:"name"`
	Doc    string         `json:"doc"`
	Effect step.Effect    `json:"effect"`
	Touch  step.Touch     `json:"touches,omitzero"`
	With   map[string]any `json:"with"`
	Result map[string]any `json:"result"`
	Codes  []types.Code   `json:"fails_with"`
}

// JSONOf are step types as JSON.
func JSONOf(steps []step.Step) []StepJSON {
	out := make([]StepJSON, len(steps))
	for i, s := range steps {
		out[i] = StepJSON{
			Name: s.Name, Doc: s.Doc, Effect: s.Effect, Touch: s.Touch,
			With: s.In.Schema(), Result: s.Out.Schema(), Codes: s.AllCodes(),
		}
	}
	return out
}
