package rest

import (
	"context"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// pauses are between the times that a service is asked again which does not see
// yet what this run made: a minute in all, as long as GitLab may take to see a
// branch that was pushed.
func pauses() []time.Duration {
	return []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 15 * time.Second, 15 * time.Second}
}

// Settled asks again, for a minute, while a service does not see what an
// earlier effect of this run made: missing says of an error that this is why.
// Thing is how the effect names it, what says it to people. Each time must have
// ended in a definite no. When it is not seen in the end, the code is
// unavailable, for a resume tries again; what this run did not make is missing
// at once, with the service's own words. See [step.Call] for Made.
func Settled[Out any](ctx context.Context, what, thing string, missing func(error) bool, ask func() (Out, error)) (Out, error) {
	call := step.CallOf(ctx)
	out, err := ask()
	if err == nil || !missing(err) || thing == "" || call.Made == nil || !call.Made(thing) {
		return out, err
	}
	for _, pause := range pauses() {
		if call.Sleep == nil {
			break
		}
		call.Say(what + " was just created and is not visible yet: asking again in " + pause.String())
		if err := call.Sleep(ctx, pause); err != nil {
			return out, types.Errorf(types.Cancelled, "stopped while waiting until %s is visible", what).WithHint("resume the run")
		}
		if out, err = ask(); err == nil || !missing(err) {
			return out, err
		}
	}
	return out, types.Errorf(types.Unavailable, "%s was created by this run, but is not visible yet: %s", what, types.AsError(err).Message).
		WithHint("resume the run in a minute: it tries again")
}

// Missing reports whether a service says that there is no such thing.
func Missing(err error) bool { return types.CodeOf(err) == types.NotFound }
