package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// Which folders the user trusts. It is written down in the user's configuration
// folder, by path; a folder inside of a trusted one is another.

const trustedName = "trusted.json"

type trustedList struct {
	Folders []string `json:"folders"`
}

// trustsHere reports whether the user trusts the working directory.
func (p *Program) trustsHere() bool {
	if p.trust {
		return true
	}
	here := realPath(p.path("."))
	switch v := p.env("SKILLRUN_TRUSTED"); v {
	case "":
	case "1", "true":
		return true
	default:
		for _, dir := range filepath.SplitList(v) {
			if dir != "" && realPath(p.path(dir)) == here {
				return true
			}
		}
	}
	list, err := p.trustedFolders()
	return err == nil && slices.Contains(list, here)
}

// trustedFolders are those that are written down, [] for none.
func (p *Program) trustedFolders() ([]string, error) {
	file := p.trustedFile()
	if file == "" {
		return []string{}, nil
	}
	text, err := readFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{}, nil
	}
	var list trustedList
	if err == nil {
		err = engine.SafeFile(file)
	}
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		return nil, types.Errorf(types.Conflict, "the list of trusted folders %s cannot be read: %w", file, bare(err, file)).
			WithHint("remove it, and trust the folders again: skillrun trust")
	}
	return list.Folders, nil
}

func (p *Program) trustedFile() string {
	if p.userDir() == "" {
		return ""
	}
	return filepath.Join(p.userDir(), trustedName)
}

func (p *Program) writeTrusted(folders []string) error {
	if p.trustedFile() == "" {
		return refused(types.Errorf(types.BadInput, "there is no configuration folder to record the trust in").WithHint("set HOME or XDG_CONFIG_HOME; or pass --trust with each command"))
	}
	if err := os.MkdirAll(p.userDir(), 0o700); err != nil {
		return refused(err)
	}
	if err := engine.Safe(p.userDir()); err != nil {
		return refused(err)
	}
	var text bytes.Buffer
	render.JSON(&text, trustedList{Folders: folders})
	if err := replace(p.trustedFile(), text.Bytes()); err != nil {
		return refused(types.Errorf(types.Unavailable, "the list of trusted folders cannot be written: %w", err).WithHint("check the permissions of %s", p.userDir()))
	}
	return nil
}

// realPath is a path without symbolic links, as far as it is there.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// readText reads a file of skills, tests or the sandbox. In a working directory that
// nobody trusts, a link that leads out of it is refused: mistakes are shown with their
// lines, and a checkout must not have those of the user's own files shown, as in the log
// of CI.
func (p *Program) readText(path string) ([]byte, error) {
	if text, is := p.overlay[path]; is {
		return text, nil
	}
	here := p.path(".")
	if below(here, path) && !below(realPath(here), realPath(path)) && !p.trustsHere() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("it is a link out of this directory, which you do not trust")}
	}
	return readFile(path)
}

// below reports whether a path is one of a folder, by their names.
func below(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// trusts reports whether a skill is in the folder of a trusted working directory.
func (p *Program) trusts(s source) bool {
	return p.trustsHere() && filepath.Dir(s.Origin.Path) == p.path(filepath.Join("skills", s.below()))
}

// needsTrust refuses to perform a skill that was found by its name in a folder
// that nobody trusts. One whose file was named is trusted for that command.
func (s source) needsTrust() error {
	if !s.Untrusted {
		return nil
	}
	return types.Errorf(types.Forbidden, "the folder of %s is not trusted", s.File).
		WithHint("see what it runs and reaches, and trust the folder: skillrun trust; or for this command only: --trust")
}

// instead is the skill of another place that has the name of s and another text:
// of the user's own, or built in. ok is false when there is none.
func (p *Program) instead(s source) (other source, ok bool) {
	if s.Origin.Kind == engine.FromBuiltIn {
		return source{}, false
	}
	rest, _ := p.quiet().own(s.below())
	for _, o := range rest {
		if o.Name == s.Name && o.Origin != s.Origin && !bytes.Equal(o.Text, s.Text) && (s.Origin.Kind == engine.FromFolder || o.Origin.Kind == engine.FromBuiltIn) {
			return o, true
		}
	}
	return source{}, false
}

// shadows is what to say when a skill takes the place of a built-in one that is
// another, or of the user's own: whoever runs a command by heart must not run
// something else without a word. Without trust it takes nobody's place.
func (p *Program) shadows(s source) string {
	o, ok := p.instead(s)
	switch {
	case !ok:
		return ""
	case s.Untrusted:
		return fmt.Sprintf("note: %s is not used for %s: its folder is not trusted (skillrun trust)", s.File, s.Name)
	case o.Origin.Kind == engine.FromBuiltIn:
		return "note: " + s.File + " overrides the built-in " + s.what() + " " + s.Name
	}
	return "note: " + s.File + " overrides your own " + s.what() + " " + o.File
}

// tellShadow says on stderr which skill takes the place of another, or does not.
func (p *Program) tellShadow(s source) {
	if s.Origin.Kind != engine.FromFolder && !p.trustsHere() {
		shown := filepath.Join("skills", s.below(), s.Name+".yaml")
		if here, err := p.quiet().readSkill(p.path(shown), shown); err == nil {
			here.Untrusted = true
			s = here
		}
	}
	if note := p.shadows(s); note != "" && !p.noted[note] {
		if p.noted == nil {
			p.noted = map[string]bool{}
		}
		p.noted[note] = true
		fmt.Fprintln(p.Stderr, render.Flat(note))
	}
}
