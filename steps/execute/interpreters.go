package execute

import (
	"slices"
	"strings"
)

// interpreter is how a program that runs texts takes its arguments.
type interpreter struct {
	code    string   // letters of options whose value is code, or names it
	long    []string // the long ones of that kind
	last    bool     // such an option is the last: what follows is data
	first   string   // letters of options that make the first operand code
	stdin   string   // letters of options that read code from stdin in any case
	value   string   // letters of options with another value, which is data
	magic   string   // letters of options that let operands be more than files
	operand bool     // the first operand is code itself, and not a file of it
	mixed   bool     // options may stand behind operands
}

var (
	shell = interpreter{first: "c", stdin: "s", value: "oO", code: "\x02", long: []string{"rcfile", "init-file", "init-command"}}
	node  = interpreter{code: "epr", long: []string{"eval", "print", "require", "import", "loader", "experimental-loader"}, value: "C"}
	awk   = interpreter{code: "feiElD", long: []string{"file", "source", "include", "load", "exec"}, value: "vF", operand: true}
	sed   = interpreter{code: "ef", long: []string{"expression", "file"}, value: "l", operand: true, mixed: true}
)

var interpreters = map[string]interpreter{
	"sh": shell, "bash": shell, "dash": shell, "zsh": shell, "ksh": shell, "mksh": shell, "ash": shell, "rbash": shell,
	"fish": shell, "csh": shell, "tcsh": shell, "yash": shell,
	"python": {code: "cm", last: true, value: "WX"}, "pypy": {code: "cm", last: true, value: "WX"},
	"perl": {code: "eEMmI", magic: "np"}, "ruby": {code: "erI", value: "CEFKTW", magic: "np"},
	"node": node, "nodejs": node, "php": {code: "rBREdzfF", value: "gS"}, "Rscript": {code: "e"}, "lua": {code: "el"}, "luajit": {code: "elj"},
	"awk": awk, "gawk": awk, "mawk": awk, "nawk": awk, "original-awk": awk, "sed": sed, "gsed": sed,
}

// invocation is a command line of an interpreter, while it is read.
type invocation struct {
	interpreter
	given bool // code was given by an option
	first bool // the first operand is code
	input bool // stdin is code
	loose bool // operands are more than files
	ended bool // there was a --
}

func (k interpreter) read(c *commands, name string, args []string, stdin string) {
	v := invocation{interpreter: k}
	for len(args) > 0 && (!v.given || !k.last) {
		a := args[0]
		if mayBeOption(a) && v.first {
			c.found(name, "would run text from outside")
			return
		}
		if mayBeOption(a) {
			c.found(name, "could read text from outside as an option: put it after the script or after --")
			return
		}
		if v.ended = a == "--"; v.ended {
			args = args[1:]
			break
		}
		if !v.isOption(a) {
			break
		}
		args = args[1:]
		takes, value, attached := v.option(a)
		switch {
		case takes == 0 && outside(a):
			c.found(name, "would take text from outside as part of an option")
		case takes == 0:
		case outside(stdin) && (attached && fromStdin(value) || !attached && len(args) > 0 && fromStdin(args[0])):
			c.found(name, "would run its stdin, which comes from outside")
		case attached && outside(value), !attached && len(args) > 0 && outside(args[0]):
			if !strings.ContainsRune(k.value, takes) {
				c.found(name, "would run text from outside")
			}
		}
		if takes != 0 && !attached && len(args) > 0 {
			args = args[1:]
		}
	}
	if v.first {
		c.text = name
	}
	v.operands(c, name, args, stdin)
}

// isOption reports whether a word is one; a shell has some that begin with a plus.
func (v *invocation) isOption(a string) bool {
	return len(a) > 1 && (a[0] == '-' || a[0] == '+' && v.stdin != "")
}

// option takes note of the options in a word. It returns the letter of the one that
// takes a value, 0 for none, and the value when it is in the word. Long ones that
// take code have the first letter for that.
func (v *invocation) option(a string) (takes rune, value string, attached bool) {
	if long, ok := strings.CutPrefix(a, "--"); ok {
		name, value, with := strings.Cut(long, "=")
		if !slices.Contains(v.long, name) {
			return 0, "", false
		}
		v.given = v.given || v.code[0] != '\x02'
		return rune(v.code[0]), value, with
	}
	for i, l := range a[1:] {
		is := func(letters string) bool { return strings.ContainsRune(letters, l) }
		v.first = v.first || is(v.interpreter.first)
		v.input = v.input || is(v.stdin)
		v.loose = v.loose || is(v.magic)
		v.given = v.given || is(v.code)
		if is(v.code) || is(v.value) {
			return l, a[i+2:], i+2 < len(a)
		}
	}
	return 0, "", false
}

func (v *invocation) operands(c *commands, name string, rest []string, stdin string) {
	noFile := len(rest) == 0 || fromStdin(rest[0])
	if outside(stdin) && (v.input || !v.given && !v.operand && noFile) {
		c.found(name, "would run its stdin, which comes from outside")
	}
	for i, a := range rest {
		if a == "--" {
			break
		}
		switch {
		case !outside(a):
		case i == 0 && !v.given && !v.input && (v.interpreter.operand || v.first):
			c.found(name, "would run text from outside")
		case i == 0 && !v.given && !v.input:
			c.found(name, "would run the file that text from outside names")
		case v.loose:
			c.found(name, "would open what text from outside names, which may be a program")
		case v.mixed && !v.ended && mayBeOption(a):
			c.found(name, "could take text from outside for an option: put -- before the operands")
		}
	}
}
