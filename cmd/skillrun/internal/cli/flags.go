package cli

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// repeatCommand allows a run to do a write again that is done.
func repeatCommand(id, path string, f runFlags) string {
	return commandOf("resolve", f, id, quote(path)) + " --not-done"
}

// resumeCommand is the command that goes on with a run.
func resumeCommand(id, reason string, f runFlags) string {
	switch reason {
	case engine.ForApprove:
		return commandOf("approve", f, id)
	case engine.ForConfirm:
		return commandOf("resume", f, id) + " --yes"
	}
	return commandOf("resume", f, id)
}

// commandOf is a command of this program: the verb, what it is about, the site's flags.
func commandOf(verb string, f runFlags, about ...string) string {
	return strings.Join(append([]string{"skillrun", verb}, about...), " ") + siteOf(f) + trustOf(f)
}

// siteOf are the flags that lead to the same site.
func siteOf(f runFlags) string {
	switch {
	case f.sandbox:
		return " --sandbox"
	case f.config != "":
		return " --config " + quote(f.config)
	}
	return ""
}

// trustOf is the flag that trusts the working directory again. It is for whoever
// gave it: what a skill publishes of a command, run.program, does not have it.
func trustOf(f runFlags) string {
	if f.trust != nil && *f.trust {
		return " --trust"
	}
	return ""
}

// setOf are the flags that give the same configuration.
func setOf(f runFlags) string {
	var b strings.Builder
	for _, arg := range f.sets {
		b.WriteString(" --set " + quote(arg))
	}
	return b.String()
}

func (p *Program) colour(terminal bool) bool {
	if !terminal {
		return false
	}
	_, no := p.Env("NO_COLOR")
	return !no && p.env("TERM") != "dumb"
}

// runFlags are the flags of a run; resume takes those that make sense again.
type runFlags struct {
	inputs    []string
	inputFile string
	sets      []string
	config    string
	sandbox   bool
	trust     *bool // whether this command trusts the working directory; may be nil
	yes       bool
	wait      bool
	again     int
	anew      bool
	reaching  string
	plan      bool
	output    string
	called    string // the skill's name or file, as it was asked for
}

// longestWord is how long a value may be to stand in a command: some systems take no
// longer one, and no one reads it in a log.
const longestWord = 32 << 10

// command is the repeatable command of a run, with every default spelt out. A value that
// is too long for a command is named as a file, which whoever repeats it has to give.
func command(s *engine.Skill, inputs map[string]any, f runFlags) string {
	words := []string{"skillrun", f.called}
	if f.called != s.Name {
		words = []string{"skillrun", "run", quote(f.called)}
	}
	words[len(words)-1] += siteOf(f) + trustOf(f) + setOf(f)
	for _, name := range s.Inputs.Names() {
		v, ok := inputs[name]
		switch text := types.Show(v); {
		case !ok || v == nil:
		case len(text) > longestWord:
			words = append(words, "--input", name+"=@FILE")
		default:
			words = append(words, "--input", quote(name+"="+literal(text)))
		}
	}
	if f.again != 0 {
		words = append(words, fmt.Sprintf("--again %d", f.again))
	}
	return strings.Join(words, " ")
}

// spelt writes values out as they are given, wherever they were read from.
func spelt(values map[string]any) []string {
	var out []string
	for _, name := range types.SortedKeys(values) {
		out = append(out, name+"="+literal(types.Show(values[name])))
	}
	return out
}

// quote makes a word safe to paste into a shell.
func quote(s string) string {
	safe := func(r rune) bool {
		return strings.ContainsRune("=-_./:@,+", r) || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	if strings.IndexFunc(s, types.Steers) >= 0 || strings.Contains(s, "##") {
		return ansiC(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// ansiC quotes a word with control characters, in the way of $'…' that bash,
// zsh and ksh share: nothing of it steers the terminal it is printed on.
func ansiC(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '#', r < 0x80 && unicode.IsControl(r): // ## begins a command of CI services
			fmt.Fprintf(&b, `\x%02x`, r)
		case types.Steers(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString("'")
	return b.String()
}

// literal writes a value so that inputText gives it back.
func literal(text string) string {
	if text == "-" || strings.HasPrefix(text, "@") {
		return "@@" + text
	}
	return text
}

// planCommand is the command that plans what a run's repeatable command does.
func planCommand(command string) string {
	words, run := strings.CutPrefix(command, "skillrun run ")
	if !run {
		words = strings.TrimPrefix(command, "skillrun ")
	}
	return "skillrun plan " + words + " --out plan.json"
}
