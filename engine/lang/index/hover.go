package index

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Info is what is told of something.
type Info struct {
	At      diag.Range
	Title   string   // code on one line: a name with its type, a signature
	Doc     string   // what it is for, in the words of whoever declared it
	Facts   []string // more about it, a line each
	Example string   // code
}

// Hover tells what is at a place.
func (x *Index) Hover(at diag.Pos) (Info, bool) {
	if info, ok := x.hoverName(at); ok {
		return info, true
	}
	if info, ok := x.hoverFunction(at); ok {
		return info, true
	}
	for _, u := range x.uses {
		if within(u.node.Range, at) && u.node.Kind == syntax.Scalar {
			info, ok := x.used(u)
			info.At = u.node.Range
			return info, ok
		}
	}
	return x.hoverKey(x.find(at))
}

func (x *Index) hoverName(at diag.Pos) (Info, bool) {
	for _, m := range x.members {
		if !within(m.at, at) {
			continue
		}
		title := x.word(m.at)
		if m.path != nil {
			title = strings.Join(m.path, ".")
		}
		info := Info{At: m.at, Title: title, Doc: x.docOf(m.path), Facts: facts(types.Field{Type: m.typ})}
		if m.typ.Kind != types.Invalid {
			info.Title += ": " + m.typ.String()
		}
		return info, true
	}
	return Info{}, false
}

// word is what stands at a range of one line.
func (x *Index) word(r diag.Range) string {
	if r.Start.Line < 1 || r.Start.Line > len(x.lines) || r.Start.Line != r.End.Line {
		return ""
	}
	line := x.lines[r.Start.Line-1]
	return line[offset(line, r.Start.Col):offset(line, r.End.Col)]
}

// offset is where a column of a line begins, in bytes.
func offset(line string, col int) int {
	at := 0
	for ; col > 1 && at < len(line); col-- {
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	return at
}

// docOf is the doc of what a path ends with: of an input or a config value, of a
// member of what a step gives, or of the step type.
func (x *Index) docOf(path []string) string {
	if len(path) < 2 || x.Skill == nil {
		return ""
	}
	t := map[string]types.Type{"inputs": x.Skill.Inputs, "config": x.Skill.Config, "secrets": x.Skill.Secrets}[path[0]]
	rest := path[1:]
	if path[0] == "steps" {
		if t = x.results[path[1]]; len(rest) == 1 {
			return x.usedBy(x.stepOf(path[1])).Doc
		}
		rest = rest[1:]
	}
	doc := ""
	for _, name := range rest {
		f, _ := t.Field(name)
		t, doc = f.Type, f.Doc
	}
	return doc
}

func (x *Index) usedBy(n *syntax.Node) Info {
	for _, u := range x.uses {
		if n != nil && (u.node == n.Get("uses") || u.node == n.Get("await").Get("uses")) {
			info, _ := x.used(u)
			return info
		}
	}
	return Info{}
}

// used tells of a step type, or of a file that is called.
func (x *Index) used(u use) (Info, bool) {
	if u.called != nil {
		s := u.called
		info := Info{Title: u.node.Value + " → " + s.Outputs.String(), Doc: s.Description, Facts: []string{s.File}}
		if s.Effect != "" {
			info.Facts = append(info.Facts, "effect: "+string(s.Effect))
		}
		info.Example = exampleOfUse(u.node.Value, s.Inputs)
		return info, true
	}
	return stepInfo(u.step), u.step.Name != ""
}

func stepInfo(s step.Step) Info {
	return Info{
		Title: s.Name + " → " + s.Out.String(), Doc: s.Doc,
		Facts:   []string{"effect: " + string(s.Effect), "codes: " + joined(s.AllCodes())},
		Example: exampleOfUse(s.Name, s.In),
	}
}

func joined(codes []types.Code) string {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = string(c)
	}
	return strings.Join(words, ", ")
}

// exampleOfUse is a use with the arguments that have to be there.
func exampleOfUse(name string, in types.Type) string {
	out := "uses: " + name
	var args []string
	for _, f := range in.Fields {
		if f.Required {
			args = append(args, "  "+f.Name+": "+check.Example(f.Type))
		}
	}
	if len(args) > 0 {
		out += "\nwith:\n" + strings.Join(args, "\n")
	}
	return out
}

// facts are what a type says beside its kind.
func facts(f types.Field) []string {
	var out []string
	t := f.Type
	if f.Required {
		out = append(out, "required")
	}
	if f.Default != nil {
		out = append(out, "default: "+string(types.Encode(f.Default)))
	}
	if len(t.Enum) > 0 {
		out = append(out, "one of "+strings.Join(t.Enum, ", "))
	}
	if t.Pattern != "" {
		out = append(out, "pattern: "+t.Pattern)
	}
	if t.Format != "" {
		out = append(out, "format: "+t.Format)
	}
	return out
}

func fieldInfo(f types.Field, at diag.Range) Info {
	return Info{At: at, Title: f.Name + ": " + f.Type.String(), Doc: f.Doc, Facts: facts(f)}
}

// hoverKey tells of an argument, and of a name that is declared.
func (x *Index) hoverKey(w way) (Info, bool) {
	if w.key == nil {
		return Info{}, false
	}
	in := w.nodes[len(w.nodes)-2]
	if t, ok := x.args[in.Range.Start]; ok && in.Kind == syntax.Mapping {
		if f, ok := t.Field(w.key.Value); ok {
			return fieldInfo(f, w.key.Range), true
		}
	}
	if len(w.keys) == 2 && x.Skill != nil {
		t := map[string]types.Type{"inputs": x.Skill.Inputs, "config": x.Skill.Config, "secrets": x.Skill.Secrets, "outputs": x.Skill.Outputs}[w.keys[0]]
		if f, ok := t.Field(w.keys[1]); ok {
			return fieldInfo(f, w.key.Range), true
		}
	}
	if k, ok := x.world.mapping(x.File, w.keys[:len(w.keys)-1], in).Key(w.key.Value); ok {
		return keyInfo(k, w.key.Range), true
	}
	return Info{}, false
}

// hoverFunction tells of the function whose name is at a place in an expression.
func (x *Index) hoverFunction(at diag.Pos) (Info, bool) {
	for _, t := range x.Tokens() {
		if t.Kind != Function || !within(t.At, at) {
			continue
		}
		name := x.word(t.At)
		if i := slices.IndexFunc(stdlib.Functions(), func(f stdlib.Function) bool { return f.Name == name }); i >= 0 {
			info := functionInfo(stdlib.Functions()[i])
			info.At = t.At
			return info, true
		}
	}
	return Info{}, false
}

func functionInfo(f stdlib.Function) Info {
	info := Info{Title: f.Signature, Doc: f.Doc, Example: f.Example}
	if f.Example != "" && f.Want != "" {
		info.Example += "  # " + f.Want
	}
	return info
}

// column is the column of a byte of a line.
func column(line string, at int) int { return utf8.RuneCountInString(line[:min(at, len(line))]) + 1 }
