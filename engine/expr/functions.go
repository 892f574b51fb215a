package expr

import (
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// Function is a function of the language. A test runs every Example and
// compares its value, written as JSON, with Want.
type Function struct {
	Name      string
	Signature string
	Doc       string
	Example   string
	Want      string

	need, most int // how many arguments

	// alias is an older spelling that keeps its meaning. parsedAs is the name
	// under which the parser reads a function that takes a predicate and is
	// none of its own (see survey).
	alias, parsedAs string

	// prepare reads the arguments that have to be written out, when the
	// expression is parsed.
	prepare func(l *lowerer, n *call)

	// params and result are the types of a plain function; typed is asked
	// instead when the result's type follows from the arguments'.
	params []types.Type
	result types.Type
	typed  func(c *checker, n *call, s Scope) types.Type

	// run computes the result of arguments that are known and present. lazy
	// is asked instead when not every argument is wanted, or only a part.
	run  func(ev *evaluator, args []any) (any, error)
	lazy func(ev *evaluator, n *call) (any, error)
}

// Functions returns every function, by name.
func Functions() []Function {
	out := slices.Concat(textFunctions(), wordFunctions(), regexFunctions(), conversionFunctions(), numberFunctions(),
		listFunctions(), predicateFunctions(), mapFunctions(), shapeFunctions(), encodingFunctions(),
		pathFunctions(), versionFunctions(), timeFunctions())
	slices.SortFunc(out, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// table holds the functions by name. It is made once and never changed.
var table = sync.OnceValue(func() map[string]*Function {
	out := map[string]*Function{}
	for _, f := range Functions() {
		out[f.Name] = &f
		if f.alias != "" {
			out[f.alias] = &f
		}
	}
	return out
})

// names are what a misspelt function can be meant to be.
func names() []string {
	var out []string
	for _, f := range Functions() {
		out = append(out, f.Name)
	}
	return out
}

// functionHint says what to write instead of a function that does not exist.
func functionHint(name string) string {
	if hint, ok := elsewhere()[name]; ok {
		return hint
	}
	return diag.DidYouMean(name, names())
}

// plainCall checks a function whose parameters have fixed types.
func (c *checker) plainCall(n *call, s Scope) types.Type {
	before := len(c.problems)
	for i, a := range n.args {
		t := c.operand(a, s)
		want := n.fn.params[min(i, len(n.fn.params)-1)]
		if isUnclear(t) {
			continue
		}
		if why, ok := want.Accepts(t); !ok {
			c.fail(a, CodeTypeMismatch, n.fn.Signature, "%s cannot take %s: %s", n.fn.Name, show(a), why)
			continue
		}
		c.form(n, a, t, want)
	}
	if len(c.problems) == before {
		c.constant(n)
	}
	return n.fn.result
}

// plain makes a function of fixed types.
func (f Function) plain(result types.Type, params ...types.Type) Function {
	f.params, f.result, f.need, f.most = params, result, len(params), len(params)
	return f
}

// optional makes the last n arguments of a plain function optional.
func (f Function) optional(n int) Function {
	f.need -= n
	return f
}

// unbounded lets the last argument of a plain function be given any number of
// times.
func (f Function) unbounded() Function {
	f.most = unbounded
	return f
}

// generic makes a function whose result's type is computed.
func (f Function) generic(need, most int, typed func(c *checker, n *call, s Scope) types.Type) Function {
	f.need, f.most, f.typed = need, most, typed
	return f
}

// unbounded is the most arguments of a function that takes any number.
const unbounded = math.MaxInt

var (
	text    = types.OfKind(types.String)
	integer = types.OfKind(types.Integer)
	number  = types.OfKind(types.Number)
	boolean = types.OfKind(types.Boolean)
)

// badArgument is the failure of a function on a value that its types allow.
func badArgument(format string, args ...any) error {
	return types.Errorf(types.BadInput, format, args...)
}
