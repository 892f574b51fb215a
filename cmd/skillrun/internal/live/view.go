package live

import (
	"context"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

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

// View draws the frame of now. The cursor stands at its end, in the terminal's
// own shape (which is what -1 comes to), so that whatever is printed by others
// comes below the frame.
func (d drawing) View() tea.View {
	frame := d.v.draw()
	view := tea.NewView(frame)
	view.DisableBracketedPasteMode = true
	if frame == "" {
		return view
	}
	last := frame[strings.LastIndexByte(frame, '\n')+1:]
	view.Cursor = &tea.Cursor{Position: tea.Position{X: lipgloss.Width(last), Y: strings.Count(frame, "\n")}, Shape: -1}
	return view
}
