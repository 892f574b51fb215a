package stdlib

import (
	"cmp"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

func numberFunctions() []Function {
	return []Function{
		Function{Name: "min", Signature: "min(a, b, …) or min(list)", Doc: "The least of numbers or texts; of a list, absent when it is empty.",
			Example: `min(3, 1.5, 2)`, Want: `1.5`, Run: runExtreme(-1)}.generic(1, unbounded, typeExtreme("min")),
		Function{Name: "max", Signature: "max(a, b, …) or max(list)", Doc: "The greatest of numbers or texts; of a list, absent when it is empty.",
			Example: `max([3, 1, 2]) ?? 0`, Want: `3`, Run: runExtreme(1)}.generic(1, unbounded, typeExtreme("max")),
		Function{Name: "floor", Signature: "floor(x: number) integer", Doc: "The greatest integer that is not above x.",
			Example: `floor(7 / 2)`, Want: `3`, Run: runRound(math.Floor)}.plain(integer, number),
		Function{Name: "ceil", Signature: "ceil(x: number) integer", Doc: "The least integer that is not below x.",
			Example: `ceil(7 / 2)`, Want: `4`, Run: runRound(math.Ceil)}.plain(integer, number),
		Function{Name: "round", Signature: "round(x: number) integer", Doc: "The nearest integer; halves are rounded away from zero.",
			Example: `round(2.5)`, Want: `3`, Run: runRound(math.Round)}.plain(integer, number),
		Function{Name: "fixed", Signature: "fixed(x: number, digits: integer) string", Doc: "The number as text with this many decimal places, 0 to 20.",
			Example: `fixed(2 / 3 * 100, 1) + "%"`, Want: `"66.7%"`, Run: runFixed}.plain(text, number, integer),
	}
}

// floatSize is more than any number takes that fixed writes.
const floatSize = 400

func runFixed(by *Caller, args []any) (any, error) {
	digits := args[1].(int)
	if digits < 0 || digits > 20 {
		return nil, badArgument("fixed writes 0 to 20 digits, not %d", digits)
	}
	if err := by.Spend(floatSize); err != nil {
		return nil, err
	}
	x, ok := args[0].(float64)
	if ok {
		return strconv.FormatFloat(x, 'f', digits, 64), nil
	}
	out := strconv.Itoa(args[0].(int)) // a float would round it
	if digits > 0 {
		out += "." + strings.Repeat("0", digits)
	}
	return out, nil
}

func typeExtreme(name string) func(Args) types.Type {
	return func(a Args) types.Type {
		if a.Len() == 1 {
			return Bare(Elem(typeSorted(a))).Maybe()
		}
		out := unclear
		for i := range a.Len() {
			t := a.Need(i, types.Number, types.String)
			if Unclear(t) {
				return unclear
			}
			if i > 0 && (t.Kind == types.String) != (out.Kind == types.String) {
				return a.Fail(i, "", "%s compares numbers or texts, not both", name)
			}
			if i == 0 {
				out = t
			}
			out = types.Merge(out, t)
		}
		return Bare(out)
	}
}

func typeSorted(a Args) types.Type {
	t := a.Need(0, types.List)
	if Unclear(t) {
		return types.OfKind(types.List)
	}
	a.Ordered(0, Elem(t))
	return t
}

func runExtreme(sign int) func(*Caller, []any) (any, error) {
	return func(_ *Caller, args []any) (any, error) {
		if len(args) == 1 {
			args, _ = args[0].([]any)
		}
		var best any
		for i, v := range args {
			if i == 0 {
				best = v
				continue
			}
			c, ok := Compare(v, best)
			if !ok {
				return nil, noOrder()
			}
			if c == sign {
				best = v
			}
		}
		return best, nil
	}
}

func noOrder() error { return badArgument("only numbers or only texts have an order") }

func runRound(f func(float64) float64) func(*Caller, []any) (any, error) {
	return func(by *Caller, args []any) (any, error) {
		if x, ok := args[0].(float64); ok {
			return runInt(by, []any{f(x)})
		}
		return args[0], nil
	}
}

// Compute is left op right for numbers, where op is one of + - * / and %.
func Compute(op string, left, right any) (any, error) {
	a, aInt := left.(int)
	b, bInt := right.(int)
	if aInt && bInt && op != "/" {
		return arithmetic(op, a, b)
	}
	x, ok := float(left)
	if !ok {
		return nil, WrongKind{0, left, "number"}
	}
	y, ok := float(right)
	if !ok {
		return nil, WrongKind{1, right, "number"}
	}
	return floating(op, x, y)
}

func arithmetic(op string, a, b int) (any, error) {
	var out int
	fits := true
	switch op {
	case "+":
		out = a + b
		fits = (out > a) == (b > 0)
	case "-":
		out = a - b
		fits = (out < a) == (b > 0)
	case "*":
		out, fits = multiply(a, b)
	case "%":
		if b == 0 {
			return nil, types.Errorf(types.BadInput, "%d %% 0: division by zero", a)
		}
		out = a % b
	}
	if !fits {
		return nil, types.Errorf(types.BadInput, "%d %s %d does not fit an integer of 64 bits", a, op, b)
	}
	return out, nil
}

func multiply(a, b int) (int, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	negative := (a < 0) != (b < 0)
	switch {
	case hi != 0 || lo > 1<<63 || lo == 1<<63 && !negative:
		return 0, false
	case negative:
		return int(-lo), true
	}
	return int(lo), true
}

func magnitude(a int) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func floating(op string, x, y float64) (any, error) {
	var out float64
	switch op {
	case "+":
		out = x + y
	case "-":
		out = x - y
	case "*":
		out = x * y
	case "/":
		if y == 0 {
			return nil, types.Errorf(types.BadInput, "%v / 0: division by zero", x)
		}
		out = x / y
	}
	if math.IsInf(out, 0) || math.IsNaN(out) {
		return nil, types.Errorf(types.BadInput, "%v %s %v does not fit a number", x, op, y)
	}
	return out, nil
}

// Compare orders two numbers, exactly also where a float is too coarse, or two
// texts by their bytes.
func Compare(a, b any) (int, bool) {
	if x, ok := a.(string); ok {
		y, ok := b.(string)
		return strings.Compare(x, y), ok
	}
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y), true
		}
	}
	return compareNumbers(a, b)
}

func compareNumbers(a, b any) (int, bool) {
	switch a := a.(type) {
	case int:
		if b, ok := b.(float64); ok {
			return compareMixed(a, b)
		}
	case float64:
		switch b := b.(type) {
		case float64:
			return cmp.Compare(a, b), !math.IsNaN(a) && !math.IsNaN(b)
		case int:
			c, ok := compareMixed(b, a)
			return -c, ok
		}
	}
	return 0, false
}

// compareMixed compares exactly: the whole part as integers, then the rest,
// which only numbers below 2^53 have.
func compareMixed(i int, f float64) (int, bool) {
	switch {
	case math.IsNaN(f):
		return 0, false
	case f >= 1<<63:
		return -1, true
	case f < -1<<63:
		return 1, true
	}
	whole, rest := math.Modf(f)
	if c := cmp.Compare(i, int(whole)); c != 0 {
		return c, true
	}
	return cmp.Compare(0, rest), true
}
