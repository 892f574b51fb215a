package machine

import (
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/types"
)

// cache keeps parsed expressions by their text, so that a loop parses once.
type cache struct {
	exprs map[string]*expr.Expr
	texts map[string]*expr.Text
}

func newCache() *cache {
	return &cache{exprs: map[string]*expr.Expr{}, texts: map[string]*expr.Text{}}
}

func (c *cache) expr(src string) (*expr.Expr, *types.Error) {
	if e, ok := c.exprs[src]; ok {
		return e, nil
	}
	e, problems := expr.Parse(src)
	if len(problems) > 0 {
		return nil, types.Errorf(types.Internal, "expression %q: %s", src, problems[0].Message)
	}
	c.exprs[src] = e
	return e, nil
}

func (c *cache) text(src string) (*expr.Text, *types.Error) {
	if t, ok := c.texts[src]; ok {
		return t, nil
	}
	t, problems := expr.ParseText(src)
	if len(problems) > 0 {
		return nil, types.Errorf(types.Internal, "text %q: %s", src, problems[0].Message)
	}
	c.texts[src] = t
	return t, nil
}
