package types

import (
	"errors"
	"regexp/syntax"
)

// MaxPattern is how large a regular expression may be, in steps of its machine:
// a few characters such as (x{1000}){9} can ask for more than all memory.
const MaxPattern = 2000

// maxMatch bounds what checking a text against a pattern costs: each step of the
// machine may be at each byte. It is about a second.
const maxMatch = 1 << 26

// ParsePattern reads a regular expression, and returns about how many steps its
// machine has. It refuses one of more than [MaxPattern].
func ParsePattern(text string) (tree *syntax.Regexp, size int, err error) {
	tree, err = syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, 0, err
	}
	if size = machineSteps(tree); size > MaxPattern {
		return nil, size, errors.New("it is too large; repeat less")
	}
	return tree, size, nil
}

func machineSteps(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += machineSteps(sub)
	}
	if re.Op == syntax.OpRepeat {
		times := max(1, re.Min, re.Max)
		if re.Max < 0 {
			times = re.Min + 1
		}
		n = (n-1)*times + max(1, times-re.Min) // a branch for each that may be left out
	}
	return min(n, MaxPattern+1)
}
