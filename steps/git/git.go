// Package git releases from git repositories without a checkout: it reads
// files and history from a remote, edits in a workspace that holds only the
// files asked for, makes one commit and pushes it.
//
// # Repositories
//
// A repository is a URL, or the path of a clone. A clone only lends its
// objects and names a remote; nothing in it is ever written, and what its
// remote does not have does not count. Objects that are fetched go to a cache
// of our own.
//
// # Workspaces
//
// A workspace is a folder of the run: the base commit, the files that were
// asked for (files/), the objects made since (objects.git/) and what is known
// of it (workspace.json). Whatever lies in files/ is to be committed, whoever
// wrote it: steps of other families, and programs. git_commit writes one blob a
// changed file, the trees above it and one commit: its cost follows the change,
// not the repository. What no commit could hold is refused when a step writes it
// ([Admit]), and at the commit when a program made it.
//
// A workspace of git_cherry_pick and git_rebase begins with commits of others, applied on
// the base, and without files. They are merged in memory, tree by tree, as git does it
// without renames and without .gitattributes; a file that both sides changed is merged
// by line. What is in conflict is an error that names it: no one can resolve it here.
//
// # Once
//
// A commit carries the trailer Skillrun-Key. A branch whose tip, above the
// base, has our work's key is ours, and the workspace continues from it; any
// other branch of that name is a conflict. A push creates the branch, or moves
// it from the tip that was seen; the server compares and swaps. Dates of
// commits come from the run's start, so a resumed run makes the same SHA. When
// the journal is lost, the steps edit the base again, and git_commit finds the
// commit that this came to among those of the branch.
//
// # Who we are
//
// An https remote is sent the service's token when it is of the service's host,
// or what git's own credential helper has. An ssh remote is asked with the keys
// of the user's ssh agent, and only when known_hosts knows its key; Hostname,
// Port and User of ~/.ssh/config count. Reading speaks protocol v2 where the
// server offers it, else v0; there is no v2 of pushing. Commits are made, signed off and signed
// as the service says; only keys that sign the same each time are taken, so
// that a resumed run still makes the same SHA.
//
// # Cost
//
// A remote that gives single objects (GitLab and GitHub do) is asked for the
// trees on the way to a file and the file, or for commits alone; from another
// one comes what a shallow fetch brings. Nothing walks the whole repository.
package git

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Kind is the kind of service that these steps reach.
func Kind() step.ServiceKind {
	return step.ServiceKind{
		Name: "git", Network: true, GitHelper: true,
		Keys:    map[string][]string{"user": nil, "author": nil, "committer": nil, "sign_off": nil, "signing_key": nil},
		Example: `credentials: helper, author: "Release Bot <bot@example.com>"`,
	}
}

// Steps returns the family. Options may be zero for documentation.
func Steps(o Options) []step.Step {
	c := &client{o: o}
	reads := []types.Code{types.NotFound, types.Auth, types.Forbidden, types.Network, types.Timeout, types.Unavailable, types.RateLimited}
	return []step.Step{
		step.Checked(step.Read("git_log", "List the commits between two commits, and how they are related.", settled(c.log)).
			Reaches(c.readReach()).Requires(toRead, "repo").Touches("git", "commits", "read").Errors(reads...), logIn.check),
		step.Checked(step.Read("git_fetch", "Resolve a branch or commit of a remote, and fetch its history for later steps.", settled(c.fetchRef)).
			Reaches(c.readReach()).Requires(toRead, "repo").Touches("git", "commits", "read").Errors(reads...), fetchIn.check),
		step.Checked(step.Read("git_diff", "Compare the files of two commits of a remote.", settled(c.diff)).
			Reaches(c.readReach("from", "to")).Requires(toRead, "repo").Touches("git", "files", "read").Errors(reads...), diffIn.check),
		step.Checked(step.Read("git_show", "Show a commit of a remote: who, when, why, and the files it changed.", settled(c.show)).
			Reaches(c.readReach("commit")).Requires(toRead, "repo").Touches("git", "commit", "read").Errors(reads...), showIn.check),
		step.Checked(step.Read("git_read_file", "Read a file at a commit or branch of a remote.", settled(c.readFile)).
			Reaches(c.readReach("ref")).Requires(toRead, "repo").Touches("git", "file", "read").Errors(reads...), readFileIn.check),
		step.Checked(step.Read("git_branch_list", "List the branches of a remote.", c.branchList).
			Reaches(c.readReach()).Requires(toRead, "repo").Touches("git", "branches", "read").Errors(reads...), branchListIn.check),
		step.Checked(step.Read("git_tag_list", "List the tags of a remote.", c.tagList).
			Reaches(c.readReach()).Requires(toRead, "repo").Touches("git", "tags", "read").Errors(reads...), tagListIn.check),
		step.Checked(step.Local("git_checkout", "Check out files of a commit into a workspace.", settled(c.checkout)).
			Reaches(c.readReach("commit")).Requires(toCheckOut, "repo").Touches("git", "files", "read").Errors(reads...), checkoutIn.check),
		step.Checked(step.Local("git_cherry_pick", "Apply commits on top of another one in a workspace, without following renames.", settled(c.cherryPick)).
			Reaches(c.readReach("onto")).Requires(toCheckOut, "repo").Requires(toCommit).Touches("git", "commits", "pick").Errors(append(reads, types.Conflict)...), cherryPickIn.check),
		step.Checked(step.Local("git_rebase", "Apply the commits of a branch on top of another commit in a workspace, without following renames.", settled(c.rebase)).
			Reaches(c.readReach("commit", "onto")).Requires(toCheckOut, "repo").Requires(toCommit).Touches("git", "commits", "rebase").Errors(append(reads, types.Conflict)...), rebaseIn.check),
		step.Checked(step.Local("git_branch_create", "Create the branch of a workspace, or continue from the one that the same work pushed before.", c.branchCreate).
			Reaches(c.branchReach).Requires(toBranch, "push_repo").Touches("git", "branch", "read").Errors(append(reads, types.Conflict)...), branchCreateIn.check),
		step.Checked(step.Local("git_commit", "Commit the new, changed, moved and deleted files of a workspace.", c.commit, step.Preview(c.previewCommit)).
			Reaches(commitReach).Requires(toCommit).Touches("git", "commit", "create").Errors(append(reads, types.Conflict)...), commitIn.check),
		step.Checked(step.Write("git_push", "Push a workspace's commit to a branch.", c.push,
			step.Find(c.findPush), step.Preview(c.previewPush), step.Resolve("the branch, or the commit it is at", c.resolvePush),
			step.Undo(step.Undoing[pushIn, pushOut]{Describe: describeUndoPush, Check: c.checkUndoPush, Do: c.undoPush})).
			Reaches(c.pushReach).Requires(toPush, "repo").Touches("git", "branch", "push").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).Errors(append(reads, types.Conflict)...), pushIn.check),
		step.Write("git_branch_update", "Move a branch of a remote to a workspace's commit, if it is still where it was looked at.", c.branchUpdate,
			step.Find(c.findUpdate), step.Preview(c.previewUpdate),
			step.Undo(step.Undoing[branchUpdateIn, branchUpdateOut]{Describe: describeUndoUpdate, Check: c.checkUndoUpdate, Do: c.undoUpdate})).
			Reaches(c.moveReach).Requires(toMove).Touches("git", "branch", "update").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).Errors(append(reads, types.Conflict)...),
		step.Checked(step.Write("git_branch_delete", "Delete a branch of a remote, if it is still where it was looked at.", c.branchDelete,
			step.Find(c.findDelete), step.Preview(c.previewDelete),
			step.Undo(step.Undoing[branchDeleteIn, branchDeleteOut]{Describe: describeUndoDelete, Check: c.checkUndoDelete, Do: c.undoDelete})).
			Reaches(c.refReach("branch", "")).Requires(toChange, "repo").Touches("git", "branch", "delete").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).Errors(append(reads, types.Conflict)...), branchDeleteIn.check),
		step.Checked(step.Write("git_tag_create", "Put a tag with a message on a commit of a remote.", c.tagCreate,
			step.Find(c.findTag), step.Preview(c.previewTag), step.Resolve("the tag", c.resolveTag),
			step.Undo(step.Undoing[tagCreateIn, tagCreateOut]{Describe: describeUndoTag, Check: c.checkUndoTag, Do: c.undoTag})).
			Reaches(c.refReach("tag", tagRefs)).Requires(toChange, "repo").Touches("git", "tag", "create").Costs(step.Cost{Requests: 2, Trips: 2}, step.Cost{Requests: 3, Trips: 3}).Errors(append(reads, types.Conflict)...), tagCreateIn.check),
	}
}

// What steps need of a repository; see [step.Need].
const (
	toRead     = "read"
	toCheckOut = "check out"
	toBranch   = "name a branch for a push"
	toCommit   = "commit"
	toPush     = "push"
	toChange   = "change branches and tags"
	toMove     = "move a branch"
)
