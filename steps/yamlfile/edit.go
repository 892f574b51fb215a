package yamlfile

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/skillrun/skillrun/engine/types"
)

// Edit is what [Set] came to.
type Edit struct {
	Out     []byte // the whole file; the very bytes that were given when nothing changed
	Old     string // the text of the first value before
	Changed bool
	Places  []Place // in the order in which they stand in the file
}

// Place is a scalar that was set.
type Place struct {
	Doc  int // the document of the file, from 1
	Line int // from 1, as an editor counts
	Old  string
}

const maxValue = 64 << 10

// Set replaces the scalars that jsonpath chooses with the string value, and
// changes no other byte of src. The path is asked of every document of the
// file, and has to choose exactly expect values in all of them together.
//
// A scalar keeps its quotes; a plain one gets single quotes when the value
// without them would be a number, a date or a boolean to some reader. Set
// refuses, with [types.Conflict], what cannot be replaced in its place alone:
// values that come through an alias or a merge key, anchored values, block
// scalars, scalars over several lines, empty values and values of another kind
// than a string by an explicit tag.
func Set(src []byte, jsonpath, value string, expect int) (Edit, error) {
	if err := checkValue(value); err != nil {
		return Edit{}, err
	}
	docs, err := parse(src)
	if err != nil {
		return Edit{}, err
	}
	found, _, err := find(jsonpath, docs)
	if err != nil {
		return Edit{}, err
	}
	if len(found) != expect {
		return Edit{}, countError(jsonpath, found, counted(expect))
	}
	cuts, err := plan(src, found, value)
	if err != nil {
		return Edit{}, err
	}
	return splice(src, docs, cuts, value)
}

func checkValue(value string) error {
	switch {
	case len(value) > maxValue:
		return types.Errorf(types.BadInput, "the value has %d bytes, more than %d", len(value), maxValue).
			WithHint("a scalar that long belongs into a file of its own")
	case !utf8.ValidString(value):
		return types.Errorf(types.BadInput, "the value is not UTF-8 text").WithHint("YAML holds text only: encode it first, for example as base64")
	}
	return nil
}

// cut is one stretch of the source and what takes its place.
type cut struct {
	match
	start, end int
	text       string
	style      yaml.Style
}

func plan(src []byte, found []match, value string) ([]cut, error) {
	l := newLines(src)
	cuts := make([]cut, 0, len(found))
	for _, m := range found {
		if err := editable(m); err != nil {
			return nil, err
		}
		start, end, err := extent(l, m.node)
		if err != nil {
			return nil, err
		}
		c := cut{match: m, start: start, end: end, style: m.node.Style & quoting}
		if m.node.ShortTag() == "!!str" && m.node.Value == value && typed(m.node).tag == "!!str" {
			c.text = string(src[start:end]) // it says so already, in its own way
		} else {
			c.text, c.style = render(value, c.style)
		}
		cuts = append(cuts, c)
	}
	slices.SortFunc(cuts, func(a, b cut) int { return a.start - b.start })
	return cuts, nil
}

const byHand = "change the file by hand so that the value is a plain or quoted text on one line"

// editable refuses a match that is not one scalar in one place.
func editable(m match) error {
	n := m.node
	refuse := func(format string, args ...any) error {
		return types.Errorf(types.Conflict, "line %d: "+format, append([]any{n.Line}, args...)...).
			WithHint(byHand)
	}
	switch {
	case m.via != "":
		return types.Errorf(types.Conflict, "line %d: the value comes through %s; changing it there would change other places too", n.Line, m.via).
			WithHint("give the place a value of its own first")
	case n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode:
		return refuse("the value is %s, not a text", map[yaml.Kind]string{yaml.SequenceNode: "a list", yaml.MappingNode: "an object"}[n.Kind])
	case n.Anchor != "":
		return refuse("the value has the anchor &%s; changing it would change other places too", n.Anchor)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return refuse("the value is a block of text (| or >)")
	case n.Style&yaml.TaggedStyle != 0 && n.ShortTag() != "!!str":
		return refuse("the value has the tag %s", n.Tag)
	case n.Value == "" && n.Style&quoting == 0:
		return refuse("the value is empty")
	}
	return nil
}

// extent finds the bytes of a scalar and makes sure that they say what the
// parser read there.
func extent(l lines, n *yaml.Node) (start, end int, err error) {
	start = l.offset(n.Line, n.Column)
	if start < 0 {
		return 0, 0, misplaced(n)
	}
	if n.Style&yaml.TaggedStyle != 0 {
		start += tagLength(l.src[start:])
	}
	rest := l.src[start:]
	var length int
	switch n.Style & quoting {
	case yaml.SingleQuotedStyle:
		length = quotedLength(rest, '\'')
	case yaml.DoubleQuotedStyle:
		length = quotedLength(rest, '"')
	default:
		if bytes.HasPrefix(rest, []byte(n.Value)) {
			length = len(n.Value)
		}
	}
	if length == 0 || hasBreak(rest[:length]) {
		return 0, 0, misplaced(n)
	}
	return start, start + length, nil
}

// misplaced refuses a text that is folded over several lines, or that has
// something between its parts.
func misplaced(n *yaml.Node) error {
	return types.Errorf(types.Conflict, "line %d: the value does not stand in one piece on one line", n.Line).
		WithHint(byHand)
}

// tagLength is the length of "!tag " at the beginning of b.
func tagLength(b []byte) int {
	tag := bytes.IndexAny(b, " \t\r\n")
	if tag < 0 || b[0] != '!' {
		return 0
	}
	return len(b) - len(bytes.TrimLeft(b[tag:], " \t"))
}

// quotedLength is the length of the quoted text at the beginning of b with its
// quotes, 0 if there is none. A doubled single quote, and a double quote after
// a backslash, do not end it.
func quotedLength(b []byte, quote byte) int {
	if len(b) == 0 || b[0] != quote {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch {
		case quote == '"' && b[i] == '\\':
			i++
		case b[i] != quote:
		case quote == '\'' && i+1 < len(b) && b[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

func hasBreak(b []byte) bool {
	return slices.ContainsFunc(breaks[:], func(s string) bool { return bytes.Contains(b, []byte(s)) })
}

// splice makes the new file and proves that it is the old one but for the
// cuts.
func splice(src []byte, docs []*yaml.Node, cuts []cut, value string) (Edit, error) {
	var out bytes.Buffer
	e := Edit{}
	want := make(map[*yaml.Node]yaml.Node, len(cuts))
	at := 0
	for _, c := range cuts {
		out.Write(src[at:c.start])
		out.WriteString(c.text)
		at = c.end
		tagged := c.node.Style & yaml.TaggedStyle
		want[c.node] = yaml.Node{Value: value, Tag: "!!str", Style: c.style | tagged}
		e.Places = append(e.Places, Place{Doc: c.doc, Line: c.node.Line, Old: c.node.Value})
		e.Changed = e.Changed || c.text != string(src[c.start:c.end])
	}
	out.Write(src[at:])
	e.Out = out.Bytes()
	if len(cuts) > 0 {
		e.Old = e.Places[0].Old
	}
	again, err := parse(e.Out)
	if err != nil {
		return Edit{}, types.Errorf(types.Internal, "the edited file would not be YAML any more: %w; nothing was changed", err)
	}
	if why := difference(docs, again, want); why != "" {
		return Edit{}, types.Errorf(types.Internal, "the edit would change more than the value: %s; nothing was changed", strings.TrimSpace(why))
	}
	return e, nil
}
