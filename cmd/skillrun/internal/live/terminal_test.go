package live

import (
	"os"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/skillrun/skillrun/engine"
)

func TestPlainLinesWhenAsked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm-256color"}, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true},
		{map[string]string{"TERM": "xterm", "CI": "false", "ACCESSIBLE": "0"}, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "0"}, false},
		{map[string]string{"TERM": "xterm", "CI": "true"}, false},
		{map[string]string{"TERM": "xterm", "ACCESSIBLE": "1"}, false},
		{map[string]string{"TERM": "xterm", "SKILLRUN_ACCESSIBLE": "1"}, false},
		{map[string]string{"TERM": "dumb"}, false},
		{map[string]string{}, false},
	} {
		env := func(name string) (string, bool) { v, ok := test.env[name]; return v, ok }
		if got := asked(env); got != test.want {
			t.Errorf("%v: live is %v, want %v", test.env, got, test.want)
		}
	}
}

func TestPipeIsNoTerminal(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	env := func(name string) (string, bool) { return "xterm", name == "TERM" }
	if Wanted(env, r, w) {
		t.Error("a pipe is shown live")
	}
}

// TestPauseAndClose drives a view that draws into a pipe.
func TestPauseAndClose(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := reading(r)
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	v := Start(t.Context(), Options{Out: w, Steps: []Step{{ID: "a", Name: "First", Type: "t"}, {ID: "b", Name: "Second", Type: "t"}},
		Now: func() time.Time { return now }, Width: 60, Height: 10})
	v.Observe(engine.Event{Type: engine.EventStepStarted, Path: "a", At: now})
	v.Observe(engine.Event{Type: engine.EventStepDone, Path: "a", At: now})
	v.Pause()
	w.WriteString("QUESTION\n")
	v.Pause()
	v.Observe(engine.Event{Type: engine.EventStepStarted, Path: "b", At: now})
	v.Resume()
	v.Resume()
	v.Observe(engine.Event{Type: engine.EventStepDone, Path: "b", At: now})
	v.Close()
	v.Close()
	v.Pause()
	v.Resume()
	w.Close()
	got := <-text
	before, after, ok := strings.Cut(got, "QUESTION\n")
	switch {
	case !ok:
		t.Errorf("no question in %q", got)
	case !strings.Contains(before, "✓ First") || strings.Contains(after, "First"):
		t.Errorf("what was done before the question is not above it: %q", got)
	case strings.LastIndex(after, "✓ Second") < strings.LastIndex(after, "ctrl-c"):
		t.Errorf("the record of the run is not the last: %q", after)
	case strings.Contains(got, "\x1b[?1049h"):
		t.Errorf("the alternate screen is used: %q", got)
	}
}

// reading gives all that is read, once there is no more.
func reading(r *os.File) chan string {
	text := make(chan string)
	go func() {
		var b strings.Builder
		buf := make([]byte, 4096)
		for n, err := r.Read(buf); err == nil; n, err = r.Read(buf) {
			b.Write(buf[:n])
		}
		text <- b.String()
	}()
	return text
}

// TestLoopOnATerminal drives a view of a loop that draws into a pipe: its items
// come and go, and one line is left of it.
func TestLoopOnATerminal(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := reading(r)
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	v := Start(t.Context(), Options{Out: w, Steps: nested()[2:3], Now: func() time.Time { return now }, Width: 60, Height: 10})
	v.Observe(engine.Event{Type: engine.EventStepStarted, Path: "review", At: now, Items: 2})
	v.Observe(engine.Event{Type: engine.EventStepStarted, Path: "review[feature%2Fx]", At: now})
	v.Pause()
	w.WriteString("QUESTION\n")
	v.Resume()
	v.Observe(engine.Event{Type: engine.EventStepDone, Path: "review[feature%2Fx]", At: now})
	v.Observe(engine.Event{Type: engine.EventStepSkipped, Path: "review[y]", At: now})
	v.Observe(engine.Event{Type: engine.EventStepDone, Path: "review", At: now})
	v.Close()
	w.Close()
	got := <-text
	record := got[strings.LastIndex(got, "✓"):]
	if want := "✓ Review what is open    0.0s  1 done, 1 skipped\n"; record != want {
		t.Errorf("the record is %q, want %q", record, want)
	}
	if before, _, _ := strings.Cut(got, "QUESTION"); strings.Contains(before, "✓") {
		t.Errorf("something is told to be done before the question: %q", before)
	}
}

// TestResizedTwiceBetweenFrames wipes a frame once, however often the size
// changes before the next one: what stands above it stays.
func TestResizedTwiceBetweenFrames(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := reading(r)
	steps := []Step{{ID: "a", Name: strings.Repeat("long ", 20), Type: "t"}, {ID: "b", Name: "Second", Type: "t"}}
	v := &View{Options: Options{Out: w, Now: time.Now}, out: &gate{File: w}, m: newModel(steps, time.Now(), false), width: 80, height: 24}
	for _, width := range []int{0, 60, 40, 20, 0, 60} {
		if width == 0 {
			v.draw()
			v.out.Write([]byte("FRAME"))
			continue
		}
		v.resized(nil, tea.WindowSizeMsg{Width: width, Height: 24})
		v.draw()
	}
	w.Close()
	var got []int // rows that were wiped, after each frame
	for _, s := range strings.Split(<-text, "FRAME")[1:] {
		got = append(got, strings.Count(s, "\x1b[2K"))
	}
	if len(got) != 2 || got[0] != 3 || got[1] != 3 {
		t.Errorf("rows wiped after each frame: %v", got)
	}
}
