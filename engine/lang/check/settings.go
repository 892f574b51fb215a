package check

import "github.com/skillrun/skillrun/engine/types"

// Setting is a config value that a file declares.
type Setting struct {
	Of    string // the name of the skill or the step type
	Field types.Field
}

// Settings are the config values that the skill and what it calls declare, its own first.
func (s *Skill) Settings() []Setting { return s.settings(map[*Skill]bool{}) }

func (s *Skill) settings(seen map[*Skill]bool) (out []Setting) {
	if seen[s] {
		return nil
	}
	seen[s] = true
	for _, f := range s.Config.Fields {
		out = append(out, Setting{Of: s.Name, Field: f})
	}
	for _, name := range types.SortedKeys(s.calls) {
		out = append(out, s.calls[name].settings(seen)...)
	}
	return out
}
