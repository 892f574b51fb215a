package slack_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestAThreadThatWasJustBegun is waited for, when this run posted its first
// message.
func TestAThreadThatWasJustBegun(t *testing.T) {
	w := newWorld(t)
	first := w.slack.Say(public, "first").TS
	unseen, slept := 0, time.Duration(0)
	w.between = func(out http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		if unseen == 0 {
			return false
		}
		unseen--
		out.Header().Set("Content-Type", "application/json")
		_, err := out.Write([]byte(`{"ok":false,"error":"thread_not_found"}`))
		return err == nil
	}
	in := types.Encode(types.Values{"channel": public, "text": "an answer", "thread_ts": first})
	call := step.Call{Key: step.Key{Work: "w", Path: "p"}, Digest: "d", Made: func(thing string) bool { return thing == first }}
	call.Sleep = func(_ context.Context, d time.Duration) error {
		slept += d
		return nil
	}
	unseen = 2
	got, err := w.step().Find(step.WithCall(t.Context(), call), call.Key, in)
	if err != nil || got.State != step.StateAbsent || slept != 3*time.Second {
		t.Errorf("%+v, %v, slept %v", got, err, slept)
	}
	unseen, slept = 1, 0
	if _, err := w.step().Do(step.WithCall(t.Context(), call), in); err != nil || slept != time.Second {
		t.Errorf("%v, slept %v", err, slept)
	}
	unseen, slept = 1, 0
	call.Made = func(string) bool { return false }
	if _, err := w.step().Do(step.WithCall(t.Context(), call), in); types.CodeOf(err) != types.NotFound || slept != 0 {
		t.Errorf("one that this run did not post: %v, slept %v", err, slept)
	}
}
