package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestTypedExpressions: on a terminal, eval reads lines that can be edited, completes
// names and remembers lines; the terminal is afterwards as it was.
func TestTypedExpressions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		term  string
		typed []string // each behind a prompt; what is typed ends with what is seen of it
		seen  []string
	}{
		"values":        {"xterm", []string{"1 + 2\r", "nope\r", ":quit\r"}, []string{"\n3\r\n", "there is no nope here", "known here: inputs"}},
		"completion":    {"xterm", []string{"inp\t.na\t\r", ":ty\t inputs.n\r", "semver_comp\t\r", "\x04"}, []string{"inputs.name\r\n\"Ada\"\r\n", "\ninteger\r\n", "semver_compare(\r\n"}},
		"choices":       {"xterm", []string{"inputs.n\t\t\r", "\x04"}, []string{"n  name"}},
		"history":       {"xterm", []string{"20 + 1\r", "\x1b[A0\r", "\x03"}, []string{"\n21\r\n", "\n30\r\n"}},
		"editing":       {"xterm", []string{"2 + 2\x1b[D\x1b[D\x7f*\r", "\x04"}, []string{"\n4\r\n"}},
		"dumb terminal": {"dumb", []string{"1 + 2\n", ":q\n"}, []string{"\n3\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person, inside := terminal(t, 80)
			before, err := unix.IoctlGetTermios(int(inside.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			c := typedOn(t, inside, test.term)
			text := dialogue(t, person, test.typed)
			if err := c.Wait(); err != nil {
				t.Errorf("it ends with %v", err)
			}
			after, err := unix.IoctlGetTermios(int(inside.Fd()), unix.TCGETS)
			if d := cmp.Diff(before, after); d != "" || err != nil {
				t.Errorf("the terminal is not as it was (%v):\n%s", err, d)
			}
			inside.Close()
			var rest bytes.Buffer
			rest.ReadFrom(person) // it ends with an error when the terminal is closed
			text = sequence.ReplaceAllString(text+rest.String(), "")
			for _, want := range test.seen {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%q", want, text)
				}
			}
		})
	}
}

// TestTypedAhead: the end of the input counts that is typed before a line is read.
func TestTypedAhead(t *testing.T) {
	t.Parallel()
	person, inside := terminal(t, 80)
	if _, err := person.WriteString("\x04"); err != nil {
		t.Fatal(err)
	}
	if err := typedOn(t, inside, "xterm").Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// typedOn starts eval as the only process on a terminal.
func typedOn(t *testing.T, inside *os.File, term string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "skillrun")
	if err := os.Symlink(program, name); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // it waits for keys
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, name, "eval", "--input", "n=1", "--input", "name=Ada")
	c.Env = []string{"HOME=" + t.TempDir(), "TERM=" + term}
	c.Stdin, c.Stdout, c.Stderr = inside, inside, inside
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// dialogue types each line when there is a prompt, and returns what is seen.
func dialogue(t *testing.T, person *os.File, typed []string) string {
	t.Helper()
	if err := person.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	part := make([]byte, 4096)
	for i, line := range typed {
		for strings.Count(sequence.ReplaceAllString(seen.String(), ""), "\n> ")+1 <= i || !strings.Contains(seen.String(), "> ") {
			n, err := person.Read(part)
			if err != nil {
				t.Fatalf("%v: no prompt before %q:\n%q", err, line, seen.String())
			}
			seen.Write(part[:n])
		}
		if _, err := person.WriteString(line); err != nil {
			t.Fatal(err)
		}
	}
	return seen.String()
}
