package files

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Kind is the kind of service that these steps reach.
func Kind() step.ServiceKind {
	return step.ServiceKind{Name: "files", Keys: map[string][]string{"root": nil}, Required: "root", Example: "root: some/folder"}
}

// Steps returns the family, built on the configured folders by name. With nil
// it can be documented and checked, and performed on workspaces; without admit
// these take every file.
func Steps(services map[string]Service, admit Admit) []step.Step {
	f := family{services, admit}
	codes := []types.Code{types.NotFound, types.Conflict, types.Forbidden, types.Unavailable}
	return []step.Step{
		step.Checked(step.Read("file_read", "Read a text file.", f.read).
			Reaches(readReach).Requires(toOpen).Touches("", "file", "read").MayReach("files").Errors(codes...), readIn.check),
		step.Checked(step.Read("file_exists", "Check whether a file or folder exists.", f.exists).
			Reaches(readReach).Requires(toOpen).Touches("", "file", "look up").MayReach("files").Errors(codes...), readIn.check),
		step.Checked(step.Read("file_glob", "List the files whose paths match a pattern.", f.glob).
			Reaches(readReach).Requires(toOpen).Touches("", "files", "list").MayReach("files").Errors(codes...), globIn.check),
		step.Checked(step.Write("file_write", "Write a text file in the folder of a files service.", f.write,
			step.Find(f.find), step.Preview(f.preview)).
			Reaches(writeReach).Requires(toOpen).Touches("files", "file", "write").Errors(codes...), writeIn.check),
		step.Checked(step.Write("file_move", "Move a file within the folder of a files service.", f.move,
			step.Find(f.findMoved), step.Preview(f.previewMove), step.Undo(f.moveBack())).
			Reaches(writeReach).Requires(toOpen).Touches("files", "file", "move").Errors(codes...), moveIn.check),
		step.Checked(step.Write("file_delete", "Delete a file in the folder of a files service.", f.remove,
			step.Find(f.findDeleted), step.Preview(f.previewDelete)).
			Reaches(writeReach).Requires(toOpen).Touches("files", "file", "delete").Errors(codes...), deleteIn.check),
		step.Checked(step.Local("workspace_write", "Write a text file in a workspace, for git_commit.", f.writeWorkspace).
			Touches("", "file", "write").Errors(append(codes, types.Auth, types.Network, types.Timeout, types.RateLimited)...), localIn.check),
	}
}
