package check

import (
	"slices"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// service notes which service the step will ask, or which ones it may: each has to be
// there before a run. It returns what an expression may come to.
func (c *checker) service(s step.Step, with *syntax.Node, uses diag.Range) []string {
	c.useStep(s)
	kind := s.Touch.Reaches()
	v := with.Get("service")
	switch {
	case v == nil || kind == "":
		c.need(s.Touch.Service, kind, uses)
		return nil
	case v.Kind == syntax.Scalar && isLiteral(v):
		c.need(v.Value, kind, v.Range)
		return nil
	}
	names := c.choicesOf(v)
	for _, name := range names {
		c.need(name, kind, v.Range)
	}
	return names
}

func (c *checker) need(service, kind string, at diag.Range) {
	if service != "" {
		c.skill.Reaches = append(c.skill.Reaches, Need{Service: service, Kind: kind, At: at})
	}
}

// choicesOf are the names that the authors of the skill wrote for an expression to
// choose from.
func (c *checker) choicesOf(v *syntax.Node) []string {
	t, problems := textOf(v)
	if v.Kind != syntax.Scalar || len(problems) > 0 {
		return nil // its own diagnostics say why
	}
	typ, problems := t.Check(c.scope())
	if len(problems) > 0 || typ.Kind != types.String {
		return nil
	}
	if trusted, _ := t.Trusted(c.scope()); typ.Optional || len(typ.Enum) == 0 || !trusted {
		c.diags.Errorf("bad-value", v.Range, "service is the name of a service in skillrun.yaml, and the %s has to say which ones it may be", c.skill.what()).
			Hint = `choose among names: {"eu": "k8s_eu", "us": "k8s_us"}[inputs.region], an input with an enum, or an item of a list that is written out`
		return nil
	}
	return typ.Enum
}

func (c *checker) useStep(s step.Step) {
	at := slices.IndexFunc(c.skill.Uses, func(o step.Step) bool { return o.Name == s.Name })
	if at < 0 {
		c.skill.Uses = append(c.skill.Uses, s)
		return
	}
	c.skill.Uses[at] = c.skill.Uses[at].AlsoFailing(s.Codes)
}
