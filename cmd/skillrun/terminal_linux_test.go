package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// terminal opens a pseudo terminal of that width: the side that a person sees,
// and the one that a program has.
func terminal(t *testing.T, width uint16) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	t.Cleanup(func() { person.Close() })
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: width}); err != nil {
		t.Fatal(err)
	}
	return person, program
}

var sequence = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// TestTerminal: the release is live on a terminal, and plain lines where that
// is not wanted; the terminal is afterwards as it was.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		width uint16
		env   string
		piped bool
		live  bool
	}{
		"60 columns":    {width: 60, live: true},
		"200 columns":   {width: 200, live: true},
		"NO_COLOR":      {width: 80, env: "NO_COLOR=1"},
		"TERM=dumb":     {width: 80, env: "TERM=dumb"},
		"screen reader": {width: 80, env: "SKILLRUN_ACCESSIBLE=1"},
		"CI":            {width: 80, env: "CI=true"},
		"a pipe":        {width: 80, piped: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person, inside := terminal(t, test.width)
			before, err := unix.IoctlGetTermios(int(inside.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			seen := make(chan string)
			go func() {
				var all bytes.Buffer
				io.Copy(&all, person) // ends when the terminal is closed
				seen <- all.String()
			}()
			log := runOn(t, inside, test.env, test.piped)
			after, err := unix.IoctlGetTermios(int(inside.Fd()), unix.TCGETS)
			if d := cmp.Diff(before, after); d != "" || err != nil {
				t.Errorf("the terminal is not as it was (%v):\n%s", err, d)
			}
			inside.Close()
			text := <-seen + log
			if got := strings.Contains(text, "\x1b["); got != test.live {
				t.Errorf("control sequences: %v, want %v:\n%q", got, test.live, text)
			}
			want := []string{"Verify image in Quay", "AAP-61250", "to continue: skillrun resume"}
			if !test.live {
				want = append(want, "done     Push branch")
			}
			text = sequence.ReplaceAllString(text, "")
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("no %q in\n%s", w, text)
				}
			}
		})
	}
}

// runOn runs the release in a sandbox, as the only process on a terminal, and
// returns what went into a pipe instead.
func runOn(t *testing.T, inside *os.File, env string, piped bool) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "skillrun")
	if err := os.Symlink(program, name); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), name, "release_aa_backend_prod", "--sandbox", "--input", "commit_sha=6eed4fee29032154ed77b411a6b42a2453258fc0")
	home := t.TempDir()
	seedOf(t, filepath.Join(home, ".local", "state", "skillrun", "sandbox-world"))
	c.Env = append([]string{"HOME=" + home, "TERM=xterm"}, env)
	c.Stdin, c.Stdout, c.Stderr = inside, inside, inside
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	var log bytes.Buffer
	if piped {
		c.Stderr = &log
	}
	if err := c.Run(); err != nil {
		t.Errorf("%v\n%s", err, log.String())
	}
	return log.String()
}
