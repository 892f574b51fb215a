package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// one is for a verb that takes one argument; what says what is missing.
func one(what, hint string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return refused(types.Errorf(types.BadInput, "%s", what).WithHint("%s", atSite(hint, siteOf(siteGiven(c)))))
		}
		return atMost(1)(c, args)
	}
}

// atSite gives the commands that a hint quotes the flags of a site.
func atSite(hint, flags string) string {
	parts := strings.Split(hint, "`")
	for i := 1; i < len(parts); i += 2 {
		parts[i] += flags
	}
	return strings.Join(parts, "`")
}

// siteGiven are the flags of a command that say which site.
func siteGiven(c *cobra.Command) (f runFlags) {
	f.config, _ = c.Flags().GetString("config")
	f.sandbox, _ = c.Flags().GetBool("sandbox")
	return f
}

// atMost is for a verb that takes so many arguments, or fewer.
func atMost(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return refused(types.Errorf(types.BadInput, "%q is an unexpected argument: the command is %s", args[n], c.UseLine()).
			WithHint("%ssee: %s --help", didYouMean(args[n], verbNames(c)), c.CommandPath()))
	}
}

// oneOf refuses the value of a flag or an argument that is not among the words.
func oneOf(what, got string, words ...string) error {
	if slices.Contains(words, got) {
		return nil
	}
	return types.Errorf(types.BadInput, "%s is %s, not %q", what, orWords(words), got).WithHint("%s", diag.DidYouMean(got, words))
}

// orWords writes "a, b or c".
func orWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// didYouMean is the beginning of a hint: the nearest of the words, if one is near.
func didYouMean(word string, words []string) string {
	if near := diag.Nearest(word, words); near != "" {
		return "did you mean " + near + "? "
	}
	return ""
}

// verbNames are the names of a command's verbs, as its help lists them.
func verbNames(c *cobra.Command) []string {
	var out []string
	for _, sub := range c.Commands() {
		if sub.Runnable() && !sub.Hidden {
			out = append(out, sub.Name())
		}
	}
	return out
}
