package gitlab

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// Kind is the kind of service that these steps reach.
func Kind() step.ServiceKind {
	return step.ServiceKind{Name: "gitlab", Network: true}
}

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	return []step.Step{
		step.Checked(step.Write("gitlab_mr_create", "Open a merge request.", rest.Do(f.connect, (*client).open),
			rest.Find(f.connect, (*client).findCreated), step.Preview(f.previewCreate), rest.Update(f.connect, (*client).updateCreated),
			rest.Resolve(f.connect, mrRef, (*client).resolveCreated),
			rest.Undo(f.connect, describeClose, (*client).closing)).
			Reaches(writeReach).Requires(toMerge, "project").Requires(toPush, "source_project", "project").Requires(users, "reviewers", "assignees").Touches("gitlab", "merge request", "create").Costs(step.Cost{Requests: 3, Trips: 3}, step.Cost{Requests: 2, Trips: 2}).
			Errors(rest.Codes(types.Conflict)...), CreateIn.check),
		step.Checked(step.Write("gitlab_mr_note", "Add a note to a merge request.", rest.Do(f.connect, (*client).note),
			rest.Find(f.connect, (*client).findNote), step.Preview(f.previewNote), rest.Update(f.connect, (*client).changeNote), step.EventuallyConsistent[NoteIn, NoteOut](),
			rest.Resolve(f.connect, noteRef, (*client).resolveNote),
			rest.Undo(f.connect, describeRemoveNote, (*client).removingNote)).
			Reaches(writeReach).Requires(toWrite, "project").Touches("gitlab", "note", "create").Costs(step.Cost{Requests: 3, Trips: 3}, step.Cost{Requests: 2, Trips: 2}).
			Errors(rest.Codes(types.Conflict)...), NoteIn.check),
		step.Read("gitlab_mr_view", "Read a merge request: its state, approvals and pipeline.", rest.Do(f.connect, (*client).view)).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "view").Errors(rest.Codes()...),
		step.Checked(step.Read("gitlab_mr_approval", "Check whether a merge request is approved by someone who is allowed to.", rest.Do(f.connect, (*client).approval)).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "approve").Errors(rest.Codes(types.Conflict)...), ApprovalIn.check).Approving(),
		step.Read("gitlab_mr_list", "List the merge requests of a project.", rest.Do(f.connect, (*client).list)).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "list").Errors(rest.Codes()...),
		step.Read("gitlab_mr_diff", "Read the changes of a merge request.", rest.Do(f.connect, (*client).diff)).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "diff").Errors(rest.Codes()...),
		step.Read("gitlab_mr_touching", "Find the open merge requests that change a file.", rest.Do(f.connect, (*client).touching)).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "list").Errors(rest.Codes()...),
		step.Checked(step.Read("gitlab_pipeline_view", "Read a pipeline: its status, and the jobs that failed.", rest.Do(f.connect, (*client).viewPipeline)).
			Reaches(readReach).Requires(toSeePipelines, "project").Touches("gitlab", "pipeline", "view").Errors(rest.Codes()...), PipelineIn.check),
	}
}
