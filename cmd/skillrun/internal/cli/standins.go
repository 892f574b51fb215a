package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/config"
)

// standIns are what the first sandbox.yaml of the search path describes, nil when there
// is none. That of the working directory counts when the user trusts the directory.
func (p *Program) standIns() (*config.StandIns, error) {
	for _, dir := range p.searchPath() {
		file := filepath.Join(dir, config.StandInsName)
		text, err := p.readText(p.path(file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, refused(bare(err, file))
		}
		if dir == "skills" && !p.trustsHere() {
			fmt.Fprintf(p.Stderr, "note: %s is left out: you do not trust this directory; `skillrun trust` shows it\n", file)
			continue
		}
		out, diags := config.ParseStandIns(file, text, p.Kinds)
		if diags.HasErrors() {
			return nil, p.diagnose(diags, render.Sources{file: text})
		}
		return out, nil
	}
	return nil, nil
}
