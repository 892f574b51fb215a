package logline_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/logline"
)

// TestLogIsShownAndKept: people see the line, and its result is what the
// journal keeps.
func TestLogIsShownAndKept(t *testing.T) {
	t.Parallel()
	s, _ := step.NewCatalogue(logline.Steps()).Lookup("log")
	if s.Effect != step.Reads {
		t.Errorf("its effect is %s", s.Effect)
	}
	for in, want := range map[string]string{
		`{"level":"info","message":"Deployed."}`:                                   "Deployed.",
		`{"level":"warning","message":"Late","fields":{"b":1,"a":"x y","c":null}}`: `warning: Late a="x y" b=1 c=null`,
	} {
		var told []string
		ctx := step.WithCall(t.Context(), step.Call{Tell: func(text string) { told = append(told, text) }})
		out, err := s.Do(ctx, json.RawMessage(in))
		if d := cmp.Diff([]string{want}, told); d != "" || err != nil || string(out) != in && !strings.Contains(in, "fields") {
			t.Errorf("%s, %v: %s", out, err, d)
		}
		if v, err := types.Decode(out); err != nil || s.Out.Check(v) != nil {
			t.Errorf("%v, %v", s.Out.Check(v), err)
		}
	}
	if _, err := s.Do(t.Context(), json.RawMessage(`{"message":"no one listens"}`)); err != nil {
		t.Error(err)
	}
}

func TestNothingToSay(t *testing.T) {
	t.Parallel()
	s, _ := step.NewCatalogue(logline.Steps()).Lookup("log")
	_, err := s.Do(t.Context(), json.RawMessage(`{"message":" \n"}`))
	if types.CodeOf(err) != types.BadInput || err.Error() != "the message is empty (give it a text, or skip the step with if)" {
		t.Error(err)
	}
}
