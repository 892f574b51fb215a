package stdlib

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// Pattern is a regular expression that is written out in the source. Its
// machine is made when it is first Run: it can be thousands of times as large
// as what was written.
type Pattern struct {
	re func() *regexp.Regexp
	// later finds what re finds, and as its first group, but from the second
	// character on: what stands before a place can matter to a match.
	later  func() *regexp.Regexp
	size   int             // steps of its machine, about
	names  []string        // of its groups by their number, as of [regexp.Regexp.SubexpNames]
	always map[string]bool // the named groups that are part of every match
}

// NewPattern reads a regular expression.
func NewPattern(text string) (*Pattern, error) {
	tree, size, err := types.ParsePattern(text)
	if err != nil {
		return nil, err
	}
	p := &Pattern{size: size, names: tree.CapNames(), always: map[string]bool{}}
	mandatory(tree, p.always)
	compile := func(text string) func() *regexp.Regexp {
		return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
	}
	p.re, p.later = compile(text), compile(`\A(?s:.)(?s:.*?)(`+text+`)`)
	return p, nil
}

// machineCost is what a step of a pattern's two machines takes.
const machineCost = 2 * 160

// ready pays for the machine of a pattern, once an evaluation.
func (by *Caller) ready(p *Pattern) error { return by.once(p, machineCost*(p.size+10)) }

// mandatory adds the named groups that take part in whatever re matches.
func mandatory(re *syntax.Regexp, out map[string]bool) {
	switch re.Op {
	case syntax.OpCapture, syntax.OpConcat, syntax.OpPlus:
	case syntax.OpRepeat:
		if re.Min == 0 {
			return
		}
	default:
		return
	}
	if re.Name != "" {
		out[re.Name] = true
	}
	for _, sub := range re.Sub {
		mandatory(sub, out)
	}
}

func (p *Pattern) groups() []string {
	return slices.DeleteFunc(slices.Clone(p.names), func(s string) bool { return s == "" })
}

// scanCost is what going over n bytes costs: more steps do more at each byte.
func (p *Pattern) scanCost(n int) int { return n * (1 + p.size/16) }

// Matches reports whether there is a match in s.
func (by *Caller) Matches(p *Pattern, s string) (bool, error) {
	if err := by.ready(p); err != nil {
		return false, err
	}
	if err := by.Spend(p.scanCost(len(s))); err != nil {
		return false, err
	}
	return p.re().MatchString(s), nil
}

// search gives the places of every match in s and its groups to do, up to the
// first that do does not want more after.
//
// The package regexp finds all matches too, but reads on from each to see
// whether there is a longer one, and in bad cases up to the end of s every
// time. So each match is looked for with a reader, and what it has read is paid
// for before the next one.
func (by *Caller) search(p *Pattern, s string, do func(at []int) (more bool, err error)) error {
	if err := by.ready(p); err != nil {
		return err
	}
	r := strings.NewReader(s)
	end := -1 // of the match before
	for pos := 0; pos <= len(s); {
		at, err := by.next(p, s, pos, r)
		if at == nil || err != nil {
			return err
		}
		fresh := true
		if at[1] == pos { // empty, and the next one is looked for further on
			fresh = at[0] != end
			_, n := utf8.DecodeRuneInString(s[pos:])
			pos += max(1, n)
		} else {
			pos = at[1]
		}
		if end = at[1]; !fresh {
			continue
		}
		if more, err := do(at); !more || err != nil {
			return err
		}
	}
	return nil
}

// next finds the first match that begins at pos or behind it.
func (by *Caller) next(p *Pattern, s string, pos int, r *strings.Reader) ([]int, error) {
	if err := by.Spend(fuel.Cell * (1 + len(p.names))); err != nil {
		return nil, err
	}
	machine, from := p.re, 0
	if pos > 0 {
		_, n := utf8.DecodeLastRuneInString(s[:pos])
		machine, from = p.later, pos-n
	}
	r.Reset(s[from:])
	at := machine().FindReaderSubmatchIndex(r)
	// A reader is about four times as slow as a text.
	if err := by.Spend(4 * p.scanCost(len(s)-from-r.Len())); err != nil {
		return nil, err
	}
	if at == nil {
		return nil, nil
	}
	if pos > 0 {
		at = at[2:]
	}
	for i := range at {
		if at[i] >= 0 {
			at[i] += from
		}
	}
	return at, nil
}
