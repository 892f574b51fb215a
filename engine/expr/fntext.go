package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// onText makes the run of a function of one text. What changes case can make
// it half as long again, and takes up to three times that on the way.
func onText(f func(string) string) func(*evaluator, []any) (any, error) {
	return func(ev *evaluator, args []any) (any, error) {
		s := args[0].(string)
		if err := ev.fuel.Spend(2 * len(s)); err != nil {
			return nil, err
		}
		return f(s), nil
	}
}

// onTexts makes the run of a function of two texts.
func onTexts(f func(a, b string) string) func(*evaluator, []any) (any, error) {
	return func(_ *evaluator, args []any) (any, error) { return f(args[0].(string), args[1].(string)), nil }
}

func textFunctions() []Function {
	return []Function{
		Function{Name: "lower", Signature: "lower(text: string) string", Doc: "The text in lower case.",
			Example: `lower("AA-Backend")`, Want: `"aa-backend"`, run: onText(strings.ToLower)}.plain(text, text),
		Function{Name: "upper", Signature: "upper(text: string) string", Doc: "The text in upper case.",
			Example: `upper("prod")`, Want: `"PROD"`, run: onText(strings.ToUpper)}.plain(text, text),
		Function{Name: "trim", Signature: "trim(text: string) string", Doc: "The text without white space at both ends.",
			Example: `trim("  v1.2\n")`, Want: `"v1.2"`, run: onText(strings.TrimSpace)}.plain(text, text),
		Function{Name: "trim_prefix", alias: "trimPrefix", Signature: "trim_prefix(text: string, prefix: string) string", Doc: "The text without prefix, when it begins with it. trimPrefix is the same.",
			Example: `trim_prefix("refs/heads/main", "refs/heads/")`, Want: `"main"`, run: onTexts(strings.TrimPrefix)}.plain(text, text, text),
		Function{Name: "trim_suffix", alias: "trimSuffix", Signature: "trim_suffix(text: string, suffix: string) string", Doc: "The text without suffix, when it ends with it. trimSuffix is the same.",
			Example: `trim_suffix("backend.git", ".git")`, Want: `"backend"`, run: onTexts(strings.TrimSuffix)}.plain(text, text, text),
		Function{Name: "split", Signature: "split(text: string, separator: string, most?: integer) list<string>", Doc: "The parts of the text between separators; no more than most, and the last has the rest.",
			Example: `split("a/b/c", "/", 2)`, Want: `["a","b/c"]`, run: runSplit}.plain(types.ListOf(text), text, text, integer).optional(1),
		Function{Name: "join", Signature: "join(list: list<string>, separator: string) string", Doc: "The elements one after the other, with the separator between.",
			Example: `join(["a", "b"], ", ")`, Want: `"a, b"`, run: runJoin}.plain(text, types.ListOf(text), text),
		Function{Name: "replace", Signature: "replace(text: string, old: string, new: string) string", Doc: "The text with every old replaced by new.",
			Example: `replace("feature/x", "/", "-")`, Want: `"feature-x"`, run: runReplace}.plain(text, text, text, text),
		Function{Name: "truncate", Signature: "truncate(text: string, length: integer) string", Doc: "At most length characters of the text; when something is cut off, the last one is “…”.",
			Example: `truncate("chore(release): production", 8)`, Want: `"chore(r…"`, run: runTruncate}.plain(text, text, integer),
		Function{Name: "indent", Signature: "indent(text: string, spaces: integer) string", Doc: "The text with every line but empty ones moved to the right.",
			Example: `indent("a\nb", 2)`, Want: `"  a\n  b"`, run: runIndent}.plain(text, text, integer),
	}
}

func runSplit(ev *evaluator, args []any) (any, error) {
	s, sep := args[0].(string), args[1].(string)
	if sep == "" {
		return nil, badArgument("split needs a separator that is not empty")
	}
	n := strings.Count(s, sep) + 1
	if len(args) > 2 {
		if n = min(n, args[2].(int)); n < 1 {
			return nil, badArgument("split cannot make %d parts", args[2])
		}
	}
	if err := ev.fuel.Iterate(n); err != nil {
		return nil, err
	}
	if err := ev.fuel.Spend(fuel.Element * n); err != nil {
		return nil, err
	}
	return ev.fuel.Texts(strings.SplitN(s, sep, n))
}

func runJoin(ev *evaluator, args []any) (any, error) {
	elems, sep := args[0].([]any), args[1].(string)
	size := len(sep) * len(elems)
	for _, e := range elems {
		s, _ := e.(string)
		size += len(s)
	}
	if err := ev.fuel.Spend(size); err != nil {
		return nil, err
	}
	var out strings.Builder
	out.Grow(size)
	for i, e := range elems {
		if i > 0 {
			out.WriteString(sep)
		}
		s, _ := e.(string)
		out.WriteString(s)
	}
	return out.String(), nil
}

func runReplace(ev *evaluator, args []any) (any, error) {
	s, old, with := args[0].(string), args[1].(string), args[2].(string)
	if old == "" {
		return nil, badArgument("replace needs an old text that is not empty")
	}
	// The text itself was paid for when it was read.
	if err := ev.fuel.Spend(strings.Count(s, old) * len(with)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(s, old, with), nil
}

func runTruncate(_ *evaluator, args []any) (any, error) {
	s, n := args[0].(string), args[1].(int)
	if n < 1 {
		return nil, badArgument("truncate cannot make a text of length %d", n)
	}
	if utf8.RuneCountInString(s) <= n {
		return s, nil
	}
	return s[:runeAt(s, n-1)] + "…", nil
}

func runIndent(ev *evaluator, args []any) (any, error) {
	s, n := args[0].(string), args[1].(int)
	if n < 0 || n > 100 {
		return nil, badArgument("indent moves by 0 to 100 spaces, not %d", n)
	}
	size := len(s) + n*(strings.Count(s, "\n")+1)
	if err := ev.fuel.Spend(size); err != nil {
		return nil, err
	}
	var out strings.Builder
	out.Grow(size)
	for line := range strings.Lines(s) {
		if line != "\n" {
			for range n {
				out.WriteByte(' ')
			}
		}
		out.WriteString(line)
	}
	return out.String(), nil
}
