package types_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

func TestPatternOf(t *testing.T) {
	t.Parallel()
	type in struct {
		Name  string   `json:"name" doc:"A name." pattern:"^[a-z]+$"`
		Names []string `json:"names" doc:"Names." pattern:"^[A-Z]+$"`
		Free  *string  `json:"free" doc:"Anything."`
	}
	if got := types.PatternOf[in]("name")().String() + types.PatternOf[in]("names")().String(); got != "^[a-z]+$^[A-Z]+$" {
		t.Errorf("got %s", got)
	}
	for _, none := range []string{"free", "missing"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s has a pattern", none)
				}
			}()
			types.PatternOf[in](none)()
		}()
	}
}
