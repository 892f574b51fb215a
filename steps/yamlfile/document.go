package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// The limits keep one file from taking the machine's memory: a small file can
// hold very many nodes, and aliases can stand for more still. Before it is parsed,
// which makes a node of each, its lines and what is between commas are counted.
const (
	maxFile  = 4 << 20
	maxNodes = 200_000
	maxParts = 200_000
	maxDepth = 100
)

const bom = "\ufeff"

// parse reads all documents of src into node trees. It never decodes into Go
// values: that is where the parser is slow and can panic.
func parse(src []byte) (docs []*yamltext.Node, err error) {
	if len(src) > maxFile {
		return nil, tooLarge(int64(len(src)))
	}
	if n := bytes.Count(src, []byte("\n")) + bytes.Count(src, []byte("\r")) + bytes.Count(src, []byte(",")); n > maxParts {
		return nil, types.Errorf(types.BadInput, "the YAML has %d lines and list items, more than %d", n, maxParts).
			WithHint("split the file")
	}
	if isPointer(src) {
		return nil, types.Errorf(types.BadInput, "this is a Git LFS pointer, not YAML: the file's content is stored elsewhere, and skillrun does not fetch it").
			WithHint("keep files that releases read and edit in git itself: take the file's pattern out of .gitattributes, then git lfs migrate export")
	}
	if !utf8.Valid(src) {
		return nil, types.Errorf(types.BadInput, "the YAML is not UTF-8 text").WithHint("save the file as UTF-8")
	}
	defer func() {
		if p := recover(); p != nil {
			docs, err = nil, types.Errorf(types.BadInput, "not YAML: %v", p).WithHint("fix the file where a YAML linter says so")
		}
	}()
	d := yamltext.NewDecoder(string(src))
	for {
		doc := new(yamltext.Node)
		err := d.Decode(doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, types.Errorf(types.BadInput, "not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: ")).
				WithHint("fix the file at that line")
		}
		docs = append(docs, doc)
	}
}

func tooLarge(size int64) *types.Error {
	return types.Errorf(types.BadInput, "the YAML has %d bytes, more than %d", size, maxFile).
		WithHint("split the file")
}

// maxPointer is the largest pointer of Git LFS.
const maxPointer = 1024

// isPointer reports whether a file is a pointer of Git LFS (its docs/spec.md):
// small, with the version first, and the object's name. Hawser is its old name.
func isPointer(src []byte) bool {
	text := strings.TrimSpace(strings.TrimPrefix(string(src[:min(len(src), maxPointer)]), bom))
	spec, ok := strings.CutPrefix(text, "version https://")
	return ok && len(src) <= maxPointer && strings.Contains(text, "\noid ") &&
		(strings.HasPrefix(spec, "git-lfs.github.com/spec/") || strings.HasPrefix(spec, "hawser.github.com/spec/"))
}

// lines finds byte offsets from the line and column of a node.
type lines struct {
	src    []byte
	starts []int
}

// newLines counts lines as the parser does: CR, CRLF and LF end a line, and a
// byte order mark at the very start takes no column.
func newLines(src []byte) lines {
	at := 0
	if bytes.HasPrefix(src, []byte(bom)) {
		at = len(bom)
	}
	starts := []int{at}
	for at < len(src) {
		n := breakAt(src[at:])
		at += max(n, 1)
		if n > 0 {
			starts = append(starts, at)
		}
	}
	return lines{src, starts}
}

// breakAt returns the length of the line break that b begins with, or 0.
func breakAt(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	case len(b) > 0 && (b[0] == '\n' || b[0] == '\r'):
		return 1
	}
	return 0
}

// offset returns where a node begins, or -1 when there is no such place.
// Columns count characters, from 1.
func (l lines) offset(line, column int) int {
	if line < 1 || line > len(l.starts) {
		return -1
	}
	at := l.starts[line-1]
	for range column - 1 {
		if at >= len(l.src) {
			return -1
		}
		_, n := utf8.DecodeRune(l.src[at:])
		at += n
	}
	return at
}

// difference compares two lists of documents, or of nodes, and returns where they
// differ, "" when they do not. want says how a node that was edited has to look now.
// Columns and comments are left out: the bytes around the edit are untouched
// by construction, and how comments hang on nodes is the parser's affair.
func difference(a, b []*yamltext.Node, want map[*yamltext.Node]yamltext.Node) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d documents became %d", len(a), len(b))
	}
	for i := range a {
		if why := nodeDifference(a[i], b[i], want); why != "" {
			return why
		}
	}
	return ""
}

func nodeDifference(a, b *yamltext.Node, want map[*yamltext.Node]yamltext.Node) string {
	value, tag, style := a.Value, a.Tag, a.Style
	if w, edited := want[a]; edited {
		value, tag, style = w.Value, w.Tag, w.Style
	}
	same := a.Kind == b.Kind && value == b.Value && tag == b.Tag && style == b.Style &&
		a.Anchor == b.Anchor && a.Line == b.Line && len(a.Content) == len(b.Content)
	if !same {
		return fmt.Sprintf("line %d would hold another value than was asked for", a.Line)
	}
	return difference(a.Content, b.Content, want)
}

// lineList writes "line 3" or "lines 3, 7 and 9", each once, at most five.
func lineList(of []int) string {
	of = slices.Compact(slices.Clone(of))
	more := ""
	if len(of) > 5 {
		of, more = of[:5], " and more"
	}
	text := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(of)), ", "), "[]")
	if len(of) == 1 && more == "" {
		return "line " + text
	}
	return "lines " + text + more
}
