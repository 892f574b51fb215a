package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/skillrun/skillrun/engine/types"
)

// shownItems is how many items of a loop have lines of their own, and how many
// of those that fail after them. After that a loop tells each tenth of its way.
const shownItems = 20

// stepName is what a step is called where it is told alone: its path, which
// `skillrun resolve` takes; of what is not a step its name.
func stepName(path, node string) string {
	if path == "" || strings.HasPrefix(path, "outputs/") {
		return node
	}
	return path
}

// at is a step before what is said of it; without one it is said of the run.
func at(step string) string {
	if step == "" {
		return ""
	}
	return step + ": "
}

func hint(w io.Writer, text string) {
	if text != "" {
		fmt.Fprintf(w, "  %s\n", Said(text))
	}
}

// aligned is what rows prints, in columns, without blanks at the ends of lines.
func aligned(rows func(io.Writer)) string {
	var text, out strings.Builder
	tw := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	rows(tw)
	tw.Flush()
	for line := range strings.Lines(text.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

// firstLine is a text on one line, marked where there is more of it.
func firstLine(s string) string {
	s = strings.TrimSpace(s)
	line, _, more := strings.Cut(s, "\n")
	if more {
		line += " …"
	}
	return line
}

func orDash(s string) string { return cmp.Or(s, "-") }

// show prints what an approve step shows: of an object a line for each member, of a
// list of objects a table, of another list a line for each element, and a text as it
// is. What stands deeper is written as it is in an expression.
func (g page) show(pad, text string) {
	value, err := types.Decode([]byte(text))
	if err != nil {
		g.block(pad, Clean(text))
		return
	}
	g.block(pad, aligned(func(tw io.Writer) {
		switch v := value.(type) {
		case map[string]any:
			for _, name := range types.SortedKeys(v) {
				fmt.Fprintf(tw, "%s\t%s\n", line(name), line(v[name]))
			}
		case []any:
			rows(tw, v)
		default:
			fmt.Fprintln(tw, Clean(text))
		}
	}))
}

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
