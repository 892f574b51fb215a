package live

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
)

// tone is a role that a colour plays. Only the terminal's own sixteen colours
// are used, so that light and dark backgrounds both work.
type tone int

const (
	normal tone = iota
	faint
	good
	busy
	alarm
	wrong
	strong
)

func (t tone) style() lipgloss.Style {
	s := lipgloss.NewStyle()
	return [...]lipgloss.Style{
		normal: s, faint: s.Faint(true), good: s.Foreground(lipgloss.Green), busy: s.Foreground(lipgloss.Cyan),
		alarm: s.Foreground(lipgloss.Yellow), wrong: s.Foreground(lipgloss.Red).Bold(true), strong: s.Bold(true),
	}[t]
}

// span is a piece of a line: plain text of one tone, which is cut, never wrapped.
type span struct {
	text string
	tone tone
}

// paint joins spans to one line of at most width cells.
func paint(width int, colour bool, spans ...span) string {
	for len(spans) > 0 && strings.TrimSpace(spans[len(spans)-1].text) == "" {
		spans = spans[:len(spans)-1]
	}
	var b strings.Builder
	for i, s := range spans {
		text := clip(s.text, width)
		if i == len(spans)-1 {
			text = strings.TrimRight(text, " ")
		}
		width -= lipgloss.Width(text)
		if colour && s.tone != normal && strings.TrimSpace(text) != "" {
			text = s.tone.style().Render(text)
		}
		b.WriteString(text)
	}
	return b.String()
}

// flatten makes a text from outside one harmless line.
func flatten(s string) string {
	if strings.ContainsAny(s, "\n\t\r") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return render.Clean(s)
}

// clip makes s one line of at most width cells, with an ellipsis for what is cut.
func clip(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if len(s) > 16*width+64 { // no name is worth measuring to its end
		s = strings.ToValidUTF8(s[:16*width+64], "")
	}
	s = flatten(s)
	if lipgloss.Width(s) <= width {
		return s
	}
	if width == 1 {
		return "…"
	}
	return lipgloss.NewStyle().Inline(true).MaxWidth(width-1).Render(s) + "…"
}

// pad clips s and fills it up to width cells.
func pad(s string, width int) string {
	s = clip(s, width)
	return s + strings.Repeat(" ", max(0, width-lipgloss.Width(s)))
}

// duration is d for people: 0.3s, 42.0s, 3m07s, 2h05m.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0.0s"
	case d < time.Minute-50*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
