package check

import (
	"slices"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// pinned checks the argument whose schema a step names by its digest, where the schemas
// are kept beside the skill: without asking the service, and with the place of a mistake.
func (c *checker) pinned(s step.Step, with *syntax.Node) {
	if !s.IsPinned() || c.world.Schema == nil {
		return
	}
	l := literals{scope: c.scope()}
	written, _ := l.of(with, "", s.In).(map[string]any)
	pin, ok := s.PinOf(types.Encode(written))
	if !ok || l.unknown.Has("service") || l.unknown.Has("schema") || pin.Name == "" {
		return
	}
	in, known, err := c.world.Schema(c.file, pin)
	if err != nil {
		c.reportSchema(with, types.AsError(err))
		return
	}
	if !known {
		return
	}
	args := with.Get(pin.Argument)
	if args == nil {
		args = &syntax.Node{Kind: syntax.Mapping, Range: with.Head()}
	}
	if args.Kind != syntax.Mapping || in.Kind != types.Object {
		return
	}
	before := len(c.diags)
	c.arguments(args, in, c.scope(), pin.Name)
	told := slices.DeleteFunc(slices.Clone(c.diags[before:]), func(d diag.Diagnostic) bool { return d.Severity == diag.Warning })
	c.diags = append(c.diags[:before], told...) // warnings about the texts are there already
}

// reportSchema says that the kept schemas are not those of the skill. That one is not kept
// is no mistake: its arguments are checked when it is called.
func (c *checker) reportSchema(with *syntax.Node, err *types.Error) {
	at := with.Head()
	if n := with.Get("schema"); n != nil {
		at = n.Range
	}
	switch err.Code {
	case types.NotFound:
		c.diags.Warnf("not-locked", at, "%s", err.Message).Hint = err.Hint
	case types.BadInput:
		c.diags.Errorf("bad-lock", at, "%s", err.Message).Hint = err.Hint
	default:
		c.diags.Errorf("other-schema", at, "%s", err.Message).Hint = err.Hint
	}
}
