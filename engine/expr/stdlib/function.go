package stdlib

import (
	"math"
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// Function is a function of the language. A test runs every Example and
// compares its value, written as JSON, with Want.
type Function struct {
	Name, Signature, Doc, Example, Want string

	// Least and Most are how many arguments it takes.
	Least, Most int

	// Alias is an older spelling that keeps its meaning. ParsedAs is the name
	// under which the parser reads a function that takes a body and is none of
	// its own.
	Alias, ParsedAs string

	// Params and Result are the types of a plain function; Type is asked
	// instead when the result's type follows from the arguments'.
	Params []types.Type
	Result types.Type
	Type   func(a Args) types.Type

	// Place: the argument is a path, of which every step may be absent.
	Place bool
	// Unread: lists and objects come as they are, not gone through and not paid
	// for, and leaves of them may be unknown.
	Unread bool
	// Maybe: the first argument may be absent.
	Maybe bool
	// Lazy: an argument comes as a [Later].
	Lazy   bool
	Second Second
	// Form: what is in a text decides whether it can be read, beside the
	// functions of a date, a duration or a version. See [Function.Parses].
	Form bool

	// Cost is how many bytes are made for each byte of the arguments, beyond the
	// one that reading them has paid for. What else Run makes it pays for itself.
	Cost int
	// Run computes the result of arguments that are present and, unless they are
	// Unread, known. It keeps nothing of the list of them.
	Run func(by *Caller, args []any) (any, error)
}

// Second says what the second argument is.
type Second uint8

const (
	Value       Second = iota // computed, as the first one is
	Body                      // run for each element of the first, a list: an [Each]
	Folding                   // run so too, with what came of those before: a [Fold]
	RegExp                    // written out: a [*Pattern]
	Replacement               // written out: a [*Pattern], for the third, a list of [Piece]
	Shape                     // written out: a [types.Type]
)

// Parses reports whether the function fails for what stands in a text.
func (f Function) Parses() bool {
	return f.Form || slices.ContainsFunc(f.Params, func(p types.Type) bool {
		return slices.Contains([]string{formDate, formDuration, formVersion}, p.Format)
	})
}

const unbounded = math.MaxInt

func (f Function) plain(result types.Type, params ...types.Type) Function {
	f.Params, f.Result, f.Least, f.Most = params, result, len(params), len(params)
	return f
}

// optional makes the last n arguments of a plain function optional.
func (f Function) optional(n int) Function {
	f.Least -= n
	return f
}

// unbounded lets the last argument of a plain function be given many times.
func (f Function) unbounded() Function {
	f.Most = unbounded
	return f
}

func (f Function) generic(least, most int, typed func(a Args) types.Type) Function {
	f.Least, f.Most, f.Type = least, most, typed
	return f
}

// Args are the arguments of a call that is being checked. Whatever is wrong with
// one is reported where it stands, once, and has the type that [Unclear] knows.
type Args interface {
	// Len is how many there are.
	Len() int
	// Check returns the type of one that is only passed on.
	Check(i int) types.Type
	// Whole checks one of any type that is looked into: no secret, and present
	// unless it may be absent. It is unclear when it is not.
	Whole(i int, absent bool) types.Type
	// Need checks one that is computed with: present, no secret, of these kinds.
	Need(i int, kinds ...types.Kind) types.Type
	// Kind checks that a type of what is in an argument is of these kinds.
	Kind(i int, t types.Type, kinds ...types.Kind) types.Type
	// List checks a list whose elements are only passed on.
	List(i int) types.Type
	// Ordered checks that elements of a list have an order.
	Ordered(i int, elem types.Type)
	// Merge is the type of what is either a or b.
	Merge(i int, a, b types.Type) types.Type
	// Body checks what is run for each element, as Need if there are kinds.
	Body(elem types.Type, kinds ...types.Kind) types.Type
	// Fold checks what is run for each element with what came of those before.
	Fold(elem, acc types.Type) types.Type
	// Filter checks a list and a condition on its elements, and returns the type
	// of those for which it holds.
	Filter() types.Type
	// Parses reports whether something in an argument may fail to read a text.
	Parses(i int) bool
	// Pattern and Shape are the argument that is written out.
	Pattern() *Pattern
	Shape() types.Type
	// Show is an argument for a message, and Named a type with its article.
	Show(i int) string
	Named(t types.Type) string
	// Fail reports that an argument has a wrong type.
	Fail(i int, hint, format string, args ...any) types.Type
}

var (
	text    = types.OfKind(types.String)
	integer = types.OfKind(types.Integer)
	number  = types.OfKind(types.Number)
	boolean = types.OfKind(types.Boolean)
)

// The forms that an argument of a function can have to be in. What is written
// out is checked against them before anything runs, by what the function itself
// reads it with.
const (
	formDate       = "date or date-time"
	formDuration   = "signed duration"
	formZone       = "time zone"
	formLayout     = "layout to write"
	formReadLayout = "layout to read"
	formVersion    = "version"
)

func inForm(form string) types.Type { return types.Type{Kind: types.String, Format: form} }

var unclear = types.Type{}

// Unclear reports whether t is the type of what is wrong, which fits everywhere.
// Together with Optional it is the type of nil.
func Unclear(t types.Type) bool { return t.Kind == types.Invalid && !t.Optional }

// Bare is t without its constraints.
func Bare(t types.Type) types.Type { return types.OfKind(t.Kind) }

// Elem is the type of the elements of a list or map; those of a list that is
// always empty are nothing that could be wrong.
func Elem(t types.Type) types.Type {
	if t.Elem == nil {
		return unclear
	}
	return *t.Elem
}
