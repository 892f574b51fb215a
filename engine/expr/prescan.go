package expr

import (
	"fmt"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/engine/expr/stdlib"
)

// prescan goes over a source once before the parser does. It stops what is
// nested so deep that the parser's recursion would go down with it, and writes
// the names of our functions that take a predicate as the parser's own names:
// it reads `#` and `.field` only behind those. The new names are as long as the
// old ones, so that every place stays where it is; the lowerer reads the name
// from the source again.
func prescan(src string) (forParser string, problem *Problem) {
	out := []byte(src)
	depth := 0
	last := byte(0) // the last byte that is no white space, before i
	for i := 0; i < len(src); {
		n := 1
		switch b := src[i]; b {
		case '"', '\'', '`':
			n = max(1, quoted(src[i:]))
		case '(', '[', '{':
			if depth++; depth > maxDepth {
				return "", &Problem{CodeTooBig, i, i + 1, fmt.Sprintf("the expression is nested deeper than %d", maxDepth), "move parts of it into a `set` step"}
			}
		case ')', ']', '}':
			depth--
		default:
			n = len(stdlib.Word(src[i:]))
			if n > 0 && last != '.' && last != '#' && strings.HasPrefix(strings.TrimLeft(src[i+n:], " \t\r\n"), "(") {
				alias(out[i : i+n])
			}
			n = max(1, n)
		}
		if b := src[i+n-1]; !strings.ContainsRune(" \t\r\n", rune(b)) {
			last = b
		}
		i += n
	}
	return string(out), nil
}

// alias overwrites the name of a function with that which the parser knows.
func alias(name []byte) {
	f, ok := table()[string(name)]
	if !ok || f.ParsedAs == "" {
		return
	}
	for i := copy(name, f.ParsedAs); i < len(name); i++ {
		name[i] = ' '
	}
}

// table holds the functions by name. It is made once and never changed.
var table = sync.OnceValue(func() map[string]*stdlib.Function {
	out := map[string]*stdlib.Function{}
	for _, f := range stdlib.Functions() {
		out[f.Name] = &f
		if f.Alias != "" {
			out[f.Alias] = &f
		}
	}
	return out
})
