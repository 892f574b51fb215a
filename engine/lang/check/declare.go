package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

var jsonKinds = map[string]types.Kind{
	"string": types.String, "integer": types.Integer, "number": types.Number, "boolean": types.Boolean,
	"array": types.List, "object": types.Object,
}

var otherWords = map[string]string{
	"bool": "boolean", "int": "integer", "float": "number", "double": "number", "list": "array", "map": "object", "dict": "object", "str": "string", "text": "string",
}

func (c *checker) declarations(n *syntax.Node, what string) types.Type {
	out := types.ObjectOf()
	if n == nil {
		return out
	}
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-declaration", n.Range, "%s is a mapping of names to types, such as {commit_sha: {type: string, required: true}}", what)
		return out
	}
	for _, p := range n.Pairs {
		name := p.Key.Value
		if !idPattern().MatchString(name) {
			c.diags.Errorf("bad-name", p.Key.Range, "name %q is not lower-case letters, digits and _, beginning with a letter", name)
		}
		c.skill.places[what+"."+name] = p.Key.Range
		f := c.declaration(p, what)
		f.Name = name
		out.Fields = append(out.Fields, f)
	}
	return out
}

func (c *checker) declaration(p syntax.Pair, what string) types.Field {
	n := p.Value
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-declaration", n.Range, "%s needs a type", p.Key.Value).Hint = "such as " + p.Key.Value + ": {type: string}"
		return types.Field{} // unclear: what reads it does not complain too
	}
	f := types.Field{Doc: c.str(n, "description"), Type: c.schema(n)}
	f.Type = c.hidden(n, f.Type, what)
	if r := n.Get("required"); r != nil {
		b, ok := r.Data().(bool)
		if !ok || r.Tag != "!!bool" {
			truth(c.diags.Errorf("type-mismatch", r.Range, "required is true or false"), r)
		}
		f.Required = b
	}
	if d := n.Get("default"); d != nil {
		if f.Required {
			c.diags.Errorf("bad-default", d.Range, "%s is required, so its default is never used", p.Key.Value).Hint = "drop one of the two"
		}
		f.Default = c.defaultValue(d, f.Type, what+"."+p.Key.Value)
	}
	return f
}

func (c *checker) schema(n *syntax.Node) types.Type {
	c.keys(n, "a declaration", declarationKeys, nil)
	kind := n.Get("type")
	if kind == nil {
		c.diags.Errorf("missing-key", n.Head(), "a declaration needs a type").Hint = "one of string, integer, number, boolean, array, object"
		return types.Type{}
	}
	k, ok := jsonKinds[kind.Value]
	if !ok {
		d := c.diags.Errorf("unknown-type", kind.Range, "%q is not a type", kind.Value).Suggest(kind.Value, types.SortedKeys(jsonKinds))
		if ours, ok := otherWords[kind.Value]; ok {
			d.Replace(ours).Hint = "did you mean " + ours + "?"
		}
		return types.Type{}
	}
	t := types.OfKind(k)
	c.stringKeywords(n, &t)
	t.Minimum, t.Maximum = c.bound(n, "minimum", t), c.bound(n, "maximum", t)
	c.shapeKeywords(n, &t)
	return t
}

// only refuses a keyword that says nothing about the declared type.
func (c *checker) only(n *syntax.Node, key string, t types.Type) *syntax.Node {
	v := n.Get(key)
	if v != nil && !slices.ContainsFunc(ofTypes[key], func(name string) bool { return jsonKinds[name] == t.Kind }) {
		c.diags.Errorf("misplaced-key", v.Range, "%s does not apply to a %s", key, t.Kind)
		return nil
	}
	return v
}

func (c *checker) stringKeywords(n *syntax.Node, t *types.Type) {
	if v := c.only(n, "pattern", *t); v != nil {
		t.Pattern = c.str(n, "pattern")
		if _, _, err := types.ParsePattern(t.Pattern); err != nil {
			c.diags.Errorf("bad-pattern", v.Range, "pattern is not a regular expression: %v", err)
			t.Pattern = ""
		}
	}
	if v := c.only(n, "format", *t); v != nil {
		t.Format = v.Value
		if !slices.Contains(types.Formats(), v.Value) {
			c.diags.Errorf("unknown-format", v.Range, "format %q is not known", v.Value).Suggest(v.Value, types.Formats())
		}
	}
	v := c.only(n, "enum", *t)
	if v == nil {
		return
	}
	if v.Kind != syntax.Sequence || len(v.Items) == 0 {
		c.diags.Errorf("bad-enum", v.Range, "enum is a list of strings")
		return
	}
	for _, item := range v.Items {
		if item.Kind != syntax.Scalar || item.Tag != "!!str" {
			quoteIt(c.diags.Errorf("bad-enum", item.Range, "enum holds strings"), item)
		}
		t.Enum = append(t.Enum, item.Value)
	}
}

func (c *checker) bound(n *syntax.Node, key string, t types.Type) *int {
	v := c.only(n, key, t)
	if v == nil {
		return nil
	}
	i, err := strconv.Atoi(v.Value)
	if err != nil {
		c.diags.Errorf("type-mismatch", v.Range, "%s is an integer", key)
		return nil
	}
	return &i
}

func (c *checker) shapeKeywords(n *syntax.Node, t *types.Type) {
	if v := c.only(n, "items", *t); v != nil && v.Kind == syntax.Mapping {
		elem := c.schema(v)
		t.Elem = &elem
	} else if t.Kind == types.List {
		c.diags.Errorf("missing-key", n.Head(), "an array needs items: the type of its elements")
	}
	v := c.only(n, "properties", *t)
	if v == nil {
		if t.Kind == types.Object {
			elem := types.OfKind(types.Any)
			*t = types.MapOf(elem)
		}
		return
	}
	if v.Kind == syntax.Mapping {
		for _, p := range v.Pairs {
			f := c.declaration(p, "properties")
			f.Name = p.Key.Value
			t.Fields = append(t.Fields, f)
		}
	}
}

// defaultValue checks a default. One with holes is evaluated when the inputs
// are bound; it sees config and the time of the run's start.
func (c *checker) defaultValue(n *syntax.Node, want types.Type, where string) any {
	scope := expr.Scope{Vars: types.ObjectOf(types.Field{Name: "config", Type: asValues(c.skill.Config)})}
	value := c.fits(n, want, scope, "default")
	switch {
	case allLiteral(n):
		if plain, err := evalData(value, expr.Env{}); err == nil {
			value = plain
		}
	case strings.HasPrefix(where, "properties."):
		c.diags.Errorf("bad-default", n.Range, "the default of a member is a plain value, and this one has ${{ }}").
			Hint = "give the whole input a default, or write ?? where it is read"
	default:
		c.skill.defaults[where] = value
	}
	return value
}

func allLiteral(n *syntax.Node) bool {
	for _, item := range n.Items {
		if !allLiteral(item) {
			return false
		}
	}
	for _, p := range n.Pairs {
		if !allLiteral(p.Value) {
			return false
		}
	}
	return n.Kind != syntax.Scalar || isLiteral(n)
}

func evalData(v any, env expr.Env) (any, error) {
	return types.MapTexts(v, func(src string) (any, error) {
		t, problems := expr.ParseText(src)
		if len(problems) > 0 {
			return nil, types.Errorf(types.Internal, "%s", problems[0].Message)
		}
		return t.Eval(env)
	})
}
