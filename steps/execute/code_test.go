package execute

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
)

func line(text string) (program string, args []string, stdin string) {
	text, stdin, _ = strings.Cut(strings.ReplaceAll(text, "@", step.Outside), " < ")
	words := strings.Fields(text)
	return words[0], words[1:], stdin
}

// TestCodeFromOutside: what comes from outside is data of the program that a
// command line starts, however deep, or the line is refused.
func TestCodeFromOutside(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]bool{refusedLines: true, allowedLines: false} {
		for text := range strings.Lines(lines) {
			program, args, stdin := line(strings.TrimSpace(text))
			err := Look{Program: program, Args: args, Stdin: stdin}.guard(nil)
			if (err != nil) != want {
				t.Errorf("%s: refused %v, %v", strings.TrimSpace(text), err != nil, err)
			}
			in := In{Look: Look{Program: "x"}, Find: &Finder{Program: program, Args: args}}
			if err := in.guard(nil); stdin == "" && (err != nil) != want {
				t.Errorf("%s, as find: %v", strings.TrimSpace(text), err)
			}
			if err := (Look{Program: program, Args: args, Stdin: stdin, Shell: true}).guard(nil); err != nil {
				t.Errorf("%s, where the skill says shell: %v", strings.TrimSpace(text), err)
			}
		}
	}
}

// TestProgramsOfALine: an option that is cut short hides no program from the site.
func TestProgramsOfALine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"env --unse true touch f": "env touch", "env --s=touch true": "env sh", "env --split touch": "env sh", "xargs --process-slot true touch f": "xargs touch",
		"flock --time 5 true touch f": "flock touch", "strace --outp true touch f": "strace touch", "ssh-agent -a true touch f": "ssh-agent touch",
		"env --unset=true touch f": "env touch", "timeout --sig KILL 5 touch f": "timeout touch", "fd x -x touch ; true": "fd touch",
		"poetry run env touch": "poetry env touch",
	} {
		c := commands{}
		program, args, _ := line(text)
		c.read(program, args, "")
		if got := strings.Join(c.programs, " "); got != want {
			t.Errorf("%s starts %s, not %s", text, got, want)
		}
	}
}

// TestTextBehindOthers: a shell that is given a text wants shell: true, whatever
// starts it.
func TestTextBehindOthers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"env sh -c x", "timeout 5 bash -ec x", "env A=b nice sh -c x", "xargs sh -c x", "find . -exec sh -c x ;", "tini -- sh -c x", "unheard-of sh -c x"} {
		program, args, _ := line(text)
		if err := (Look{Program: program, Args: args}).check(nil); err == nil {
			t.Errorf("%s needs no shell: true", text)
		}
		if err := (Look{Program: program, Args: args, Shell: true}).check(nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
