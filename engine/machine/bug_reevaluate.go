//go:build bug_reevaluate

package machine

import (
	"strings"

	"github.com/skillrun/skillrun/engine/expr"
)

// A planted bug: a result that looks like an expression is evaluated again. See docs/reliability.md.
func (m *Machine) once(v any) any {
	s, ok := v.(string)
	if !ok || !strings.Contains(s, "${{") {
		return v
	}
	t, problems := expr.ParseText(s)
	if len(problems) > 0 {
		return v
	}
	again, _, err := t.EvalPartial(m.env(m.names, nil))
	if err != nil {
		return v
	}
	return again
}
