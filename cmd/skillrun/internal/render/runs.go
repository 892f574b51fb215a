package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
)

// RunRow is a run in a listing.
type RunRow struct {
	Run       string          `json:"id"`
	Skill     string          `json:"skill,omitempty"`
	State     string          `json:"state"`
	Reason    string          `json:"reason,omitempty"` // why it parked
	Command   string          `json:"command,omitempty"`
	StartedAt time.Time       `json:"started_at,omitzero"`
	UpdatedAt time.Time       `json:"updated_at,omitzero"`
	Steps     int             `json:"steps"` // done
	Pending   []string        `json:"pending,omitempty"`
	Waiting   *engine.Waiting `json:"waiting,omitempty"`
	Error     *types.Error    `json:"error,omitempty"`
	Answer    *engine.Said    `json:"answer,omitempty"` // what a person said to a parked run
	Moved     *engine.MovedTo `json:"moved,omitempty"`  // who exported it
	Next      *Next           `json:"next,omitempty"`
}

// RunRowOf is a summary as a row.
func RunRowOf(s engine.Summary, next *Next) RunRow {
	return RunRow{
		Run: s.ID, Skill: s.Skill, State: string(s.State), Reason: s.Reason, Command: s.Command,
		StartedAt: s.StartedAt, UpdatedAt: s.UpdatedAt, Steps: s.Steps, Pending: s.Pending, Error: s.Error, Answer: s.Answer, Moved: s.Moved, Next: next,
	}
}

// pageWidth fits the narrowest usual terminals; runWidth is a run's id with its blanks.
const pageWidth, runWidth = 80, len("20260115-101530-k3f9q2") + 3*2

// cut is a text of at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:max(n-1, 1)]) + "…"
	}
	return s
}

// wrapped writes a line, broken between words so that it fits the page.
func wrapped(w io.Writer, pad, format string, args ...any) {
	line := pad
	for i, word := range strings.Fields(fmt.Sprintf(format, args...)) {
		if i > 0 && len([]rune(line))+1+len([]rune(word)) > pageWidth {
			fmt.Fprintln(w, line)
			line = pad + "  " + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
}

// Runs prints one line a run, and below it what it waits for.
func Runs(w io.Writer, rows []RunRow, now time.Time) error {
	about, agos, wide, longest := make([]string, len(rows)), make([]string, len(rows)), 0, 0
	for i, r := range rows {
		about[i], agos[i] = r.about(), "-"
		if !r.StartedAt.IsZero() {
			agos[i] = Ago(now.Sub(r.StartedAt))
		}
		wide, longest = max(wide, len(about[i])), max(longest, len(agos[i]))
	}
	lines := strings.SplitAfter(aligned(func(tw io.Writer) {
		for i, r := range rows {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", r.Run, cut(orDash(Flat(r.Skill)), pageWidth-runWidth-wide-longest), about[i], agos[i])
		}
	}), "\n")
	for i, r := range rows {
		if _, err := io.WriteString(w, Clean(lines[i])); err != nil {
			return err
		}
		r.below(w, now)
	}
	return nil
}

// about is a run's state, in a few words.
func (r RunRow) about() string {
	switch {
	case r.Answer != nil:
		return "parked, " + string(r.Answer.What)
	case r.State != "parked":
		return StateOf(r.State, "")
	}
	return waitFor(r.Reason).row
}

// below says what a run waits for, and how to continue it.
func (r RunRow) below(w io.Writer, now time.Time) {
	switch {
	case r.State == "damaged" && r.Error != nil:
		wrapped(w, "    ", "its journal cannot be read: %s", Clean(r.Error.Message))
	case (r.State == "failed" || r.State == "refused" || r.State == "partly_undone") && r.Error != nil:
		wrapped(w, "    ", "%s [%s]", Clean(firstLine(r.Error.Message)), r.Error.Code)
	case r.Moved != nil && r.State == "exported":
		wrapped(w, "    ", "%s", movedText(r.Moved, now))
	case r.Answer != nil:
		printAnswer(w, "    ", r.Answer, now)
	case r.Waiting != nil:
		printWaiting(w, "    ", r.Waiting, now)
	}
	if r.Next != nil && (r.State == "parked" || r.State == "interrupted" || r.State == "partly_undone") {
		fmt.Fprintf(w, "    to continue: %s\n", Flat(r.Next.first()))
	}
}

// movedText tells where a run continues that was exported.
func movedText(x *engine.MovedTo, now time.Time) string {
	text := "continues where its archive is imported; exported"
	if x.By != "" {
		text += " by " + Clean(x.By)
	}
	text += " at " + since(x.At, now)
	if len(x.To) > 0 {
		text += ", for " + Clean(strings.Join(x.To, ", "))
	}
	return text
}

// printAnswer tells what a person said to a run, which it has not heard yet.
func printAnswer(w io.Writer, pad string, x *engine.Said, now time.Time) {
	by, plan := "", ""
	if x.By != "" {
		by = " by " + Clean(x.By) + " " + knownBy(engine.KnownByMachine)
	}
	if x.Plan != "" {
		plan = ", plan " + x.Plan
	}
	wrapped(w, pad, "%s%s at %s%s; the run continues when it is resumed", x.What, by, since(x.At, now), plan)
}

// since is a time, and how long that is ago.
func since(t, now time.Time) string {
	text := t.Local().Format(time.DateTime)
	if d := now.Sub(t); d >= time.Minute {
		text += " (" + Ago(d) + ")"
	}
	return text
}

func printWaiting(w io.Writer, pad string, x *engine.Waiting, now time.Time) {
	since := since(x.Since, now)
	if text := waitFor(x.Reason).long; text != "" {
		wrapped(w, pad, text, Clean(x.Name), since)
		return
	}
	wrapped(w, pad, "waits for: %s (%s until %s), since %s", Clean(x.Name), x.Step, Clean(x.Until), since)
	if !x.Deadline.IsZero() {
		wrapped(w, pad, "times out at: %s", x.Deadline.Local().Format(time.DateTime))
	}
}

// Ago writes how long something is ago, in one unit or two.
func Ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < day:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d/day), int(d%day/time.Hour))
}

// InspectionJSON is a run as JSON.
type InspectionJSON struct {
	RunRow
	File    string          `json:"file"`
	Journal string          `json:"journal"`
	Inputs  map[string]any  `json:"inputs"`
	Outputs map[string]any  `json:"outputs"`
	Missing []string        `json:"missing_outputs,omitempty"`
	Records []StepJSON      `json:"steps"`
	Effects []engine.Effect `json:"effects"`
	History []engine.Moment `json:"history"`
	Failure *ErrorJSON      `json:"error,omitempty"`
}

// StepJSON is what became of a step, with its times.
type StepJSON struct {
	engine.StepReport
	Began    time.Time `json:"began,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Duration float64   `json:"seconds,omitempty"`
	Waits    string    `json:"waits_for,omitempty"` // of a step for which the run is parked: as reason
}

// InspectionOf is a run as JSON.
func InspectionOf(x engine.Inspection, next *Next, known []config.Hint) InspectionJSON {
	out := InspectionJSON{
		RunRow: RunRowOf(x.Summary, next), File: x.File, Journal: x.Journal, Inputs: x.Inputs, Outputs: x.Outputs,
		Missing: x.Missing, Effects: x.Effects, History: x.History,
	}
	out.Waiting = x.Waiting
	if out.Effects == nil {
		out.Effects = []engine.Effect{}
	}
	for _, s := range x.Steps {
		j := StepJSON{StepReport: s, Began: s.Began, Ended: s.Ended, Waits: s.Waits}
		if !s.Ended.IsZero() {
			j.Duration = s.Ended.Sub(s.Began).Seconds()
		}
		out.Records = append(out.Records, j)
	}
	if out.Failure = errorOf(engine.Outcome{Failure: x.Failure}); out.Failure != nil {
		out.Failure.Known = known
	}
	return out
}

// Inspection prints a run: what it was asked, what it did, what is known of why it
// stopped, and how to continue.
func Inspection(w io.Writer, x engine.Inspection, next *Next, known []config.Hint, now time.Time) {
	w = Cleaner{W: w}
	fmt.Fprintf(w, "%s: %s\n", x.ID, StateOf(string(x.State), x.Reason))
	fmt.Fprintf(w, "skill: %s (%s)\njournal: %s\ncommand: %s\n", Flat(x.Skill), Flat(x.File), Flat(x.Journal), Flat(x.Command))
	section(w, "inputs", func(tw io.Writer) { printValues(tw, x.Inputs) })
	section(w, "history", func(tw io.Writer) { printMoments(tw, x.History) })
	section(w, "steps", func(tw io.Writer) { stepRows(tw, nest(x.Steps), "", now) })
	section(w, "effects", func(tw io.Writer) {
		for _, e := range x.Effects {
			fmt.Fprintf(tw, "  %s\t%s\t%s %s\t%s\n", Flat(e.ID), e.Outcome, e.Verb, e.Object, headline(e.Result))
		}
	})
	why := errorOf(engine.Outcome{Failure: x.Failure})
	if why == nil && x.Error != nil {
		why = &ErrorJSON{Error: x.Error}
	}
	if why != nil {
		fmt.Fprintf(w, "\nwhy it stopped: %s%s [%s]\n", at(Flat(why.Step)), Said(why.Message), why.Code)
		hint(w, why.Hint)
		knownProblems(w, known)
	}
	if x.Moved != nil {
		fmt.Fprintln(w)
		wrapped(w, "", "%s", movedText(x.Moved, now))
	}
	if x.Answer != nil {
		fmt.Fprintln(w)
		printAnswer(w, "", x.Answer, now)
	} else if x.Waiting != nil {
		fmt.Fprintln(w)
		printWaiting(w, "", x.Waiting, now)
		for _, name := range types.SortedKeys(x.Waiting.Asks) {
			if name == "show" {
				page{w: w}.show("  ", types.Show(x.Waiting.Asks[name]))
				continue
			}
			fmt.Fprintf(w, "  %s: %s\n", Flat(name), Flat(firstLine(types.Show(x.Waiting.Asks[name]))))
		}
	}
	section(w, "outputs", func(tw io.Writer) {
		printValues(tw, x.Outputs)
		for _, name := range x.Missing {
			fmt.Fprintf(tw, "  %s\t(not known yet)\n", name)
		}
	})
	if next != nil {
		fmt.Fprintf(w, "\nto continue: %s\n", Flat(next.first()))
	}
}

func printValues(w io.Writer, values map[string]any) {
	for _, name := range types.SortedKeys(values) {
		fmt.Fprintf(w, "  %s\t%s\n", Flat(name), Flat(firstLine(types.Show(values[name]))))
	}
}

// section prints a table under a title, and nothing when it is empty.
func section(w io.Writer, title string, rows func(io.Writer)) {
	if text := aligned(rows); text != "" {
		fmt.Fprintf(w, "\n%s:\n%s", title, text)
	}
}

// Took writes how long something lasted, in three digits or so.
func Took(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// States are the states that runs can be asked for.
func States() []string {
	return []string{"running", "interrupted", "parked", "done", "failed", "cancelled", "rejected", "refused", "undone", "partly_undone", "exported", "damaged"}
}

// printMoments prints what happened to a run as a whole, a line each.
func printMoments(w io.Writer, history []engine.Moment) {
	for _, m := range history {
		what := m.What
		switch {
		case m.What == "parked":
			what = StateOf("parked", m.Reason)
		case m.What == "restarted":
			what = "restarted: nothing had been written"
		}
		if m.Path != "" && m.What != "parked" {
			what += " " + m.Path
		}
		if m.By != "" {
			what += " by " + m.By
			if m.What == "approved" || m.What == "rejected" {
				what += " " + knownBy(m.Known)
			}
		}
		if m.Plan != "" && m.What == "approved" {
			what += ": " + map[bool]string{true: "plan ", false: "commit "}[m.Known == engine.KnownByMachine] + m.Plan
		}
		if m.Reason != "" && m.What != "parked" && m.What != "restarted" {
			what += " (" + firstLine(m.Reason) + ")"
		}
		if m.Error != nil {
			what += ": " + firstLine(m.Error.Message)
		}
		fmt.Fprintf(w, "  %s\t%s\n", m.At.Local().Format(time.DateTime), Flat(what))
	}
}

// knownBy says on whose word it is known who someone is.
func knownBy(known string) string {
	if known == engine.KnownByMachine {
		return "(user of this machine)"
	}
	return "(user of " + known + ")"
}
