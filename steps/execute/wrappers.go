package execute

import (
	"regexp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
)

// wrapper is how a program that starts another one takes its arguments.
type wrapper struct {
	value    string // letters of options with a value
	operands int    // how many stand before the program
	assigns  bool   // NAME=value may stand before the program
	code     string // letters of options whose value is code
	long     []string
}

var wrappers = map[string]wrapper{
	"env":     {value: "uCa", code: "S", long: []string{"unset", "chdir", "argv0"}, assigns: true},
	"timeout": {value: "sk", operands: 1, long: []string{"signal", "kill-after"}},
	"nice":    {value: "n", long: []string{"adjustment"}}, "ionice": {value: "cnpPu", long: []string{"class", "classdata"}},
	"ld.so": {}, "nohup": {}, "setsid": {}, "time": {value: "fo"}, "command": {}, "exec": {value: "a"}, "busybox": {}, "toybox": {}, "catchsegv": {},
	"stdbuf": {value: "ioe", long: []string{"input", "output", "error"}},
	"chrt":   {operands: 1, value: "TPD"}, "taskset": {operands: 1}, "chroot": {operands: 1}, "setarch": {},
	"sudo": {value: "ugphCTRDrtU", assigns: true, long: []string{"user", "group", "prompt", "host", "chdir", "chroot"}},
	"doas": {value: "uC"}, "setpriv": {}, "unshare": {value: "SGRw"}, "nsenter": {value: "tSGW"},
	"flock": {operands: 1, value: "wE", code: "c"}, "strace": {value: "eopsuaESOPbIUX", assigns: false}, "ltrace": {value: "eopsualnADSFx"},
	"caffeinate": {value: "tw"}, "systemd-run": {value: "pEtuM", long: []string{"unit", "property", "setenv", "description", "slice"}},
	"chronic": {}, "ifne": {}, "unbuffer": {}, "fakeroot": {}, "fakechroot": {}, "firejail": {}, "bwrap": {}, "proot": {}, "xvfb-run": {}, "valgrind": {},
	"dbus-run-session": {}, "ssh-agent": {}, "tini": {}, "dumb-init": {}, "catatonit": {}, "setlock": {operands: 1}, "envdir": {operands: 1},
	"gosu": {operands: 1}, "su-exec": {operands: 1}, "setuidgid": {operands: 1}, "s6-setuidgid": {operands: 1}, "s6-envdir": {operands: 1},
	"softlimit": {value: "adfloprst"}, "chpst": {value: "uUbemdofcprst/n"}, "prlimit": {}, "choom": {value: "np"}, "numactl": {value: "NCmip"},
	"pkexec": {long: []string{"user"}}, "runcon": {value: "turl"}, "aa-exec": {value: "pn"}, "cgexec": {value: "g"}, "linux": {},
	"retry": {}, "hyperfine": {}, "entr": {}, "daemonize": {value: "acuploe"}, "doppler": {}, "direnv": {}, "mise": {},
}

// reader reads the arguments of a program that has rules of its own.
type reader func(c *commands, name string, args []string, stdin string)

// readerOf is nil for a program without such rules.
func readerOf(name string) reader {
	switch name {
	case "xargs":
		return readXargs
	case "find":
		return readFind
	case "ssh":
		return readSSH
	case "git":
		return readGit
	case "kubectl", "oc":
		return readBehindDashes
	case "docker", "podman", "nerdctl":
		return readAnywhere
	case "java", "javaw":
		return readJava
	case "runuser":
		return readRunuser
	}
	if slices.Contains(builders, name) {
		return readBuilder
	}
	if options := optionsOf(name); options != nil {
		return readOptions(options)
	}
	return nil
}

var assignment = regexp.MustCompile(`^([^-=][^=]*)=`)

func (w wrapper) read(c *commands, name string, args []string, stdin string) {
	for left := w.operands; len(args) > 0; args = args[1:] {
		a := args[0]
		set := assignment.FindStringSubmatch(a)
		switch {
		case w.assigns && set != nil:
			switch {
			case outside(set[1]):
				c.found(name, "would set a variable whose name comes from outside")
			case choosesCode(set[1]) || outside(a) && leadsToCode(set[1]):
				c.found(name, "would set "+set[1]+", which decides which code runs")
			}
		case mayBeOption(a):
			c.found(name, "could take text from outside for its program, or for an option")
			return
		case a == "--" || a == "-":
		case strings.HasPrefix(a, "-"):
			if outside(a) {
				c.found(name, "would take text from outside as part of an option")
				return
			}
			if args = w.option(c, name, args); len(args) == 0 {
				return
			}
		case left > 0:
			left--
		case number.MatchString(a): // the value of an option that is not known here
		default:
			c.read(a, args[1:], stdin)
			return
		}
	}
	if outside(stdin) { // without a program, many of them start a shell
		c.found(name, "would run its stdin, which comes from outside")
	}
}

// readRunuser: without -u it takes its arguments as su does.
func readRunuser(c *commands, name string, args []string, stdin string) {
	user := func(a string) bool { return a == "-u" || strings.HasPrefix(a, "--user") }
	if slices.ContainsFunc(args, user) {
		wrapper{value: "ugG", code: "c", long: []string{"user", "group"}}.read(c, name, args, stdin)
	} else if slices.ContainsFunc(args, outside) || outside(stdin) {
		c.found(name, "would run text from outside")
	}
}

var number = regexp.MustCompile(`^[0-9][0-9.,:]*[smhd]?$`)

// option reads an option, and returns the arguments from its last word on.
func (w wrapper) option(c *commands, name string, args []string) []string {
	long, isLong := strings.CutPrefix(args[0], "--")
	if isLong {
		if slices.Contains(w.long, long) && len(args) > 1 {
			return args[1:]
		}
		if !strings.HasPrefix(long, "split-string") && long != "command" && !strings.HasPrefix(long, "command=") {
			return args
		}
		c.shellish(name, args[1:])
		return nil
	}
	for i, l := range args[0][1:] {
		switch attached := i+2 < len(args[0]); {
		case strings.ContainsRune(w.code, l):
			c.shellish(name, args[1:])
			return nil
		case !strings.ContainsRune(w.value, l):
		case attached || len(args) == 1:
			return args
		default:
			return args[1:]
		}
	}
	return args
}

// shellish is for arguments that are taken apart or run as text.
func (c *commands) shellish(name string, args []string) {
	c.programs = append(c.programs, "sh")
	if slices.ContainsFunc(args, outside) {
		c.found(name, "would run text from outside")
	}
}

// readXargs: what it reads becomes arguments of its program.
func readXargs(c *commands, name string, args []string, stdin string) {
	mark, read := "", outside(stdin)
	for ; len(args) > 0 && strings.HasPrefix(args[0], "-"); args = args[1:] {
		if outside(args[0]) {
			c.found(name, "would take text from outside as part of an option")
		}
		letter, value, attached := xargsOption(args[0])
		if !attached && strings.ContainsRune("nPsdaEILJ", letter) && len(args) > 1 {
			value, args = args[1], args[1:]
		}
		read = read || letter == 'a'
		if letter == 'I' || letter == 'J' || letter == 'i' {
			mark = value
			if mark == "" {
				mark = "{}"
			}
		}
	}
	if len(args) == 0 {
		return
	}
	if mayBeOption(args[0]) {
		c.found(name, "could take text from outside for its program, or for an option")
		return
	}
	if read && mark != "" && strings.Contains(args[0], mark) {
		c.found(name, "would run the program that text from outside names")
		return
	}
	inner := slices.Clone(args[1:])
	switch {
	case !read:
	case mark != "":
		for i := range inner {
			inner[i] = strings.ReplaceAll(inner[i], mark, step.Outside)
		}
	default:
		inner = append(inner, step.Outside)
	}
	c.read(args[0], inner, "")
}

// xargsOption is the letter of the option in a word that takes a value, and the value
// when it is in the word.
func xargsOption(a string) (letter rune, value string, attached bool) {
	if long, ok := strings.CutPrefix(a, "--"); ok {
		name, value, with := strings.Cut(long, "=")
		letter := map[string]rune{"max-args": 'n', "max-procs": 'P', "max-chars": 's', "delimiter": 'd', "arg-file": 'a', "replace": 'i', "process-slot-var": 'n'}[name]
		return letter, value, with
	}
	for i, l := range a[1:] {
		if strings.ContainsRune("nPsdaEILJile", l) {
			return l, a[i+2:], i+2 < len(a)
		}
	}
	return 0, "", false
}

// readFind: a program behind -exec gets the names of files, which anybody chose.
func readFind(c *commands, name string, args []string, stdin string) {
	for i := 0; i < len(args); i++ {
		value := i > 0 && strings.HasPrefix(args[i-1], "-")
		switch a := args[i]; {
		case mayBeOption(a) && !value:
			c.found(name, "could take text from outside for an option: put ./ before it")
		case !slices.Contains([]string{"-exec", "-execdir", "-ok", "-okdir"}, a):
		default:
			inner := args[i+1:]
			if end := slices.IndexFunc(inner, func(a string) bool { return a == ";" || a == "+" }); end >= 0 {
				inner = inner[:end]
			}
			i += len(inner) + 1
			if len(inner) == 0 {
				continue
			}
			if outside(inner[0]) || strings.Contains(inner[0], "{}") {
				c.found(name, "would run the program that text from outside names")
				continue
			}
			named := slices.Clone(inner[1:])
			for j := range named { // a name begins with the folder it was found from
				named[j] = strings.ReplaceAll(named[j], "{}", "./"+step.Outside)
			}
			c.read(inner[0], named, stdin)
		}
	}
}

// readSSH: another machine's shell gets all that stands behind the host.
func readSSH(c *commands, name string, args []string, stdin string) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "--" {
		n := 1
		if len(args[0]) == 2 && strings.Contains("BbcDEeFIiJLlmOopQRSWw", args[0][1:]) && len(args) > 1 {
			n = 2
		}
		if slices.ContainsFunc(args[:n], outside) {
			c.found(name, "would take text from outside as part of an option")
		}
		args = args[n:]
	}
	dashes := len(args) > 0 && args[0] == "--"
	if dashes {
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	if mayBeOption(args[0]) && !dashes {
		c.found(name, "could take text from outside for an option: put -- before the host")
	}
	if slices.ContainsFunc(args[1:], outside) {
		c.found(name, "would let the shell of another machine run text from outside")
		return
	}
	words := strings.Fields(strings.Join(args[1:], " "))
	if len(words) == 0 {
		words = []string{"sh"}
	}
	remote := commands{}
	remote.read(words[0], words[1:], stdin)
	if remote.runs != "" {
		c.found(name, "runs "+words[0]+" on another machine: "+remote.runs)
	}
}

// readBehindDashes: a program of a container stands behind the dashes.
func readBehindDashes(c *commands, _ string, args []string, stdin string) {
	if i := slices.Index(args, "--"); i >= 0 && i+1 < len(args) {
		c.inside(args[i+1], args[i+2:], stdin)
	}
}

// readAnywhere: a program of a container stands somewhere behind its image.
func readAnywhere(c *commands, name string, args []string, stdin string) {
	for i, a := range args {
		if strings.HasPrefix(a, "--entrypoint") && slices.ContainsFunc(args[i:], outside) {
			c.found(name, "could let its entry point run text from outside")
		}
		if i > 0 && starts(baseOf(a)) {
			c.inside(a, args[i+1:], stdin)
			return
		}
	}
}

// starts reports whether a program starts others, or runs texts.
func starts(name string) bool {
	_, wraps := wrappers[name]
	_, interprets := interpreters[name]
	return wraps || interprets || readerOf(name) != nil || slices.Contains(wholly, name)
}

// inside reads a program that is not one of this machine.
func (c *commands) inside(program string, args []string, stdin string) {
	inner := commands{}
	inner.read(program, args, stdin)
	if outside(program) {
		inner.found("a container", "would run the program that text from outside names")
	}
	if inner.runs != "" {
		c.found("it", "runs a program elsewhere: "+inner.runs)
	}
}
