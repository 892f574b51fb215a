package execute

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// guard refuses text from outside where it would be code.
func (in Look) guard(out step.UnknownPaths) error {
	if out.Has("env") {
		return types.Errorf(types.BadInput, "the names of the variables come from outside").WithHint("list them under env, one by one")
	}
	for _, name := range types.SortedKeys(in.Env) {
		if outside(in.Env[name]) && (choosesCode(name) || leadsToCode(name)) {
			return types.Errorf(types.BadInput, "the variable %s decides which code runs, and its value comes from outside", name).
				WithHint("use a literal value, or pass the text in another way: as an argument, or on stdin")
		}
	}
	if out.Has("args") {
		in.Args = []string{step.Outside}
	}
	return guarded(in)
}

func (in In) guard(out step.UnknownPaths) error {
	if err := in.Look.guard(out); err != nil || in.Find == nil {
		return err
	}
	look := in.lookup()
	if out.Has("find.args") {
		look.Args = []string{step.Outside}
	}
	return guarded(look)
}

func guarded(in Look) error {
	c := commandsOf(in.Program, in.scripted().Args, in.Stdin)
	if c.runs == "" || in.Shell && in.Script == "" {
		return nil
	}
	return types.Errorf(types.BadInput, "%s", c.runs).
		WithHint("give it as an argument of a script, or of a program that takes no code; or set shell: true, if the site allows it")
}
