package files

import (
	"context"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// toOpen is what a step needs of a folder; see [step.Need].
const toOpen = "open"

// Examine returns what looks whether the folder of a service is there.
func Examine(services map[string]Service) step.Examine {
	f := family{services: services}
	return func(_ context.Context, name string, _ []step.Use, _ time.Time) []step.Finding {
		root, err := f.openService(name)
		if err != nil {
			return []step.Finding{{Subject: "folder", Err: types.AsError(err)}}
		}
		defer root.Close()
		return []step.Finding{{Subject: "folder", Detail: root.Name()}}
	}
}
