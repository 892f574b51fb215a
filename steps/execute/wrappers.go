package execute

import (
	"cmp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// wrapper is how a program that starts another one takes its arguments.
type wrapper struct {
	value    string // letters of options with a value
	operands int    // how many stand before the program
	assigns  bool   // NAME=value may stand before the program
	code     string // letters of options whose value is code
	long     []string
	codes    []string // the long ones whose value is code
}

var wrappers = map[string]wrapper{
	"env":     {value: "uCa", code: "S", long: []string{"unset", "chdir", "argv0"}, codes: []string{"split-string"}, assigns: true},
	"timeout": {value: "sk", operands: 1, long: []string{"signal", "kill-after"}},
	"nice":    {value: "n", long: []string{"adjustment"}}, "ionice": {value: "cnpPu", long: []string{"class", "classdata"}},
	"ld.so": {}, "nohup": {}, "setsid": {}, "time": {value: "fo"}, "command": {}, "exec": {value: "a"}, "busybox": {}, "toybox": {}, "catchsegv": {},
	"stdbuf": {value: "ioe", long: []string{"input", "output", "error"}},
	"chrt":   {operands: 1, value: "TPD"}, "taskset": {operands: 1}, "chroot": {operands: 1, long: []string{"userspec", "groups"}}, "setarch": {},
	"sudo": {value: "ugphCTRDrtU", assigns: true, long: []string{"user", "group", "prompt", "host", "chdir", "chroot"}},
	"doas": {value: "uC"}, "setpriv": {}, "unshare": {value: "SGRw", long: []string{"root", "wd", "propagation", "setgroups", "setuid", "setgid", "map-user", "map-group"}}, "nsenter": {value: "tSGW"},
	"flock":  {operands: 1, value: "wE", code: "c", long: []string{"wait", "timeout", "conflict-exit-code"}, codes: []string{"command"}},
	"strace": {value: "eopsuaESOPbIUX", long: []string{"output", "user", "env", "attach", "trace", "signal", "status", "inject", "fault", "argv0"}}, "ltrace": {value: "eopsualnADSFx"},
	"caffeinate": {value: "tw"}, "systemd-run": {value: "pEtuM", long: []string{"unit", "property", "setenv", "description", "slice"}},
	"chronic": {}, "ifne": {}, "unbuffer": {}, "fakeroot": {}, "fakechroot": {}, "firejail": {}, "bwrap": {}, "proot": {}, "xvfb-run": {}, "valgrind": {},
	"dbus-run-session": {}, "ssh-agent": {value: "aEOPt"}, "tini": {}, "dumb-init": {}, "catatonit": {}, "setlock": {operands: 1}, "envdir": {operands: 1},
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
	case "fd", "fdfind":
		return readFd
	case "jq", "gojq", "jaq":
		return readJq
	case "ssh":
		return readSSH
	case "git":
		return readGit
	case "kubectl", "oc":
		return readKubectl
	case "docker", "podman", "nerdctl":
		return readDocker
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

var assignment = types.Pattern(`^([^-=][^=]*)=`)

func (w wrapper) read(c *commands, name string, args []string, stdin string) {
	for left := w.operands; len(args) > 0; args = args[1:] {
		a := args[0]
		set := assignment().FindStringSubmatch(a)
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
		case number().MatchString(a): // the value of an option that is not known here
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

var number = types.Pattern(`^[0-9][0-9.,:]*[smhd]?$`)

// option reads an option, and returns the arguments from its last word on. Its value
// comes from no one outside: it may be a folder, a file, or what is run as well.
func (w wrapper) option(c *commands, name string, args []string) []string {
	takes, code := false, false
	if long, isLong := strings.CutPrefix(args[0], "--"); isLong {
		long, _, with := strings.Cut(long, "=")
		is := func(option string) bool { return strings.HasPrefix(option, long) } // cut short, as getopt takes it
		takes, code = !with && slices.ContainsFunc(w.long, is), slices.ContainsFunc(w.codes, is) || long == "command"
	} else {
		for i, l := range args[0][1:] {
			if code = strings.ContainsRune(w.code, l); code || strings.ContainsRune(w.value, l) {
				takes = i+2 == len(args[0])
				break
			}
		}
	}
	switch {
	case code:
		c.shellish(name, args[1:])
		return nil
	case !takes || len(args) == 1:
		return args
	case outside(args[1]):
		c.found(name, "would take the value of an option from outside")
	}
	return args[1:]
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
			mark = cmp.Or(value, "{}")
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

// xargsOption is the letter of an option that takes a value, and that if it is attached.
func xargsOption(a string) (letter rune, value string, attached bool) {
	if long, ok := strings.CutPrefix(a, "--"); ok {
		name, value, with := strings.Cut(long, "=")
		for option, letter := range map[string]rune{"max-args": 'n', "max-procs": 'P', "max-chars": 's', "delimiter": 'd', "arg-file": 'a', "replace": 'i', "process-slot-var": 'n'} {
			if strings.HasPrefix(option, name) {
				return letter, value, with
			}
		}
		return 0, value, with
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
			c.forEach(name, inner, "./"+step.Outside) // a name begins with the folder it was found from
		}
	}
}

// forEach reads a program that gets the names of files.
func (c *commands) forEach(name string, words []string, file string) {
	switch {
	case len(words) == 0:
		return
	case outside(words[0]), strings.Contains(words[0], "{"):
		c.found(name, "would run the program that text from outside names")
		return
	}
	named := slices.Clone(words[1:])
	for i := range named {
		named[i] = mark().ReplaceAllString(named[i], file)
	}
	c.read(words[0], named, "")
}

// mark is where a name comes to stand; fd has one for each part of it.
var mark = types.Pattern(`\{(/|//|\.|/\.)?\}`)

// readFd reads fd as it does find.
func readFd(c *commands, name string, args []string, stdin string) {
	runs := []string{"-x", "-X", "--exec", "--exec-batch"}
	at := slices.IndexFunc(args, func(a string) bool { return isAnyOption(runs, a) })
	if at < 0 {
		at = len(args)
	} else {
		inner, _, _ := strings.Cut(strings.Join(args[at+1:], "\n")+"\n", "\n;\n")
		c.forEach(name, strings.FieldsFunc(inner, func(r rune) bool { return r == '\n' }), step.Outside)
	}
	readOptions(runs)(c, name, args[:at], stdin)
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
	if remote := commandsOf(words[0], words[1:], stdin); remote.runs != "" {
		c.found(name, "runs "+words[0]+" on another machine: "+remote.runs)
	}
}

// readKubectl: a program of a container stands behind the dashes, or in the old way
// behind the container. What runs elsewhere, or says how to get there, is no data.
func readKubectl(c *commands, name string, args []string, stdin string) {
	i := slices.Index(args, "--")
	if i >= 0 && i+1 < len(args) {
		c.inside(args[i+1], args[i+2:], stdin)
	}
	if i < 0 && slices.Contains(args, "exec") && slices.ContainsFunc(args, outside) {
		c.found(name, "could run the program that text from outside names: put it after -- and the program")
	}
	if len(args) > 0 && outside(args[0]) {
		c.found(name, "would take its command from outside")
	}
	c.refuse(name, "leads elsewhere", args, "--kubeconfig", "--server", "-s", "--certificate-authority", "--token", "--as")
}

// refuse refuses options with text from outside, and says what such an option does.
func (c *commands) refuse(name, does string, args []string, options ...string) {
	for i, a := range args {
		if a == "--" {
			return
		}
		takes := isAnyOption(options, a)
		if takes && (outside(a) || !strings.Contains(a, "=") && i+1 < len(args) && outside(args[i+1])) {
			c.found(name, "would take text from outside for an option that "+does)
		}
	}
}

// readDocker: a program of a container stands somewhere behind its image.
func readDocker(c *commands, name string, args []string, stdin string) {
	named, value := 0, false // the words so far that are no options
	for i, a := range args {
		if strings.HasPrefix(a, "--entrypoint") && slices.ContainsFunc(args[i:], outside) {
			c.found(name, "could let its entry point run text from outside")
		}
		if i > 0 && starts(baseOf(a)) {
			c.inside(a, args[i+1:], stdin)
			break
		}
		if mayBeOption(a) && !value && named < 2 && (named == 0 || slices.Contains([]string{"run", "create", "exec"}, args[0])) {
			c.found(name, "could take text from outside for its command, its image, or an option")
		}
		flag := strings.HasPrefix(a, "-")
		if !flag && !value {
			named++
		}
		value = flag && !strings.Contains(a, "=") && !dockerFlags().MatchString(a)
	}
	c.refuse(name, "leads elsewhere", args, "-v", "--volume", "--volumes-from", "--mount", "--device", "--cap-add", "--security-opt", "-H", "--host", "--config", "--context", "--env-file")
}

// dockerFlags are options of docker without a value.
var dockerFlags = types.Pattern(`^(-[itd]+|--(rm|init|interactive|tty|detach|privileged|read-only))$`)

// starts reports whether a program starts others, or runs texts.
func starts(name string) bool {
	return interpretsOrWraps(name) || readerOf(name) != nil || slices.Contains(wholly, name)
}

// inside reads a program that is not one of this machine.
func (c *commands) inside(program string, args []string, stdin string) {
	inner := commandsOf(program, args, stdin)
	if outside(program) {
		inner.found("a container", "would run the program that text from outside names")
	}
	if inner.runs != "" {
		c.found("it", "runs a program elsewhere: "+inner.runs)
	}
}
