// Package gitlab is the family of steps that read, open and comment merge
// requests in GitLab, and look at pipelines.
//
// There are two writes, gitlab_mr_create and gitlab_mr_note. GitLab has no
// idempotency key, but it allows one open merge request per pair of branches,
// and its lists are read from the database: so a merge request that a run
// opened is found again by its branch, and known as ours by the marker in the
// last line of its description. A note is found among those of our own account
// by the same marker in its last line; one that somebody deleted is not found.
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
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/step/outcome"
	"github.com/skillrun/skillrun/engine/types"
)

// Service is one GitLab, as the configuration names it.
type Service struct {
	URL       string            // "https://gitlab.example.com", with the path it lives under
	Token     types.Secret      // a personal, project or group access token
	Transport http.RoundTripper // how it is reached; http.DefaultTransport without one
	Timeout   time.Duration     // for one exchange; 0 is no limit
}

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	return []step.Step{
		step.Checked(step.Write("gitlab_mr_create", "Open a merge request.", f.create,
			step.Find(f.findCreated), step.Preview(f.previewCreate), step.Update(f.updateCreated),
			step.Resolve(mrRef, f.resolveCreated),
			step.Undo(step.Undoing[CreateIn, CreateOut]{Say: sayClose, Look: f.lookClose, Do: f.closeCreated})).
			Reaching(writes).Touching("gitlab", "merge request", "create").Costing(step.Cost{Requests: 3, Trips: 3}, step.Cost{Requests: 2, Trips: 2}).
			Failing(append(failures(), types.Conflict)...), CreateIn.check),
		step.Checked(step.Write("gitlab_mr_note", "Add a note to a merge request.", outcome.SettledDo(NoteIn.about, f.note),
			step.Find(outcome.SettledFind(NoteIn.about, f.findNote)), step.Preview(f.previewNote), step.Update(f.updateNote), step.Late[NoteIn, NoteOut](),
			step.Resolve(noteRef, f.resolveNote),
			step.Undo(step.Undoing[NoteIn, NoteOut]{Say: sayUnnote, Look: f.lookUnnote, Do: f.removeNote})).
			Reaching(writes).Touching("gitlab", "note", "create").Costing(step.Cost{Requests: 3, Trips: 3}, step.Cost{Requests: 2, Trips: 2}).
			Failing(append(failures(), types.Conflict)...), NoteIn.check),
		step.Read("gitlab_mr_view", "Look at a merge request: its state, approvals and pipeline.", outcome.SettledDo(ViewIn.about, f.view)).
			Reaching(sees).Touching("gitlab", "merge request", "view").Failing(failures()...),
		step.Checked(step.Read("gitlab_mr_approval", "Look whether a merge request is approved by somebody who may.", outcome.SettledDo(ApprovalIn.about, f.approval)).
			Reaching(sees).Touching("gitlab", "merge request", "approve").Failing(append(failures(), types.Conflict)...), ApprovalIn.check).Approving(),
		step.Read("gitlab_mr_list", "List the merge requests of a project.", f.list).
			Reaching(sees).Touching("gitlab", "merge request", "list").Failing(failures()...),
		step.Read("gitlab_mr_diff", "Read which files a merge request changes, and how.", outcome.SettledDo(ViewIn.about, f.diff)).
			Reaching(sees).Touching("gitlab", "merge request", "diff").Failing(failures()...),
		step.Read("gitlab_mr_touching", "Find the open merge requests that change a file.", f.touching).
			Reaching(sees).Touching("gitlab", "merge request", "list").Failing(failures()...),
		step.Checked(step.Read("gitlab_pipeline_view", "Look at a pipeline: its status, and the jobs that failed.", outcome.SettledDo(PipelineIn.about, f.pipeline)).
			Reaching(sees).Touching("gitlab", "pipeline", "view").Failing(failures()...), PipelineIn.check),
	}
}

// What each step is about: a merge request that an earlier step opened may not
// be seen at once by every server of an instance. Its thing is GitLab's own
// reference, !12: a bare number is also that of other things.
func (in NoteIn) about() (what, thing string) { return place(in.Project, in.IID), reference(in.IID) }
func (in ViewIn) about() (what, thing string) { return place(in.Project, in.IID), reference(in.IID) }

// about is what the pipeline is of: it comes some seconds after the branch was
// pushed, or the merge request opened.
func (in PipelineIn) about() (what, thing string) {
	switch {
	case in.PipelineID != 0:
		return fmt.Sprintf("pipeline %d of %s", in.PipelineID, in.Project), strconv.Itoa(in.PipelineID)
	case in.IID != 0:
		return "the pipeline of " + place(in.Project, in.IID), reference(in.IID)
	}
	return "the pipeline of " + in.Ref + in.SHA + " in " + in.Project, in.Ref + in.SHA
}

func reference(iid int) string { return "!" + strconv.Itoa(iid) }

// sees says what every step of the family looks at: the service, and what is
// pushed to the git server that belongs to it.
func sees(_ context.Context, u step.Use) step.Reach {
	at := u.At("gitlab")
	pushed := at
	pushed.Kind = "git"
	return step.Reach{Sees: []step.Place{at, pushed}}
}

func writes(ctx context.Context, u step.Use) step.Reach {
	r := sees(ctx, u)
	r.Changes = r.Sees[:1]
	return r
}

// failures are the codes that every step of the family may return.
func failures() []types.Code {
	return []types.Code{types.NotFound, types.Auth, types.Forbidden, types.Network, types.Timeout,
		types.RateLimited, types.Unavailable}
}

// family is the receiver of all steps.
type family struct{ services map[string]Service }

// At says which GitLab a step talks to; it is part of every In.
type At struct {
	Service string `json:"service,omitempty" doc:"The name of the GitLab service in the configuration." default:"gitlab" pattern:"^[a-z][a-z0-9_-]*$" trusted:"true"`
}

// connect returns a client for the service that the arguments name.
func (f family) connect(at At) (*client, error) {
	s, name, err := step.Pick(f.services, "gitlab", at.Service)
	if err != nil {
		return nil, err
	}
	if s.Token.IsZero() {
		return nil, types.Errorf(types.Auth, "service %q has no token", name).
			WithHint("name one in skillrun.yaml, e.g. token: env:GITLAB_TOKEN")
	}
	return newClient(s)
}
