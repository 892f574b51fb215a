package expr

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// Lookalike is a piece of a text that other languages would fill in, and that
// stands for itself here. From and To are byte offsets in the text.
type Lookalike struct {
	From, To int
	Hint     string
}

// lookalikes are the holes of other languages: {{ x }} of Jinja and Go, {% if %}
// of Jinja, $VAR, ${x} and $(date) of a shell. A variable has two capital letters
// at least, so that a price such as $5 and a dollar sign such as A$ are none.
var lookalikes = []struct {
	hint     string
	pattern  func() *regexp.Regexp
	variable bool // of a shell
}{
	{hint: "a value is written ${{ x }}", pattern: types.Pattern(`\{\{[^{}\n]*\}\}`)},
	{hint: "a condition is written %{{ if c }}…%{{ end }}, a loop %{{ for x in list }}", pattern: types.Pattern(`\{%-?\s*[a-z]+[^%\n]*%\}`)},
	{
		hint:     "no shell reads it, and no environment: a value is ${{ inputs.x }}",
		pattern:  types.Pattern(`\$[A-Z_][A-Z0-9_]+\b|\$\{[A-Za-z_][A-Za-z0-9_.]*\}|\$\{[A-Za-z_][A-Za-z0-9_]*:?[-=+?][^{}\n]*\}`),
		variable: true,
	},
	{hint: "no shell reads it: run a program in a step of its own, or use now() and today()", pattern: types.Pattern(`\$\([a-z][^()\n]*\)`)},
}

// Lookalikes finds what looks like a hole of another language in the literal
// parts of a text. In what a program gets, which may have a language of its own,
// only a variable that stands alone or begins a path is one.
func Lookalikes(src string, program bool) []Lookalike {
	tokens, problems := scan(src)
	if len(problems) > 0 {
		return nil
	}
	var out []Lookalike
	for _, t := range tokens {
		if t.kind != 0 {
			continue
		}
		raw := src[t.from:t.to]
		if !strings.ContainsAny(raw, "${") { // what each of them begins with
			continue
		}
		for _, l := range lookalikes {
			for _, at := range l.pattern().FindAllStringIndex(raw, -1) {
				if partOfMore(raw, at[0]) || program && (!l.variable || !alone(raw, at)) {
					continue
				}
				out = append(out, Lookalike{t.from + at[0], t.from + at[1], l.hint + "; to mean these very characters, write ${{ " + inQuotes(raw[at[0]:at[1]]) + " }}"})
			}
		}
	}
	slices.SortFunc(out, func(a, b Lookalike) int { return cmp.Compare(a.From, b.From) })
	return out
}

// partOfMore reports whether what begins at i is escaped, or the end of a word.
func partOfMore(raw string, i int) bool {
	if i == 0 {
		return false
	}
	before := raw[i-1]
	return strings.ContainsRune(`$%\`, rune(before)) || raw[i] == '$' && (stdlib.IsLetter(before) || before >= '0' && before <= '9')
}

// alone reports whether a place is the whole text, or the folder that a path begins with.
func alone(raw string, at []int) bool {
	return at[0] == 0 && (at[1] == len(raw) || raw[at[1]] == '/')
}

func inQuotes(s string) string {
	if strings.Contains(s, "'") {
		return strconv.Quote(s)
	}
	return "'" + s + "'"
}
