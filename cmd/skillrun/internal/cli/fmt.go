package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// fmtFlags are the flags of fmt. With one of them nothing is written.
type fmtFlags struct {
	check bool
	diff  bool
}

func (p *Program) fmtCmd() *cobra.Command {
	var f fmtFlags
	c := &cobra.Command{
		Use: "fmt [FILE|FOLDER|PATTERN|-]...", Short: "Write skills, step types, tests and settings in their canonical form",
		Long: `Formats YAML files of skills, step types and tests, skillrun.yaml and sandbox.yaml:
indentation, blanks and blank lines. Values, the order of keys, quotes and comments
stay. Files are written in place, and the names of those that change are printed; - reads
stdin and writes stdout. Without arguments: ./skills and ./skillrun.yaml.

A file that cannot be read as YAML stays as it is, and the others are formatted.`,
		Example: "  skillrun fmt\n  skillrun fmt ./skills/mine.yaml --diff\n  skillrun fmt ./skills --check\n  skillrun fmt - <mine.yaml",
		RunE:    func(_ *cobra.Command, args []string) error { return p.fmtAll(args, f) },
	}
	c.Flags().BoolVar(&f.check, "check", false, "write nothing; exit 1 when a file would change")
	c.Flags().BoolVar(&f.diff, "diff", false, "write nothing; print what would change")
	p.outputFlag(c, new(string))
	return c
}

// formatted is what fmt did with a file, or would do.
type formatted struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"`
	Diff    string `json:"diff,omitempty"` // with --diff
	Text    string `json:"text,omitempty"` // of stdin
}

func (p *Program) fmtAll(args []string, f fmtFlags) error {
	files, err := p.formattable(args)
	if err != nil {
		return refused(err)
	}
	out, changed, diags, sources := []formatted{}, 0, diag.List{}, render.Sources{}
	for _, file := range files {
		one, text, wrong := p.fmtFile(file, f)
		if diags = append(diags, wrong...); wrong.HasErrors() {
			sources[file] = text
			continue
		}
		if out = append(out, one); one.Changed {
			changed++
		}
	}
	if p.forProgram() {
		p.tell(map[string]any{"ok": !diags.HasErrors() && (changed == 0 || !f.check), "files": out, "diagnostics": diags})
	} else {
		render.Diagnostics(p.Stderr, diags, sources, p.look())
	}
	switch {
	case diags.HasErrors():
		return refused(nil)
	case changed > 0 && f.check:
		return &exitError{code: exitFailed}
	}
	return nil
}

// fmtFile formats a file. Where that fails, the diagnostics say why.
func (p *Program) fmtFile(file string, f fmtFlags) (out formatted, was []byte, diags diag.List) {
	at, was, err := p.openFormattable(file)
	if err != nil {
		e := types.AsError(bare(err, file))
		diags.Errorf("unreadable", diag.Range{File: file}, "cannot read the file: %s", e.Message).Hint = e.Hint
		return out, nil, diags
	}
	if at != nil {
		defer at.close()
	}
	is, diags := engine.Format(file, was)
	if diags.HasErrors() {
		return out, was, diags
	}
	out = formatted{File: file, Changed: !bytes.Equal(was, is)}
	if f.diff {
		var text strings.Builder
		render.Diff(&text, file, was, is, render.Look{})
		out.Diff = text.String()
		render.Diff(p.told(), file, was, is, render.Look{Colour: p.colour(p.OutTerminal)})
	}
	switch {
	case at == nil && !f.check && !f.diff:
		out.Text = string(is)
		p.tellText(is)
	case out.Changed && !f.check && !f.diff:
		err = at.write(is)
	}
	if err != nil {
		diags.Errorf("unwritable", diag.Range{File: file}, "cannot write the file: %v", bare(err, file)).Hint = "see who may write there: ls -ld " + filepath.Dir(file)
		return out, was, diags
	}
	if out.Changed && !f.diff && (at != nil || f.check) {
		fmt.Fprintln(p.told(), render.Flat(file))
	}
	return out, was, nil
}

// openFormattable opens and reads a file; stdin has no place.
func (p *Program) openFormattable(file string) (*inPlace, []byte, error) {
	if file == "-" {
		text, err := limited(p.Stdin, "stdin", maxFile)
		return nil, text, err
	}
	return p.openInPlace(file)
}

// tellText writes a file's text to stdout: as it is, unless a person would see it.
func (p *Program) tellText(text []byte) {
	switch {
	case p.forProgram():
	case p.OutTerminal:
		_, _ = p.Stdout.Write(text)
	default:
		_, _ = p.raw.Write(text)
	}
}

// formattable returns the files that fmt is asked about, each once. Links in a folder or
// of a pattern are passed over: what they lead to is formatted where it is.
func (p *Program) formattable(args []string) (files []string, err error) {
	if len(args) == 0 {
		if args = p.there("skills", "skillrun.yaml"); args == nil {
			return nil, types.Errorf(types.NotFound, "there is neither ./skills nor ./skillrun.yaml here").WithHint("name what is to be formatted: skillrun fmt FILE")
		}
	}
	seen := map[string]bool{}
	for _, arg := range args {
		found, err := p.formattableIn(arg)
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			if !seen[filepath.Clean(file)] {
				seen[filepath.Clean(file)] = true
				files = append(files, file)
			}
		}
	}
	return files, nil
}

// there are those of the names that the working directory has.
func (p *Program) there(names ...string) (out []string) {
	for _, name := range names {
		if _, err := os.Lstat(p.path(name)); err == nil {
			out = append(out, name)
		}
	}
	return out
}

func (p *Program) formattableIn(arg string) (found []string, err error) {
	info, err := os.Stat(p.path(arg))
	switch {
	case arg == "-", err == nil && !info.IsDir():
		return []string{arg}, nil
	case err == nil:
		found, err = p.below(arg, isYAML)
	case !strings.ContainsAny(arg, "*?["):
		hint := "name a file, a folder or a pattern"
		if byName := filepath.Join("skills", arg+".yaml"); len(p.there(byName)) > 0 {
			hint = "a file is named by its path: " + byName
		} else if near := nearFile(p.path(arg)); near != "" {
			hint = "did you mean " + filepath.Join(filepath.Dir(arg), near) + "?"
		}
		return nil, types.Errorf(types.NotFound, "%w", bare(err, arg)).WithHint("%s", hint)
	default:
		found, err = p.matching(arg)
	}
	if err != nil {
		return nil, err
	}
	var files []string
	for _, file := range found {
		if info, err := os.Lstat(p.path(file)); err == nil && info.Mode()&fs.ModeSymlink == 0 && !info.IsDir() {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, types.Errorf(types.NotFound, "there is nothing to format in %s", arg).WithHint("skills, tests and settings are files that end in .yaml")
	}
	return files, nil
}

func isYAML(name string) bool {
	return filepath.Ext(name) == ".yaml" || filepath.Ext(name) == ".yml"
}
