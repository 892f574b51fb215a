package execute

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Reading command lines for what in them is code. What is not understood is code:
// a wrong guess costs a `shell: true`, not a shell.

// commands is what a command line comes to.
type commands struct {
	programs []string // all that it starts by name, its own first
	runs     string   // how it would run text from outside, "" when it does not
	text     string   // the shell that would execute text as code, whosever it is
}

func commandsOf(program string, args []string, stdin string) commands {
	c := commands{}
	c.read(program, args, stdin)
	return c
}

// maxWrapped is how many programs may stand in each other.
const maxWrapped = 8

// read reads a program with its arguments and its input, in which
// [step.Outside] and [step.Decided] stand for what is not written out.
func (c *commands) read(program string, args []string, stdin string) {
	c.programs = append(c.programs, program)
	name := baseOf(program)
	w, wraps := wrappers[name]
	kind, interprets := interpreters[name]
	reads := readerOf(name)
	switch {
	case len(c.programs) > maxWrapped:
		c.found(program, "would run programs in programs")
	case reads != nil:
		reads(c, name, args, stdin)
	case wraps:
		w.read(c, name, args, stdin)
	case interprets:
		kind.read(c, name, args, stdin)
	case slices.Contains(wholly, name):
		for _, a := range append(slices.Clone(args), stdin) {
			if outside(a) {
				c.found(name, "would run text from outside")
			}
		}
	default:
		readUnknown(c, name, args, stdin)
	}
}

func (c *commands) found(name, what string) {
	if c.runs == "" {
		c.runs = name + " " + what
	}
}

func outside(text string) bool { return strings.Contains(text, step.Outside) }

// mayBeOption reports whether a text may be taken for an option.
func mayBeOption(text string) bool { return strings.HasPrefix(text, step.Outside) }

// version is what stands behind the name of an interpreter: python3.12, lua5.4.
var version = types.Pattern(`-?[0-9][0-9.]*$`)

// baseOf is a program's name without its folder and its version.
func baseOf(program string) string {
	name := filepath.Base(program)
	if short := version().ReplaceAllString(name, ""); short != "" {
		name = short
	}
	if strings.HasPrefix(name, "ld-") && strings.Contains(name, ".so") {
		return "ld.so"
	}
	if !starts(name) && starts(strings.ToLower(name)) { // not every file system tells them apart
		return strings.ToLower(name)
	}
	return name
}

// fromStdin are names of stdin as a file.
func fromStdin(name string) bool {
	return name == "-" || name == "/dev/stdin" || strings.HasPrefix(name, "/dev/fd/") || strings.HasPrefix(name, "/proc/self/fd/")
}

// wholly are programs whose every argument and input can be code.
var wholly = strings.Fields(`ansible ansible-console ansible-galaxy ansible-playbook ansible-pull at batch bun busctl capsh celery coverage crontab
	daemon dbus-send dc deno django-admin dtach duckdb ed emacs emacsclient erb ex execlineb expect forever gdb ghci gmake gnuplot groovy gunicorn gvim
	ip ipython irb jshell julia lldb login m machinectl make mariadb mispipe mongo mongosh mysql nano nc ncat newgrp nodemon npx nvim osascript
	parallel pee perf pipx pm2 powershell psql pwsh R rails red rsh run-parts rview scala screen script sem sftp sg socat sqlite start-stop-daemon
	su sudoedit systemctl tclsh tmux uvx vi view vim vimdiff vipe watch watchexec wish xonsh`)
