package stdlib

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// onText makes the run of a function of one text. Its Cost is 2: what changes case
// can make a text half as long again, and takes up to three times that on the way.
func onText(f func(string) string) func(*Caller, []any) (any, error) {
	return func(_ *Caller, args []any) (any, error) { return f(args[0].(string)), nil }
}

func onTexts(f func(a, b string) string) func(*Caller, []any) (any, error) {
	return func(_ *Caller, args []any) (any, error) { return f(args[0].(string), args[1].(string)), nil }
}

func textFunctions() []Function {
	return []Function{
		Function{Name: "lower", Signature: "lower(text: string) string", Doc: "The text in lower case.",
			Example: `lower("AA-Backend")`, Want: `"aa-backend"`, Run: onText(strings.ToLower), Cost: 2}.plain(text, text),
		Function{Name: "upper", Signature: "upper(text: string) string", Doc: "The text in upper case.",
			Example: `upper("prod")`, Want: `"PROD"`, Run: onText(strings.ToUpper), Cost: 2}.plain(text, text),
		Function{Name: "trim", Signature: "trim(text: string) string", Doc: "The text without white space at both ends.",
			Example: `trim("  v1.2\n")`, Want: `"v1.2"`, Run: onText(strings.TrimSpace), Cost: 2}.plain(text, text),
		Function{Name: "trim_prefix", Alias: "trimPrefix", Signature: "trim_prefix(text: string, prefix: string) string", Doc: "The text without prefix, when it begins with it. trimPrefix is the same.",
			Example: `trim_prefix("refs/heads/main", "refs/heads/")`, Want: `"main"`, Run: onTexts(strings.TrimPrefix)}.plain(text, text, text),
		Function{Name: "trim_suffix", Alias: "trimSuffix", Signature: "trim_suffix(text: string, suffix: string) string", Doc: "The text without suffix, when it ends with it. trimSuffix is the same.",
			Example: `trim_suffix("backend.git", ".git")`, Want: `"backend"`, Run: onTexts(strings.TrimSuffix)}.plain(text, text, text),
		Function{Name: "split", Signature: "split(text: string, separator: string, most?: integer) list<string>", Doc: "The parts of the text between separators; at most this many, and the last has the rest.",
			Example: `split("a/b/c", "/", 2)`, Want: `["a","b/c"]`, Run: runSplit}.plain(types.ListOf(text), text, text, integer).optional(1),
		Function{Name: "join", Signature: "join(list: list<string>, separator: string) string", Doc: "The elements one after the other, with the separator between.",
			Example: `join(["a", "b"], ", ")`, Want: `"a, b"`, Run: runJoin, Cost: 1}.plain(text, types.ListOf(text), text),
		Function{Name: "replace", Signature: "replace(text: string, old: string, new: string) string", Doc: "The text with every old replaced by new.",
			Example: `replace("feature/x", "/", "-")`, Want: `"feature-x"`, Run: runReplace}.plain(text, text, text, text),
		Function{Name: "truncate", Signature: "truncate(text: string, length: integer) string", Doc: "At most length characters of the text; when something is cut off, the last one is “…”.",
			Example: `truncate("chore(release): production", 8)`, Want: `"chore(r…"`, Run: runTruncate}.plain(text, text, integer),
		Function{Name: "indent", Signature: "indent(text: string, spaces: integer) string", Doc: "The text with every line but empty ones indented.",
			Example: `indent("a\nb", 2)`, Want: `"  a\n  b"`, Run: runIndent, Cost: 1}.plain(text, text, integer),
	}
}

func runSplit(by *Caller, args []any) (any, error) {
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
	if err := by.Spend(fuel.Element * n); err != nil {
		return nil, err
	}
	return by.texts(n, slices.Values(strings.SplitN(s, sep, n)))
}

func (by *Caller) texts(n int, parts iter.Seq[string]) (any, error) {
	if err := by.Iterate(n); err != nil {
		return nil, err
	}
	if err := by.Spend(fuel.Cell * n); err != nil {
		return nil, err
	}
	out, err := by.Room(n)
	if err != nil {
		return nil, err
	}
	for p := range parts {
		out = append(out, p)
	}
	return out, nil
}

func runJoin(by *Caller, args []any) (any, error) {
	elems, sep := args[0].([]any), args[1].(string)
	if err := by.Spend(len(sep) * len(elems)); err != nil {
		return nil, err
	}
	parts := make([]string, len(elems))
	for i, e := range elems {
		parts[i], _ = e.(string)
	}
	return strings.Join(parts, sep), nil
}

func runReplace(by *Caller, args []any) (any, error) {
	s, old, with := args[0].(string), args[1].(string), args[2].(string)
	if old == "" {
		return nil, badArgument("replace needs an old text that is not empty")
	}
	// The text itself was paid for when it was read.
	if err := by.Spend(strings.Count(s, old) * len(with)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(s, old, with), nil
}

func runTruncate(_ *Caller, args []any) (any, error) {
	s, n := args[0].(string), args[1].(int)
	if n < 1 {
		return nil, badArgument("truncate cannot make a text of length %d", n)
	}
	if utf8.RuneCountInString(s) <= n {
		return s, nil
	}
	return s[:RuneAt(s, n-1)] + "…", nil
}

func runIndent(by *Caller, args []any) (any, error) {
	s, n := args[0].(string), args[1].(int)
	if n < 0 || n > 100 {
		return nil, badArgument("indent moves by 0 to 100 spaces, not %d", n)
	}
	w := fuel.NewText(by.Tank)
	for line := range strings.Lines(s) {
		if line != "\n" {
			w.Add(strings.Repeat(" ", n))
		}
		w.Add(line)
	}
	return w.Done()
}
