// Package lineedit reads lines that a person types on a terminal, with editing, a
// history in memory, and completion.
package lineedit

import (
	"context"
	"os"
	"strings"

	"golang.org/x/term"
)

// Reader reads the lines of one terminal. The terminal is only changed while a line is
// read.
type Reader struct {
	in   *os.File
	term *term.Terminal
}

// New returns a reader. Complete is asked at each tab what the text before the cursor can
// go on with, and how many bytes at its end that replaces.
func New(in, out *os.File, prompt string, complete func(before string) (words []string, length int)) *Reader {
	r := &Reader{in: in, term: term.NewTerminal(terminal{in, out}, prompt)}
	r.term.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		words, length := complete(line[:pos])
		begun := line[pos-length : pos]
		more := strings.TrimPrefix(common(words), begun)
		if more == "" && len(words) > 1 {
			r.term.Write([]byte(strings.Join(words, "  ") + "\n")) // a terminal that is gone is not ours to mend
		}
		return line[:pos] + more + line[pos:], pos + len(more), true
	}
	return r
}

// terminal is both sides of a terminal.
type terminal struct{ in, out *os.File }

// Read reads what is typed. A Ctrl-D that is typed while no line is read waits in the
// terminal as a NUL (Linux, n_tty), which is no key that edits.
func (t terminal) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	for i, c := range p[:n] {
		if c == 0 {
			p[i] = ctrlD
		}
	}
	return n, err
}

func (t terminal) Write(p []byte) (int, error) { return t.out.Write(p) }

const ctrlD = 4

// common is what all words begin with.
func common(words []string) string {
	if len(words) == 0 {
		return ""
	}
	begin := words[0]
	for _, w := range words[1:] {
		for !strings.HasPrefix(w, begin) {
			begin = begin[:len(begin)-1]
		}
	}
	return begin
}

// Read reads a line. It returns io.EOF at Ctrl-D on an empty line and at Ctrl-C, and the
// cause of the context's end when that comes first. The terminal is then as it was.
func (r *Reader) Read(ctx context.Context) (string, error) {
	before, err := term.MakeRaw(int(r.in.Fd()))
	if err != nil {
		return "", err
	}
	defer term.Restore(int(r.in.Fd()), before)
	if width, height, err := term.GetSize(int(r.in.Fd())); err == nil && width > 0 {
		r.term.SetSize(width, height)
	}
	type read struct {
		line string
		err  error
	}
	got := make(chan read, 1)
	go func() {
		line, err := r.term.ReadLine()
		got <- read{line, err}
	}()
	select {
	case x := <-got:
		if x.err == term.ErrPasteIndicator { // the line came from the clipboard
			x.err = nil
		}
		return x.line, x.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
