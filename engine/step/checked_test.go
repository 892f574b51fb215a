package step_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type whichIn struct {
	A *string `json:"a" doc:"One way."`
	B *string `json:"b" doc:"The other."`
	C *string `json:"c" doc:"Goes with D."`
	D *string `json:"d" doc:"Goes with C."`
}

func (in whichIn) check(unknown step.UnknownPaths) error {
	if err := unknown.CheckCount(0, 1, map[string]bool{"a": in.A != nil, "b": in.B != nil}); err != nil {
		return err
	}
	if err := unknown.CheckCount(1, 2, map[string]bool{"a": in.A != nil, "b": in.B != nil, "c": in.C != nil}); err != nil {
		return err
	}
	return unknown.CheckTogether(map[string]bool{"c": in.C != nil, "d": in.D != nil})
}

// TestChecked: the rules of a step are held with what is known, and before it is
// looked for, previewed or performed.
func TestChecked(t *testing.T) {
	t.Parallel()
	s := step.Checked(step.Write("which", "Do it.", func(context.Context, whichIn) (whichIn, error) { return whichIn{}, nil },
		step.Find(func(context.Context, step.Key, whichIn) (step.Found[whichIn], error) {
			return step.Absent[whichIn](), nil
		})), whichIn.check)
	for _, c := range []struct {
		in      string
		unknown step.UnknownPaths
		want    string
	}{
		{`{"a":"x"}`, nil, ""},
		{`{"a":"x","b":"x"}`, nil, "both a and b are given"},
		{`{"a":"x"}`, step.UnknownPaths{"b"}, ""},
		{`{"a":"x"}`, step.UnknownPaths{"b", step.Provided("b")}, "both a and b are given"},
		{`{}`, nil, "0 of a, b and c are given"},
		{`{}`, step.UnknownPaths{"c", "d"}, ""},
		{`{"a":"x","c":"x"}`, nil, "c is given without d"},
		{`{"a":"x","c":"x"}`, step.UnknownPaths{"d"}, ""},
		{`{"a":"x"}`, step.UnknownPaths{"d", step.Provided("d")}, "d is given without c"},
		{`{"a":"x","c":"x","d":"x"}`, nil, ""},
	} {
		in := json.RawMessage(c.in)
		errs := []error{s.CheckArguments(in, c.unknown)}
		_, err := s.Preview(t.Context(), in, c.unknown)
		errs = append(errs, err)
		if c.unknown == nil {
			_, err := s.Do(t.Context(), in)
			_, err2 := s.Find(t.Context(), step.Key{}, in)
			errs = append(errs, err, err2)
		}
		for i, err := range errs {
			if (err == nil) != (c.want == "") || err != nil && (types.CodeOf(err) != types.BadInput || !strings.HasPrefix(err.Error(), c.want+" (give")) {
				t.Errorf("%s, unknown %v, way %d: %v, want %q", c.in, c.unknown, i, err, c.want)
			}
		}
	}
}
