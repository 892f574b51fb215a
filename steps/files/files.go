// Package files holds the steps that read and write plain files: of a
// workspace, which is the run's own, or of a folder that the configuration
// opens as a service of kind files. A path is always inside one of the two;
// neither a name nor a link leads out.
//
// A file of a workspace is written by workspace_write, which is local: it is
// repeated when the workspace is made again. A file that others read is an effect
// of file_write: it is put in place by a rename, so that no one sees half of it,
// and whether that happened is read from the file itself. So it is with file_delete
// and file_move, whose effects are what is there and what is not.
package files

import (
	"context"
	"io/fs"

	"github.com/skillrun/skillrun/engine/step"
)

// Service is one folder that the configuration opens.
type Service struct{ Root string }

// Admit is asked before a file of a workspace is written that is not there yet.
// It returns the permissions that the repository has for it, or why no commit
// could hold it.
type Admit func(ctx context.Context, workspace, path string) (fs.FileMode, error)

// readReach: the folders of two services may lie in each other, on this machine.
func readReach(_ context.Context, u step.Use) step.Reach {
	r := step.Reach{Sees: u.Places(step.Workspace, "workspace")}
	if u.Text("workspace") == "" {
		r.Sees = append(r.Sees, step.Place{Kind: step.Machine})
	}
	return r
}

func writeReach(context.Context, step.Use) step.Reach {
	machine := []step.Place{{Kind: step.Machine}}
	return step.Reach{Sees: machine, Changes: machine}
}

type family struct {
	services map[string]Service
	admit    Admit
}

// At says which folder a path is in.
type At struct {
	Workspace *string `json:"workspace" workspace:"true" pattern:"^[a-z0-9][a-z0-9._-]{0,63}$" doc:"The workspace that the path is in, as git_checkout returned it. Give either this or service."`
	Service   *string `json:"service" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the files service in the configuration whose folder the path is in."`
}

// The limits of what is read and written, in bytes and files.
const (
	maxFile  = 1 << 20
	maxFound = 2_000
	maxSeen  = 100_000
)
