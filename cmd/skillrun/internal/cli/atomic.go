package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/plan"
)

// keep replaces a file by a plan in which nothing steers a terminal.
func keep(file string, made plan.Plan) error {
	var text bytes.Buffer
	render.JSON(&text, made)
	return replace(file, []byte(render.CleanJSON(text.String())))
}

// replace writes a file that others cannot read, in one step.
func replace(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing of that name
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
