//go:build bug_drop_lookup

package local

import (
	"context"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/step"
)

// A planted bug: a write is looked for only after a lost answer. See docs/reliability.md.
func lookup(ctx context.Context, s step.Step, key step.Key, in json.RawMessage) (step.Found[json.RawMessage], error) {
	if !step.CallOf(ctx).AfterUnknown {
		return step.Absent[json.RawMessage](), nil
	}
	return s.Find(ctx, key, in)
}
