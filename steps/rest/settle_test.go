package rest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// TestSettled: what this run made is asked for again, for a minute; nothing else
// is, and no one waits who was stopped.
func TestSettled(t *testing.T) {
	t.Parallel()
	yes, no := func(string) bool { return true }, func(string) bool { return false }
	for name, tc := range map[string]struct {
		made   func(string) bool
		thing  string
		unseen int // times
		sleeps bool
		fails  error // of the sleep
		want   string
		asked  int
	}{
		"there":        {yes, "x", 0, true, nil, "", 1},
		"there later":  {yes, "x", 3, true, nil, "", 4},
		"never":        {yes, "x", 99, true, nil, "unavailable: the thing was created by this run, but is not visible yet: no such thing", 8},
		"no clock":     {yes, "x", 99, false, nil, "unavailable: the thing was created by this run, but is not visible yet: no such thing", 1},
		"not ours":     {no, "x", 99, true, nil, "not_found: no such thing", 1},
		"nobody knows": {nil, "x", 99, true, nil, "not_found: no such thing", 1},
		"no name":      {yes, "", 99, true, nil, "not_found: no such thing", 1},
		"stopped":      {yes, "x", 99, true, context.Canceled, "cancelled: stopped while waiting until the thing is visible", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call, slept, asked := step.Call{Made: tc.made}, time.Duration(0), 0
			call.Tell = func(text string) {
				if want := "the thing was just created and is not visible yet: asking again in "; !strings.HasPrefix(text, want) {
					t.Errorf("told %q, want %q", text, want)
				}
			}
			if tc.sleeps {
				call.Sleep = func(_ context.Context, d time.Duration) error {
					slept += d
					return tc.fails
				}
			}
			_, err := rest.Settled(step.WithCall(t.Context(), call), "the thing", tc.thing, rest.Missing, func() (int, error) {
				if asked++; asked <= tc.unseen {
					return 0, types.Errorf(types.NotFound, "no such thing")
				}
				return 1, nil
			})
			got := ""
			if err != nil {
				got = string(types.CodeOf(err)) + ": " + types.AsError(err).Message
			}
			if got != tc.want || asked != tc.asked || slept > time.Minute {
				t.Errorf("got %q, asked %d times, slept %v", got, asked, slept)
			}
		})
	}
}
