// Package format writes the YAML of skills, step types, tests, skillrun.yaml and
// sandbox.yaml in its canonical form: text in, text out.
//
// # What canonical is
//
// The form is that of the built-in skills. It decides about the space between things,
// and about nothing that an author says:
//
//   - Each level is indented by two blanks, and the items of a list by two more than the
//     key that holds them: the dash has a column of its own.
//   - One blank stands after a dash, a colon and a comma, and none before. {a: b} and
//     [a, b] have none inside their brackets.
//   - What is on one line stays on one line, and what is on several stays so. In
//     brackets that are open over several lines, each line is two blanks further in
//     than the line that opened them, and a bracket that is closed on a line of its own
//     stands below that one; all of it is indented, so that every parser reads it.
//   - There are no blanks at the ends of lines, no two blank lines in a row, none at the
//     beginning and at the end, one line feed at the end of a line and of the file, and
//     no byte order mark.
//   - A comma before a bracket that is closed on the same line goes.
//
// Keys keep their order and texts their quotes: why an author wrote "1.10" in quotes is
// the author's to know. A block of text (| or >) keeps each line as it is and moves as a
// whole. What stands inside ${{ }} is text.
//
// # Comments
//
// A comment stays between the lines that it was between, and at the end of the line that
// it ended, as many blanks behind that as it was: it may stand below another one. On a
// line of its own it is indented like the line that follows. Where it is further in than
// that, it belongs to what stands above, and is indented like the part of that which it
// stood under.
//
// # What is promised
//
// The canonical form reads as the same values, with the same comments, and is its own
// canonical form. A text with what YAML knows and hardly anybody writes, such as a key
// after a question mark, stays as it is.
package format

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// Source returns a file's text in its canonical form. A text that cannot be read is
// none, and the diagnostics say why; file is only its name for them.
func Source(file string, text []byte) ([]byte, diag.List) {
	plain := unix(text)
	root, list := syntax.ParseData(file, []byte(plain))
	if list.HasErrors() {
		return nil, list
	}
	out, ok := rewrite(root, plain)
	if !ok || !reads(out, root, plain) {
		return slices.Clone(text), nil
	}
	return []byte(out), nil
}

// unix is the text with line feeds alone, and without a byte order mark.
func unix(text []byte) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n")
}

// rewrite lays a text out anew; it is not ok when there is something in it that this
// package does not know.
func rewrite(root *syntax.Node, text string) (out string, ok bool) {
	tokens, ok := scan(root, text)
	if !ok || root.Kind == syntax.Scalar {
		return "", false
	}
	w := walker{tokens: tokens}
	if !w.value(root, &level{was: -1, is: -step}) || w.peek() != nil {
		return "", false
	}
	return write(tokens, !strings.HasSuffix(text, "\n"))
}

// reads reports whether a text that was laid out anew says what it said before.
func reads(out string, root *syntax.Node, text string) bool {
	again, list := syntax.ParseData("", []byte(out))
	return !list.HasErrors() && same(root, again) && slices.Equal(comments(root, text), comments(again, out))
}

func same(a, b *syntax.Node) bool {
	return a.Kind == b.Kind && a.Tag == b.Tag && a.Value == b.Value && slices.EqualFunc(a.Items, b.Items, same) &&
		slices.EqualFunc(a.Pairs, b.Pairs, func(p, q syntax.Pair) bool { return same(p.Key, q.Key) && same(p.Value, q.Value) })
}

func comments(root *syntax.Node, text string) (out []string) {
	tokens, _ := scan(root, text)
	for _, t := range tokens {
		if t.kind == comment {
			out = append(out, t.text)
		}
	}
	return out
}
