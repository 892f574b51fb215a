// Package diag says what is wrong with something a user wrote, where it
// stands, and what to do about it.
//
// A [Diagnostic] is data: it holds no colour, no layout and no source text.
// Programs render it (the command line as text with the source line and a
// caret, CI as annotations, editors as squiggles). Codes are stable words that
// tests and tools may rely on; messages may improve at any time.
//
// The shape follows HashiCorp's HCL: a tight range to underline, one line of
// what is wrong, and a hint that says what to do.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity says whether a diagnostic stops the skill. The zero Severity is
// invalid on purpose, so that a forgotten one is seen.
type Severity uint8

// The severities.
const (
	Error   Severity = 1 // nothing runs
	Warning Severity = 2 // shown, and the skill runs
)

// String returns "error" or "warning".
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	}
	return "invalid"
}

// MarshalText writes the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Code names a kind of mistake, such as "unknown-key". Codes are kebab-case
// and stable.
type Code string

// Pos is a place in a text. Lines and columns start at 1; a column counts
// characters (Unicode code points), not bytes.
type Pos struct {
	Line int `json:"line"`
	Col  int `json:"col"`
}

// Range is a stretch of a file. End is the position after the last character.
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// String returns "file:line:col".
func (r Range) String() string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Start.Line, r.Start.Col)
}

// Note points at a second place that explains the first, such as where a name
// was declared.
type Note struct {
	At      Range  `json:"at"`
	Message string `json:"message"`
}

// Diagnostic is one mistake.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	At       Range    `json:"at"`             // tight: what to underline
	Message  string   `json:"message"`        // one line: what is wrong
	Hint     string   `json:"hint,omitempty"` // what to do about it
	Related  []Note   `json:"related,omitempty"`
	Fix      []Edit   `json:"fix,omitempty"` // does what the hint says, where that has one answer; its edits do not overlap
}

// Edit replaces a stretch of a file by a text; an empty stretch is where the text is
// inserted.
type Edit struct {
	At   Range  `json:"at"`
	Text string `json:"text"`
}

// Suggest sets the hint to the candidate that word was most likely meant to be, or to
// the candidates when they are few; see [DidYouMean]. Where what is underlined is the
// word, a fix puts the candidate in its place.
func (d *Diagnostic) Suggest(word string, candidates []string) *Diagnostic {
	d.Hint = DidYouMean(word, candidates)
	near := Nearest(word, candidates)
	if near == "" || d.At.Start.Line == 0 || d.At.Start.Line != d.At.End.Line || d.At.End.Col-d.At.Start.Col != utf8.RuneCountInString(word) {
		return d // without quotes around it, and in one piece
	}
	return d.Replace(near)
}

// Replace adds the fix that puts a text in the place of what is underlined.
func (d *Diagnostic) Replace(text string) *Diagnostic {
	d.Fix = []Edit{{At: d.At, Text: text}}
	return d
}

// String returns the diagnostic on one line, for logs and tests.
func (d Diagnostic) String() string {
	s := fmt.Sprintf("%s: %s: %s [%s]", d.At, d.Severity, d.Message, d.Code)
	if d.Hint != "" {
		s += " (" + d.Hint + ")"
	}
	return s
}

// List is a number of diagnostics, in the order in which they were found. It
// is returned instead of an error so that warnings can travel beside a result.
type List []Diagnostic

// How many diagnostics a list takes, and how many bytes a message. A hostile file
// has tens of thousands of mistakes, each as long as the file.
const (
	maxList = 10_000
	maxText = 2000
)

// Errorf adds an error without a hint and returns it, so that the caller can
// add one.
func (l *List) Errorf(code Code, at Range, format string, args ...any) *Diagnostic {
	return l.add(Error, code, at, format, args)
}

// Warnf adds a warning and returns it.
func (l *List) Warnf(code Code, at Range, format string, args ...any) *Diagnostic {
	return l.add(Warning, code, at, format, args)
}

func (l *List) add(s Severity, code Code, at Range, format string, args []any) *Diagnostic {
	d := Diagnostic{Severity: s, Code: code, At: at, Message: clip(fmt.Sprintf(format, args...))}
	if len(*l) >= maxList && (s == Warning || l.HasErrors()) {
		return &d // no one reads that far, and what the list stops is stopped already
	}
	*l = append(*l, d)
	return &(*l)[len(*l)-1]
}

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}

// Foremost returns at most n diagnostics for someone to read, in their order:
// errors before warnings where not all fit. Their hints are no longer than their
// messages may be.
func (l List) Foremost(n int) List {
	warnings := max(0, n-l.Errors())
	var out List
	for _, d := range l {
		if d.Severity == Warning {
			warnings--
		}
		if len(out) == n || d.Severity == Warning && warnings < 0 {
			continue
		}
		d.Hint = clip(d.Hint)
		out = append(out, d)
	}
	return out
}

// HasErrors reports whether anything in the list stops the skill.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity != Warning })
}

// Errors counts what stops the skill; the rest are warnings.
func (l List) Errors() int {
	n := 0
	for _, d := range l {
		if d.Severity != Warning {
			n++
		}
	}
	return n
}

// First returns the first diagnostic that stops the skill, or the zero one.
func (l List) First() Diagnostic {
	for _, d := range l {
		if d.Severity != Warning {
			return d
		}
	}
	return Diagnostic{}
}

// Sort orders the list by file and place; diagnostics of one place keep the
// order in which they were found.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			strings.Compare(a.At.File, b.At.File),
			cmp.Compare(a.At.Start.Line, b.At.Start.Line),
			cmp.Compare(a.At.Start.Col, b.At.Start.Col),
		)
	})
}

// Err returns nil when the list holds no error, and otherwise an error with a
// line for each diagnostic.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.String()
	}
	return errors.New(strings.Join(lines, "\n"))
}
