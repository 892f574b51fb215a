package step_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

var silence = step.Definition{
	Name: "silence", Doc: "Silence an alert.", Effect: step.Writes,
	In:    types.ObjectOf(types.Field{Name: "alert", Doc: "Its name.", Type: types.OfKind(types.String), Required: true}),
	Out:   types.ObjectOf(types.Field{Name: "id", Type: types.OfKind(types.String), Required: true}, types.Field{Name: "until", Type: types.OfKind(types.String)}),
	Codes: []types.Code{types.Auth}, Touch: step.Touch{Service: "alertmanager", Object: "silence", Verb: "create"},
}

func answer(out string) step.Func[json.RawMessage, json.RawMessage] {
	return func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(out), nil }
}

// TestDynamic: a step from data does what a typed one does, with its abilities.
func TestDynamic(t *testing.T) {
	t.Parallel()
	look := func(_ context.Context, k step.Key, in json.RawMessage) (step.Found[json.RawMessage], error) {
		return step.Exists(string(in), json.RawMessage(`{"id":"`+k.Path+`"}`)), nil
	}
	s, err := step.Dynamic(silence, answer(`{"id":"s1"}`), step.Find(look))
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Do(t.Context(), json.RawMessage(`{"alert":"x"}`))
	if err != nil || string(out) != `{"id":"s1"}` {
		t.Errorf("did %s, %v", out, err)
	}
	found, err := s.Find(t.Context(), step.Key{Path: "p"}, json.RawMessage(`{"alert":"x"}`))
	if err != nil || found.Ref != `{"alert":"x"}` || string(found.Out) != `{"id":"p"}` {
		t.Errorf("found %+v, %v", found, err)
	}
	if !s.CanFail(types.Auth) || !s.CanFail(types.UnknownOutcome) || s.CanPreview() || s.Touch.Verb != "create" || s.Out.String() != "{id: string, until: optional string}" {
		t.Errorf("it is not what was defined: %+v", s)
	}
}

// TestDynamicHoldsItsResult: nothing but the type says what the function may
// return.
func TestDynamicHoldsItsResult(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]string{
		`{"id":7}`:          "the result of silence does not fit its type: id",
		`{"id":"a","of":1}`: "of",
		`{}`:                "id is missing",
		`{`:                 "the result of silence is not JSON",
	} {
		s, err := step.Dynamic(silence, answer(out))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Do(t.Context(), nil); types.CodeOf(err) != types.Internal || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", out, err, want)
		}
	}
	fails := func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return nil, types.Errorf(types.Auth, "no")
	}
	s, err := step.Dynamic(silence, fails)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Do(t.Context(), nil); types.CodeOf(err) != types.Auth {
		t.Errorf("its error became %v", err)
	}
}

func TestDynamicRefuses(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*step.Definition){
		`name "Silence" is not lower-case`:                       func(d *step.Definition) { d.Name = "Silence" },
		`doc of silence is not a sentence`:                       func(d *step.Definition) { d.Doc = "Silence" },
		`effect of silence is "", not one of read, local, write`: func(d *step.Definition) { d.Effect = "" },
		`arguments and result of silence are objects`:            func(d *step.Definition) { d.Out = types.OfKind(types.String) },
		`argument alert of silence needs a doc`: func(d *step.Definition) {
			d.In = types.ObjectOf(types.Field{Name: "alert", Type: types.OfKind(types.String)})
		},
	} {
		d := silence
		change(&d)
		if _, err := step.Dynamic(d, answer("{}")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
