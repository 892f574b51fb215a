package diag_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
)

func edit(line, col, endLine, endCol int, text string) diag.Edit {
	return diag.Edit{At: diag.Range{File: "f", Start: diag.Pos{Line: line, Col: col}, End: diag.Pos{Line: endLine, Col: endCol}}, Text: text}
}

func TestApply(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		edits []diag.Edit
		want  string // "" is refused
	}{
		"a word":                  {"a: bcd\n", []diag.Edit{edit(1, 4, 1, 7, "x")}, "a: x\n"},
		"in any order":            {"a: b\nc: d\n", []diag.Edit{edit(2, 4, 2, 5, "y"), edit(1, 4, 1, 5, "x")}, "a: x\nc: y\n"},
		"behind wide characters":  {"ä: öb\n", []diag.Edit{edit(1, 5, 1, 6, "x")}, "ä: öx\n"},
		"behind a mark of order":  {"\ufeffa: b\n", []diag.Edit{edit(1, 4, 1, 5, "x")}, "\ufeffa: x\n"},
		"a line is added":         {"a: b\n", []diag.Edit{edit(1, 1, 1, 1, "c: d\n")}, "c: d\na: b\n"},
		"to a text with CRLF":     {"a: b\r\n", []diag.Edit{edit(1, 1, 1, 1, "c: d\n")}, "c: d\r\na: b\r\n"},
		"at the end":              {"a: b\n", []diag.Edit{edit(2, 1, 2, 1, "c: d\n")}, "a: b\nc: d\n"},
		"several lines go":        {"a: b\nc: d\ne: f\n", []diag.Edit{edit(1, 2, 3, 2, "")}, "a: f\n"},
		"the same twice":          {"a: b\n", []diag.Edit{edit(1, 1, 1, 3, "x"), edit(1, 2, 1, 3, "y")}, ""},
		"outside":                 {"a: b\n", []diag.Edit{edit(3, 1, 3, 1, "x")}, ""},
		"behind the end of lines": {"a: b\n", []diag.Edit{edit(1, 9, 1, 9, "x")}, ""},
		"from the end":            {"a: b\n", []diag.Edit{edit(1, 3, 1, 2, "x")}, ""},
		"without a place":         {"a: b\n", []diag.Edit{{Text: "x"}}, ""},
	} {
		got, err := diag.Apply([]byte(c.text), c.edits)
		if (err == nil) != (c.want != "") || string(got) != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	word := edit(2, 3, 2, 6, "")
	for name, c := range map[string]struct {
		other diag.Edit
		want  bool
	}{
		"the same":      {word, true},
		"a part":        {edit(2, 4, 2, 5, ""), true},
		"around":        {edit(1, 1, 3, 1, ""), true},
		"before":        {edit(2, 1, 2, 3, ""), false},
		"behind":        {edit(2, 6, 2, 7, ""), false},
		"inserted here": {edit(2, 3, 2, 3, ""), true},
		"another file":  {diag.Edit{At: diag.Range{File: "g", Start: word.At.Start, End: word.At.End}}, false},
	} {
		if word.Overlap(c.other) != c.want || c.other.Overlap(word) != c.want {
			t.Errorf("%s: want %t", name, c.want)
		}
	}
}
