package yamlfile

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
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

// Change is what is to be done to a file: the scalars that JSONPath chooses get
// the text Value. The path is asked of every document of the file, and has to
// choose exactly Expect values in all of them together.
type Change struct {
	JSONPath, Value string
	Expect          int
	ThroughAnchor   bool // also where the value shows in other places
}

// Apply makes the change, and changes no other byte of src.
//
// A scalar keeps its quotes; a plain one gets single quotes when the value
// without them would be a number, a date or a boolean to some reader. A file
// that is JSON stays JSON: what was a number or a boolean stays one when the
// value is, everything else is a text in double quotes.
//
// Apply refuses, with [types.Conflict], what cannot be replaced in its place
// alone: values that come through an alias or a merge key, or are in an anchor
// that something refers to, unless ThroughAnchor consents; block scalars,
// scalars over several lines and values of another kind than a string by an
// explicit tag.
func (c Change) Apply(src []byte) (Edit, error) {
	if err := checkValue(c.Value); err != nil {
		return Edit{}, err
	}
	docs, err := parse(src)
	if err != nil {
		return Edit{}, err
	}
	found, _, err := find(c.JSONPath, docs)
	if err != nil {
		return Edit{}, err
	}
	if len(found) != c.Expect {
		return Edit{}, countError(c.JSONPath, found, counted(c.Expect))
	}
	cuts, err := c.plan(src, found)
	if err != nil {
		return Edit{}, err
	}
	return splice(src, docs, cuts, c.Value)
}

func checkValue(value string) error {
	switch {
	case len(value) > maxValue:
		return types.Errorf(types.BadInput, "the value has %d bytes, more than %d", len(value), maxValue).
			WithHint("put a value of that size into a file of its own")
	case !utf8.ValidString(value):
		return types.Errorf(types.BadInput, "the value is not UTF-8 text").WithHint("encode it first, for example as base64")
	}
	return nil
}

// cut is a stretch of the source, and the scalar of a tag and style in its place.
type cut struct {
	match
	start, end int
	text, tag  string
	style      yamltext.Style
}

func (c Change) plan(src []byte, found []match) ([]cut, error) {
	l := newLines(src)
	isJSON := json.Valid(bytes.TrimPrefix(src, []byte(bom)))
	cuts := make([]cut, 0, len(found))
	for _, m := range found {
		if slices.ContainsFunc(cuts, func(other cut) bool { return other.node == m.node }) {
			continue // one value in two places
		}
		if err := c.editable(m); err != nil {
			return nil, err
		}
		x := cut{match: m, tag: "!!str", style: m.node.Style & quoting}
		if err := x.fill(l, c.Value, isJSON); err != nil {
			return nil, err
		}
		cuts = append(cuts, x)
	}
	slices.SortFunc(cuts, func(a, b cut) int { return a.start - b.start })
	return cuts, nil
}

// fill says which bytes the value takes the place of, and how it is written.
func (x *cut) fill(l lines, value string, isJSON bool) (err error) {
	n := x.node
	lead := ""
	if isEmpty(n) {
		x.start, lead, err = gap(l, n)
		x.end = x.start
	} else {
		x.start, x.end, err = extent(l, n)
	}
	switch {
	case err != nil:
		return err
	case !isEmpty(n) && n.ShortTag() == "!!str" && n.Value == value && typed(n).tag == "!!str":
		x.text = string(l.src[x.start:x.end]) // it says so already, in its own way
		return nil
	case isJSON:
		x.text, x.tag, x.style = renderJSON(value, typed(n).tag)
	default:
		x.text, x.style = render(value, x.style)
	}
	x.text = lead + x.text
	return nil
}

// isEmpty reports whether nothing stands where a value could.
func isEmpty(n *yamltext.Node) bool { return n.Value == "" && n.Style&quoting == 0 }

const (
	byHand    = "change the file by hand so that the value is a plain or quoted text on one line"
	byConsent = "give the place a value of its own first, or set through_anchor: true to change the other places too"
)

// editable refuses a match that is not one scalar in one place.
func (c Change) editable(m match) error {
	n := m.node
	refuse := func(format string, args ...any) error {
		return types.Errorf(types.Conflict, "line %d: "+format, append([]any{n.Line}, args...)...).
			WithHint(byHand)
	}
	switch {
	case m.via != "" && !c.ThroughAnchor:
		return types.Errorf(types.Conflict, "line %d: the value comes through %s; changing it there would change other places too", n.Line, m.via).
			WithHint(byConsent)
	case n.Kind == yamltext.SequenceNode || n.Kind == yamltext.MappingNode:
		return refuse("the value is %s, not a text", map[yamltext.Kind]string{yamltext.SequenceNode: "a list", yamltext.MappingNode: "an object"}[n.Kind])
	case m.shared == n && !c.ThroughAnchor:
		return types.Errorf(types.Conflict, "line %d: the value has the anchor &%s, to which line %d refers; changing it would change that place too", n.Line, n.Anchor, m.user).
			WithHint(byConsent)
	case m.shared != nil && !c.ThroughAnchor:
		return types.Errorf(types.Conflict, "line %d: the value is inside the anchor &%s, to which line %d refers; changing it would change that place too", n.Line, m.shared.Anchor, m.user).
			WithHint(byConsent)
	case n.Style&(yamltext.LiteralStyle|yamltext.FoldedStyle) != 0:
		return refuse("the value is a block of text (| or >)")
	case n.Style&yamltext.TaggedStyle != 0 && n.ShortTag() != "!!str":
		return refuse("the value has the tag %s", n.Tag)
	}
	return nil
}

// extent finds the bytes of a scalar, and sees that they say what the parser read.
func extent(l lines, n *yamltext.Node) (start, end int, err error) {
	start = l.offset(n.Line, n.Column)
	if start < 0 {
		return 0, 0, misplaced(n)
	}
	start += propertiesLength(n, l.src[start:])
	rest := l.src[start:]
	var length int
	switch n.Style & quoting {
	case yamltext.SingleQuotedStyle:
		length = quotedLength(rest, '\'')
	case yamltext.DoubleQuotedStyle:
		length = quotedLength(rest, '"')
	default:
		if bytes.HasPrefix(rest, []byte(n.Value)) {
			length = len(n.Value)
		}
	}
	if length == 0 || bytes.ContainsAny(rest[:length], "\r\n") {
		return 0, 0, misplaced(n)
	}
	return start, start + length, nil
}

// misplaced refuses a text over several lines, or with something between its parts.
func misplaced(n *yamltext.Node) error {
	return types.Errorf(types.Conflict, "line %d: the value is not on one line", n.Line).
		WithHint(byHand)
}

// gap finds where an empty value goes, and what has to stand before it there: behind its
// colon or dash, or behind a key in braces that has no colon.
func gap(l lines, n *yamltext.Node) (at int, lead string, err error) {
	at = l.offset(n.Line, n.Column)
	if at < 0 {
		return 0, "", misplaced(n)
	}
	skipped := propertiesLength(n, l.src[at:])
	at += len(bytes.TrimRight(l.src[at:at+skipped], " \t"))
	switch before := bytes.TrimRight(l.src[:at], " \t"); {
	case skipped > 0:
		return at, " ", nil
	case len(before) == 0:
		return 0, "", misplaced(n)
	case before[len(before)-1] != ':' && before[len(before)-1] != '-':
		return afterKey(l.src, at, n)
	case len(before) < at:
		return at, "", nil
	}
	return at, " ", nil
}

// afterKey is the gap right behind a key in a flow collection.
func afterKey(src []byte, at int, n *yamltext.Node) (int, string, error) {
	switch {
	case at < len(src) && src[at] == ':':
		return at + 1, " ", nil
	case at < len(src) && bytes.IndexByte([]byte(",}] \t"), src[at]) >= 0:
		return at, ": ", nil
	}
	return 0, "", misplaced(n)
}

// propertiesLength is the length of a scalar's tag, anchor and blanks that b begins with.
func propertiesLength(n *yamltext.Node, b []byte) int {
	at := 0
	for at < len(b) && (b[at] == '!' && n.Style&yamltext.TaggedStyle != 0 || b[at] == '&' && n.Anchor != "") {
		ends := " \t\r\n,]}"
		if b[at] == '!' {
			ends = " \t\r\n" // a tag can hold the others
		}
		end := bytes.IndexAny(b[at:], ends)
		if end < 0 {
			return len(b)
		}
		at += len(b[at:]) - len(bytes.TrimLeft(b[at+end:], " \t"))
	}
	return at
}

// quotedLength is the length of the quoted text that b begins with, or 0. A doubled
// single quote, and a double quote after a backslash, do not end it.
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

// splice makes the new file, and proves that it is the old one but for the cuts.
func splice(src []byte, docs []*yamltext.Node, cuts []cut, value string) (Edit, error) {
	var out bytes.Buffer
	e := Edit{}
	want := make(map[*yamltext.Node]yamltext.Node, len(cuts))
	at := 0
	for _, c := range cuts {
		out.Write(src[at:c.start])
		out.WriteString(c.text)
		at = c.end
		tagged := c.node.Style & yamltext.TaggedStyle
		want[c.node] = yamltext.Node{Value: value, Tag: c.tag, Style: c.style | tagged}
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
		return Edit{}, types.Errorf(types.Internal, "the edit would change more than the value: %s; nothing was changed", why)
	}
	return e, nil
}
