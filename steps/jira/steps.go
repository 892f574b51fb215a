package jira

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// Kind is the kind of service that these steps reach.
func Kind() step.ServiceKind {
	return step.ServiceKind{
		Name: "jira", Network: true, Keys: map[string][]string{"user": nil, "deployment": {cloud, datacenter}},
		Example: "url: https://example.atlassian.net, deployment: cloud, user: env:JIRA_USER, token: env:TOKEN",
	}
}

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	return []step.Step{
		step.Checked(step.Write("jira_create_issue", "Create an issue.", f.create,
			step.Find(f.findCreated), step.Preview(previewCreate), step.Late[CreateIn, CreateOut](),
			step.Resolve(issueRef, f.resolveCreated),
			step.Undo(step.Undoing[CreateIn, CreateOut]{Say: sayClose, Look: f.lookClose, Do: f.closeIssue})).
			Needing(toCreate, "project").Touching("jira", "issue", "create").Costing(step.Cost{Requests: 12, Trips: 3}, step.Cost{Requests: 4, Trips: 2}).
			Failing(append(failures(), types.Conflict)...), CreateIn.check),
		step.Checked(step.Write("jira_add_link", "Link an issue to a web page, such as a merge request.", rest.SettledDo(LinkIn.about, f.addLink),
			step.Find(rest.SettledFind(LinkIn.about, f.findLink)), step.Preview(previewLink), step.Update(f.updateLink),
			step.Resolve(linkRef, f.resolveLink),
			step.Undo(step.Undoing[LinkIn, LinkOut]{Say: sayUnlink, Look: f.lookUnlink, Do: f.unlink})).
			Needing(toLink, "issue").Touching("jira", "remote link", "create").Costing(step.Cost{Requests: 2, Trips: 2}, step.Cost{Requests: 2, Trips: 2}).
			Failing(append(failures(), types.Conflict)...), LinkIn.check),
		step.Read("jira_get_issue", "Read an issue: its summary, status and labels.", rest.SettledDo(GetIn.about, f.get)).
			Needing(toBrowse, "issue").Touching("jira", "issue", "view").Failing(failures()...),
		step.Checked(step.Read("jira_search", "Search for issues with JQL.", f.searchIssues).
			Needing(toSearch, "jql").Touching("jira", "issue", "search").Failing(failures()...), SearchIn.check),
		step.Checked(step.Write("jira_add_comment", "Comment on an issue.", rest.SettledDo(CommentIn.about, f.addComment),
			step.Find(rest.SettledFind(CommentIn.about, f.findComment)), step.Preview(previewComment), step.Late[CommentIn, CommentOut](),
			step.Resolve(commentRef, f.resolveComment),
			step.Undo(step.Undoing[CommentIn, CommentOut]{Say: sayUncomment, Look: f.lookUncomment, Do: f.uncomment})).
			Needing(toComment, "issue").Touching("jira", "comment", "create").Costing(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).
			Failing(append(failures(), types.Conflict)...), CommentIn.check),
		step.Checked(step.Write("jira_transition", "Move an issue to another status.", rest.SettledDo(MoveIn.about, f.move),
			step.Find(rest.SettledFind(MoveIn.about, f.findMoved)), step.Preview(f.previewMove), step.Late[MoveIn, MoveOut](),
			step.Resolve(movedRef, f.resolveMoved)).
			Needing(toMove, "issue").Touching("jira", "issue", "transition").Costing(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).
			Failing(append(failures(), types.Conflict)...), MoveIn.check),
	}
}
