package cli

import (
	"slices"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
)

// known is what the hints.yaml of the site says of a failure at the step of a path, which
// is among those that are reported.
func (p *Program) known(steps []engine.StepReport, path string, err *types.Error) []config.Hint {
	if p.site == nil || err == nil || len(p.site.Hints) == 0 {
		return nil
	}
	service := ""
	cat, broken := p.catalogue()
	if i := slices.IndexFunc(steps, func(s engine.StepReport) bool { return s.Path == path }); i >= 0 && broken == nil {
		if t, ok := cat.Lookup(steps[i].Step); ok {
			service = t.Touch.Service
		}
	}
	return p.site.KnownProblems(err.Code, service, err.Message)
}
