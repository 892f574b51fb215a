package cli

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// codeUnreadable is what check says of a file that it cannot read.
const codeUnreadable diag.Code = "unreadable"

// fromStdin reads stdin when it is among the arguments, and puts the name of its text in
// its place: the one that was given, or else that which the text gives itself. It is then
// read as that file is, wherever that is read.
func (p *Program) fromStdin(args []string, name string) ([]string, error) {
	at := slices.Index(args, "-")
	switch {
	case at < 0 && name != "":
		return nil, types.Errorf(types.BadInput, "--stdin-name names stdin, which is not checked").WithHint("add the argument -")
	case at < 0:
		return args, nil
	case name != "" && !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)):
		return nil, types.Errorf(types.BadInput, "--stdin-name is %q, which is no name of a YAML file", name).WithHint("give it the file's name: --stdin-name skills/mine.yaml")
	}
	text, err := limited(p.Stdin, "stdin", maxFile)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "stdin cannot be read: %w", err)
	}
	if name == "" {
		name = ownName(text) + ".yaml"
	}
	p.overlay = map[string][]byte{p.path(name): text}
	args = slices.Clone(args)
	args[at] = name
	return args, nil
}

var nameLine = types.Pattern(`(?m)^name: *["']?([a-z][a-z0-9_]*)["']? *(#.*)?\r?$`)

// ownName is the name that a text of a skill gives itself.
func ownName(text []byte) string {
	if m := nameLine().FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return "stdin"
}

// otherKinds are the files that are no skills, by their names, and what checks each.
func (p *Program) otherKinds() map[string]func(file string, text []byte) diag.List {
	return map[string]func(string, []byte) diag.List{
		config.StandInsName: func(file string, text []byte) diag.List {
			_, diags := config.ParseStandIns(file, text, p.Kinds)
			return diags
		},
		config.HintsName: func(file string, text []byte) diag.List {
			_, diags := config.ParseHints(file, text)
			return diags
		},
		config.FileName: func(file string, text []byte) diag.List { return config.Check(file, text, p.Kinds) },
	}
}

// isOther reports whether a file that check is asked about is no skill, by its name.
func (p *Program) isOther(file string) bool {
	return p.otherKinds()[filepath.Base(file)] != nil && p.isFile(file)
}

// checkOthers checks each sandbox.yaml and hints.yaml that check is asked about: by its name or a
// pattern, in a folder, or else in those of the search path; and each skillrun.yaml that
// is named or matches a pattern. What is wrong is added to what was found.
func (p *Program) checkOthers(args []string, out *examined) {
	kinds := p.otherKinds()
	for _, file := range p.otherFiles(args) {
		out.files = append(out.files, file)
		text, err := p.readText(p.path(file))
		if err != nil {
			out.diags.Errorf(codeUnreadable, diag.Range{File: file}, "%v", bare(err, file))
			continue
		}
		out.diags = append(out.diags, kinds[filepath.Base(file)](file, text)...)
		if filepath.Base(file) == config.FileName {
			text = config.Veiled(text)
		}
		out.sources[file] = text
	}
}

func (p *Program) otherFiles(args []string) []string {
	if len(args) == 0 {
		for _, dir := range p.searchPath() {
			args = append(args, filepath.Join(dir, config.StandInsName))
		}
	}
	found := map[string]bool{}
	for _, arg := range args {
		files, _ := p.matching(arg) // what is no pattern, or no folder, is refused with the skills
		below, _ := p.below(arg, func(name string) bool { return name == config.StandInsName || name == config.HintsName })
		for _, file := range slices.Concat([]string{arg}, files, below) {
			if p.isOther(file) {
				found[filepath.Clean(file)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
