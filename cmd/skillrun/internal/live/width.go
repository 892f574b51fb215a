package live

import (
	"io"
	"os"

	"golang.org/x/term"
)

// WidthOf is how many cells a terminal has in a row, 0 when that cannot be told.
func WidthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
