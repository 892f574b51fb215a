package steps

import (
	"slices"
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

// TestNeeds: a step that reaches a service says what it needs there, so that the
// service can be examined before a run, and names arguments that it has.
func TestNeeds(t *testing.T) {
	t.Parallel()
	all, err := All(&config.Config{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all.Names() {
		s, _ := all.Lookup(name)
		if service := s.Touch.Reaches(); service != "" && len(s.Needs) == 0 {
			t.Errorf("%s does not say what it needs of %s: chain Requires to it", s.Name, service)
		}
		if service := s.Touch.Reaches(); service != "" && !slices.ContainsFunc(Kinds(), func(k step.ServiceKind) bool { return k.Name == service }) {
			t.Errorf("%s reaches a %s service, and no family declares that kind", s.Name, service)
		}
		for _, f := range s.In.Fields {
			if (f.Workspace || f.Makes) && f.Type.Pattern != workspaces.Pattern {
				t.Errorf("%s takes for the name of a workspace in %s what workspaces refuses, or the other way round: %s", s.Name, f.Name, f.Type.Pattern)
			}
		}
		for _, n := range s.Needs {
			for _, of := range n.Of {
				if !slices.ContainsFunc(s.In.Fields, func(f types.Field) bool { return f.Name == of }) {
					t.Errorf("%s needs to %s of its argument %s, which it does not have", s.Name, n.What, of)
				}
			}
		}
	}
}
