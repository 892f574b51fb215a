package execute

import (
	"slices"
	"strings"
)

// gitCode are options of git and its commands whose value is run, or names what is;
// gitRuns are commands that run their arguments; gitTakes are those of which an
// option could be among the arguments; gitMerges those to which -s is a program.
var (
	gitCode = strings.Fields("-c -x -O -u --exec-path --config-env --upload-pack --receive-pack --exec --open-files-in-pager --extcmd --tool " +
		"--smtp-server --sendmail-cmd --template --config --httpd --browser --strategy --remote")
	gitMerges = strings.Fields("merge pull rebase cherry-pick revert")
	gitRuns   = strings.Fields("bisect submodule filter-branch difftool mergetool config alias hook instaweb web--browse daemon p4 svn lfs upload-pack receive-pack")
	gitTakes  = strings.Fields("archive clone fetch fetch-pack grep ls-remote pull push rebase remote send-email send-pack")
)

// readGit reads git's own options and those of its commands.
func readGit(c *commands, name string, args []string, _ string) {
	command, rest := gitCommand(args)
	if slices.ContainsFunc(args[:len(args)-len(rest)], outside) {
		c.found(name, "would take its command, its folder or its configuration from outside")
	}
	options := gitCode
	if slices.Contains(gitMerges, command) {
		options = append(slices.Clone(options), "-s")
	}
	c.refuse(name, "runs it", args, options...)
	switch {
	case outside(command):
		c.found(name, "would take its command from outside")
	case slices.Contains(gitRuns, command) && slices.ContainsFunc(rest, outside):
		c.found(name, command+" could run text from outside")
	case !slices.Contains(gitTakes, command):
		return
	}
	for i, a := range rest {
		if a == "--" || a == "--end-of-options" {
			return
		}
		if value := i > 0 && strings.HasPrefix(rest[i-1], "-"); mayBeOption(a) && !value {
			c.found(name, "could take text from outside for an option: put -- before it")
		}
	}
}

// gitCommand is the command, behind git's own options.
func gitCommand(args []string) (command string, rest []string) {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case slices.Contains([]string{"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env"}, a):
			i++
		case !strings.HasPrefix(a, "-"):
			return a, args[i+1:]
		}
	}
	return "", nil
}
