package files

import (
	"context"
	"io/fs"
	"os"
	"path"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type moveIn struct {
	Service string  `json:"service,omitempty" default:"files" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the files service in the configuration whose folder the paths are in."`
	From    string  `json:"from" doc:"The path of the file, relative to the folder."`
	To      string  `json:"to" doc:"The path it has afterwards, relative to the folder. Missing folders are created; a file that is there is not replaced."`
	Expect  *string `json:"expect" pattern:"^sha256:[0-9a-f]{64}$" doc:"The digest of the file, as file_read gave it. With it, a file that was moved already is recognized. Without it, a run that was stopped during the move asks a person."`
}

type moveOut struct {
	From string `json:"from" doc:"The path before, as given."`
	To   string `json:"to" doc:"The path now, as given."`
}

func (in moveIn) check(unknown step.UnknownPaths) error {
	if err := checkPath(unknown, "from", in.From); err != nil {
		return err
	}
	if err := checkPath(unknown, "to", in.To); err != nil {
		return err
	}
	if in.From == in.To && !unknown.Has("from") && !unknown.Has("to") {
		return types.Errorf(types.BadInput, "%s is moved to where it is", in.From).WithHint("give another path in to")
	}
	return nil
}

func (in moveIn) out() moveOut { return moveOut{in.From, in.To} }

// move gives the file its other name by a rename; before that, nothing has happened.
// What is expected is looked at just before, as for a write.
func (f family) move(_ context.Context, in moveIn) (moveOut, error) {
	root, err := f.openService(in.Service)
	if err != nil {
		return in.out(), err
	}
	defer root.Close()
	return in.out(), in.rename(root)
}

func (in moveIn) rename(root *os.Root) error {
	if err := in.ready(root); err != nil {
		return err
	}
	from, to := path.Dir(in.From), path.Dir(in.To)
	if to != "." {
		if err := root.MkdirAll(to, 0o755); err != nil {
			return unwritable(types.Unavailable, in.To, err)
		}
	}
	if err := root.Rename(in.From, in.To); err != nil {
		return unwritable(types.Unavailable, in.To, err)
	}
	for _, dir := range []string{to, from} {
		if err := flush(root, dir); err != nil { // it may be found where it was
			return unwritable(types.UnknownOutcome, in.To, err)
		}
	}
	return nil
}

// ready refuses a move of what is not there or not as expected, and one onto a file.
func (in moveIn) ready(root *os.Root) error {
	there, err := expected(root, in.From, in.Expect)
	switch {
	case err != nil:
		return err
	case !there:
		return accessError(in.From, fs.ErrNotExist)
	}
	if there, err = present(root, in.To); err == nil && there {
		err = types.Errorf(types.Conflict, "there is a file %s already", in.To).WithHint("give another path, or delete it first: file_delete")
	}
	return err
}

// findMoved looks which of the two is there. That the one is gone and the other there
// may be anybody's work: what the file holds tells, where that is expected.
func (f family) findMoved(ctx context.Context, _ step.Key, in moveIn) (step.Found[moveOut], error) {
	root, err := f.openService(in.Service)
	if err != nil {
		return step.Found[moveOut]{}, err
	}
	defer root.Close()
	before, err := present(root, in.From)
	if err != nil || before {
		return step.Absent[moveOut](), err
	}
	after, err := present(root, in.To)
	switch {
	case err != nil || !after:
		return step.Absent[moveOut](), err
	case in.Expect == nil && step.CallOf(ctx).AfterUnknown:
		return step.Inconclusive[moveOut]("look whether " + in.To + " is what was " + in.From), nil
	case in.Expect == nil:
		return step.Absent[moveOut](), nil
	}
	switch _, err := current(root, in.To, in.Expect); {
	case types.CodeOf(err) == types.Conflict: // another file
		return step.Absent[moveOut](), nil
	case err != nil:
		return step.Found[moveOut]{}, err
	}
	return step.Exists(in.To, in.out()), nil
}

func (f family) previewMove(ctx context.Context, in moveIn, unknown step.UnknownPaths) (step.Prediction[moveOut], error) {
	p := step.Prediction[moveOut]{Change: step.Change{Title: "move a file"}, Out: in.out()}
	for _, f := range []step.FieldChange{{Name: "from", Value: in.From}, {Name: "to", Value: in.To}} {
		if unknown.Has(f.Name) {
			p.Unknown = append(p.Unknown, f.Name)
		} else {
			p.Change.Fields = append(p.Change.Fields, f)
		}
	}
	if len(p.Unknown) > 0 {
		return p, nil
	}
	p.Change.Title = "move " + in.From + " to " + in.To
	if unknown.Has("service") || step.CallOf(ctx).Presumed {
		return p, nil
	}
	if unknown.Has("expect") {
		in.Expect = nil
	}
	root, err := f.openService(in.Service)
	if err != nil {
		return p, err
	}
	defer root.Close()
	return p, in.ready(root)
}

// moveBack is the move in the other direction, of whatever the file holds by now.
func (f family) moveBack() step.Undoing[moveIn, moveOut] {
	return step.Undoing[moveIn, moveOut]{
		Describe: func(in moveIn, _ moveOut) string { return "move " + in.To + " back to " + in.From },
		Check: func(_ context.Context, _ step.Key, in moveIn, _ moveOut) error {
			return f.back(in, moveIn.ready)
		},
		Do: func(_ context.Context, _ step.Key, in moveIn, _ moveOut) error {
			return f.back(in, moveIn.rename)
		},
	}
}

// back does the opposite of a move, unless that was done already.
func (f family) back(in moveIn, do func(moveIn, *os.Root) error) error {
	root, err := f.openService(in.Service)
	if err != nil {
		return err
	}
	defer root.Close()
	in = moveIn{Service: in.Service, From: in.To, To: in.From}
	moved, err := present(root, in.From)
	if err != nil {
		return err
	}
	if before, err := present(root, in.To); err != nil || before && !moved {
		return err
	}
	return do(in, root)
}
