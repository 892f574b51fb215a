package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/skillrun/skillrun/skills"
)

func tree() *cobra.Command {
	p := &Program{Builtin: skills.FS, Env: func(string) (string, bool) { return "", false }}
	return p.root()
}

// TestFlagsMeanOneThing: where the words of a command line are put in order, a
// flag is looked up before its verb is known.
func TestFlagsMeanOneThing(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{}
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Shorthand != "" && f.Name != "help" && f.Name != "version" {
				t.Errorf("%s: -%s is a short flag, which arrange does not know", c.CommandPath(), f.Shorthand)
			}
			if kind, ok := kinds[f.Name]; ok && (kind == "bool") != (f.Value.Type() == "bool") {
				t.Errorf("%s: --%s is a %s here and a %s elsewhere", c.CommandPath(), f.Name, f.Value.Type(), kind)
			}
			kinds[f.Name] = f.Value.Type()
		})
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(tree())
	if len(kinds) < 10 {
		t.Errorf("only %d flags were found", len(kinds))
	}
}

func TestFlagsBeforeTheVerb(t *testing.T) {
	t.Parallel()
	for _, x := range [][2]string{
		{"", ""},
		{"--help", "--help"},
		{"--version", "--version"},
		{"--sandbox --version", "--sandbox --version"},
		{"rel", "run rel"},
		{"--config F rel --input a=b", "run --config F rel --input a=b"},
		{"--config=F rel", "run --config=F rel"},
		{"--config list rel", "run --config list rel"},
		{"--sandbox rel", "run --sandbox rel"},
		{"--sandbox run runs", "run --sandbox runs"},
		{"--input a=b --output json plan rel", "plan --input a=b --output json rel"},
		{"--yes runs --sandbox prune --keep 1", "runs prune --yes --sandbox --keep 1"},
		{"runs --skill prune", "runs --skill prune"},
		{"runs last prune", "runs last prune"},
		{"sandbox --dir D reset", "sandbox reset --dir D"},
		{"--nonesuch rel", "run --nonesuch rel"},
		{"--sandbox", "run --sandbox"},
		{"--config", "run --config"},
		{"-- rel", "run -- rel"},
		{"--sandbox -- rel", "run --sandbox -- rel"},
		{"help --sandbox runs prune", "help --sandbox runs prune"},
		{"__complete re", "__complete re"},
		{"__complete --sandbox re", "__complete re"},
		{"__complete --config F", "__complete run --config F"},
		{"__complete --s", "__complete run --s"},
		{"__complete --sandbox resume la", "__complete resume --sandbox la"},
		{"__complete rel --input x", "__complete run rel --input x"},
		{"__complete runs pr", "__complete runs pr"},
	} {
		if d := cmp.Diff(x[1], strings.Join(arrange(tree(), strings.Fields(x[0])).args, " ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", x[0], d)
		}
	}
}

// TestEveryVerbSpeaksJSON: what comes of a verb can be read by a program, but for
// those that print texts for shells and people, and lsp, which speaks to an editor. What prints nothing but JSON says so.
func TestEveryVerbSpeaksJSON(t *testing.T) {
	t.Parallel()
	looked := 0
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			look(sub)
		}
		if !c.Runnable() || !c.HasParent() || c.Name() == "completion" || c.Name() == "help" || c.Name() == "lsp" {
			return
		}
		looked++
		if f := c.Flags().Lookup("output"); f == nil || f.DefValue != map[bool]string{false: "text", true: "json"}[c.Name() == "audit"] {
			t.Errorf("%s has no --output", c.CommandPath())
		}
	}
	look(tree())
	if looked < 15 {
		t.Errorf("only %d verbs were found", looked)
	}
}
