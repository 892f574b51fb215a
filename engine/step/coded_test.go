package step_test

import (
	"context"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type codedIn struct {
	Code types.Code `json:"code,omitempty" doc:"Code."`
	N    int        `json:"n,omitempty" doc:"Number."`
}

// TestCoded: arguments add codes to those that the step type has; the step type
// itself stays as it is.
func TestCoded(t *testing.T) {
	t.Parallel()
	s := step.Coded(step.Read("look", "Look.", func(context.Context, codedIn) (out, error) { return out{}, nil }).Errors(types.Auth),
		func(in codedIn) []types.Code { return []types.Code{in.Code, types.Auth} })
	coded := s.CodedBy([]byte(`{"code":"conflict"}`))
	if !coded.CanFail(types.Conflict) || len(coded.Codes) != 2 || s.CanFail(types.Conflict) || !s.IsCoded() {
		t.Errorf("it fails with %v, and with arguments with %v", s.AllCodes(), coded.AllCodes())
	}
	if text := s.CodedBy([]byte(`{"n":"${{ 1 }}","code":"conflict"}`)); !text.CanFail(types.Conflict) {
		t.Errorf("beside the text of an expression: %v", text.Codes)
	}
	if broken := s.CodedBy([]byte(`{"code":1}`)); len(broken.Codes) != 1 {
		t.Errorf("arguments that do not fit declare %v", broken.Codes)
	}
}

func TestCheckDeclared(t *testing.T) {
	t.Parallel()
	for code, want := range map[types.Code][2]bool{
		types.NotFound: {true, true}, types.UnknownOutcome: {false, true}, types.Internal: {}, types.Cancelled: {}, "exit_code": {}, "": {},
	} {
		for i, write := range []bool{false, true} {
			err := step.CheckDeclared(code, write)
			if (err == nil) != want[i] || err != nil && !strings.Contains(err.Error(), "is no error code that can stand in codes (use one of not_found auth") {
				t.Errorf("%q, write: %t: %v", code, write, err)
			}
		}
	}
}
