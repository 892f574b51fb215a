package yamlfile

import (
	"fmt"
	"strings"

	"github.com/speakeasy-api/jsonpath/pkg/jsonpath"
	"github.com/speakeasy-api/jsonpath/pkg/jsonpath/token"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
)

const maxPath = 1000

// maxSelectors bounds how much longer than the document a result can get:
// [*,*] gives every value twice, and brackets multiply.
const maxSelectors = 64

// compile parses a JSONPath. The library indexes its tokens unchecked, so a panic is
// taken for a fault of the path; vet adds the limits that it has not.
func compile(path string) (query *jsonpath.JSONPath, err error) {
	if len(path) > maxPath {
		return nil, badPath(path[:40]+"…", 0, fmt.Sprintf("it has %d bytes, more than %d", len(path), maxPath))
	}
	defer func() {
		if recover() != nil {
			query, err = nil, badPath(path, len(path)+1, "unexpected end")
		}
	}()
	query, fault := jsonpath.NewPath(path)
	if fault != nil {
		column, why := readFault(fault.Error())
		return nil, badPath(path, column, why)
	}
	return query, vet(path)
}

// checkPath refuses an argument that is no JSONPath.
func checkPath(path string, unknown step.UnknownPaths) error {
	if unknown.Has("jsonpath") {
		return nil
	}
	_, err := compile(path)
	return err
}

func badPath(path string, column int, why string) *types.Error {
	where := ""
	if column > 0 {
		where = fmt.Sprintf(" at column %d", column)
	}
	return types.Errorf(types.BadInput, "jsonpath %s is not valid%s: %s", path, where, why).
		WithHint("RFC 9535, as in $.targets[?(@.name == 'prod')].ref; a name with other characters than letters, digits and _ is written ['my-name']")
}

// readFault takes the column and the reason from the library's message, whose
// first line has both; the rest is a drawing. Its columns count from 0.
func readFault(message string) (column int, why string) {
	first, _, _ := strings.Cut(message, "\n")
	first, _, _ = strings.Cut(first, " [err:")
	var line int
	if _, err := fmt.Sscanf(first, "Error at line %d, column %d:", &line, &column); err != nil {
		return 0, first
	}
	_, why, _ = strings.Cut(first, ": ")
	if strings.HasPrefix(why, "could not parse query") {
		why = "expected a comparison or a test"
	}
	return column + 1, why
}

// vet refuses what the library would take in silence: functions that do not exist, which
// it runs as length(), and paths that cost more than a small factor of the document.
func vet(path string) error {
	v := vetter{path: path, selectors: 1}
	tokens := token.NewTokenizer(path).Tokenize()
	for i, t := range tokens {
		v.brackets(t.Token)
		why := v.fault(i, t.Token)
		if t.Token == token.STRING && i+1 < len(tokens) && tokens[i+1].Token == token.PAREN_LEFT {
			why = "there is no function " + t.Literal
		}
		if why != "" {
			return badPath(path, t.Column+1, why)
		}
	}
	return nil
}

type vetter struct {
	path      string
	descents  int
	selectors int   // how many times a value can be selected: brackets multiply
	open      []int // selectors of each open bracket
	filter    int   // how many brackets were open where a filter began, 0 outside
}

func (v *vetter) brackets(t token.Token) {
	last := len(v.open) - 1
	switch t {
	case token.BRACKET_LEFT, token.PAREN_LEFT:
		v.open = append(v.open, 1)
	case token.COMMA:
		v.open[last]++
	case token.BRACKET_RIGHT, token.PAREN_RIGHT:
		v.selectors *= v.open[last]
		v.open = v.open[:last]
		if len(v.open) < v.filter {
			v.filter = 0
		}
	case token.FILTER:
		if v.filter == 0 {
			v.filter = len(v.open)
		}
	}
}

// fault says what is wrong with a token; at is its place in the path.
func (v *vetter) fault(at int, t token.Token) string {
	if t == token.RECURSIVE {
		v.descents++
	}
	switch {
	case t == token.RECURSIVE && (v.descents > 2 || v.filter > 0):
		return "at most two .. are allowed, and none inside a filter"
	case t == token.ROOT && at > 0:
		return "$ is not allowed inside a filter; @ is the value that is tested"
	case v.selectors > maxSelectors:
		return fmt.Sprintf("its brackets select more than %d times", maxSelectors)
	}
	return ""
}

// match is one value that a path chose.
type match struct {
	view *yamltext.Node
	origin
}

// find asks the path of every document. A value that is reached twice counts once.
func find(path string, docs []*yamltext.Node) (found []match, origins map[*yamltext.Node]origin, err error) {
	query, err := compile(path)
	if err != nil {
		return nil, nil, err
	}
	roots, origins, err := views(docs)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			found, err = nil, badPath(path, 0, "it cannot be evaluated")
		}
	}()
	seen := map[*yamltext.Node]bool{}
	for _, root := range roots {
		for _, n := range query.Query(root) {
			if !seen[n] {
				seen[n] = true
				found = append(found, match{n, origins[n]})
			}
		}
	}
	return found, origins, nil
}

// countError says that a path chose another number of values than expected.
func countError(path string, found []match, want string) *types.Error {
	if len(found) == 0 {
		return types.Errorf(types.NotFound, "jsonpath %s matches nothing; %s expected", path, want).
			WithHint("check the names and quotes in the path against the file").With("count", 0)
	}
	at := make([]int, len(found))
	for i, m := range found {
		at[i] = m.node.Line
	}
	return types.Errorf(types.Conflict, "jsonpath %s matches %d %s (%s); %s expected",
		path, len(found), plural("value", len(found)), lineList(at), want).With("count", len(found)).
		WithHint("make the path more precise, or set expect: %d to match all of them", len(found))
}

func plural(word string, n int) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// counted writes "1 match", "2 matches".
func counted(n int) string {
	if n == 1 {
		return "1 match"
	}
	return fmt.Sprintf("%d matches", n)
}
