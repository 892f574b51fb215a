package live

import (
	"bytes"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Wanted reports whether a run is shown live: a person sits at both ends of a terminal
// in the foreground that can move its cursor, and asked neither for plain text
// (NO_COLOR, TERM=dumb, CI) nor for a screen reader (SKILLRUN_ACCESSIBLE, ACCESSIBLE).
func Wanted(env func(string) (string, bool), in, out *os.File) bool {
	return asked(env) && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())) && foreground(out)
}

func asked(env func(string) (string, bool)) bool {
	for _, name := range []string{"NO_COLOR", "CI", "SKILLRUN_ACCESSIBLE", "ACCESSIBLE"} {
		if v, _ := env(name); v != "" && (name == "NO_COLOR" || v != "0" && v != "false") {
			return false
		}
	}
	t, _ := env("TERM")
	return t != "" && t != "dumb"
}

// Cuts reports whether the terminal is known to cut lines off at its edge when it
// is made narrower. Most break them in two, tmux too, whatever it runs in.
func Cuts(env func(string) (string, bool)) bool {
	set := func(name string) bool { v, _ := env(name); return v != "" }
	term, _ := env("TERM")
	return !set("TMUX") && (set("XTERM_VERSION") || set("STY") || term == "linux")
}

// foreground reports whether this process may change the terminal: a
// background process that does is stopped by it.
func foreground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// keyboard keeps what is typed from being echoed into the frame. Ctrl-C, Ctrl-Z, lines
// and the prompts of ssh and git stay what they are.
type keyboard struct {
	file   *os.File
	before *unix.Termios // nil while the terminal is as it was
}

func (k *keyboard) mute() {
	if k.file == nil || !foreground(k.file) {
		return
	}
	now, err := unix.IoctlGetTermios(int(k.file.Fd()), getTermios)
	if err != nil {
		return
	}
	silent := *now
	silent.Lflag &^= unix.ECHO
	if unix.IoctlSetTermios(int(k.file.Fd()), setTermios, &silent) == nil && k.before == nil {
		k.before = now
	}
}

// restore gives the terminal back. Forgetting drops what was typed so far: it
// was no answer to a question that comes now.
func (k *keyboard) restore(forget bool) {
	if k.before == nil || !foreground(k.file) {
		return
	}
	request := uint(setTermios)
	if forget {
		request = setTermiosFlush
	}
	if unix.IoctlSetTermios(int(k.file.Fd()), request, k.before) == nil {
		k.before = nil
	}
}

// gate is the terminal as the renderer sees it. It lets nothing through while
// the shell has the terminal, and never leaves the cursor hidden: a process that
// is killed cannot bring it back.
type gate struct {
	*os.File
	mu    sync.Mutex
	shut  bool
	blank bool // the frame was wiped, and none was written since
}

var hideCursor, showCursor = []byte("\x1b[?25l"), []byte("\x1b[?25h")

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return len(p), nil
	}
	g.blank = false
	shown := p
	if !bytes.Contains(p, showCursor) {
		shown = bytes.ReplaceAll(p, hideCursor, nil)
	}
	if _, err := g.File.Write(shown); err != nil {
		return 0, err
	}
	return len(p), nil
}

// wipe writes what clears the frame, once for each frame: a terminal that is
// dragged to its size changes it again before the next one is drawn, and a frame
// that is not there would be looked for among the lines above.
func (g *gate) wipe(clear string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut || g.blank {
		return
	}
	g.blank = true
	g.File.WriteString(clear) // a terminal that is gone is not ours to mend
}

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
}

// WidthOf is how many cells a terminal has in a row, 0 when that cannot be told.
func WidthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
