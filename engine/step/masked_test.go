package step_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type leakIn struct {
	Fail bool `json:"fail,omitempty" doc:"Whether it fails."`
}

type leakOut struct {
	Token types.Secret `json:"token" doc:"What it made."`
	Text  string       `json:"text" doc:"What it says."`
}

// TestMaskedSteps: nothing of a credential comes out of a step, by whatever way:
// one that it was configured with, one that it learnt, and one that it returns.
func TestMaskedSteps(t *testing.T) {
	t.Parallel()
	const known, learnt, made = "configured-Zx81kQ77", "learnt-Zx81kQ77fT", "returned-Zx81kQ77fT"
	all := known + " " + learnt + " " + made
	m := mask.New(types.NewSecret(known))
	gone := errors.New("gone")
	do := func(ctx context.Context, in leakIn) (leakOut, error) {
		step.Learn(ctx, types.NewSecret(learnt))
		step.CallOf(ctx).Tell("saying " + all)
		if in.Fail {
			return leakOut{}, types.Errorf(types.Auth, "%s: %w", all, gone).WithHint("%s", all).With("lines", []any{all})
		}
		return leakOut{types.NewSecret(made), all}, nil
	}
	find := func(_ context.Context, _ step.Key, _ leakIn) (step.Found[leakOut], error) {
		return step.Found[leakOut]{State: step.StateDrifted, Ref: all, Why: all, Hint: all, Out: leakOut{Text: all}}, nil
	}
	preview := func(context.Context, leakIn, step.UnknownPaths) (step.Prediction[leakOut], error) {
		return step.Prediction[leakOut]{Change: step.Change{Title: all, Diff: all, Fields: []step.FieldChange{{Name: all, Value: all}}}, Out: leakOut{Text: all}}, nil
	}
	s, _ := step.NewCatalogue([]step.Step{step.Write("leak", "Leaks.", do, step.Find(find), step.Preview(preview),
		step.Undo(step.Undoing[leakIn, leakOut]{Describe: func(leakIn, leakOut) string { return all }, Do: func(context.Context, step.Key, leakIn, leakOut) error { return errors.New(all) }}))}).Masked(m).Lookup("leak")
	var said []string
	ctx := step.WithCall(t.Context(), step.Call{Tell: func(text string) { said = append(said, text) }})
	hold := func(what string, v any) {
		t.Helper()
		text := string(types.Encode(v))
		if err, ok := v.(error); ok {
			text += err.Error()
		}
		if strings.Contains(text, "Zx81") || !strings.Contains(text, "‹secret›") {
			t.Errorf("%s: %s", what, text)
		}
	}
	out, err := s.Do(ctx, json.RawMessage(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	hold("result", types.Dynamic{V: string(out)})
	_, err = s.Do(ctx, json.RawMessage(`{"fail": true}`))
	hold("error", types.AsError(err))
	if types.CodeOf(err) != types.Auth || !errors.Is(err, gone) {
		t.Errorf("the error is another one: %v", err)
	}
	found, _ := s.Find(ctx, step.Key{}, json.RawMessage(`{}`))
	hold("found", []any{string(found.Out), found.Ref, found.Why, found.Hint})
	p, _ := s.Preview(ctx, json.RawMessage(`{}`), nil)
	hold("prediction", []any{p.Change.Title, p.Change.Diff, p.Change.Fields[0].Name, p.Change.Fields[0].Value, string(p.Out)})
	out = json.RawMessage(`{"text": "x"}`) // a secret is not read back
	undo, _ := s.DescribeUndo(json.RawMessage(`{}`), out)
	hold("undo", undo)
	hold("undoing", types.AsError(s.Undo(ctx, step.Key{}, json.RawMessage(`{}`), out)))
	hold("remark", said[len(said)-1])
}
