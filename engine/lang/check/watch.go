package check

import (
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Watch is told what a check comes across while it goes through a file and through
// those that it calls, so that editors know what the checker knows and need no
// second one. Each function is called where the checker stands, in no other order; one
// that is nil is not. A node is one of the tree of its file, or stands in the place of
// one, so that its range says which it is.
type Watch struct {
	// Expression is a scalar that holds one bare expression, and Text one with a text
	// with ${{ }}; scope is what names mean there. What cannot be parsed is nil.
	Expression func(n *syntax.Node, e *expr.Expr, scope expr.Scope)
	Text       func(n *syntax.Node, t *expr.Text, scope expr.Scope)
	// Value is a value where one of a type is wanted.
	Value func(n *syntax.Node, want types.Type)
	// Arguments is a mapping whose keys are members of an object: the arguments of a
	// step, the inputs of a skill, or a member that has members of its own.
	Arguments func(n *syntax.Node, want types.Type)
	// Uses is the name of a step type, or of a file that is called: then called is what
	// it declares, nil where that has mistakes.
	Uses func(n *syntax.Node, s step.Step, called *Skill)
	// Result is what a step gives to those that read it behind it, by its id.
	Result func(file, id string, t types.Type)
}

func (c *checker) seeExpression(n *syntax.Node, e *expr.Expr, s expr.Scope) {
	if w := c.world.Watch; w != nil && w.Expression != nil {
		w.Expression(n, e, s)
	}
}

func (c *checker) seeText(n *syntax.Node, t *expr.Text, s expr.Scope) {
	if w := c.world.Watch; w != nil && w.Text != nil {
		w.Text(n, t, s)
	}
}

func (c *checker) seeValue(n *syntax.Node, want types.Type) {
	if w := c.world.Watch; w != nil && w.Value != nil {
		w.Value(n, want)
	}
}

func (c *checker) seeArguments(n *syntax.Node, want types.Type) {
	if w := c.world.Watch; w != nil && w.Arguments != nil {
		w.Arguments(n, want)
	}
}

func (c *checker) seeUses(n *syntax.Node, s step.Step, called *Skill) {
	if w := c.world.Watch; w != nil && w.Uses != nil {
		w.Uses(n, s, called)
	}
}

func (c *checker) seeResult(id string, t types.Type) {
	if w := c.world.Watch; w != nil && w.Result != nil {
		w.Result(c.file, id, t)
	}
}

// Place is where a skill declares an input or a config value, such as "inputs.x"; the
// zero range when it does not.
func (s *Skill) Place(name string) diag.Range { return s.places[name] }
