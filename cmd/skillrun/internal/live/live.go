// Package live shows a run on a terminal while it runs: a tree of its steps
// with what each came to, and at the end a block of what exists now.
//
// The tree is drawn in place at the bottom of the terminal, not on a screen of
// its own. What is finished stays in the scrollback when a question is asked
// and when the run ends. The drawing itself is a pure function of the events,
// the size and the time; bubbletea puts it on the terminal.
//
// The terminal keeps its line mode, so signals, prompts of other programs and
// job control work as always, and there is little to restore: only the echo of
// what is typed is off while the tree is shown.
package live

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/skillrun/skillrun/engine"
)

// Options is what a view needs.
type Options struct {
	In     *os.File // its echo is turned off; nil leaves it alone
	Out    *os.File // the terminal that is drawn on
	Steps  []Step
	Now    func() time.Time
	Colour bool
	// Cuts says what the terminal does with lines when it is made narrower; see
	// [Cuts].
	Cuts bool
	// Width and Height are used when Out cannot tell its size.
	Width, Height int
}

// View is a live view of one run. Its methods may be called from any
// goroutine.
type View struct {
	Options
	out *gate

	mu            sync.Mutex // of what is drawn
	m             *model
	width, height int
	drawn         string // the frame on the terminal
	blank         bool   // draw nothing: the terminal is about to be given back

	turn   sync.Mutex // of who has the terminal
	keys   keyboard
	screen *screen   // nil while others have the terminal
	paused time.Time // zero when it is not
	closed bool
	end    context.CancelFunc
}

// Start shows the tree until [View.Close]. When ctx ends, the view says that
// the run is stopping; it stays until it is closed.
func Start(ctx context.Context, o Options) *View {
	v := &View{Options: o, out: &gate{File: o.Out}, keys: keyboard{file: o.In}, m: newModel(o.Steps, o.Now(), o.Colour)}
	v.width, v.height = v.size()
	watch, end := context.WithCancel(context.Background())
	v.end = end
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	go v.watch(ctx, watch, continued)
	v.startDrawing()
	return v
}

// Observe takes in an event of the run.
func (v *View) Observe(e engine.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.m.apply(e)
}

// Pause gives the terminal back, for a question. What is finished stays above
// it; what was typed before is dropped.
func (v *View) Pause() {
	v.turn.Lock()
	defer v.turn.Unlock()
	if v.closed || !v.paused.IsZero() {
		return
	}
	v.paused = v.Now()
	v.stopDrawing(true)
	v.print((*model).finishedRecord)
}

// Resume takes the terminal again after [View.Pause].
func (v *View) Resume() {
	v.turn.Lock()
	defer v.turn.Unlock()
	if v.closed || v.paused.IsZero() {
		return
	}
	v.mu.Lock()
	v.m.delay(v.Now().Sub(v.paused))
	v.mu.Unlock()
	v.paused = time.Time{}
	v.startDrawing()
}

// Close replaces the tree by a record of it and gives the terminal back. It may be
// called twice, also by a deferred call when the run panics.
func (v *View) Close() {
	v.turn.Lock()
	defer v.turn.Unlock()
	if v.closed {
		return
	}
	v.closed = true
	v.end()
	v.stopDrawing(false)
	v.print((*model).record)
}

func (v *View) startDrawing() {
	v.keys.mute()
	v.mu.Lock()
	v.blank, v.drawn = false, ""
	v.width, v.height = v.size()
	v.mu.Unlock()
	v.screen = newScreen(v)
}

// stopDrawing stops drawing and wipes the frame.
func (v *View) stopDrawing(forget bool) {
	v.halt()
	v.keys.restore(forget)
}

func (v *View) halt() {
	v.mu.Lock()
	v.blank = true
	v.mu.Unlock()
	if v.screen != nil {
		v.screen.stop()
		v.screen = nil
	}
}

// print writes lines that stay, and leaves what is finished out of later frames.
func (v *View) print(draw func(*model, int, time.Time) string) {
	v.mu.Lock()
	text := draw(v.m, v.width, v.Now())
	v.m.markPrinted()
	v.mu.Unlock()
	if text != "" {
		fmt.Fprintln(v.Out, text) // a terminal that is gone is not ours to mend
	}
}

// watch follows the run being stopped, and the shell letting it continue after Ctrl-Z.
func (v *View) watch(run, end context.Context, continued chan os.Signal) {
	defer signal.Stop(continued)
	stopped := run.Done()
	for {
		select {
		case <-end.Done():
			return
		case <-stopped:
			stopped = nil
			v.mu.Lock()
			v.m.stopping = true
			v.mu.Unlock()
			v.turn.Lock() // a second signal may end the process at once
			v.keys.restore(false)
			v.turn.Unlock()
		case <-continued:
			v.redraw()
		}
	}
}

// redraw draws anew in the foreground, after the shell had the terminal and its cursor.
func (v *View) redraw() {
	v.turn.Lock()
	defer v.turn.Unlock()
	if v.closed || !v.paused.IsZero() {
		return
	}
	v.out.set(true)
	v.halt()
	if !foreground(v.Out) {
		return
	}
	v.out.set(false)
	fmt.Fprintln(v.Out)
	v.startDrawing()
}

func (v *View) size() (width, height int) {
	if w, h, err := term.GetSize(int(v.Out.Fd())); err == nil && w > 0 && h > 0 {
		return w, h
	}
	width, height = v.Width, v.Height
	if width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}
