package render

import (
	"bufio"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/skillrun/skillrun/engine/diag"
)

// Diff prints how a file would change, as a unified diff; nothing when it would not.
func Diff(w io.Writer, file string, was, is []byte, look Look) {
	b := bufio.NewWriter(w)
	defer b.Flush()
	name := Place(diag.Range{File: file})
	_, text, _ := strings.Cut(string(diff.Diff(name, was, name, is)), "\n") // the first line names both again
	page{w: b, colour: look.Colour}.diff("", text)
}
