package syntax

import (
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// builder makes our tree out of the library's and reports what we refuse.
type builder struct {
	src   *source
	list  *diag.List
	nodes int
	most  int  // nodes
	deep  bool // reported
}

type placed struct {
	node       *Node
	begin, end int
}

func (b *builder) build(y *yamltext.Node, depth int) *Node { return b.place(y, depth).node }

func (b *builder) place(y *yamltext.Node, depth int) placed {
	begin := b.src.offset(y.Line, y.Column)
	p := placed{node: &Node{Kind: Scalar, Tag: Null, src: b.src}, begin: begin, end: begin}
	if b.nodes++; b.nodes > b.most {
		if b.nodes == b.most+1 {
			b.list.Errorf("too-many-nodes", b.src.span(begin, begin), "more than %d values in one file", b.most).
				Hint = "split it into several files"
		}
		return b.finish(p)
	}
	if depth > MaxDepth {
		if !b.deep {
			tooDeep(b.list, b.src.span(begin, begin))
		}
		b.deep = true
		return b.finish(p)
	}
	p.begin = b.properties(y, begin)
	p.end = p.begin
	switch y.Kind {
	case yamltext.ScalarNode:
		b.scalar(&p, y)
	case yamltext.SequenceNode:
		b.sequence(&p, y, depth)
	case yamltext.MappingNode:
		b.mapping(&p, y, depth)
	case yamltext.AliasNode:
		p.end = begin + 1 + len(y.Value)
		p.node.Value, p.node.Tag = "*"+y.Value, Str
		b.list.Errorf("no-alias", b.src.span(begin, p.end), "an alias is not allowed").Hint = hintAlias
	}
	return b.finish(p)
}

func (b *builder) finish(p placed) placed {
	p.begin = min(p.begin, len(b.src.text))
	p.end = min(max(p.begin, p.end), len(b.src.text))
	p.node.Range = b.src.span(p.begin, p.end)
	return p
}

// properties refuses anchors and tags, and returns where their node begins.
func (b *builder) properties(y *yamltext.Node, at int) int {
	if y.Kind == yamltext.AliasNode || b.belongsToFirst(y) {
		return at
	}
	for at < len(b.src.text) {
		first := b.src.text[at]
		if first != '&' && first != '!' {
			return at
		}
		end := at + upTo(b.src.text[at:], " \t\r\n,[]{}")
		if first == '&' {
			b.list.Errorf("no-alias", b.src.span(at, end), "an anchor is not allowed").Hint = hintAlias
		} else {
			b.list.Errorf("no-tag", b.src.span(at, end), "a tag is not allowed").
				Hint = "leave it out: types come from the skill; a text that begins with ! needs quotes"
		}
		at = end + skipBlank(b.src.text[end:])
	}
	return at
}

// belongsToFirst reports whether what stands where y begins is part of its
// first child: a block mapping begins at its first key, properties included.
func (b *builder) belongsToFirst(y *yamltext.Node) bool {
	return len(y.Content) > 0 && y.Content[0].Line == y.Line && y.Content[0].Column == y.Column
}

func (b *builder) scalar(p *placed, y *yamltext.Node) {
	n := p.node
	n.Value, n.Tag = y.Value, Str
	if y.Style&(yamltext.SingleQuotedStyle|yamltext.DoubleQuotedStyle|yamltext.LiteralStyle|yamltext.FoldedStyle) == 0 {
		n.Tag = tagOf(y.Value)
	}
	spans, end, ok := align(b.src.text, p.begin, y.Style, y.Value)
	if !ok {
		p.end = b.src.lineEnd(p.begin)
		return
	}
	n.spans, p.end = spans, end
}

func (b *builder) sequence(p *placed, y *yamltext.Node, depth int) {
	p.node.Kind, p.node.Tag = Sequence, ""
	for _, item := range y.Content {
		if b.nodes > b.most {
			return
		}
		child := b.place(item, depth+1)
		p.node.Items = append(p.node.Items, child.node)
		p.end = max(p.end, child.end)
	}
	b.close(p, '[', ']')
}

func (b *builder) mapping(p *placed, y *yamltext.Node, depth int) {
	p.node.Kind, p.node.Tag = Mapping, ""
	first := map[string]*Node{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		if b.nodes > b.most {
			return
		}
		key, value := b.place(y.Content[i], depth+1), b.place(y.Content[i+1], depth+1)
		if b.nodes > b.most {
			return
		}
		p.end = max(p.end, key.end, value.end)
		if b.goodKey(key.node, y.Content[i], first) {
			first[key.node.Value] = key.node
			p.node.Pairs = append(p.node.Pairs, Pair{key.node, value.node})
		}
	}
	b.close(p, '{', '}')
}

func (b *builder) goodKey(key *Node, y *yamltext.Node, first map[string]*Node) bool {
	switch {
	case y.Kind == yamltext.AliasNode: // reported
	case key.Kind != Scalar:
		b.list.Errorf("bad-key", key.Range, "a %s cannot be a key", key.Kind).Hint = "keys are text; a value that begins with { or [ needs quotes"
	case y.Kind == yamltext.ScalarNode && y.Style == 0 && key.Value == "<<":
		b.list.Errorf("no-merge-key", key.Range, "a merge key is not allowed").Hint = "write the keys out"
	case key.Tag != Str:
		b.list.Errorf("bad-key", key.Range, "a key has to be text, this is %s", tagNames[key.Tag]).
			Hint = `put it into quotes: "` + key.Value + `"`
	case first[key.Value] != nil:
		d := b.list.Errorf("duplicate-key", key.Range, "the key %s is here twice", printable(key.Value))
		d.Hint = "remove one of the two"
		d.Related = []diag.Note{{At: first[key.Value].Range, Message: "the first is here"}}
	default:
		return true
	}
	return false
}

var tagNames = map[string]string{Null: "nothing", Bool: "a boolean", Int: "a number", Float: "a number"}

// printable shortens a key and takes out what a terminal should not see.
func printable(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:57]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if isHidden(r) || r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		return r
	}, s)
}

// close finds the bracket that ends a flow collection after its last child.
// A block collection, and a pair without braces in a flow sequence, have none.
func (b *builder) close(p *placed, open, bracket byte) {
	text := b.src.text
	if p.begin >= len(text) || text[p.begin] != open {
		return
	}
	at := max(p.end, p.begin+1)
	for at < len(text) {
		at += skipBlank(text[at:])
		if at >= len(text) || strings.IndexByte(",:?", text[at]) < 0 {
			break
		}
		at++
	}
	if at < len(text) && text[at] == bracket {
		at++
	}
	p.end = at
}

func skipBlank(text string) int {
	n := 0
	for {
		n += len(text[n:]) - len(strings.TrimLeft(text[n:], " \t\r\n"))
		if n >= len(text) || text[n] != '#' {
			return n
		}
		n += upTo(text[n:], "\n")
	}
}
