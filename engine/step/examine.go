package step

import (
	"context"
	"encoding/json"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Examine looks whether the service of that name can do what the uses need,
// and what stands in the way when it cannot. It only reads. A family has one
// beside its steps; now is the time to hold the service's clock against.
type Examine func(ctx context.Context, service string, uses []Use, now time.Time) []Finding

// Use is a step of a skill, with those of its arguments that are known before
// the skill runs: literals, configuration, and inputs that were given.
type Use struct {
	Node string // the id in the skill
	Step string // the step type
	Args types.Values
	// Unknown names the arguments that only the run knows. Of a mapping the
	// known members stand in Args all the same, the others with no value.
	Unknown []string
}

// Text returns an argument that is a text, "" when it is not known or none.
func (u Use) Text(name string) string {
	s, _ := u.Args[name].(string)
	return s
}

// Finding is one thing that an examination looked at.
type Finding struct {
	Subject string       // what was looked at, such as "project service/app-interface"
	Detail  string       // what was seen when it is well
	Err     *types.Error // what is wrong; its hint is the cure. nil when it is well
	Skipped string       // why it could not be looked at, "" when it was
}

// State is ok, failed or skipped.
func (f Finding) State() string {
	switch {
	case f.Err != nil:
		return "failed"
	case f.Skipped != "":
		return "skipped"
	}
	return "ok"
}

// MarshalJSON writes {subject, state, detail?, skipped?, error?}.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Subject string       `json:"subject"`
		State   string       `json:"state"`
		Detail  string       `json:"detail,omitempty"`
		Skipped string       `json:"skipped,omitempty"`
		Error   *types.Error `json:"error,omitempty"`
	}{f.Subject, f.State(), f.Detail, f.Skipped, f.Err})
}
