package cli

import (
	"github.com/spf13/cobra"
)

const resumeExample = "  skillrun resume 20260115-101530-k3f9q2\n  skillrun resume k3f9q2 --yes\n  skillrun resume last --sandbox"

const planExample = `  skillrun plan release_aa_backend_prod --sandbox --input commit_sha=6eed4fee29032154ed77b411a6b42a2453258fc0
  skillrun plan ./skills/mine.yaml --input-file inputs.yaml --out plan.json`

const runExample = `  skillrun release_aa_backend_prod --sandbox --input commit_sha=6eed4fee29032154ed77b411a6b42a2453258fc0
  skillrun run ./skills/mine.yaml --input-file inputs.yaml --output json
  echo "notes" | skillrun run ./skills/mine.yaml --input text=-`

// topics are pages of help that belong to no verb. Their names have a dash, so
// that they never take the place of a skill.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesHelp},
		{Use: "input-values", Short: "How to give inputs", Long: inputValuesHelp},
		{Use: "search-path", Short: "Where skills, configuration and runs are found", Long: searchPathHelp},
	}
}

const exitCodesHelp = `The exit code says what to do next; error.code of --output json says what kind
of failure it was.

    0  done; or parked in an await, with nothing to approve
    1  failed after the first request
    2  refused before any request: the command line, the skill, the inputs, the
       configuration, or a missing credential
    3  parked until you act: consent before the first write, an approve step, a
       lock that another run holds, or an unknown outcome; the last lines say
       how to continue
  130  interrupted (SIGINT); skillrun resume continues
  143  terminated (SIGTERM); skillrun resume continues`

const inputValuesHelp = `An input is given as --input name=value, or in the file of --input-file; --input
overrides the file. On a terminal, skillrun asks for required inputs that are
missing.

  --input name=value    the value; lists and objects are written in JSON
  --input name=@file    the text of a file, without its last line break
  --input name=@@text   the literal text after @@: @@- is -, @@@x is @x
  --input name=-        the text of stdin, without its last line break
  --input-file FILE     names and values in YAML or JSON

"skillrun show SKILL" lists the inputs of a skill.`

const searchPathHelp = `Skills are searched by name in this order; the first one found is used.
"skillrun list" shows where each comes from.

  ./skills                       the working directory's
  $SKILLRUN_PATH                 folders, separated by colons; relative ones only when
                                 the working directory is trusted
  ~/.config/skillrun/skills      the user's ($XDG_CONFIG_HOME)
  built in

The working directory's skills come first once it is trusted ("skillrun trust").
Until then they come last, and can only be checked, shown and planned.

The configuration is the file of --config, else ./skillrun.yaml, else
~/.config/skillrun/skillrun.yaml. Runs are kept in ~/.local/state/skillrun
($XDG_STATE_HOME), by site; the cache in ~/.cache/skillrun ($XDG_CACHE_HOME).`

func (p *Program) completeSandbox(c *cobra.Command) {
	c.ValidArgsFunction = cobra.NoFileCompletions
	isThere(c.MarkFlagDirname("dir"))
	p.completeFlag(c, "deployment", words("cloud", "datacenter"))
	p.completeFlag(c, "registry", words("quay", "oci"))
}
