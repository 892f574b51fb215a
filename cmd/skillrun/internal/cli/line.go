package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// line is a command line, put so that cobra understands it.
type line struct {
	args []string
	// skill is a first word that is no verb, and is therefore taken for a
	// skill; "" when there is none.
	skill string
}

// arrange puts the verb before the flags, and "run" before a first word that is no
// verb, so that `skillrun NAME` runs a skill.
func arrange(root *cobra.Command, args []string) line {
	if len(args) > 0 && strings.HasPrefix(args[0], "__complete") {
		return line{args: append([]string{args[0]}, completed(root, args[1:])...)}
	}
	path, flags, rest := split(root, args)
	out := line{args: slices.Concat(path, flags, rest)}
	switch {
	case len(path) > 0:
	case len(rest) > 0:
		out.args, out.skill = append([]string{"run"}, out.args...), rest[0]
	case len(flags) > 0 && !slices.ContainsFunc(flags, ofRoot):
		out.args = append([]string{"run"}, out.args...) // which says what is missing
	}
	return out
}

// completed arranges a line whose last word is being typed: that one decides nothing.
func completed(root *cobra.Command, args []string) []string {
	if len(args) == 0 {
		return args
	}
	typed := args[len(args)-1:]
	path, flags, rest := split(root, args[:len(args)-1])
	switch {
	case len(path) > 0:
	case len(rest) > 0, waits(root, flags), strings.HasPrefix(typed[0], "-"):
		path = []string{"run"}
	default:
		flags = nil // the word is a verb or a skill, whatever stands before it
	}
	return slices.Concat(path, flags, rest, typed)
}

// waits reports whether the last flag still wants its value.
func waits(root *cobra.Command, flags []string) bool {
	return len(flags) > 0 && takesValue(root, flags[len(flags)-1])
}

// split takes a command line apart: the verb and the one below it, the flags
// before the first other word, and the rest.
func split(root *cobra.Command, args []string) (path, flags, rest []string) {
	at := root
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return path, flags, args[i:]
		case isFlag(a):
			flags = append(flags, a)
			if takesValue(root, a) && i+1 < len(args) {
				i++
				flags = append(flags, args[i])
			}
		default:
			c := child(at, a)
			if c == nil {
				return path, flags, args[i:]
			}
			path, at = append(path, a), c
		}
	}
	return path, flags, nil
}

func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' }

// ofRoot reports whether a flag is the program's own, without any verb.
func ofRoot(flag string) bool {
	return slices.Contains([]string{"-h", "--help", "-v", "--version"}, flag)
}

func child(c *cobra.Command, name string) *cobra.Command {
	for _, sub := range c.Commands() {
		if sub.Name() == name {
			return sub
		}
	}
	return nil
}

// takesValue reports whether the word behind a flag belongs to it. A flag means
// the same for every verb that has it; TestFlagsMeanOneThing holds that.
func takesValue(c *cobra.Command, word string) bool {
	name, ok := strings.CutPrefix(word, "--")
	if !ok || strings.Contains(name, "=") {
		return false
	}
	if f := c.Flags().Lookup(name); f != nil {
		return f.NoOptDefVal == ""
	}
	return slices.ContainsFunc(c.Commands(), func(sub *cobra.Command) bool { return takesValue(sub, word) })
}

// everywhere gives each verb --trust, and the flags that say which site, also where
// they have no use: an alias such as "skillrun --sandbox" fits all.
func (p *Program) everywhere(c *cobra.Command) {
	if c.Flags().Lookup("config") == nil {
		c.Flags().String("config", "", "")
		c.Flags().Lookup("config").Hidden = true
	}
	if c.Flags().Lookup("sandbox") == nil {
		c.Flags().Bool("sandbox", false, "")
		c.Flags().Lookup("sandbox").Hidden = true
	}
	c.Flags().BoolVar(&p.trust, "trust", false, "trust the working directory for this command; see skillrun trust")
	c.Flags().Lookup("trust").Hidden = !slices.Contains([]string{"run", "plan", "doctor"}, c.Name())
	for _, sub := range c.Commands() {
		p.everywhere(sub)
	}
}

// unknownWord is the error of a word that was taken for a skill, and may be a verb.
func unknownWord(err error, root *cobra.Command, word string) error {
	if err == nil || word == "" {
		return err
	}
	e := types.AsError(err)
	if e.Code != types.NotFound || e.Details["skill"] != word {
		return err
	}
	if near := diag.Nearest(word, verbNames(root)); near != "" {
		e.Hint = "did you mean the verb " + near + "? " + e.Hint
	}
	return err
}

// flagError says which verb a flag was not for, and what may have been meant.
func flagError(c *cobra.Command, err error) error {
	hint := "see: " + c.CommandPath() + " --help"
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		// -config is read as the short flags c, o, n …
		typed := cmp.Or(unknown.GetSpecifiedShortnames(), unknown.GetSpecifiedName())
		names := flagNames(c)
		if !slices.Contains(names, typed) {
			typed = diag.Nearest(typed, names)
		}
		switch name := unknown.GetSpecifiedName(); {
		case typed != "":
			hint = "did you mean --" + typed + "? " + hint
		case name != "" && slices.Contains(names, "input"):
			hint = "an input of a skill is given as --input " + name + "=VALUE; " + hint
		}
	}
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		kinds := map[string]string{"int": "an integer", "bool": "true or false"}
		if kind := kinds[bad.GetFlag().Value.Type()]; kind != "" {
			err = fmt.Errorf("--%s is %q, not %s", bad.GetFlag().Name, bad.GetValue(), kind)
		}
	}
	return refused(types.Errorf(types.BadInput, "%w", err).WithHint("%s", hint))
}

func flagNames(c *cobra.Command) []string {
	var out []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			out = append(out, f.Name)
		}
	})
	return out
}

// helpCmd is `skillrun help WORD`: a verb or a topic.
func helpCmd() *cobra.Command {
	return &cobra.Command{
		Use: "help [VERB|TOPIC]", Short: "Show the help of a verb or a topic",
		Example: "  skillrun help runs\n  skillrun help exit-codes",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var out []cobra.Completion
			at, _, _ := c.Root().Find(args) // an unknown word has nothing below it
			for _, sub := range at.Commands() {
				if !sub.Hidden {
					out = append(out, described(sub.Name(), sub.Short))
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			at := c.Root()
			for _, word := range args {
				below := child(at, word)
				if below == nil {
					return refused(noTopic(at, word))
				}
				at = below
			}
			at.InitDefaultHelpFlag()
			return at.Help()
		},
	}
}

func noTopic(at *cobra.Command, word string) error {
	var names []string
	for _, sub := range at.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	hint := "`skillrun show " + word + "` shows a skill of that name; `skillrun --help` lists verbs and topics"
	if near := diag.Nearest(word, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return types.Errorf(types.NotFound, "there is no help on %q", word).WithHint("%s", hint)
}
