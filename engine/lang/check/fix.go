package check

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

// quoteIt hints that a scalar which YAML takes for another type is to be quoted.
func quoteIt(d *diag.Diagnostic, n *syntax.Node) {
	if n.Kind != syntax.Scalar || n.IsNull() || n.Range.Start.Line != n.Range.End.Line {
		return
	}
	d.Replace(strconv.Quote(n.Value)).Hint = `quote it: "` + n.Value + `"`
}

// truth hints that a word means true or false, where it has to be one of them.
func truth(d *diag.Diagnostic, n *syntax.Node) {
	for _, word := range []string{"true", "false"} {
		others := map[string][]string{"true": {"true", "yes", "on", "y"}, "false": {"false", "no", "off", "n"}}[word]
		for _, other := range others {
			if n.Kind == syntax.Scalar && strings.EqualFold(n.Value, other) {
				d.Replace(word).Hint = "write " + word
			}
		}
	}
}

// asDuration hints how a duration is written, and does so where that has one answer.
func asDuration(d *diag.Diagnostic, n *syntax.Node) {
	d.Hint = types.DurationHint(n.Value)
	word, ok := strings.CutPrefix(d.Hint, "write ")
	if _, err := types.ParseDuration(word); ok && err == nil {
		d.Replace(word)
	}
}

// asString hints that a value is to be converted to a string, and wraps the expression
// where that is the whole of the text.
func asString(d *diag.Diagnostic, n *syntax.Node) {
	d.Hint = "convert it to a string: ${{ string(x) }}"
	inner, ok := strings.CutPrefix(n.Value, "${{")
	inner, closed := strings.CutSuffix(strings.TrimRight(inner, " \n"), "}}")
	if !ok || !closed || strings.Contains(inner, "}}") {
		return
	}
	from := len("${{") + len(inner) - len(strings.TrimLeft(inner, " \n"))
	to := len("${{") + len(strings.TrimRight(inner, " \n"))
	d.Fix = []diag.Edit{{At: n.Place(from, from), Text: "string("}, {At: n.Place(to, to), Text: ")"}}
}

// replaced puts the name that a hint has in the place of the one that is underlined,
// where no escapes lie between the two.
func replaced(d *diag.Diagnostic, n *syntax.Node, p expr.Problem) {
	if p.Instead() == "" || p.From < 0 || p.To > len(n.Value) || p.From >= p.To {
		return
	}
	wrong := n.Value[p.From:p.To]
	if i := strings.IndexByte(wrong, '('); i > 0 { // of a call, the name is wrong
		wrong = wrong[:i]
	}
	at := n.Place(p.From, p.From+len(wrong))
	if at.Start.Line == at.End.Line && at.End.Col-at.Start.Col == utf8.RuneCountInString(wrong) {
		d.Fix = []diag.Edit{{At: at, Text: p.Instead()}}
	}
}

// adding puts a key before those that a mapping has.
func adding(d *diag.Diagnostic, n *syntax.Node, key, value string) {
	if n.Kind != syntax.Mapping || len(n.Pairs) == 0 {
		return
	}
	at, text := n.Head(), key+": "+value+"\n"+strings.Repeat(" ", n.Head().Start.Col-1)
	if n.Range.Start != at.Start { // a brace stands before it
		text = key + ": " + value + ", "
	}
	at.End = at.Start
	d.Fix = []diag.Edit{{At: at, Text: text}}
}

// without takes a pair out of a mapping, where it has its lines for itself.
func (c *checker) without(d *diag.Diagnostic, p syntax.Pair) {
	lines := strings.Split(string(c.skill.Text), "\n")
	from, to := p.Key.Range.Start, p.Value.Range.End
	if to.Line < from.Line || to.Line >= len(lines) || p.Key.Range.File != c.file {
		return
	}
	before, behind := []rune(lines[from.Line-1]), []rune(lines[to.Line-1])
	if from.Col-1 > len(before) || to.Col-1 > len(behind) || strings.TrimSpace(string(before[:from.Col-1])) != "" || strings.TrimSpace(string(behind[to.Col-1:])) != "" {
		return
	}
	d.Fix = []diag.Edit{{At: diag.Range{File: c.file, Start: diag.Pos{Line: from.Line, Col: 1}, End: diag.Pos{Line: to.Line + 1, Col: 1}}}}
}

// anID is an id for a step that has none, which no other step has.
func (c *checker) anID(n *syntax.Node) string {
	word := "step"
	for _, k := range kinds {
		if n.Get(k.Key.Name) != nil {
			word = k.Key.Name
		}
	}
	for _, key := range []string{"uses", "name"} {
		if v := n.Get(key); v != nil && v.Kind == syntax.Scalar {
			word = slug(v.Value)
		}
	}
	for i := 1; ; i++ {
		id := word
		if i > 1 {
			id += "_" + strconv.Itoa(i)
		}
		if _, taken := c.ids[id]; !taken && !c.offered[id] {
			c.offered[id] = true
			return id
		}
	}
}

// slug is a text as a name: its first words, in lower case, joined by "_".
func slug(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	if len(words) > 4 {
		words = words[:4]
	}
	out := strings.TrimLeft(strings.Join(words, "_"), "0123456789_")
	if out == "" {
		return "step"
	}
	return out
}
