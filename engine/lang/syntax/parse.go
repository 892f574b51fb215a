package syntax

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// Parse reads one YAML document. Problems are diagnostics; file is only
// their name for the text. The
// node is nil when nothing can be made of the text, and otherwise holds what
// could be read, so that a caller can look for further problems even where
// there are errors.
func Parse(file string, text []byte) (*Node, diag.List) {
	return parse(file, text, MaxBytes, MaxNodes, true)
}

// Try is [Parse] for whoever has another text to try where this one is no YAML: then it
// does not look for what is wrong, which takes longer than parsing.
func Try(file string, text []byte) (*Node, diag.List) {
	return parse(file, text, MaxBytes, MaxNodes, false)
}

// ParseData is [Parse] of a file of data, with the limits of one.
func ParseData(file string, text []byte) (*Node, diag.List) {
	return parse(file, text, MaxDataBytes, MaxDataNodes, true)
}

func parse(file string, text []byte, maxBytes, maxNodes int, explained bool) (*Node, diag.List) {
	src := newSource(file, strings.TrimPrefix(string(clip(text, maxBytes)), "\ufeff"))
	var list diag.List
	if len(text) > maxBytes {
		list.Errorf("too-large", src.span(0, 0), "the file has %d bytes, more than %d", len(text), maxBytes).
			Hint = "split it into several files"
		return nil, list
	}
	if checkCharacters(src, &list); list.HasErrors() {
		return nil, list
	}
	doc, err := load(src.text)
	switch {
	case errors.Is(err, io.EOF), err == nil && isEmpty(doc):
		list.Errorf("empty-file", src.span(0, 0), "there is nothing in the file").
			Hint = "write a mapping such as `name: value`"
		return nil, list
	case err != nil && doc == nil:
		if explained {
			src.explain(err, &list)
		}
		return nil, list
	}
	b := &builder{src: src, list: &list, most: maxNodes}
	root := b.build(doc.Content[0], 1)
	if b.nodes > b.most {
		return nil, list // what is left of the file would only bring further errors
	}
	b.following(err)
	list.Sort()
	return root, list
}

// clip keeps a text that is too large from being looked at at all.
func clip(text []byte, most int) []byte {
	if len(text) > most {
		return nil
	}
	return text
}

func isEmpty(doc *yamltext.Node) bool {
	root := doc.Content[0]
	return root.Kind == yamltext.ScalarNode && root.Style == 0 && root.Value == ""
}

// errSecond says that the document was read and another one follows.
type errSecond struct{ line int }

func (e errSecond) Error() string { return "a second document" }

// load returns the first document; the error is an errSecond when one follows.
func load(text string) (doc *yamltext.Node, err error) {
	defer func() {
		if p := recover(); p != nil { // the library panics on some input
			doc, err = nil, fmt.Errorf("cannot be read: %v", p)
		}
	}()
	var first, second yamltext.Node
	d := yamltext.NewDecoder(text)
	if err := d.Decode(&first); err != nil {
		return nil, err
	}
	switch err := d.Decode(&second); {
	case errors.Is(err, io.EOF):
		return &first, nil
	case err != nil:
		return nil, err
	}
	return &first, errSecond{second.Line}
}

// maxBad is how many bad characters are shown; a binary file has thousands.
const maxBad = 10

// checkCharacters refuses what the library cannot read, what is not seen in
// an editor, and what it, other parsers and editors disagree about as line
// breaks: after this, lines end in LF or CRLF for everybody.
func checkCharacters(src *source, list *diag.List) {
	for i, r := range src.text {
		if len(*list) == maxBad {
			return
		}
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(src.text[i:], "\ufffd"):
			list.Errorf("bad-character", src.span(i, i+1), "byte 0x%02x is not UTF-8", src.text[i]).
				Hint = "save the file as UTF-8"
		case r == '\r' && !strings.HasPrefix(src.text[i+1:], "\n"):
			list.Errorf("bad-character", src.span(i, i+1), "a carriage return without a line feed").
				Hint = "end lines with LF or CRLF"
		case isHidden(r):
			list.Errorf("bad-character", src.span(i, i+utf8.RuneLen(r)), "the invisible character U+%04X", r).
				Hint = fmt.Sprintf(`remove it, or write it as "\u%04x" in double quotes`, r)
		}
	}
}

// isHidden reports whether r is a control character, a separator that some
// take for a line break, a character that turns the direction of writing, a
// byte order mark inside the text, or none at all.
func isHidden(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff':
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return r&0xfffe == 0xfffe
}

func (b *builder) following(err error) {
	var second errSecond
	if errors.As(err, &second) {
		b.list.Errorf("one-document", b.src.line(second.line), "a second document begins here").
			Hint = "put it into a file of its own, or indent a line of dashes that belongs to a text"
	}
}

// loadPrefix is the text up to and with line n, for finding the line of a
// fault; the blank line before makes the library name lines it would not.
func (s *source) loadPrefix(n int) error {
	end := len(s.text)
	if n < len(s.lines) {
		end = s.lines[n]
	}
	_, err := load("\n" + s.text[:end])
	if errors.As(err, &errSecond{}) {
		return nil
	}
	return err
}
