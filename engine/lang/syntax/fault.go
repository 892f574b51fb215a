package syntax

import (
	"errors"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/engine/diag"
)

// The library's syntax errors are texts, with a line that is right, one too
// small, the line where the surrounding mapping begins, or missing, depending
// on which of its parts found the fault and whether something began on the
// first line. What follows sorts that out; where nothing fits, a line is still
// named, only less well chosen.
var faultPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`) })

type fault struct {
	line    int // 0: not named
	message string
}

func faultOf(err error) fault {
	m := faultPattern().FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	line, _ := strconv.Atoi(m[1])
	return fault{line, m[2]}
}

// finding says which line an error names of a text behind a blank line.
type finding uint8

const (
	scanner finding = iota // the right one, counted from that blank line
	context                // the bracket that is not closed, counted from zero
	search                 // none of use: the first line that brings the error is looked for
)

// known holds the errors of the library's parser; others are its scanner's.
var known = map[string]finding{
	"did not find expected key":              search,
	"did not find expected '-' indicator":    search,
	"did not find expected <document start>": search,
	"did not find expected node content":     search,
	"did not find expected ',' or ']'":       context,
	"did not find expected ',' or '}'":       context,
	"found undefined tag handle":             search,
	"found duplicate %YAML directive":        search,
	"found incompatible YAML document":       search,
	"found duplicate %TAG directive":         search,
}

func (s *source) explain(err error, list *diag.List) {
	f := faultOf(err)
	if again := s.loadPrefix(len(s.lines)); again != nil {
		f = faultOf(again)
	}
	n := s.locate(f)
	if strings.Contains(f.message, "tab character") {
		n = s.nextTab(n) // named is where the value begins
	}
	switch {
	case strings.HasPrefix(f.message, "unknown anchor"):
		list.Errorf("no-alias", s.line(n), "an alias (*name) that refers to nothing").Hint = hintAlias
	case strings.HasPrefix(f.message, "exceeded max depth"):
		tooDeep(list, s.line(n))
	default:
		list.Errorf("yaml-syntax", s.line(n), "this is not YAML: %s", f.message).Hint = hintFor(f.message, s.lineText(n))
	}
}

func (s *source) locate(f fault) int {
	how, isParser := known[f.message]
	switch {
	case f.line == 0 || how == search:
		return s.firstWith(f.message)
	case isParser:
		return f.line
	}
	return f.line - 1
}

// firstWith returns the first line up to which the text has the fault. The
// library reads from top to bottom, so that more text behind a fault does not
// mend it, and halving finds it.
func (s *source) firstWith(message string) int {
	return 1 + sort.Search(len(s.lines)-1, func(i int) bool {
		err := s.loadPrefix(i + 1)
		return err != nil && !errors.Is(err, io.EOF) && faultOf(err).message == message
	})
}

// nextTab returns the first line from n on that is indented by a tab, or n.
func (s *source) nextTab(n int) int {
	for i := n; i <= len(s.lines); i++ {
		if tabbed(s.lineText(i)) {
			return i
		}
	}
	return n
}

func tabbed(line string) bool {
	return strings.Contains(line[:len(line)-len(strings.TrimLeft(line, " \t"))], "\t")
}

func hintFor(message, line string) string {
	switch {
	case tabbed(line):
		return "indent with spaces; YAML does not allow tabs there"
	case strings.Contains(line, "${{"):
		return "put a value that holds an expression into quotes"
	case strings.Contains(message, "mapping values are not allowed"):
		return "put a text that holds `: ` into quotes, and check how far the line is indented"
	case strings.Contains(message, "unexpected end of stream"), strings.Contains(message, "document indicator"):
		return "close the quotes that are opened here"
	case strings.Contains(message, "',' or"):
		return "close the bracket that is opened here; if it is closed, put the texts in it in quotes"
	case strings.Contains(message, "escape"):
		return `write \\ for a backslash in double quotes, or use single quotes`
	case strings.Contains(message, "cannot start any token"):
		return "put a text that begins with this character into quotes"
	case strings.Contains(message, "could not find expected ':'"):
		return "a key needs a `:` and a value"
	}
	return "check the indentation and the quotes of this line and the one before"
}

const hintAlias = "repeat the value; a text that begins with * or & needs quotes"

func tooDeep(list *diag.List, at diag.Range) {
	list.Errorf("too-deep", at, "nested more than %d levels deep", MaxDepth).Hint = "give the inner part a skill of its own"
}
