package check

import (
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
)

// notInUndo are the arguments of a body that a call which takes its effect back has not,
// with the reason.
var notInUndo = map[string]string{
	"find":               "the find of the step type says what is undone already",
	"dir":                "the workspaces of a run are gone when it is undone",
	"service":            "it goes to the service of the step type",
	"idempotency_header": "the find of the step type says whether it has to be sent again",
	"idempotency_for":    "the find of the step type says whether it has to be sent again",
}

// undo checks how what a program or a request did is taken back: by another one, with
// the arguments of the same step. Its texts see what outputs see. Only with a find is it
// known whether that happened already.
func (c *checker) undo(root *syntax.Node, node *program.Node) {
	n := root.Get("undo")
	if n == nil {
		return
	}
	body := root.Get(node.ID)
	at := keyOf(root, "undo")
	switch {
	case root.Get("steps") != nil || root.Get("mcp") != nil:
		c.diags.Errorf("misplaced-key", at, "undo belongs to exec and http").Hint = "what steps did is undone as each of them says; what a tool did cannot be undone"
	case c.skill.Effect != step.Writes:
		c.diags.Errorf("misplaced-key", at, "undo belongs to what writes, and the effect is %s", c.skill.Effect).Hint = "leave it out"
	case n.Kind != syntax.Mapping:
		c.diags.Errorf("bad-with", n.Range, "undo is a mapping of arguments, such as those of %s, not a %s", node.ID, kindName(n))
	case body.Get("find") == nil:
		c.diags.Errorf("missing-key", at, "undo needs a find in %s", node.ID).Hint = "it says what is undone already, so that nothing is undone twice"
	case body.Get("dir") != nil:
		c.diags.Errorf("misplaced-key", at, "undo cannot take back what was done in a workspace").Hint = "leave it out: " + notInUndo["dir"]
	default:
		c.undoCall(n, body, node)
	}
}

// undoCall checks the arguments as those of a step that does what the body does.
func (c *checker) undoCall(n, body *syntax.Node, node *program.Node) {
	for _, p := range n.Pairs {
		if why := notInUndo[p.Key.Value]; why != "" {
			c.diags.Errorf("misplaced-key", p.Key.Range, "undo has no %s", p.Key.Value).Hint = "leave it out: " + why
		}
	}
	with := keeping(n, func(key string) bool { return notInUndo[key] == "" })
	if service := body.Get("service"); service != nil {
		with.Pairs = append(with.Pairs, syntax.Pair{Key: word("service", n.Range), Value: service})
	}
	call := &syntax.Node{Kind: syntax.Mapping, Range: n.Range, Pairs: []syntax.Pair{
		{Key: word("uses", n.Range), Value: word(node.Step, n.Range)}, {Key: word("with", n.Range), Value: with},
	}}
	var by program.Node
	c.performs(call, &by)
	node.Undo = by.With
}
