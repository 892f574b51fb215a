package live

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
)

// Between two frames. A run that only waits is drawn less often.
const (
	frameTime = 100 * time.Millisecond
	idleTime  = time.Second
)

// screen is the bubbletea program that draws a view's frames.
type screen struct {
	program *tea.Program
	ended   chan struct{}
}

func newScreen(v *View) *screen {
	profile := colorprofile.ASCII
	if v.Colour {
		profile = colorprofile.ANSI
	}
	s := &screen{ended: make(chan struct{})}
	s.program = tea.NewProgram(drawing{v},
		tea.WithInput(nil), tea.WithOutput(v.out), tea.WithoutSignalHandler(), tea.WithColorProfile(profile),
		tea.WithWindowSize(v.width, v.height), tea.WithFPS(20), tea.WithFilter(v.resized))
	go func() {
		defer close(s.ended)
		s.program.Run() // without it the run is not seen, and continues; Close tells all of it
	}()
	return s
}

// stop draws the last frame and waits until nothing more is written.
func (s *screen) stop() {
	s.program.Quit()
	<-s.ended
}

// drawing is a view as bubbletea's model. The state is the view's own, so that
// events never wait for a frame.
type drawing struct{ v *View }

type tick struct{}

func (d drawing) Init() tea.Cmd { return d.next() }

func (d drawing) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(tick); ok {
		return d, d.next()
	}
	return d, nil
}

func (d drawing) next() tea.Cmd {
	return tea.Tick(d.v.pace(), func(time.Time) tea.Msg { return tick{} })
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

func (v *View) draw() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.blank {
		return ""
	}
	// a frame as high as the terminal is cleared in a way that leaves it in the
	// scrollback; one line less is not
	v.drawn = v.m.frame(v.width, max(1, v.height-1), v.Now())
	return v.drawn
}

func (v *View) pace() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	pace := frameTime
	for _, r := range v.m.root.leaves() {
		switch r.state {
		case running:
			return frameTime
		case waiting, retrying:
			pace = idleTime
		}
	}
	return pace
}

// resized sees each message before bubbletea does. A narrower terminal breaks the lines
// of the frame, or cuts them, so that it is no longer where bubbletea left it. It is
// wiped here, from its end upwards, and the cursor put where bubbletea believes it.
// What the terminal has pushed off its top by then is out of reach.
func (v *View) resized(_ tea.Model, msg tea.Msg) tea.Msg {
	size, ok := msg.(tea.WindowSizeMsg)
	if !ok || size.Width <= 0 || size.Height <= 0 {
		return msg
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.drawn != "" && (size.Width != v.width || size.Height != v.height) {
		v.out.wipe(wipe(v.drawn, size.Width, v.Cuts))
	}
	v.width, v.height = size.Width, size.Height
	return msg
}

// wipe is what clears a frame on a terminal that now has the given width, with the
// cursor at the frame's end. Where lines were cut, the frame has as many rows as
// before, and what stands above them is not ours.
func wipe(frame string, width int, cuts bool) string {
	lines := strings.Split(frame, "\n")
	rows := len(lines)
	for _, l := range lines {
		if !cuts {
			rows += max(0, lipgloss.Width(l)-1) / width
		}
	}
	s := strings.Repeat("\x1b[2K\x1b[A", rows-1) + "\x1b[2K\r"
	if len(lines) > 1 {
		s += fmt.Sprintf("\x1b[%dB", len(lines)-1)
	}
	return s
}
