package slack

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// Kind is the kind of service that these steps reach.
func Kind() step.ServiceKind {
	return step.ServiceKind{Name: "slack", Network: true, URL: "https://slack.com", Example: "token: env:TOKEN"}
}

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	return []step.Step{
		step.Checked(step.Write("slack_post_message", "Post a message to a channel.", f.post,
			rest.Find(f.connect, (*client).find), step.Preview(preview), rest.Update(f.connect, (*client).update), step.EventuallyConsistent[PostIn, PostOut](),
			rest.Resolve(f.connect, refFormat, (*client).resolve),
			rest.Undo(f.connect, describeDelete, (*client).removing)).
			Requires(toPost, "channel").Touches("slack", "message", "post").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 1, Trips: 1}).
			Errors(rest.Codes(types.Conflict)...), PostIn.check),
	}
}
