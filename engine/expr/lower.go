package expr

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// lowerer turns the parser's tree into nodes, and refuses what is not the language.
type lowerer struct {
	src      string
	bytes    []int // byte offset of every rune, and of the end
	depth    int
	deep     bool // it was nested too deep, and that was said
	count    int  // of nodes made; the parser uses some of its own twice
	problems []Problem
}

// bad stands for what was refused, which is never evaluated.
func (l *lowerer) bad(at span, code diag.Code, message, hint string) node {
	l.problems = append(l.problems, Problem{Code: code, From: at.from, To: at.to, Message: message, Hint: hint})
	return &literal{span: at}
}

// span turns the parser's rune offsets into byte offsets.
func (l *lowerer) span(loc file.Location) span {
	last := len(l.bytes) - 1
	clamp := func(i int) int { return l.bytes[max(0, min(i, last))] }
	return span{clamp(loc.From), clamp(max(loc.From, loc.To))}
}

func runeOffsets(src string) []int {
	out := make([]int, 0, len(src)+1)
	for i := range src {
		out = append(out, i)
	}
	return append(out, len(src))
}

func join(a, b span) span { return span{min(a.from, b.from), max(a.to, b.to)} }

func (l *lowerer) closed(s span, bracket byte) span {
	rest := strings.TrimLeft(l.src[s.to:], " \t\r\n,")
	if rest != "" && rest[0] == bracket {
		s.to = len(l.src) - len(rest) + 1
	}
	return s
}

func (l *lowerer) lower(n ast.Node) node {
	l.depth++
	defer func() { l.depth-- }()
	if n == nil {
		return l.bad(span{0, len(l.src)}, CodeSyntax, "the expression is not complete", "")
	}
	if l.count++; l.count > maxNodes {
		if l.count == maxNodes+1 {
			return l.bad(span{0, len(l.src)}, CodeTooBig, "the expression has too many parts", "move parts of it into a `set` step")
		}
		return &literal{}
	}
	if l.depth > maxDepth {
		if l.deep {
			return &literal{} // one mistake is one problem
		}
		l.deep = true
		return l.bad(l.span(n.Location()), CodeTooBig, fmt.Sprintf("the expression is nested deeper than %d", maxDepth),
			"move parts of it into a `set` step")
	}
	if n := l.lowerLeaf(n); n != nil {
		return n
	}
	switch n := n.(type) {
	case *ast.ChainNode:
		of := l.lower(n.Node)
		return &chain{of.at(), of}
	case *ast.MemberNode:
		return l.lowerMember(n)
	case *ast.SliceNode:
		return l.lowerSlice(n)
	case *ast.UnaryNode:
		return l.lowerUnary(n)
	case *ast.BinaryNode:
		return l.lowerBinary(n)
	case *ast.ConditionalNode:
		test, yes, no := l.lower(n.Cond), l.lower(n.Exp1), l.lower(n.Exp2)
		return &cond{join(test.at(), no.at()), test, yes, no}
	case *ast.VariableDeclaratorNode:
		return l.lowerLet(n)
	case *ast.ArrayNode:
		return l.lowerList(n)
	case *ast.MapNode:
		return l.lowerObject(n)
	case *ast.PredicateNode:
		return l.lower(n.Node)
	case *ast.BuiltinNode:
		at := l.span(n.Location())
		return l.lowerCall(stdlib.Word(l.src[at.from:]), at, n.Arguments) // see prescan
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return l.lowerCall(callee.Value, l.span(n.Location()), n.Arguments)
		}
		return l.bad(l.span(n.Location()), CodeUnknownFunction, "values have no methods", "functions are written in front: lower(x)")
	}
	return l.bad(l.span(n.Location()), CodeSyntax, notOurs(n), "")
}

func notOurs(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "`;` is not part of the language: an expression has one value"
	case *ast.BytesNode:
		return "byte texts are not part of the language"
	}
	return "this is not part of the language"
}

func (l *lowerer) lowerLeaf(n ast.Node) node {
	at := l.span(n.Location())
	switch n := n.(type) {
	case *ast.NilNode:
		return &literal{at, nil}
	case *ast.BoolNode:
		return &literal{at, n.Value}
	case *ast.IntegerNode:
		return &literal{at, n.Value}
	case *ast.FloatNode:
		return &literal{at, n.Value}
	case *ast.StringNode:
		return &literal{at, n.Value}
	case *ast.IdentifierNode:
		if strings.HasPrefix(n.Value, "$") {
			return l.bad(at, CodeUnknownName, n.Value+" is not part of the language", "names are read one by one: inputs.x, steps.y.z")
		}
		return &name{at, n.Value}
	case *ast.PointerNode:
		if strings.HasPrefix(l.src[at.from:], "#"+n.Name) {
			at.to = at.from + 1 + len(n.Name)
		}
		if n.Name != "" && n.Name != "index" && n.Name != "acc" {
			return l.bad(at, CodeSyntax, "#"+n.Name+" is not part of the language", "# is the element, #index its position, and #acc in reduce what came of those before")
		}
		return &name{at, "#" + n.Name}
	}
	return nil
}

func (l *lowerer) lowerMember(n *ast.MemberNode) node {
	of := l.lower(n.Node)
	prop := l.span(n.Property.Location())
	bracketed := l.src[:prop.from] != "" && strings.HasSuffix(strings.TrimRight(l.src[:prop.from], " \t\r\n"), "[")
	whole := join(of.at(), prop)
	if bracketed {
		whole = l.closed(whole, ']')
	}
	if s, ok := n.Property.(*ast.StringNode); ok {
		return &member{whole, of, s.Value, prop, n.Optional}
	}
	i := l.lower(n.Property)
	return &index{l.closed(join(of.at(), i.at()), ']'), of, i, n.Optional}
}

func (l *lowerer) lowerSlice(n *ast.SliceNode) node {
	of := l.lower(n.Node)
	out := &slice{span: join(of.at(), l.span(n.Location())), of: of}
	if n.From != nil {
		out.from = l.lower(n.From)
		out.span = join(out.span, out.from.at())
	}
	if n.To != nil {
		out.to = l.lower(n.To)
		out.span = join(out.span, out.to.at())
	}
	out.span = l.closed(out.span, ']')
	return out
}

func (l *lowerer) lowerUnary(n *ast.UnaryNode) node {
	of := l.lower(n.Node)
	at := join(l.span(n.Location()), of.at())
	switch n.Operator {
	case "not", "!":
		return &unary{at, "!", of}
	case "-":
		return &unary{at, "-", of}
	}
	return l.bad(at, CodeSyntax, "the operator "+n.Operator+" is not part of the language here", "")
}

// ourOperator maps the parser's spelling of each operator to ours.
func ourOperator(op string) (string, bool) {
	switch op {
	case "and":
		return "&&", true
	case "or":
		return "||", true
	case "&&", "||", "??", "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches",
		"+", "-", "*", "/", "%", "..":
		return op, true
	}
	return "", false
}

func (l *lowerer) lowerBinary(n *ast.BinaryNode) node {
	left, right := l.lower(n.Left), l.lower(n.Right)
	at := join(left.at(), right.at())
	op, ok := ourOperator(n.Operator)
	if !ok {
		return l.bad(l.span(n.Location()), CodeSyntax, "the operator "+n.Operator+" is not part of the language", "")
	}
	out := &binary{span: at, op: op, left: left, right: right}
	if op == "matches" {
		out.pattern = l.pattern(right, op, `x matches "^v[0-9]+$"`)
	}
	return out
}

// quoted is the text of an argument that has to be written out.
func (l *lowerer) quoted(n node, code diag.Code, message, hint string) (string, bool) {
	if lit, ok := n.(*literal); ok {
		if s, ok := lit.value.(string); ok {
			return s, true
		}
	}
	l.bad(n.at(), code, message, hint)
	return "", false
}

// pattern compiles a regular expression, which has to be written out so that a
// mistake in it is found before anything runs.
func (l *lowerer) pattern(n node, of, such string) *stdlib.Pattern {
	text, ok := l.quoted(n, CodeBadPattern, "the pattern of "+of+" has to be a text in quotes", "such as "+such)
	if !ok {
		return nil
	}
	p, err := stdlib.NewPattern(text)
	if err != nil {
		l.bad(n.at(), CodeBadPattern, "the pattern is not a regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "")
		return nil
	}
	return p
}

// shape reads a type, which has to be written out too.
func (l *lowerer) shape(n node) types.Type {
	text, ok := l.quoted(n, CodeTypeMismatch, "the type has to be a text in quotes", `such as as(x, "list<string>")`)
	if !ok {
		return unclear
	}
	t, err := stdlib.ParseShape(text)
	if err != nil {
		l.bad(n.at(), CodeTypeMismatch, "this is not a type: "+err.Error(), `types are string, integer, number, boolean, any, list<T>, map<T>, {name: T}, {name: T, …} and optional T`)
	}
	return t
}

// pieces cuts the replacement of regex_replace into its pieces: only what is
// written in quotes is looked at for groups.
func (l *lowerer) pieces(n node, p *stdlib.Pattern, out []piece) []piece {
	if b, ok := n.(*binary); ok && b.op == "+" {
		return l.pieces(b.right, p, l.pieces(b.left, p, out))
	}
	lit, _ := n.(*literal)
	if lit == nil || p == nil {
		return append(out, piece{stdlib.Piece{Group: -1}, n})
	}
	s, ok := lit.value.(string)
	if !ok {
		return append(out, piece{stdlib.Piece{Group: -1}, n})
	}
	pieces, err := p.Pieces(s)
	if err != nil {
		e := types.AsError(err)
		l.bad(n.at(), CodeBadPattern, e.Message, e.Hint)
	}
	for _, x := range pieces {
		out = append(out, piece{x, nil})
	}
	return out
}

func (l *lowerer) lowerLet(n *ast.VariableDeclaratorNode) node {
	at := l.span(n.Location())
	switch n.Name {
	case "nil", "true", "false":
		return l.bad(at, CodeNameTaken, n.Name+" already means something here", "choose another name")
	}
	if !stdlib.IsName(n.Name) {
		return l.bad(at, CodeSyntax, n.Name+" is not a name", "a name has letters, digits and _: let total = 1; total + 1")
	}
	value, body := l.lower(n.Value), l.lower(n.Expr)
	whole := join(span{max(0, strings.LastIndex(l.src[:at.from], "let")), at.to}, body.at())
	return &let{whole, n.Name, at, value, body}
}

func (l *lowerer) lowerList(n *ast.ArrayNode) node {
	out := &list{span: l.span(n.Location()), elems: make([]node, 0, len(n.Nodes))}
	for _, e := range n.Nodes {
		elem := l.lower(e)
		out.elems = append(out.elems, elem)
		out.span = join(out.span, elem.at())
	}
	out.span = l.closed(out.span, ']')
	return out
}

func (l *lowerer) lowerObject(n *ast.MapNode) node {
	out := &object{span: l.span(n.Location())}
	seen := map[string]bool{}
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			return l.bad(out.span, CodeSyntax, "this is not part of the language", "")
		}
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			return l.bad(l.span(pair.Key.Location()), CodeSyntax, "the names of an object have to be literal", "")
		}
		if seen[key.Value] {
			return l.bad(l.span(key.Location()), CodeSyntax, "the name "+key.Value+" is given twice", "")
		}
		seen[key.Value] = true
		value := l.lower(pair.Value)
		out.keys, out.values = append(out.keys, key.Value), append(out.values, value)
		out.span = join(out.span, value.at())
	}
	out.span = l.closed(out.span, '}')
	return out
}

func (l *lowerer) lowerCall(fn string, at span, args []ast.Node) node {
	f, ok := table()[fn]
	if !ok {
		return l.bad(at, CodeUnknownFunction, "there is no function "+fn, functionHint(fn))
	}
	out := &call{span: at, fn: f}
	for _, a := range args {
		arg := l.lower(a)
		out.args = append(out.args, arg)
		out.span = join(out.span, arg.at())
	}
	if len(args) == 0 {
		out.to += len(l.src[out.to:]) - len(strings.TrimLeft(l.src[out.to:], " ("))
	}
	out.span = l.closed(out.span, ')')
	if len(out.args) < f.Least || len(out.args) > f.Most {
		return l.bad(out.span, CodeTypeMismatch, fmt.Sprintf("%s does not take %d arguments", fn, len(out.args)), f.Signature)
	}
	switch f.Second {
	case stdlib.Shape:
		out.shape = l.shape(out.args[1])
	case stdlib.RegExp:
		out.pattern = l.pattern(out.args[1], f.Name, f.Example)
	case stdlib.Replacement:
		out.pattern = l.pattern(out.args[1], f.Name, f.Example)
		out.pieces = l.pieces(out.args[2], out.pattern, nil)
	}
	return out
}
