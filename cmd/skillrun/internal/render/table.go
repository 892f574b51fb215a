package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// maxCell is how much of a value a cell of a table shows, in characters.
const maxCell = 60

// rows prints the elements of a list, in columns when all are objects.
func rows(tw io.Writer, list []any) {
	columns := columnsOf(list)
	if columns == nil {
		for _, x := range list {
			fmt.Fprintln(tw, line(x))
		}
		return
	}
	heads := make([]string, len(columns))
	for i, name := range columns {
		heads[i] = cell(name)
	}
	fmt.Fprintln(tw, strings.Join(heads, "\t"))
	for _, x := range list {
		var cells []string
		for _, name := range columns {
			cells = append(cells, cell(x.(map[string]any)[name]))
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
}

// columnsOf are the members of a list of objects, nil of any other list.
func columnsOf(list []any) []string {
	var out []string
	for _, x := range list {
		o, ok := x.(map[string]any)
		if !ok {
			return nil
		}
		for _, name := range types.SortedKeys(o) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// line is a value on one line, as it stands in a table.
func line(v any) string { return strings.ReplaceAll(flat(types.Show(v)), "\t", " ") }

// cell is a value among others on a line, cut to what fits.
func cell(v any) string { return cut(line(v), maxCell) }
