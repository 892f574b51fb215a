// Package render turns diagnostics, events and results into text and JSON. It
// holds the layout, and nothing else does.
package render

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// Sources are the texts that diagnostics may point into, by file name.
type Sources map[string][]byte

// Look is what diagnostics are printed on.
type Look struct {
	Colour bool
	Width  int // of the terminal in cells; 0 is not known, or no terminal
}

// Diagnostics prints each diagnostic with its line and a caret under the
// place:
//
//	skills/x.yaml:7:11: error: unknown key conditon [unknown-key]
//	  7 |     conditon: inputs.a
//	    |     ^^^^^^^^
//	  did you mean if?
//
// Of more than a hundred it prints the first, and of a line that is long, or wider
// than the terminal, the part around the place. In colour, the severity and the
// carets are red, or yellow of a warning.
func Diagnostics(w io.Writer, list diag.List, sources Sources, look Look) {
	for _, d := range list.Foremost(maxShown) {
		paint := plain
		if look.Colour {
			paint = func(s string) string { return "\x1b[" + severityColours[d.Severity] + "m" + s + "\x1b[0m" }
		}
		fmt.Fprintf(w, "%s: %s: %s [%s]\n", Place(d.At), paint(d.Severity.String()), Said(d.Message), d.Code)
		excerpt(w, d.At, sources, look.Width, paint)
		hint(w, d.Hint)
		for _, n := range d.Related {
			fmt.Fprintf(w, "  %s: %s\n", Place(n.At), Said(n.Message))
		}
	}
	if n := len(list) - maxShown; n > 0 {
		fmt.Fprintf(w, "and at least %d more\n", n)
	}
	if n := list.Errors(); n > 1 {
		fmt.Fprintf(w, "%d mistakes; nothing was run\n", n)
	}
}

// How many diagnostics are printed, and how many characters of a line.
const (
	maxShown  = 100
	maxListed = 1000 // in JSON
	maxLine   = 200
	shortest  = 8 // to which a line is cut for a narrow terminal
)

// plain is a text without colour.
func plain(s string) string { return s }

// severityColours are bold red and bold yellow.
var severityColours = map[diag.Severity]string{diag.Error: "1;31", diag.Warning: "1;33"}

// Place is where something is. A name of a file that is not one word is in quotes:
// it cannot be taken for the beginning of another line.
func Place(at diag.Range) string {
	if flag := strings.HasPrefix(at.File, "--"); flag {
		at.File = Flat(at.File)
	} else if strings.ContainsFunc(at.File, func(r rune) bool { return r <= ' ' || types.Steers(r) }) {
		at.File = "'" + Flat(at.File) + "'"
	}
	return at.String()
}

// excerpt prints the line a range begins on, and carets under it. Both are one row
// of a terminal: carets under a line that was broken would point at something else.
func excerpt(w io.Writer, at diag.Range, sources Sources, width int, paint func(string) string) {
	lines := strings.Split(strings.ReplaceAll(string(sources[at.File]), "\r\n", "\n"), "\n")
	if at.Start.Line < 1 || at.Start.Line > len(lines) || len(sources[at.File]) == 0 {
		return
	}
	line := []rune(lines[at.Start.Line-1])
	from := min(at.Start.Col-1, len(line))
	to := len(line)
	if at.End.Line == at.Start.Line {
		to = min(max(at.End.Col-1, from+1), len(line))
	}
	number := fmt.Sprintf("%3d", at.Start.Line)
	line, from, to = fitting(line, from, to, width-len(number)-len(" | "))
	fmt.Fprintf(w, "%s | %s\n", number, Clean(string(line)))
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(line[:from]))
	fmt.Fprintf(w, "%s | %s%s\n", strings.Repeat(" ", len(number)), pad, paint(strings.Repeat("^", max(1, to-from))))
}

// fitting cuts a line to what is around a place in it and takes at most room cells.
func fitting(line []rune, from, to, room int) (part []rune, start, end int) {
	if room < shortest {
		return window(line, from, to, maxLine)
	}
	for limit := min(maxLine, room); ; limit-- {
		part, start, end = window(line, from, to, limit)
		if cells(Clean(string(part))) <= room || limit <= shortest {
			return part, start, end
		}
	}
}

// window cuts a line that is longer than the limit down to what is around a place
// in it. Its beginning, with the indentation, stays where the place can be seen so.
func window(line []rune, from, to, limit int) (part []rune, start, end int) {
	if len(line) <= limit {
		return line, from, to
	}
	first := 0
	if to >= limit {
		first = max(0, min(from-limit/4, len(line)-limit))
	}
	last := min(len(line), first+limit)
	part = slices.Clone(line[first:last])
	if first > 0 {
		part[0] = '…'
	}
	if last < len(line) {
		part[len(part)-1] = '…'
	}
	return part, from - first, min(to-first, len(part))
}

// Error prints an error that has no place in a file.
func Error(w io.Writer, err error) {
	e := types.AsError(err)
	if e.Code == types.Internal {
		fmt.Fprintf(w, "error: %s\n", Said(err.Error()))
		return
	}
	fmt.Fprintf(w, "error: %s [%s]\n", Said(e.Message), e.Code)
	hint(w, e.Hint)
}

// RefusalJSON is a command that ended before it had a result of its own.
type RefusalJSON struct {
	State string       `json:"state"` // refused, failed, waiting or interrupted
	Error RefusalError `json:"error"`
}

// Refusal prints why a command came to nothing, as JSON or as a line of events.
func Refusal(w io.Writer, format, state string, err *types.Error, diags diag.List) {
	why := RefusalError{err, diags.Foremost(maxListed)}
	if format != "events" {
		JSON(w, RefusalJSON{state, why})
		return
	}
	JSONLine(w, RefusedJSON{headOf(state), why})
}

// JSON prints v, indented.
func JSON(w io.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	e.Encode(v) // a stdout that cannot be written is not ours to mend
}

// JSONLine prints v on one line of which nothing steers a terminal.
func JSONLine(w io.Writer, v any) {
	var line strings.Builder
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	e.Encode(v) // into memory; what is printed are our own types
	io.WriteString(w, CleanJSON(line.String()))
}
