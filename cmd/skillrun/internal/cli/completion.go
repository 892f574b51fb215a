package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
)

// What completes reads files and nothing else: no service is asked, no sandbox
// opened, no folder made. Whatever cannot be read offers nothing, in silence: a
// shell that is being typed into is no place for diagnostics.

func (p *Program) completionCmd() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print the completion script for a shell",
		Long: `Prints the completion script for a shell. It completes verbs, skills, runs, step
types, and the names and values of a skill's inputs.

  bash        source <(skillrun completion bash)
  zsh         source <(skillrun completion zsh)
  fish        skillrun completion fish | source
  powershell  skillrun completion powershell | Out-String | Invoke-Expression

Add the line to the shell's start-up file to load it in every session.`,
		Example:   "  source <(skillrun completion bash)\n  skillrun completion fish > ~/.config/fish/completions/skillrun.fish",
		ValidArgs: shells,
		Args:      one("completion needs a shell", "write one of: "+strings.Join(shells, ", ")),
		RunE: func(c *cobra.Command, args []string) error {
			return p.script(c.Root(), args[0], shells)
		},
	}
}

func (p *Program) script(root *cobra.Command, shell string, shells []string) error {
	if err := oneOf("the shell", shell, shells...); err != nil {
		return refused(err)
	}
	switch shell {
	case "bash":
		if _, err := io.WriteString(p.Stdout, bashAlone); err != nil {
			return err
		}
		return root.GenBashCompletionV2(p.Stdout, true)
	case "zsh":
		return root.GenZshCompletion(p.Stdout)
	case "fish":
		return root.GenFishCompletion(p.Stdout, true)
	}
	return root.GenPowerShellCompletionWithDesc(p.Stdout)
}

// bashAlone stands in for the two functions of the bash-completion package that
// the script needs, where that package is not installed. Bash takes words apart
// at = and :, and the first one puts them together again: what follows another
// piece without a blank belongs to it.
const bashAlone = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        local rest=${COMP_LINE} piece i
        words=() cword=0
        for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
            piece=${COMP_WORDS[i]}
            if ((i == 0)) || [[ ${rest} == [[:space:]]* ]]; then
                rest=${rest#"${rest%%[![:space:]]*}"}
                words+=("${piece}")
            else
                words[${#words[@]}-1]+=${piece}
            fi
            rest=${rest#"${piece}"}
            ((i == COMP_CWORD)) && cword=$((${#words[@]} - 1))
        done
        cur=${words[cword]} prev=${words[cword - 1]}
    }
fi
if ! declare -F _filedir >/dev/null; then
    _filedir() {
        local kind=-f
        [[ ${1-} == -d ]] && kind=-d
        local IFS=$'\n'
        COMPREPLY+=($(compgen ${kind} -- "${cur}"))
    }
fi
`

func nothing() ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// beginning are those of the completions that begin with a word.
func beginning(word string, all []cobra.Completion) []cobra.Completion {
	return slices.DeleteFunc(all, func(c cobra.Completion) bool { return !strings.HasPrefix(c, word) })
}

func words(all ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp)
}

// completeArgs completes the first argument of a verb.
func (p *Program) completeArgs(c *cobra.Command, f cobra.CompletionFunc) {
	c.ValidArgsFunction = func(c *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nothing()
		}
		return f(c, args, word)
	}
}

func (p *Program) completeFlag(c *cobra.Command, flag string, f cobra.CompletionFunc) {
	isThere(c.RegisterFlagCompletionFunc(flag, f))
}

// completeFiles completes the value of a flag with files of these endings.
func completeFiles(c *cobra.Command, flag string, endings ...string) {
	isThere(c.MarkFlagFilename(flag, endings...))
}

// isThere panics for a flag that is not there: a bug of the program.
func isThere(err error) {
	if err != nil {
		panic("cli: " + err.Error())
	}
}

// described is a completion with what it is.
func described(word, about string) cobra.Completion {
	return cobra.CompletionWithDesc(word, render.Clean(strings.Join(strings.Fields(about), " ")))
}

// completeSkills completes skills by name, and files by path.
func (p *Program) completeSkills(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.ContainsAny(word, `/\.~`) {
		return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	all, err := p.quiet().skills()
	if err != nil {
		return nothing()
	}
	var out []cobra.Completion
	for _, s := range all {
		if strings.HasPrefix(s.Name, word) && !slices.Contains(args, s.Name) {
			values, _ := config.Values(s.File, s.Text) // which checks nothing
			about, _ := values["description"].(string)
			out = append(out, described(s.Name, about))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func (p *Program) completeRuns(f *runFlags) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		e, err := p.quiet().reader(*f)
		if err != nil {
			return nothing()
		}
		all, err := e.Runs()
		if err != nil {
			return nothing()
		}
		out := []cobra.Completion{}
		for _, s := range all {
			about := fmt.Sprintf("%s, %s, %s", s.Skill, s.State, engine.Started(s).Local().Format(time.DateTime))
			out = append(out, described(s.ID, about))
		}
		if len(all) > 0 {
			out = append(out, described("last", "the newest: "+all[0].Skill))
		}
		return beginning(word, out), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// completeUnknown completes RUN STEP with the writes of unknown outcome.
func (p *Program) completeUnknown(f *runFlags) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return p.completeRuns(f)(c, args, word)
		case 1:
		default:
			return nothing()
		}
		e, err := p.quiet().reader(*f)
		if err != nil {
			return nothing()
		}
		s, err := e.Find(args[0])
		if err != nil {
			return nothing()
		}
		run, err := e.Inspect(s)
		if err != nil {
			return nothing()
		}
		return unknownWrites(run, word), cobra.ShellCompDirectiveNoFileComp
	}
}

func unknownWrites(run engine.Inspection, word string) []cobra.Completion {
	out := []cobra.Completion{}
	for _, x := range run.Effects {
		if x.Outcome != "unknown" {
			continue
		}
		about := x.Verb + " " + x.Object
		for _, s := range run.Steps {
			if s.Path == x.Path && s.Name != s.ID {
				about = s.Name
			}
		}
		out = append(out, described(x.Path, about))
	}
	return beginning(word, out)
}

func (p *Program) completeSteps(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	cat, err := p.quiet().catalogue()
	if err == nil {
		cat, err = p.quiet().withDeclared(cat)
	}
	if err != nil {
		return nothing()
	}
	var out []cobra.Completion
	for _, name := range cat.Names() {
		s, _ := cat.Lookup(name)
		out = append(out, described(name, s.Doc))
	}
	return beginning(word, out), cobra.ShellCompDirectiveNoFileComp
}

// completeInput completes --input: the skill's inputs, and after name= its values.
func (p *Program) completeInput(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return p.completeFields(args, word, func(s *engine.Skill) types.Type { return s.Inputs })
}

// completeSet completes --set in the same way.
func (p *Program) completeSet(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return p.completeFields(args, word, func(s *engine.Skill) types.Type { return s.Config })
}

func (p *Program) completeFields(args []string, word string, of func(*engine.Skill) types.Type) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nothing()
	}
	q := p.quiet()
	src, err := q.find(args[0])
	if err != nil {
		return nothing()
	}
	cat, err := q.catalogue()
	if err != nil {
		return nothing()
	}
	e, _ := q.newChecker(cat)
	skill, _ := e.Check(src.File, src.Text) // one with mistakes still has inputs
	if skill == nil {
		return nothing()
	}
	if name, typed, ok := strings.Cut(word, "="); ok {
		return inputValues(of(skill), name, typed)
	}
	var out []cobra.Completion
	for _, f := range of(skill).Fields {
		out = append(out, described(f.Name+"=", f.Doc))
	}
	return beginning(word, out), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func inputValues(of types.Type, name, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	f, ok := of.Field(name)
	if !ok {
		return nothing()
	}
	var out []cobra.Completion
	for _, v := range choices(f.Type) {
		out = append(out, name+"="+v)
	}
	return beginning(name+"="+typed, out), cobra.ShellCompDirectiveNoFileComp
}

// choices are the texts that a value of a type can be, when they are few.
func choices(t types.Type) []string {
	switch t.Kind {
	case types.Boolean:
		return []string{"true", "false"}
	case types.String:
		return t.Enum
	}
	return nil
}
