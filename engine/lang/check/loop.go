package check

import (
	"maps"
	"slices"
	"strconv"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// maxParallel bounds how much of one loop or group runs at a time.
const maxParallel = 64

// taken are names that no loop may give to its items.
var taken = []string{"inputs", "config", "secrets", "steps", "run", "error", "result"}

// loop is what is known of a loop before its body is checked.
type loop struct {
	is   bool
	elem types.Type // of the list; unclear when the list has a mistake
}

// loop checks a loop, and enters it: from here on the item has a name.
func (c *checker) loop(n *syntax.Node, node *program.Node) loop {
	list := n.Get("for_each")
	e, t := c.bare(list, c.scope())
	out := loop{is: true, elem: itemOf(t)}
	node.ForEach = list.Value
	if e != nil && t.Kind != types.Invalid {
		if why, ok := (types.Type{Kind: types.List}).Accepts(t); !ok {
			d := c.diags.Errorf("type-mismatch", list.Range, "for_each must be a list: %s", why)
			if t.Optional {
				d.Code, d.Hint = "maybe-absent", "write ("+list.Value+") ?? [] when nothing is to be done then"
			}
			out.elem = types.Type{}
		}
	}
	c.refuseSecret(list, out.elem, "be an item of a loop")
	node.As = c.itemName(n)
	node.MaxParallel = c.number(n, "max_parallel", 1, maxParallel)
	node.OnItemError = c.stopOrContinue(n, "on_item_error")
	trust := expr.TrustNone
	if e != nil {
		trust = e.Trust(c.scope())
	}
	c.enclose(enclosure{kind: inLoop, id: node.ID})
	c.view.trust = maps.Clone(c.view.trust)
	if c.view.trust == nil {
		c.view.trust = map[string]expr.Trust{}
	}
	c.view.trust[node.As] = trust
	c.defineName(node.As, out.elem)
	c.key(n, node)
	return out
}

func itemOf(t types.Type) types.Type {
	if t.Kind != types.List || t.Elem == nil {
		return types.Type{}
	}
	return *t.Elem
}

func (c *checker) itemName(n *syntax.Node) string {
	as, at, name := n.Get("as"), n.Get("for_each").Range, "item"
	if as != nil {
		at, name = as.Range, as.Value
		e, problems := expr.Parse(name)
		if as.Kind != syntax.Scalar || !idPattern().MatchString(name) || len(problems) > 0 || len(e.Refs()) != 1 || !slices.Equal(e.Refs()[0].Path, []string{name}) {
			c.diags.Errorf("bad-name", at, "as is %q, not a name of lower-case letters, digits and _, beginning with a letter, that expressions can read", name)
			return "item"
		}
	}
	if slices.Contains(taken, name) || slices.ContainsFunc(c.view.names, func(f types.Field) bool { return f.Name == name }) {
		c.diags.Errorf("name-taken", at, "%s already means something here", name).Hint = "choose another name for the item: as: a_name"
	}
	return name
}

func (c *checker) key(n *syntax.Node, node *program.Node) {
	k := n.Get("key")
	if k == nil {
		return
	}
	e, t := c.bare(k, c.scope())
	if k.Kind == syntax.Scalar {
		node.Key = k.Value
	}
	if e == nil || t.Kind == types.Invalid {
		return
	}
	switch {
	case t.HoldsSecret():
		c.refuseSecret(k, t, "be the key of an item")
	case t.Optional:
		c.diags.Errorf("maybe-absent", k.Range, "key may be absent").Hint = "every item needs one: guard it with ??"
	case !isKey(t):
		c.diags.Errorf("type-mismatch", k.Range, "key is a string, an integer or a boolean, not %s", types.Article(t.Kind.String())).Hint = "use a field that is unique for each item, such as " + node.As + ".id"
	}
}

// isKey reports whether a value of the type tells an item from others.
func isKey(t types.Type) bool {
	return !t.Optional && slices.Contains([]types.Kind{types.String, types.Integer, types.Boolean}, t.Kind)
}

// checkLoopKey refuses a loop that writes and cannot tell its items apart: when the
// list is another one after a kill, an index would belong to another item.
func (c *checker) checkLoopKey(n *syntax.Node, node *program.Node, l loop) {
	if n.Get("key") != nil || isKey(l.elem) || l.elem.Kind == types.Invalid {
		return
	}
	writer := ""
	program.Each([]program.Node{*node}, func(in *program.Node) {
		if in.Effect == string(step.Writes) && writer == "" {
			writer = in.ID
		}
	})
	if writer != "" {
		c.diags.Errorf("missing-key", keyOf(n, "for_each"), "a loop that writes needs a key: %s writes, and an item is not a string, integer or boolean, which could be its key", writer).
			Hint = "add key: a value that is unique for each item, such as " + node.As + ".id"
	}
}

// itemType is what an item gives: of a group, the results of the steps inside.
func itemType(out types.Type, kind string, inside []result) types.Type {
	if kind != "steps" {
		return out
	}
	out = types.ObjectOf()
	for _, r := range inside {
		t := r.optional()
		out.Fields = append(out.Fields, types.Field{Name: r.id, Type: t, Required: !t.Optional})
	}
	return out
}

func listOf(elem types.Type) types.Type {
	if elem.Kind == types.Invalid {
		return types.OfKind(types.List)
	}
	return types.ListOf(elem)
}

// breakIf checks what is asked behind each item: it sees the item, and what that
// gave.
func (c *checker) breakIf(n *syntax.Node, node *program.Node, item types.Type) {
	b := n.Get("break_if")
	if b == nil {
		return
	}
	if node.MaxParallel > 1 {
		d := c.diags.Errorf("misplaced-key", b.Range, "break_if needs items that run one by one, and max_parallel is %d", node.MaxParallel)
		d.Hint = "leave max_parallel out: beside an item that ends the loop, others would have begun"
		d.Related = []diag.Note{{At: keyOf(n, "max_parallel"), Message: "max_parallel is here"}}
	}
	if node.ID != "" && c.ids[node.ID].hasResult() {
		if item.Kind == types.Invalid {
			item.Optional = false // its mistake is a mistake of its own
		}
		c.defineName("result", item)
	}
	var e *expr.Expr
	if node.BreakIf, e = c.condition(b, "break_if", c.scope()); e == nil {
		return
	}
	if node.Kind == program.Group && slices.ContainsFunc(e.Refs(), func(r expr.Ref) bool { return r.Path[0] == "result" }) {
		c.keepInside(node.ID)
	}
}

func (c *checker) flag(n *syntax.Node, key string) bool {
	v := n.Get(key)
	if v == nil {
		return false
	}
	b, ok := v.Data().(bool)
	if !ok {
		truth(c.diags.Errorf("type-mismatch", v.Range, "%s is true or false", key), v)
	}
	return b
}

// number reads an optional integer between two bounds; without it, it is 0.
func (c *checker) number(n *syntax.Node, key string, least, most int) int {
	v := n.Get(key)
	if v == nil {
		return 0
	}
	i, ok := v.Data().(int)
	if !ok || i < least || i > most {
		c.diags.Errorf("bad-value", v.Range, "%s is an integer from %s to %s", key, strconv.Itoa(least), strconv.Itoa(most))
		return 0
	}
	return i
}

// stopOrContinue reads what happens after a failure: stop or continue.
func (c *checker) stopOrContinue(n *syntax.Node, key string) bool {
	v := n.Get(key)
	if v == nil {
		return false
	}
	if v.Kind != syntax.Scalar || v.Value != "stop" && v.Value != "continue" {
		c.diags.Errorf("bad-value", v.Range, "%s is stop or continue", key).Suggest(v.Value, []string{"stop", "continue"})
	}
	return v.Value == "continue"
}
