package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
)

// Widths of the parts of a line.
const (
	markWidth = 2  // "✓ "
	timeWidth = 8  // " earlier"
	narrow    = 34 // below it a line is a mark and a name
	ahead     = 3  // steps to come that are shown before what is done is unfolded
)

var spinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// frame draws the run as it stands now on at most height lines of width cells.
func (m *model) frame(width, height int, now time.Time) string {
	if width < 1 || height < 1 {
		return ""
	}
	if height == 1 {
		return strings.Join(m.tree(m.visible(), width, 1, now), "\n")
	}
	lines := m.tree(m.visible(), width, height-1, now)
	return strings.Join(append(lines, m.footer(width, now)), "\n")
}

// tree draws the rows on at most budget lines. What an earlier process did is one
// line; what else does not fit is folded: what is done above, what is to come below.
func (m *model) tree(all []row, width, budget int, now time.Time) []string {
	var before, rows []row
	for _, r := range all {
		if r.over() {
			before = append(before, r)
		} else {
			rows = append(rows, r)
		}
	}
	above := min(len(before), 1)
	lo, hi := window(rows, budget, above)
	columns := layout(rows[lo:hi], width)
	folds := lines(rows, lo, hi, above) <= budget
	var lines []string
	if lo+above > 0 && folds {
		lines = append(lines, m.foldDone(append(before, rows[:lo]...), width))
	}
	for _, r := range rows[lo:hi] {
		lines = append(lines, m.line(r, columns, now))
		if r.notice != "" {
			lines = append(lines, m.note(r, width))
		}
	}
	if hi < len(rows) && folds {
		lines = append(lines, m.foldAhead(rows[hi:], width))
	}
	return lines[:min(len(lines), budget)]
}

// window chooses the rows for budget lines, of which above are taken: the first under
// way, a few after it, then as many as fit before, then after.
func window(rows []row, budget, above int) (lo, hi int) {
	if len(rows) == 0 {
		return 0, 0
	}
	focus := focusOf(rows)
	lo, hi = focus, focus+1
	fits := func(lo, hi int) bool { return lo >= 0 && hi <= len(rows) && lines(rows, lo, hi, above) <= budget }
	for hi-focus <= ahead && fits(lo, hi+1) {
		hi++
	}
	for fits(lo-1, hi) {
		lo--
	}
	for fits(lo, hi+1) {
		hi++
	}
	return lo, hi
}

// focusOf is the first row under way in which no other is, else to come, else the last.
func focusOf(rows []row) int {
	for i := range rows {
		if rows[i].active() && !slices.ContainsFunc(inside(rows, i), func(x row) bool { return x.active() }) {
			return i
		}
	}
	if i := slices.IndexFunc(rows, func(r row) bool { return r.state == pending }); i >= 0 {
		return i
	}
	return len(rows) - 1
}

// inside are the rows that stand in row i.
func inside(rows []row, i int) []row {
	end := i + 1
	for end < len(rows) && rows[end].depth > rows[i].depth {
		end++
	}
	return rows[i+1 : end]
}

// lines is how many lines rows lo to hi take, with the folds around them.
func lines(rows []row, lo, hi, above int) int {
	n := min(lo+above, 1)
	if hi < len(rows) {
		n++
	}
	for _, r := range rows[lo:hi] {
		n++
		if r.notice != "" {
			n++
		}
	}
	return n
}

// columns are the widths of a frame's columns; result is 0 on a narrow one.
type columns struct{ width, name, result int }

func layout(rows []row, width int) columns {
	if width < narrow {
		return columns{width: width, name: width - markWidth}
	}
	c := columns{width: width}
	for _, r := range rows {
		if r.more == 0 {
			c.name = max(c.name, indent(r, width)+lipgloss.Width(clip(r.label(), width)))
		}
	}
	c.name = min(c.name, width*55/100)
	c.result = width - markWidth - c.name - timeWidth - 2
	return c
}

// indent is how far a row stands to the right; deep names stay readable.
func indent(r row, width int) int { return 2 * min(r.depth, width/8) }

func (m *model) line(r row, c columns, now time.Time) string {
	in := indent(r, c.width)
	margin := span{strings.Repeat(" ", in), normal}
	if r.more > 0 {
		return paint(c.width, m.colour, margin, span{fmt.Sprintf("%*s… %d more", markWidth, "", r.more), faint})
	}
	mark := r.mark(now)
	mark.text += " "
	text := normal
	if r.state == pending || r.state == skipped {
		text = faint
	}
	if c.result == 0 {
		return paint(c.width, m.colour, margin, mark, span{r.label(), text})
	}
	note, noteTone := r.remark(c.result, now)
	return paint(c.width, m.colour, margin, mark, span{pad(r.label(), c.name-in), text},
		span{fmt.Sprintf("%*s", timeWidth, clock(r, now)), faint}, span{"  ", normal}, span{note, noteTone})
}

func clock(r row, now time.Time) string {
	switch {
	case r.earlier:
		return "earlier"
	case r.state == pending || r.began.IsZero():
		return ""
	}
	return duration(r.took(now))
}

// note is the line below a row that says why it waits or what is wrong.
func (m *model) note(r row, width int) string {
	t := alarm
	if r.state == failed {
		t = wrong
	}
	return paint(width, m.colour, span{fmt.Sprintf("%*s! ", indent(r, width)+markWidth, "") + r.notice, t})
}

// foldDone is one line for finished steps that did not fit.
func (m *model) foldDone(rows []row, width int) string {
	var finished, left, earlier, bad, active, others int
	var from, to time.Time
	for _, r := range rows {
		switch {
		case r.state == skipped:
			left++
		case r.active():
			active++
		case r.state == failed || r.state == continued || r.state == stopped:
			bad++
		case !r.finished():
			others++
		case r.earlier:
			earlier++
		default:
			finished++
		}
		if !r.earlier && r.finished() {
			from, to = widen(from, to, r)
		}
	}
	text := tally(count{finished, "done"}, count{earlier, "done earlier"}, count{left, "skipped"}, count{bad, "not done"}, count{active, "under way"}, count{others, "other"})
	if d := to.Sub(from); !from.IsZero() && d > 0 {
		text += " (" + duration(d) + ")"
	}
	return paint(width, m.colour, span{"✓ ", good}, span{text, faint})
}

// widen stretches from and to by a row's own time.
func widen(from, to time.Time, r row) (time.Time, time.Time) {
	if !r.began.IsZero() && (from.IsZero() || r.began.Before(from)) {
		from = r.began
	}
	if r.ended.After(to) {
		to = r.ended
	}
	return from, to
}

// foldAhead is one line for steps that did not fit below.
func (m *model) foldAhead(rows []row, width int) string {
	active, writes := 0, 0
	for _, r := range rows {
		if r.active() {
			active++
		}
		if r.willWrite() {
			writes++
		}
	}
	text := fmt.Sprintf("… %d more", len(rows))
	if extra := tally(count{active, "under way"}, count{writes, "to write"}); extra != "" {
		text += ", " + extra
	}
	return paint(width, m.colour, span{text, faint})
}

type count struct {
	n    int
	word string
}

func tally(counts ...count) string {
	var parts []string
	for _, c := range counts {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.word))
		}
	}
	return strings.Join(parts, ", ")
}

// footer tells the time and the way out, in as many words as fit.
func (m *model) footer(width int, now time.Time) string {
	elapsed := duration(now.Sub(m.began))
	finished, all := m.count()
	way, t := "ctrl-c stops", faint
	if m.stopping {
		way, t = "stopping", alarm
	}
	for _, text := range []string{
		fmt.Sprintf("%s · %d of %d · %s; resumable", elapsed, finished, all, way),
		elapsed + " · " + way + "; resumable",
		elapsed + " · " + way,
		elapsed,
	} {
		if lipgloss.Width(text) <= width {
			return paint(width, m.colour, span{text, t})
		}
	}
	return paint(width, m.colour, span{elapsed, t})
}
