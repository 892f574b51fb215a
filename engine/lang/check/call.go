package check

import (
	"strings"

	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

// maxSteps bounds a skill with all that it calls: a few files that call each
// other twice would be millions of steps.
const maxSteps = 10_000

func skillName(u *syntax.Node) (string, bool) {
	if u == nil || u.Kind != syntax.Scalar {
		return "", false
	}
	return strings.CutPrefix(u.Value, "skill:")
}

// arguments are the inputs as a call gives them, without what people read.
func (s *Skill) arguments() types.Type {
	out := types.ObjectOf()
	for _, f := range s.Inputs.Fields {
		out.Fields = append(out.Fields, types.Field{Name: f.Name, Type: f.Type, Required: f.Required})
	}
	return out
}
