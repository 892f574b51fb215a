package live

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine"
)

// TestTerminalIsRestored runs this test binary as the only process on a
// terminal of its own, ends it in several ways, and checks the terminal's
// settings against those before.
func TestTerminalIsRestored(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"closed", "panic", "stopped", "killed while stopping"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			outside, inside := openTerminal(t)
			before := settings(t, inside)
			screen := make(chan string)
			during := make(chan *unix.Termios, 1)
			go watchTerminal(t, outside, inside, during, screen)
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), "LIVE_TEST_CHILD="+way, "TERM=xterm")
			c.Stdin, c.Stdout, c.Stderr = inside, inside, inside
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			err := c.Run()
			after := settings(t, inside)
			inside.WriteString("END\n")
			seen := <-screen
			select {
			case d := <-during:
				if d.Lflag&unix.ECHO != 0 {
					t.Error("what is typed was echoed into the frame")
				}
			default:
				t.Fatalf("the view was never seen (%v): %q", err, seen)
			}
			if diff := cmp.Diff(*before, *after); diff != "" {
				t.Errorf("the terminal is not as it was (%v):\n%s", err, diff)
			}
			if strings.LastIndex(seen, "\x1b[?25l") > strings.LastIndex(seen, "\x1b[?25h") {
				t.Errorf("the cursor is left hidden: %q", seen)
			}
		})
	}
}

// TestMain is the child of [TestTerminalIsRestored] where that says so.
func TestMain(m *testing.M) {
	if way := os.Getenv("LIVE_TEST_CHILD"); way != "" {
		child(way)
		return
	}
	os.Exit(m.Run())
}

// child shows a view, waits until it was seen, and ends in the given way.
func child(way string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	v := Start(ctx, Options{In: os.Stdin, Out: os.Stderr, Steps: []Step{{ID: "a", Name: "First", Type: "t"}}, Now: time.Now})
	defer v.Close()
	v.Observe(engine.Event{Type: engine.EventStepStarted, Path: "a", At: time.Now()})
	var answer string
	fmt.Scanln(&answer)
	switch way {
	case "panic":
		panic("on purpose")
	case "stopped":
		syscall.Kill(os.Getpid(), syscall.SIGTERM)
		<-ctx.Done()
	case "killed while stopping":
		syscall.Kill(os.Getpid(), syscall.SIGTERM)
		for silent := true; silent; {
			now, err := unix.IoctlGetTermios(0, unix.TCGETS)
			silent = err == nil && now.Lflag&unix.ECHO == 0
		}
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}

// watchTerminal reads what is drawn. When the frame is there it takes down the
// settings and lets the child continue.
func watchTerminal(t *testing.T, outside, inside *os.File, during chan *unix.Termios, screen chan string) {
	var b strings.Builder
	buf := make([]byte, 4096)
	asked := false
	for !strings.Contains(b.String(), "END") {
		n, err := outside.Read(buf)
		if err != nil {
			break
		}
		b.Write(buf[:n])
		if !asked && strings.Contains(b.String(), "First") {
			asked = true
			during <- settings(t, inside)
			outside.WriteString("go\n")
		}
	}
	screen <- b.String()
}

func openTerminal(t *testing.T) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	t.Cleanup(func() { outside.Close() })
	number, err := unix.IoctlGetInt(int(outside.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(outside.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inside.Close() })
	unix.IoctlSetWinsize(int(inside.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	return outside, inside
}

func settings(t *testing.T, f *os.File) *unix.Termios {
	s, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Error(err)
		return &unix.Termios{}
	}
	return s
}
