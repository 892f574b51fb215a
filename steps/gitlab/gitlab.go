// Package gitlab is the family of steps that read, open and comment merge
// requests in GitLab, and look at pipelines.
//
// There are two writes, gitlab_mr_create and gitlab_mr_note. GitLab has no
// idempotency key, but it allows one open merge request per pair of branches,
// and its lists are read from the database: so a merge request that a run
// opened is found again by its branch, and known as ours by the marker in the
// last line of its description. A note is found among those of our own account
// by the same marker in its last line; one that someone deleted is not found.
//
// Ours is brought up to date when it was made from other arguments, but never
// sent to another branch; on request a merge request is closed and a note
// deleted.
//
// # What is done to text
//
// A description or a note comes from a skill and may quote anybody: commit messages,
// tickets. GitLab carries out lines such as "/approve" that it finds in such a
// text, and the author of such a line would act with our token. So
// every line that begins with "/" and a letter gets a backslash before the
// slash. Markdown shows it as a plain slash; inside a code block the backslash
// can be seen, which is the price for not having to agree with GitLab about
// where a code block ends. Further:
//
//   - "<!--" is written "&lt;!--", so that nothing is hidden from a reader and
//     nothing can pass as our marker;
//   - "@all", which tells every member, is written "@ all";
//   - control characters and those that turn the direction of writing become
//     U+FFFD.
//
// Mentions of single people and words such as "Closes #1" are left alone: a
// description may mean them, and both can be seen in the plan.
//
// A title is one line of at most 255 characters. "Draft:" stands before it
// only when the argument draft says so.
package gitlab

import (
	"context"
	"strconv"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func reference(iid int) string { return "!" + strconv.Itoa(iid) }

// readReach says what every step of the family looks at: the service, and what is
// pushed to the git server that belongs to it.
func readReach(_ context.Context, u step.Use) step.Reach {
	at := u.At("gitlab")
	pushed := at
	pushed.Kind = "git"
	return step.Reach{Sees: []step.Place{at, pushed}}
}

func writeReach(ctx context.Context, u step.Use) step.Reach {
	r := readReach(ctx, u)
	r.Changes = r.Sees[:1]
	return r
}

type family struct{ services map[string]Service }

// At says which GitLab a step talks to; it is part of every In.
type At struct {
	Service string `json:"service,omitempty" doc:"The name of the GitLab service in the configuration." default:"gitlab" pattern:"^[a-z][a-z0-9_-]*$" trusted:"true"`
}

// ServiceName is the service that a step talks to.
func (at At) ServiceName() string { return at.Service }

// About is nothing, where a step does not say otherwise.
func (At) About() (what, thing string) { return "", "" }

func (f family) connect(service string) (*client, error) {
	s, name, err := step.Pick(f.services, "gitlab", service)
	if err != nil {
		return nil, err
	}
	if s.Token.IsZero() {
		return nil, types.Errorf(types.Auth, "service %q has no token", name).
			WithHint("name one in skillrun.yaml, e.g. token: env:GITLAB_TOKEN")
	}
	return newClient(name, s)
}
