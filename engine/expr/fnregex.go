package expr

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
			Example: `regex_find("AA-12 - fix: x", "(?P<project>[A-Z]+)-(?P<number>[0-9]+)")?.number ?? ""`, Want: `"12"`, lazy: runRegexFind, prepare: preparePattern}.generic(2, 2, typeRegexFind),
		Function{Name: "regex_find_all", Signature: "regex_find_all(text: string, pattern) list", Doc: "Every match, as of regex_find.",
			Example: `regex_find_all("AA-1, AA-22", "AA-[0-9]+")`, Want: `["AA-1","AA-22"]`, lazy: runRegexFindAll, prepare: preparePattern}.generic(2, 2, typeRegexFindAll),
		Function{Name: "regex_replace", Signature: "regex_replace(text: string, pattern, new: string) string", Doc: "The text with every match replaced. In quoted parts of new, also when they are added up with +, $name or ${name} is a named group, $0 the match, $$ a dollar sign; whatever else is added is data.",
			Example: `regex_replace("see AA-1", "(?P<key>AA-[0-9]+)", "[$key](https://jira/" + lower("B") + "/$key)")`, Want: `"see [AA-1](https://jira/b/AA-1)"`, lazy: runRegexReplace, prepare: prepareReplacement}.plain(text, text, text, text),
		Function{Name: "regex_split", Signature: "regex_split(text: string, pattern) list<string>", Doc: "The parts of the text between the matches.",
			Example: `regex_split("a, b;c", "[,;] *")`, Want: `["a","b","c"]`, lazy: runRegexSplit, prepare: preparePattern}.plain(types.ListOf(text), text, text),
	}
}

func preparePattern(l *lowerer, n *call) {
	n.pattern = l.pattern(n.args[1], n.fn.Name, n.fn.Example)
}

func prepareReplacement(l *lowerer, n *call) {
	preparePattern(l, n)
	n.inserts = l.inserts(n.args[2], n.pattern, nil)
}

func typeMatch(n *call) types.Type {
	if n.pattern == nil || len(n.pattern.groups()) == 0 {
		return text
	}
	out := types.ObjectOf()
	for _, name := range n.pattern.groups() {
		t := text
		t.Optional = !n.pattern.always[name]
		out.Fields = append(out.Fields, types.Field{Name: name, Type: t, Required: !t.Optional})
	}
	return out
}

func typeRegexFind(c *checker, n *call, s Scope) types.Type {
	c.need(n.args[0], s, types.String)
	return typeMatch(n).Maybe()
}

func typeRegexFindAll(c *checker, n *call, s Scope) types.Type {
	c.need(n.args[0], s, types.String)
	return types.ListOf(typeMatch(n))
}

// match is the value of a match.
func (ev *evaluator) match(n *call, s string, at []int) (any, error) {
	if len(n.pattern.groups()) == 0 {
		return s[at[0]:at[1]], ev.fuel.Spend(fuel.Cell)
	}
	names := n.pattern.names
	if err := ev.fuel.Spend(fuel.Object(len(names)) + (fuel.Cell+fuel.Element)*len(names)); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(names))
	for i, name := range names {
		if name != "" && at[2*i] >= 0 {
			out[name] = s[at[2*i]:at[2*i+1]]
		}
	}
	return out, nil
}

// subject computes the text that n looks into.
func (ev *evaluator) subject(n *call) (string, error) {
	v, err := ev.take(n.args[0])
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", wrongKind(n.args[0], v, "string")
	}
	return s, nil
}

func runRegexFind(ev *evaluator, n *call) (any, error) {
	s, err := ev.subject(n)
	if err != nil {
		return nil, err
	}
	var found any
	err = ev.search(n.pattern, s, func(at []int) (more bool, err error) {
		found, err = ev.match(n, s, at)
		return false, err
	})
	return found, err
}

func runRegexFindAll(ev *evaluator, n *call) (any, error) {
	s, err := ev.subject(n)
	if err != nil {
		return nil, err
	}
	out := gather{fuel: ev.fuel}
	err = ev.search(n.pattern, s, func(at []int) (bool, error) {
		if err := ev.fuel.Iterate(1); err != nil {
			return false, err
		}
		v, err := ev.match(n, s, at)
		if err != nil {
			return false, err
		}
		return true, out.add(v)
	})
	return out.list(), err
}

func runRegexSplit(ev *evaluator, n *call) (any, error) {
	s, err := ev.subject(n)
	if err != nil {
		return nil, err
	}
	out := gather{fuel: ev.fuel}
	from := 0
	add := func(to int) error {
		if err := ev.fuel.Iterate(1); err != nil {
			return err
		}
		if err := ev.fuel.Spend(fuel.Cell); err != nil {
			return err
		}
		return out.add(s[from:to])
	}
	err = ev.search(n.pattern, s, func(at []int) (bool, error) {
		if at[1] == 0 || at[0] == len(s) {
			return true, nil // nothing stands before or behind it
		}
		err := add(at[0])
		from = at[1]
		return true, err
	})
	if err == nil {
		err = add(len(s))
	}
	return out.list(), err
}

func runRegexReplace(ev *evaluator, n *call) (any, error) {
	s, err := ev.subject(n)
	if err != nil {
		return nil, err
	}
	with, err := ev.replacement(n)
	if err != nil {
		return nil, err
	}
	w := textWriter{ev: ev}
	from := 0
	err = ev.search(n.pattern, s, func(at []int) (bool, error) {
		if err := w.write(s[from:at[0]]); err != nil {
			return false, err
		}
		from = at[1]
		return true, w.expand(with, s, at)
	})
	if err == nil {
		err = w.write(s[from:])
	}
	return strings.Join(w.pieces, ""), err
}

// insert is a piece of a replacement: a text, a group, or an expression.
type insert struct {
	text  string
	group int // -1 when it is none
	e     node
}

// replacement computes the parts of the replacement that are expressions.
func (ev *evaluator) replacement(n *call) ([]insert, error) {
	out := make([]insert, len(n.inserts))
	for i, in := range n.inserts {
		out[i] = in
		if in.e == nil {
			continue
		}
		v, err := ev.take(in.e)
		if err != nil {
			return nil, err
		}
		s, ok := v.(string)
		if !ok {
			return nil, wrongKind(in.e, v, "string")
		}
		out[i].text = s
	}
	return out, nil
}

func (w *textWriter) expand(with []insert, s string, at []int) error {
	for _, in := range with {
		piece := in.text
		if in.group >= 0 {
			if piece = ""; at[2*in.group] >= 0 {
				piece = s[at[2*in.group]:at[2*in.group+1]]
			}
		}
		if err := w.write(piece); err != nil {
			return err
		}
	}
	return nil
}

// inserts cuts the replacement of regex_replace into its pieces: only what is
// written in quotes is looked at for groups.
func (l *lowerer) inserts(n node, p *pattern, out []insert) []insert {
	if b, ok := n.(*binary); ok && b.op == "+" {
		return l.inserts(b.right, p, l.inserts(b.left, p, out))
	}
	lit, _ := n.(*literal)
	if lit == nil {
		return append(out, insert{e: n, group: -1})
	}
	s, ok := lit.value.(string)
	if !ok || p == nil {
		return append(out, insert{e: n, group: -1})
	}
	for {
		before, after, found := strings.Cut(s, "$")
		out = append(out, insert{text: before, group: -1})
		if !found {
			return out
		}
		group, rest, ok := groupName(after)
		if !ok {
			l.bad(n.at(), CodeBadPattern, "a $ in a replacement stands before the name of a group", "write $$ for the sign itself")
			return out
		}
		if s = rest; group == "$" {
			out = append(out, insert{text: "$", group: -1})
			continue
		}
		i := groupIndex(p, group)
		if i < 0 {
			l.bad(n.at(), CodeBadPattern, "the pattern has no group "+group, "groups are named (?P<"+group+">…); the match itself is $0")
			return out
		}
		out = append(out, insert{group: i})
	}
}

// groupName reads what follows a $.
func groupName(s string) (name, rest string, ok bool) {
	switch {
	case strings.HasPrefix(s, "$"):
		return "$", s[1:], true
	case strings.HasPrefix(s, "{"):
		name, rest, ok = strings.Cut(s[1:], "}")
		return name, rest, ok && name != ""
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !isName("a" + string(r)) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], end > 0
}

func groupIndex(p *pattern, name string) int {
	if i, err := strconv.Atoi(name); err == nil && i < len(p.names) {
		return i
	}
	return slices.Index(p.names, name)
}
