package step

import "github.com/skillrun/skillrun/engine/types"

// CheckBranch refuses what git refuses as a branch's name. An argument was checked
// by its type; a result that is taken back, and what is written out, was not.
func CheckBranch(name string) error {
	if !types.IsBranch(name) {
		return types.Errorf(types.BadInput, "%q is not a branch name", name).WithHint("git check-ref-format --branch NAME checks a name")
	}
	return nil
}
