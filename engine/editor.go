package engine

import (
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/index"
)

// Table describes a file that is no skill.
type Table = index.Table

// Named is something that editors offer by its name.
type Named = index.Named

// Names are what can be chosen from in a file, beside the built-in step types.
type Names struct {
	Skills, Types func() []Named // that can be called, and used
	Services      func() []Named // of the configuration
}

// Editing is what a file is indexed with: the checker that [Engine.Check] has.
func (e *Engine) Editing(n Names) index.World {
	return index.World{World: e.world(), Skills: n.Skills, Types: n.Types, Services: n.Services}
}

func (e *Engine) world() check.World {
	return check.World{Catalogue: e.Catalogue, Skill: e.Skills, StepType: e.StepTypes, Schema: e.Schemas, Lint: e.Lint}
}
