package execute

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// scriptShells are those that run a script in the same way: it ends at the first command
// that fails, and at a variable that is not set.
var scriptShells = []string{"sh", "bash", "dash", "ksh", "mksh", "zsh"}

// A script is a literal: nothing is ever put into it, so that its code is what stands in
// the file. Values reach it as variables, and as "$1" and so on.

// scripted is a command line with its script where a shell takes it; what follows it are
// its arguments, also one that begins with a dash.
func (in Look) scripted() Look {
	if in.Script != "" {
		in.Args = append([]string{"-euc", in.Script, name(in)}, in.Args...)
	}
	return in
}

// lookup is the program of a find, as a program that is run with what the write has.
func (in In) lookup() Look {
	return Look{Program: in.Find.Program, Script: in.Find.Script, Args: in.Find.Args, Shell: in.Shell}
}

// checkScript refuses a script that no shell is given, or that nobody allows.
func checkScript(in Look) error {
	switch {
	case in.Script == "":
		return nil
	case !slices.Contains(scriptShells, name(in)):
		return types.Errorf(types.BadInput, "%s does not run a script", name(in)).WithHint("name a shell as the program: sh, bash, dash, ksh, mksh or zsh")
	case !in.Shell:
		return types.Errorf(types.BadInput, "a script is code").WithHint("set shell: true, if the site allows it")
	case strings.Contains(in.Script, "\x00"):
		return types.Errorf(types.BadInput, "the script holds a NUL character").WithHint("leave it out")
	}
	return nil
}
