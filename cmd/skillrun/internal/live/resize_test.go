package live

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kind is what a terminal does when it becomes narrower.
type kind string

const (
	breaks kind = "breaks lines"            // VTE, kitty, iTerm: the rows below a line that grows move down, into what is empty
	pushes kind = "breaks lines, pushes up" // tmux: the rows above it move up, also where the rows below are empty
	cuts   kind = "cuts lines"              // xterm
)

// emulator is as much of a terminal as a view needs: cells without colours, a
// scrollback, and what happens to both when the size changes.
type emulator struct {
	kind          kind
	width, height int
	past          []string // the scrollback
	rows          []string // of the screen; those below them are empty
	x, y          int
}

func (e *emulator) Write(p []byte) (int, error) {
	for s := string(p); s != ""; {
		if strings.HasPrefix(s, "\x1b[") {
			end := 2 + strings.IndexFunc(s[2:], func(r rune) bool { return r >= '@' && r <= '~' })
			e.control(s[2:end], s[end])
			s = s[end+1:]
			continue
		}
		r := []rune(s)[0]
		e.put(r)
		s = s[len(string(r)):]
	}
	return len(p), nil
}

func (e *emulator) put(r rune) {
	switch r {
	case '\r':
		e.x = 0
	case '\n':
		e.down()
	case '\b':
		e.x = max(0, e.x-1)
	default:
		if e.x >= e.width {
			e.x = 0
			e.down()
		}
		row := e.row(e.x + 1)
		row[e.x] = r
		e.rows[e.y], e.x = string(row), e.x+1
	}
}

func (e *emulator) down() {
	if e.y++; e.y >= e.height {
		e.row(0)
		e.past, e.rows, e.y = append(e.past, e.rows[0]), e.rows[1:], e.height-1
	}
}

// row is the row of the cursor, at least so long.
func (e *emulator) row(n int) []rune {
	for len(e.rows) <= e.y {
		e.rows = append(e.rows, "")
	}
	row := []rune(e.rows[e.y])
	for len(row) < n {
		row = append(row, ' ')
	}
	return row
}

func (e *emulator) control(arguments string, verb byte) {
	n, _ := strconv.Atoi(arguments)
	row, some := e.row(0), max(n, 1)
	switch verb {
	case 'A':
		e.y = max(0, e.y-some)
	case 'B':
		e.y = min(e.height-1, e.y+some)
	case 'C':
		e.x = min(e.width-1, e.x+some)
	case 'D':
		e.x = max(0, e.x-some)
	case 'G':
		e.x = some - 1
	case 'K':
		switch n {
		case 0:
			e.rows[e.y] = string(row[:min(e.x, len(row))])
		case 1:
			e.rows[e.y] = strings.Repeat(" ", min(e.x+1, len(row))) + string(row[min(e.x+1, len(row)):])
		case 2:
			e.rows[e.y] = ""
		}
	case 'J':
		e.rows = append(e.rows[:e.y], string(row[:min(e.x, len(row))]))
	case 'X':
		for i := e.x; i < min(e.x+some, len(row)); i++ {
			row[i] = ' '
		}
		e.rows[e.y] = string(row)
	case 'h', 'l', 'm', 'q': // modes, colours and the cursor's shape
	default:
		panic(fmt.Sprintf("the emulator does not know %q %c", arguments, verb))
	}
}

// resize gives the terminal another width, and says how many rows it has pushed
// off its top for that.
func (e *emulator) resize(width int) int {
	e.width = width
	if e.kind == cuts {
		for i, r := range e.rows {
			e.rows[i] = string([]rune(r)[:min(len([]rune(r)), width)])
		}
		e.x = min(e.x, width-1)
		return 0
	}
	var rows []string
	empty, y := e.height-len(e.rows), 0
	for i, r := range e.rows {
		if i == e.y {
			y, e.x = len(rows)+e.x/width, e.x%width
		}
		runes := []rune(strings.TrimRight(r, " "))
		for len(runes) > width {
			rows, runes = append(rows, string(runes[:width])), runes[width:]
		}
		rows = append(rows, string(runes))
	}
	room := e.height
	if e.kind == pushes {
		room -= empty
	}
	over := max(0, len(rows)-room)
	e.past, e.rows, e.y = append(e.past, rows[:over]...), slices.Clone(rows[over:]), max(0, y-over)
	return over
}

// TestResizeLeavesNoOldLines draws a run at changing widths, as bubbletea does,
// on terminals that treat their lines in each of the ways. After each change there
// is what stood above the run, and the frame of the new width, and nothing else.
// Only the scrollback may hold more, where the terminal has pushed some of the
// frame off its top before anybody could wipe it.
func TestResizeLeavesNoOldLines(t *testing.T) {
	t.Parallel()
	m, now := until(t, "release.jsonl", "jira", "effect", false)
	held := map[kind]int{}
	for _, k := range []kind{breaks, pushes, cuts} {
		for above := 0; above < 40; above += 3 {
			e := &emulator{kind: k, width: 120, height: 40}
			var user []string
			for i := range above {
				user = append(user, fmt.Sprintf("line %d", i))
				fmt.Fprintf(e, "line %d\r\n", i)
			}
			v := &View{Options: Options{Now: func() time.Time { return now }, Cuts: k == cuts}, m: m, width: e.width, height: e.height}
			drawAnew(e, "", v.draw())
			for _, width := range []int{60, 30, 45, 90, 30, 120} {
				before := v.drawn
				top := e.y - strings.Count(before, "\n")
				pushed := e.resize(width)
				fmt.Fprint(e, wipe(before, width, v.Cuts))
				v.width = width
				drawAnew(e, before, v.draw())
				got, want := slices.Concat(e.past, e.rows), append(slices.Clone(user), strings.Split(v.drawn, "\n")...)
				if pushed > top {
					got, want = e.rows, want[above:]
				}
				if got, want := strings.TrimRight(strings.Join(got, "\n"), "\n "), strings.Join(want, "\n"); got != want {
					t.Fatalf("%s, %d lines above, at %d columns:\n%s\n--- want\n%s", k, above, width, got, want)
				}
				if pushed > top {
					break
				}
				held[k]++
			}
		}
	}
	if held[breaks] < 50 || held[pushes] < 8 || held[cuts] < 84 {
		t.Errorf("changes of the width after which nothing old was left anywhere: %v", held)
	}
}

// TestCuts tells the terminals that cut lines off from those that break them.
func TestCuts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm-256color"}, false},
		{map[string]string{"TERM": "xterm-256color", "XTERM_VERSION": "XTerm(390)"}, true},
		{map[string]string{"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0", "XTERM_VERSION": "XTerm(390)"}, false},
		{map[string]string{"TERM": "screen", "STY": "1.pts-0.host"}, true},
		{map[string]string{"TERM": "linux"}, true},
	} {
		env := func(name string) (string, bool) { v, ok := test.env[name]; return v, ok }
		if got := Cuts(env); got != test.want {
			t.Errorf("%v: cuts is %v", test.env, got)
		}
	}
}

// drawAnew draws a frame where bubbletea believes the one before it to stand.
func drawAnew(e *emulator, before, frame string) {
	if n := strings.Count(before, "\n"); n > 0 {
		fmt.Fprintf(e, "\x1b[%dA", n)
	}
	fmt.Fprintf(e, "\r\x1b[J%s", strings.ReplaceAll(frame, "\n", "\r\n"))
}
