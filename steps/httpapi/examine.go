package httpapi

import (
	"context"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/rest"
)

// toReach is what a step needs of an API; see [step.Need].
const toReach = "reach"

// Examine returns what looks whether an API is reached. What it can be asked
// without doing anything, only its skills know.
func Examine(services map[string]Service) step.Examine {
	f := family{services}
	return func(ctx context.Context, name string, _ []step.Use, now time.Time) []step.Finding {
		c, err := f.connect(name)
		if err != nil {
			return []step.Finding{step.Failed("service", err)}
		}
		findings, ok := rest.Reach(ctx, c.s.Transport, c.s.Timeout, c.s.URL, now)
		switch {
		case ok && c.s.Tokens != nil:
			one := step.Finding{Subject: "credential", Detail: "an access token was issued"}
			if _, _, err := c.token(ctx, ""); err != nil {
				one = step.Failed("credential", err)
			}
			findings = append(findings, one)
		case ok:
			findings = append(findings, step.Finding{Subject: "credential", Skipped: "not checked: there is no request that every API answers"})
		}
		return findings
	}
}
