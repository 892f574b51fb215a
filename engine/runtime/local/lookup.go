package local

import (
	"context"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/step"
)

// lookup asks a step for its effect. It is asked before every send, also before
// the first one: the run may be the second of its work.
func lookup(ctx context.Context, s step.Step, key step.Key, in json.RawMessage) (step.Found[json.RawMessage], error) {
	return s.Find(ctx, key, in)
}
