package execute

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

// parsed is the value of a program's stdout, nil when it is not to be parsed. The
// error is invalid, and says where in the output.
func parsed(in Look, out Out) (*any, *types.Error) {
	read := parsers(in)[in.Parse]
	switch {
	case read == nil:
		return nil, nil
	case out.StdoutBytes > in.MaxOutput:
		return nil, types.Errorf(types.BadInput, "%s wrote %d bytes to stdout, and only the last %d are kept: it cannot be parsed", name(in), out.StdoutBytes, in.MaxOutput).
			WithHint("have it write less, or raise max_output")
	}
	v, err := read(out.Stdout)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "stdout of %s cannot be parsed as %s: %w", name(in), in.Parse, err).
			WithHint("see what it writes; it may need an option for this format").With("stdout", out.Stdout).With("stderr", out.Stderr)
	}
	return &v, nil
}

func parsers(in Look) map[string]func(string) (any, error) {
	return map[string]func(string) (any, error){
		"json":  func(text string) (any, error) { return parseJSON(text, 1) },
		"jsonl": parseJSONLines,
		"lines": parseLines,
		"table": parseTable,
		"regex": func(text string) (any, error) { return parseMatches(text, in.Pattern) },
		"text":  func(text string) (any, error) { return strings.TrimRight(text, "\r\n"), nil },
	}
}

// parseMatches reads what the named groups of a pattern match, at each place where it does.
func parseMatches(text, pattern string) (any, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, match := range re.FindAllStringSubmatch(text, -1) {
		groups := map[string]any{}
		for i, name := range re.SubexpNames() {
			if name != "" {
				groups[name] = match[i]
			}
		}
		out = append(out, groups)
	}
	return out, nil
}

// checkPattern refuses a pattern that is read by nobody, or finds nothing with a name.
func (in Look) checkPattern() error {
	re, err := regexp.Compile(in.Pattern)
	switch {
	case (in.Parse == "regex") != (in.Pattern != ""):
		return types.Errorf(types.BadInput, "pattern goes with parse: regex").WithHint("give both, or none of them")
	case err != nil:
		return types.Errorf(types.BadInput, "%q is no regular expression: %w", in.Pattern, err).WithHint("the syntax is RE2")
	case in.Pattern != "" && strings.Join(re.SubexpNames(), "") == "":
		return types.Errorf(types.BadInput, "pattern has no named group").WithHint("name what to keep, such as (?P<name>[a-z]+)")
	}
	return nil
}

// parseJSON reads one value, which begins in a line of the output.
func parseJSON(text string, line int) (any, error) {
	v, err := types.Read([]byte(text))
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%s: it ends in the middle of a value", placeIn(text, len(text), line))
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("%s: %w", placeIn(text, int(syntax.Offset)-1, line), err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", placeIn(text, firstValue(text), line), err)
	}
	return v, nil
}

// firstValue is how far the first value of a text reaches, and the blanks behind it.
func firstValue(text string) int {
	d := json.NewDecoder(strings.NewReader(text))
	var v json.RawMessage
	_ = d.Decode(&v) // what is wrong with it is told by whoever asks
	rest := text[d.InputOffset():]
	return len(text) - len(strings.TrimLeft(rest, " \t\r\n"))
}

// placeIn is an offset in a text, for people.
func placeIn(text string, offset, line int) string {
	before := text[:min(max(offset, 0), len(text))]
	column := utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line+strings.Count(before, "\n"), column)
}

// parseJSONLines reads a value a line; an empty line is none.
func parseJSONLines(text string) (any, error) {
	out := []any{}
	for i, line := range linesOf(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		v, err := parseJSON(line, i+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func parseLines(text string) (any, error) {
	out := []any{}
	for _, line := range linesOf(text) {
		out = append(out, line)
	}
	return out, nil
}

// linesOf are the lines of a text; one that ends it starts no new line.
func linesOf(text string) (out []string) {
	for line := range strings.Lines(text) {
		out = append(out, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
	}
	return out
}

// parseTable reads a table with a line of names above: an object for each row, by
// the names in lower-case letters, digits and _. Columns are separated by tabs; or
// they begin where their names do, and those are separated by two spaces or more.
func parseTable(text string) (any, error) {
	out, head := []any{}, (*header)(nil)
	for i, line := range linesOf(text) {
		line = strings.TrimRight(line, " \t")
		var row map[string]any
		var err error
		switch {
		case line == "":
			continue
		case head == nil:
			head, err = readHeader(line)
		default:
			row, err = head.row(line)
			out = append(out, row)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return out, nil
}

// header is the line of names of a table.
type header struct {
	names  []string
	starts []int // of each column, in characters; nil where tabs separate them
}

var (
	titles   = types.Pattern(`\S+( \S+)*`)
	nameless = types.Pattern(`[^a-z0-9]+`)
)

func readHeader(line string) (*header, error) {
	h := &header{names: strings.Split(line, "\t")}
	if len(h.names) == 1 {
		h.names = titles().FindAllString(line, -1)
		for _, at := range titles().FindAllStringIndex(line, -1) {
			h.starts = append(h.starts, utf8.RuneCountInString(line[:at[0]]))
		}
		h.starts[0] = 0
	}
	for i, title := range h.names {
		h.names[i] = strings.Trim(nameless().ReplaceAllString(strings.ToLower(title), "_"), "_")
		if h.names[i] == "" || slices.Contains(h.names[:i], h.names[i]) {
			return nil, fmt.Errorf("%q is no name that tells column %d from the others", strings.TrimSpace(title), i+1)
		}
	}
	return h, nil
}

// row reads a row; cells that it lacks at its end are empty.
func (h *header) row(line string) (map[string]any, error) {
	cells, err := strings.Split(line, "\t"), error(nil)
	if h.starts != nil {
		cells, err = h.cut([]rune(line))
	}
	switch {
	case err != nil:
		return nil, err
	case len(cells) > len(h.names):
		return nil, fmt.Errorf("there is no name above column %d", len(h.names)+1)
	}
	out := map[string]any{}
	for i, name := range h.names {
		if out[name] = ""; i < len(cells) {
			out[name] = strings.TrimSpace(cells[i])
		}
	}
	return out, nil
}

// cut takes a line apart where the columns start.
func (h *header) cut(line []rune) (cells []string, err error) {
	for i, start := range h.starts {
		end := len(line)
		if i+1 < len(h.starts) {
			end = min(h.starts[i+1], end)
		}
		if start >= end {
			break
		}
		if start > 0 && line[start-1] != ' ' {
			return nil, fmt.Errorf("a value begins before the name of its column, %s, does", h.names[i])
		}
		cells = append(cells, string(line[start:end]))
	}
	return cells, nil
}
