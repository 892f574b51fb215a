package step

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Examine looks whether the service of that name can do what the uses need,
// and what stands in the way when it cannot. It only reads. A family has one
// beside its steps; now is the time to check the service's clock against.
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

// Need is one thing that a step needs of the service it reaches: a permission, a
// scope, or that something is there. An [Examine] asks about it before a run.
type Need struct {
	What string   // in the family's own words, such as "push" or "CREATE_ISSUES"
	Of   []string // the arguments that name the thing; the first that is given counts
}

// Requires says one more thing that the step needs of its service.
func (s Step) Requires(what string, of ...string) Step {
	s.Needs = append(s.Needs[:len(s.Needs):len(s.Needs)], Need{what, of})
	return s
}

// Needs are what a use of one of the steps needs.
func Needs(steps []Step, u Use) []Need {
	for _, s := range steps {
		if s.Name == u.Step {
			return s.Needs
		}
	}
	return nil
}

// Named is the text that names the thing of a need, "" when it is not known.
func (u Use) Named(n Need) string {
	for _, name := range n.Of {
		if t := u.Text(name); t != "" {
			return t
		}
	}
	return ""
}

// NeededNames are the names of what the uses need in this way, each once; "" is among
// them when one is not known.
func NeededNames(steps []Step, uses []Use, what string) []string {
	var out []string
	for _, u := range uses {
		for _, n := range Needs(steps, u) {
			if name := u.Named(n); n.What == what && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// Finding is one thing that an examination looked at.
type Finding struct {
	Subject string       // what was looked at, such as "project service/app-interface"
	Detail  string       // what was seen when it is well
	Err     *types.Error // what is wrong; its hint is the remedy. nil when it is well
	Skipped string       // why it could not be looked at, "" when it was
}

// Failed is the finding of what is wrong with a subject.
func Failed(subject string, err error) Finding {
	return Finding{Subject: subject, Err: types.AsError(err)}
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
