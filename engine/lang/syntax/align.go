package syntax

import (
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/yamltext"
)

// aligner walks a scalar's source and its decoded value side by side and notes
// how one came out of the other. It follows YAML's rules for the style, but
// believes only what agrees with the value the library decoded: wrong is true
// as soon as they part.
type aligner struct {
	text  string // the source
	at    int    // in text
	value string
	done  int // bytes of value that are explained
	spans []span
	wrong bool
}

// align returns the spans of the scalar that begins at offset at, and where
// its source ends; ok is false when the two cannot be brought together.
func align(text string, at int, style yamltext.Style, value string) (spans []span, end int, ok bool) {
	a := &aligner{text: text, at: at, value: value}
	switch {
	case style&yamltext.DoubleQuotedStyle != 0:
		end = a.doubleQuoted()
	case style&yamltext.SingleQuotedStyle != 0:
		end = a.singleQuoted()
	case style&(yamltext.LiteralStyle|yamltext.FoldedStyle) != 0:
		return alignBlock(text, at, style&yamltext.FoldedStyle != 0, value)
	default:
		end = a.plain()
	}
	ok = a.complete()
	return a.spans, end, ok
}

// complete also makes sure that there is a span to point at.
func (a *aligner) complete() bool {
	if len(a.spans) == 0 {
		a.spans = []span{{at: a.at}}
	}
	return !a.wrong && a.done == len(a.value)
}

// copy explains n bytes that stand in the source as they are.
func (a *aligner) copy(n int) {
	if n == 0 {
		return
	}
	if !a.agree(a.text[a.at : a.at+n]) {
		return
	}
	if last := len(a.spans) - 1; last >= 0 && a.spans[last].copied && a.spans[last].at+a.spans[last].source == a.at {
		a.spans[last].decoded += n
		a.spans[last].source += n
	} else {
		a.spans = append(a.spans, span{from: a.done, decoded: n, at: a.at, source: n, copied: true})
	}
	a.done += n
	a.at += n
}

// become explains n source bytes that were decoded to text.
func (a *aligner) become(text string, n int) {
	if text != "" && a.agree(text) {
		a.spans = append(a.spans, span{from: a.done, decoded: len(text), at: a.at, source: n})
		a.done += len(text)
	}
	a.at += n
}

func (a *aligner) agree(text string) bool {
	if a.wrong || !strings.HasPrefix(a.value[a.done:], text) {
		a.wrong = true
	}
	return !a.wrong
}

func (a *aligner) rest() string { return a.text[a.at:] }

func upTo(s, chars string) int {
	if n := strings.IndexAny(s, chars); n >= 0 {
		return n
	}
	return len(s)
}

func (a *aligner) space() (n, breaks int) {
	rest := a.rest()
	n = len(rest) - len(strings.TrimLeft(rest, " \t\r\n"))
	return n, strings.Count(rest[:n], "\n")
}

// fold explains white space: one break is a space, more are one less.
func (a *aligner) fold() {
	n, breaks := a.space()
	switch breaks {
	case 0:
		a.copy(n)
	case 1:
		a.become(" ", n)
	default:
		a.become(strings.Repeat("\n", breaks-1), n)
	}
}

// plain explains a scalar without quotes, which ends where its value does.
func (a *aligner) plain() int {
	for a.done < len(a.value) && !a.wrong && a.at < len(a.text) {
		if n, _ := a.space(); n > 0 {
			a.fold()
			continue
		}
		rest := a.rest()
		a.copy(upTo(rest[:min(len(rest), len(a.value)-a.done)], " \t\r\n"))
	}
	return a.at
}

func (a *aligner) singleQuoted() int {
	a.at++
	for a.at < len(a.text) && !a.wrong {
		switch rest := a.rest(); {
		case strings.HasPrefix(rest, "''"):
			a.become("'", 2)
		case rest[0] == '\'':
			return a.at + 1
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			a.fold()
		default:
			a.copy(upTo(rest, "' \t\r\n"))
		}
	}
	a.wrong = true
	return a.at
}

func (a *aligner) doubleQuoted() int {
	a.at++
	for a.at < len(a.text) && !a.wrong {
		switch rest := a.rest(); {
		case rest[0] == '"':
			return a.at + 1
		case rest[0] == '\\':
			a.escape()
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			a.fold()
		default:
			a.copy(upTo(rest, "\"\\ \t\r\n"))
		}
	}
	a.wrong = true
	return a.at
}

// escapes are those of one letter; \x, \u and \U take hexadecimal digits.
var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b",
	' ': " ", '"': `"`, '\'': "'", '\\': `\`, '/': "/", 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

func (a *aligner) escape() {
	if len(a.rest()) < 2 {
		a.wrong = true
		return
	}
	letter := a.rest()[1]
	if letter == '\n' || letter == '\r' {
		a.at++
		n, breaks := a.space()
		a.become(strings.Repeat("\n", breaks-1), n) // the escaped break itself is nothing
		return
	}
	if text, ok := escapes[letter]; ok {
		a.become(text, 2)
		return
	}
	n := 2 + map[byte]int{'x': 2, 'u': 4, 'U': 8}[letter]
	if _, size := utf8.DecodeRuneInString(a.value[a.done:]); n > 2 && n <= len(a.rest()) {
		a.become(a.value[a.done:a.done+size], n)
		return
	}
	a.wrong = true
}
