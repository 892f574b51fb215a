package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
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

// isStandIns reports whether a file that check is asked about is a sandbox.yaml.
func (p *Program) isStandIns(file string) bool {
	info, err := os.Stat(p.path(file))
	return filepath.Base(file) == config.StandInsName && err == nil && !info.IsDir()
}

// checkStandIns checks each sandbox.yaml that check is asked about: by its name or a
// pattern, in a folder, or else in those of the search path. It returns how many there
// are, and what is wrong with them.
func (p *Program) checkStandIns(args []string) (int, diag.List, render.Sources) {
	all, sources := diag.List{}, render.Sources{}
	for _, file := range p.standInFiles(args) {
		text, err := p.readText(p.path(file))
		if err != nil {
			all.Errorf("unreadable", diag.Range{File: file}, "%v", bare(err, file))
			continue
		}
		_, diags := config.ParseStandIns(file, text, p.Kinds)
		all, sources[file] = append(all, diags...), text
	}
	return len(sources), all, sources
}

func (p *Program) standInFiles(args []string) []string {
	if len(args) == 0 {
		for _, dir := range p.searchPath() {
			args = append(args, filepath.Join(dir, config.StandInsName))
		}
	}
	found := map[string]bool{}
	for _, arg := range args {
		files, _ := p.matching(arg) // what is no pattern, or no folder, is refused with the skills
		below, _ := p.below(arg, func(name string) bool { return name == config.StandInsName })
		for _, file := range append(files, below...) {
			if p.isStandIns(file) {
				found[file] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
