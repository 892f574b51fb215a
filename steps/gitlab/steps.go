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
		step.Checked(step.Write("gitlab_mr_create", "Open a merge request.", f.create,
			step.Find(f.findCreated), step.Preview(f.previewCreate), step.Update(f.updateCreated),
			step.Resolve(mrRef, f.resolveCreated),
			step.Undo(step.Undoing[CreateIn, CreateOut]{Describe: describeClose, Check: f.checkClose, Do: f.closeCreated})).
			Reaches(writeReach).Requires(toMerge, "project").Requires(toPush, "source_project", "project").Requires(users, "reviewers", "assignees").Touches("gitlab", "merge request", "create").Costs(step.Cost{Requests: 3, Trips: 3}, step.Cost{Requests: 2, Trips: 2}).
			Errors(append(failures(), types.Conflict)...), CreateIn.check),
		step.Checked(step.Write("gitlab_mr_note", "Add a note to a merge request.", rest.SettledDo(NoteIn.about, f.note),
			step.Find(rest.SettledFind(NoteIn.about, f.findNote)), step.Preview(f.previewNote), step.Update(f.updateNote), step.EventuallyConsistent[NoteIn, NoteOut](),
			step.Resolve(noteRef, f.resolveNote),
			step.Undo(step.Undoing[NoteIn, NoteOut]{Describe: describeRemoveNote, Check: f.checkRemoveNote, Do: f.removeNote})).
			Reaches(writeReach).Requires(toWrite, "project").Touches("gitlab", "note", "create").Costs(step.Cost{Requests: 3, Trips: 3}, step.Cost{Requests: 2, Trips: 2}).
			Errors(append(failures(), types.Conflict)...), NoteIn.check),
		step.Read("gitlab_mr_view", "Read a merge request: its state, approvals and pipeline.", rest.SettledDo(ViewIn.about, f.view)).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "view").Errors(failures()...),
		step.Checked(step.Read("gitlab_mr_approval", "Check whether a merge request is approved by someone who is allowed to.", rest.SettledDo(ApprovalIn.about, f.approval)).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "approve").Errors(append(failures(), types.Conflict)...), ApprovalIn.check).Approving(),
		step.Read("gitlab_mr_list", "List the merge requests of a project.", f.list).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "list").Errors(failures()...),
		step.Read("gitlab_mr_diff", "Read the changes of a merge request.", rest.SettledDo(ViewIn.about, f.diff)).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "diff").Errors(failures()...),
		step.Read("gitlab_mr_touching", "Find the open merge requests that change a file.", f.touching).
			Reaches(readReach).Requires(toSee, "project").Touches("gitlab", "merge request", "list").Errors(failures()...),
		step.Checked(step.Read("gitlab_pipeline_view", "Read a pipeline: its status, and the jobs that failed.", rest.SettledDo(PipelineIn.about, f.pipeline)).
			Reaches(readReach).Requires(toSeePipelines, "project").Touches("gitlab", "pipeline", "view").Errors(failures()...), PipelineIn.check),
	}
}
