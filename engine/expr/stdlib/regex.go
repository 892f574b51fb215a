package stdlib

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// regexFunctions are the functions of regular expressions. Their pattern is
// written out, so that it is checked before anything runs and its groups have
// names and types.
func regexFunctions() []Function {
	return []Function{
		Function{Name: "regex_find", Signature: "regex_find(text: string, pattern) optional string or object", Doc: "The first match of the regular expression (RE2), absent when there is none. A pattern with named groups gives an object of them, in which a group is optional when a match can do without it.",
			Example: `regex_find("AA-12 - fix: x", "(?P<project>[A-Z]+)-(?P<number>[0-9]+)")?.number ?? ""`, Want: `"12"`, Second: RegExp, Run: runRegexFind}.generic(2, 2, typeRegexFind),
		Function{Name: "regex_find_all", Signature: "regex_find_all(text: string, pattern) list", Doc: "Every match, as in regex_find.",
			Example: `regex_find_all("AA-1, AA-22", "AA-[0-9]+")`, Want: `["AA-1","AA-22"]`, Second: RegExp, Run: runRegexFindAll}.generic(2, 2, typeRegexFindAll),
		Function{Name: "regex_replace", Signature: "regex_replace(text: string, pattern, new: string) string", Doc: "The text with every match replaced. In the literal parts of new, also when joined with +, $name or ${name} is a named group, $0 the match, $$ a dollar sign; other values are inserted unchanged.",
			Example: `regex_replace("see AA-1", "(?P<key>AA-[0-9]+)", "[$key](https://jira/" + lower("B") + "/$key)")`, Want: `"see [AA-1](https://jira/b/AA-1)"`, Second: Replacement, Run: runRegexReplace}.plain(text, text, text, text),
		Function{Name: "regex_split", Signature: "regex_split(text: string, pattern) list<string>", Doc: "The parts of the text between the matches.",
			Example: `regex_split("a, b;c", "[,;] *")`, Want: `["a","b","c"]`, Second: RegExp, Run: runRegexSplit}.plain(types.ListOf(text), text, text),
	}
}

func typeMatch(p *Pattern) types.Type {
	if p == nil || len(p.groups()) == 0 {
		return text
	}
	out := types.ObjectOf()
	for _, name := range p.groups() {
		t := text
		t.Optional = !p.always[name]
		out.Fields = append(out.Fields, types.Field{Name: name, Type: t, Required: !t.Optional})
	}
	return out
}

func typeRegexFind(a Args) types.Type {
	a.Need(0, types.String)
	return typeMatch(a.Pattern()).Maybe()
}

func typeRegexFindAll(a Args) types.Type {
	a.Need(0, types.String)
	return types.ListOf(typeMatch(a.Pattern()))
}

func (by *Caller) match(p *Pattern, s string, at []int) (any, error) {
	if len(p.groups()) == 0 {
		return s[at[0]:at[1]], by.Spend(fuel.Cell)
	}
	if err := by.Spend(fuel.Object(len(p.names)) + (fuel.Cell+fuel.Element)*len(p.names)); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(p.names))
	for i, name := range p.names {
		if name != "" && at[2*i] >= 0 {
			out[name] = s[at[2*i]:at[2*i+1]]
		}
	}
	return out, nil
}

// eachMatch gives every match in the first argument to do, see [Caller.search].
func (by *Caller) eachMatch(args []any, do func(p *Pattern, s string, at []int) (more bool, err error)) error {
	s, ok := args[0].(string)
	if !ok {
		return WrongKind{0, args[0], "string"}
	}
	p := args[1].(*Pattern)
	return by.search(p, s, func(at []int) (bool, error) { return do(p, s, at) })
}

func runRegexFind(by *Caller, args []any) (found any, err error) {
	err = by.eachMatch(args, func(p *Pattern, s string, at []int) (more bool, err error) {
		found, err = by.match(p, s, at)
		return false, err
	})
	return found, err
}

// found pays for one more element of a list of what was found.
func (by *Caller) found() error {
	if err := by.Iterate(1); err != nil {
		return err
	}
	return by.Spend(fuel.Grown + fuel.Cell)
}

func runRegexFindAll(by *Caller, args []any) (any, error) {
	out := []any{}
	err := by.eachMatch(args, func(p *Pattern, s string, at []int) (bool, error) {
		if err := by.found(); err != nil {
			return false, err
		}
		v, err := by.match(p, s, at)
		out = append(out, v)
		return true, err
	})
	return out, err
}

func runRegexSplit(by *Caller, args []any) (any, error) {
	out := []any{}
	from := 0
	err := by.eachMatch(args, func(_ *Pattern, s string, at []int) (bool, error) {
		if at[1] == 0 || at[0] == len(s) {
			return true, nil // nothing stands before or behind it
		}
		if err := by.found(); err != nil {
			return false, err
		}
		out, from = append(out, s[from:at[0]]), at[1]
		return true, nil
	})
	if err == nil {
		err = by.found()
	}
	if err != nil {
		return nil, err
	}
	return append(out, args[0].(string)[from:]), nil
}

func runRegexReplace(by *Caller, args []any) (any, error) {
	w := fuel.NewText(by.Tank)
	from := 0
	err := by.eachMatch(args, func(_ *Pattern, s string, at []int) (bool, error) {
		w.Add(s[from:at[0]])
		for _, piece := range args[2].([]Piece) {
			w.Add(piece.in(s, at))
		}
		from = at[1]
		return true, w.Err()
	})
	if err != nil {
		return nil, err
	}
	w.Add(args[0].(string)[from:])
	return w.Done()
}

// Piece is a part of a replacement: a text, or a group of the match.
type Piece struct {
	Text  string
	Group int // -1 when it is none
}

func (x Piece) in(s string, at []int) string {
	switch {
	case x.Group < 0:
		return x.Text
	case at[2*x.Group] < 0:
		return ""
	}
	return s[at[2*x.Group]:at[2*x.Group+1]]
}

// Pieces reads a replacement in which groups are named behind a $.
func (p *Pattern) Pieces(s string) (out []Piece, err error) {
	for {
		before, after, found := strings.Cut(s, "$")
		out = append(out, Piece{before, -1})
		if !found {
			return out, nil
		}
		group, rest, ok := groupName(after)
		if !ok {
			return nil, badArgument("a $ in a replacement must be followed by the name of a group").WithHint("write $$ for a dollar sign")
		}
		if s = rest; group == "$" {
			out = append(out, Piece{"$", -1})
			continue
		}
		i := p.group(group)
		if i < 0 {
			return nil, badArgument("the pattern has no group %s", group).WithHint("groups are named (?P<%s>…); the match itself is $0", group)
		}
		out = append(out, Piece{Group: i})
	}
}

func groupName(s string) (name, rest string, ok bool) {
	switch {
	case strings.HasPrefix(s, "$"):
		return "$", s[1:], true
	case strings.HasPrefix(s, "{"):
		name, rest, ok = strings.Cut(s[1:], "}")
		return name, rest, ok && name != ""
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !IsName("a" + string(r)) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], end > 0
}

func (p *Pattern) group(name string) int {
	if i, err := strconv.Atoi(name); err == nil && i < len(p.names) {
		return i
	}
	return slices.Index(p.names, name)
}
