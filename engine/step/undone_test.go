package step_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type setIn struct {
	To string `json:"to" doc:"What it is set to."`
}

type setOut struct {
	Was string `json:"was" doc:"What it was."`
}

// thing is set by a step, and is there while it is what a look says.
type thing struct {
	look []step.Found[setOut] // one after the other; the last one stays
	sent []string
	fail error
}

func (x *thing) step() step.Step {
	return step.Write("set", "Set it.", func(_ context.Context, in setIn) (setOut, error) {
		x.sent = append(x.sent, in.To)
		return setOut{}, x.fail
	}, step.Find(func(context.Context, step.Key, setIn) (step.Found[setOut], error) {
		found := x.look[0]
		if len(x.look) > 1 {
			x.look = x.look[1:]
		}
		return found, nil
	}), step.Preview(func(_ context.Context, in setIn, _ step.UnknownPaths) (step.Prediction[setOut], error) {
		return step.Prediction[setOut]{Change: step.Change{Title: "set it", Fields: []step.FieldChange{{Name: "to", Value: in.To}}}}, nil
	}))
}

// TestUndoneBy: the call is shown, sent only while the effect is there, and the effect
// has to be gone then.
func TestUndoneBy(t *testing.T) {
	t.Parallel()
	here, gone := step.Exists("it", setOut{}), step.Absent[setOut]()
	for name, tt := range map[string]struct {
		look  []step.Found[setOut]
		fail  error
		check string // what keeps it from being undone
		undo  string // what becomes of undoing it
		sent  string
	}{
		"it is there":                {look: []step.Found[setOut]{here, here, gone}, sent: "back"},
		"it is gone":                 {look: []step.Found[setOut]{gone}},
		"somebody ended it":          {look: []step.Found[setOut]{step.Ended[setOut]("it", "it was closed", "")}},
		"somebody changed it":        {look: []step.Found[setOut]{step.Drifted("it", setOut{}, "it is red")}, check: "it was changed since: it is red", undo: "it was changed since: it is red"},
		"nobody can tell":            {look: []step.Found[setOut]{step.Inconclusive[setOut]("look yourself")}, check: "it cannot be determined whether it is there: look yourself", undo: "look yourself"},
		"it is seen for a while":     {look: []step.Found[setOut]{here, here, here, here, gone}, sent: "back"},
		"it stays":                   {look: []step.Found[setOut]{here}, undo: "it was undone without an error, and is still there", sent: "back"},
		"it is refused":              {look: []step.Found[setOut]{here}, fail: types.Errorf(types.Conflict, "in use"), undo: "in use", sent: "back"},
		"afterwards nobody can tell": {look: []step.Found[setOut]{here, here, step.Inconclusive[setOut]("look yourself")}, undo: "it was undone without an error, and cannot be looked for: it cannot be determined", sent: "back"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := &thing{look: tt.look, fail: tt.fail}
			s := x.step().UndoneBy(json.RawMessage(`{"to": "back"}`))
			in, out := json.RawMessage(`{"to": "there"}`), json.RawMessage(`{"was": ""}`)
			if said, err := s.DescribeUndo(in, out); !s.CanUndo() || said != "set it (to: back)" || err != nil {
				t.Errorf("%q %v", said, err)
			}
			ctx := step.WithCall(t.Context(), step.Call{Sleep: func(context.Context, time.Duration) error { return nil }})
			if err := s.CheckUndo(ctx, step.Key{}, in, out); !says(err, tt.check) {
				t.Errorf("check: %v", err)
			}
			if len(x.sent) > 0 {
				t.Errorf("looking has sent %v", x.sent)
			}
			if err := s.Undo(ctx, step.Key{}, in, out); !says(err, tt.undo) {
				t.Errorf("undo: %v", err)
			}
			if got := strings.Join(x.sent, " "); got != tt.sent {
				t.Errorf("sent %q, want %q", got, tt.sent)
			}
		})
	}
}

// TestUndoneByWhatCannotBe: a call that is refused is shown and stuck, and keeps nothing
// else from being undone; and what was sent is never said to have changed nothing.
func TestUndoneByWhatCannotBe(t *testing.T) {
	t.Parallel()
	here := step.Exists("it", setOut{})
	x := &thing{look: []step.Found[setOut]{here}}
	s := step.Checked(x.step(), func(in setIn, _ step.UnknownPaths) error {
		if in.To == "back" {
			return types.Errorf(types.BadInput, "there is no way back").WithHint("stay")
		}
		return nil
	}).UndoneBy(json.RawMessage(`{"to": "back"}`))
	in, out := json.RawMessage(`{"to": "there"}`), json.RawMessage(`{"was": ""}`)
	if said, err := s.DescribeUndo(in, out); said != `set {"to": "back"}` || err != nil {
		t.Errorf("%q %v", said, err)
	}
	if err := s.CheckUndo(t.Context(), step.Key{}, in, out); !says(err, "there is no way back") || len(x.sent) > 0 {
		t.Errorf("%v, sent %v", err, x.sent)
	}
	y := &thing{look: []step.Found[setOut]{here, step.Drifted("it", setOut{}, "it is red")}}
	ctx := step.WithCall(t.Context(), step.Call{Sleep: func(context.Context, time.Duration) error { return nil }})
	if err := y.step().UndoneBy(json.RawMessage(`{"to": "back"}`)).Undo(ctx, step.Key{}, in, out); types.CodeOf(err) != types.UnknownOutcome {
		t.Errorf("%v", err)
	}
}

// says reports whether an error has a text, or is none where that is "".
func says(err error, text string) bool {
	if text == "" {
		return err == nil
	}
	return err != nil && strings.Contains(err.Error(), text)
}
