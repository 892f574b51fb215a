package execute

import (
	"slices"
	"strings"
)

// options reads programs of whose options some have a value that is code.
func options(letters string, long ...string) reader {
	return func(c *commands, name string, args []string, _ string) {
		for i, a := range args {
			if a == "--" {
				return
			}
			head, _, _ := strings.Cut(a, "=")
			takes := slices.Contains(long, strings.TrimPrefix(head, "--")) && strings.HasPrefix(a, "--") ||
				len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.ContainsAny(a[1:], letters) && letters != ""
			next := !strings.Contains(a, "=") && i+1 < len(args) && outside(args[i+1])
			if takes && (outside(a) || next) {
				c.found(name, "would take text from outside for an option that runs it")
			}
			if value := i > 0 && strings.HasPrefix(args[i-1], "-"); mayBeOption(a) && !value && slices.Contains(wary, name) {
				c.found(name, "could take text from outside for an option: put -- before it")
			}
		}
	}
}

// wary are programs that run what an option says, wherever it stands.
var wary = strings.Fields("bsdtar gtar rsync scp sftp tar")

// gitCode are options of git and its commands whose value is run, or names what is;
// gitRuns are commands that run their arguments; gitTakes are those of which an
// option could be among the arguments.
var (
	gitCode  = options("cx", "exec-path", "config-env", "upload-pack", "receive-pack", "exec", "open-files-in-pager", "extcmd", "tool", "smtp-server", "sendmail-cmd", "template", "config")
	gitRuns  = strings.Fields("bisect submodule filter-branch difftool mergetool config alias")
	gitTakes = strings.Fields("archive clone fetch fetch-pack grep ls-remote pull push rebase remote send-email send-pack")
)

// readGit reads git's own options and those of its commands.
func readGit(c *commands, name string, args []string, _ string) {
	gitCode(c, name, args, "")
	command, rest := gitCommand(args)
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
