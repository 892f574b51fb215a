package state

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Steps returns the family. The values live in the folder, which is made when
// the first is written; with "" the steps can be documented and checked, but
// not performed.
func Steps(folder string) []step.Step {
	s := store{folder}
	return []step.Step{
		step.Read("state_get", "Read a value that an earlier run stored.", s.get).
			Reaches(readReach).Touches("", "state", "read").Errors(types.Conflict),
		write(s, "state_set", "Store a value, replacing the old one.", "set", setAction),
		write(s, "state_append", "Append an item to a stored list, and keep the newest.", "append", appendAction),
		write(s, "state_increment", "Add to a stored integer.", "increment", incrementAction),
	}
}
