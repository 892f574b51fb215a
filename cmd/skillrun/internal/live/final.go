package live

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// mostRows is how many steps the record of a run shows before it folds.
const mostRows = 300

// record draws what stays in the scrollback when the live frame goes: every
// step that began, and one line for those that did not.
func (m *model) record(width int, now time.Time) string {
	for _, r := range m.rows {
		r.next, r.every = time.Time{}, "" // no one stays to ask
	}
	var rows []row
	left := 0
	for _, r := range m.visible() {
		if r.state == pending {
			if !r.hasChildren() || r.Loop || !r.open() {
				left++
			}
			continue
		}
		if r.active() && r.mood() == waiting {
			r.state = waiting
		} else if r.active() {
			r.state, r.ended = stopped, now
		}
		rows = append(rows, r)
	}
	lines := m.tree(rows, width, mostRows, now)
	if left > 0 {
		lines = append(lines, paint(width, m.colour, span{fmt.Sprintf("… %d not run", left), faint}))
	}
	return strings.Join(lines, "\n")
}

// finishedRecord draws what is finished, for a pause, with the groups it stands in.
func (m *model) finishedRecord(width int, now time.Time) string {
	var rows []row
	all := m.visible()
	for i, r := range all {
		if r.finished() || r.active() && !r.Loop && slices.ContainsFunc(inside(all, i), func(x row) bool { return x.finished() && !x.over() }) {
			rows = append(rows, r)
		}
	}
	return strings.Join(m.tree(rows, width, mostRows, now), "\n")
}

// Ending prints the last block of a run, after [View.Close]: how it ended, what exists
// now and what comes next. With outputs, which no one sees on stdout, it lists those.
func (v *View) Ending(r engine.Report, next render.Next, outputs bool) {
	e := ending{Report: r, Next: next, Took: v.Now().Sub(v.m.began), Width: v.width, Colour: v.Colour, Outputs: outputs}
	e.print(render.Wrapper{W: v.Out, Width: func() int { return v.width }})
}

type ending struct {
	Report  engine.Report
	Next    render.Next
	Took    time.Duration // 0 is not told
	Width   int
	Colour  bool
	Outputs bool
}

func (e ending) print(w io.Writer) {
	r := e.Report
	e.title(w)
	e.effects(w, r.Effects)
	if e.Outputs {
		e.outputs(w, r.Outputs)
	}
	e.list(w, "Next steps", texts(r.Outputs["next_steps"]))
	e.waits(w, r.Steps)
	e.pair(w, "run", r.ID)
	e.pair(w, "journal", r.Journal)
	if len(r.Missing) > 0 {
		e.pair(w, "not known yet", strings.Join(r.Missing, ", "))
	}
	e.Next.Each(func(what, command string) { e.pair(w, what, command) })
}

func (e ending) title(w io.Writer) {
	mark, t := "✓", good
	switch e.Report.State {
	case engine.Failed, engine.Cancelled, engine.Rejected:
		mark, t = "✗", wrong
	case engine.Parked, engine.Interrupted:
		mark, t = "◷", alarm
	}
	text := e.Report.Skill + ": " + render.StateOf(string(e.Report.State), e.Report.Reason)
	if e.Took > 0 {
		text += " (" + duration(e.Took) + ")"
	}
	fmt.Fprintf(w, "\n%s %s\n", e.styled(mark, t), e.styled(flatten(text), strong))
}

// effects lists what the run made or found. A link is never cut: it must open.
func (e ending) effects(w io.Writer, effects []engine.Effect) {
	if len(effects) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", e.styled("What exists now", strong))
	object := 0
	for _, x := range effects {
		object = max(object, lipgloss.Width(flatten(x.Object)))
	}
	object = min(object, max(8, e.Width/3))
	for _, x := range effects {
		name, link := first(x.Result, nameFields), first(x.Result, linkFields)
		head := fmt.Sprintf("  %-8s %s  %s", flatten(x.Outcome), pad(x.Object, object), name)
		switch {
		case link == "":
			fmt.Fprintln(w, strings.TrimRight(head, " "))
		case lipgloss.Width(head)+2+lipgloss.Width(link) <= e.Width:
			fmt.Fprintf(w, "%s  %s\n", head, e.styled(link, busy))
		default:
			fmt.Fprintf(w, "%s\n    %s\n", strings.TrimRight(head, " "), e.styled(link, busy))
		}
	}
}

func (e ending) outputs(w io.Writer, values map[string]any) {
	var lines []string
	for _, name := range types.SortedKeys(values) {
		text := types.Show(values[name])
		if name != "next_steps" && !strings.Contains(text, "\n") {
			lines = append(lines, name+": "+flatten(text))
		}
	}
	e.list(w, "Outputs", lines)
}

func (e ending) list(w io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", e.styled(title, strong))
	for _, l := range lines {
		fmt.Fprintf(w, "  %s\n", flatten(l))
	}
}

// waits names the steps that wait for someone.
func (e ending) waits(w io.Writer, steps []engine.StepReport) {
	var names []string
	for _, s := range steps {
		switch {
		case s.State != "waiting":
		case s.Name == s.ID && s.Path != "":
			names = append(names, s.Path)
		default:
			names = append(names, s.Name)
		}
	}
	e.list(w, "Waiting for", names)
	fmt.Fprintln(w)
}

// pair prints a name and a text that people copy: it is never cut.
func (e ending) pair(w io.Writer, name, text string) {
	fmt.Fprintf(w, "%s %s\n", e.styled(name+":", faint), flatten(text))
}

func (e ending) styled(s string, t tone) string {
	if !e.Colour || s == "" {
		return s
	}
	return t.style().Render(s)
}

// texts returns a list of texts, or nil for anything else.
func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
