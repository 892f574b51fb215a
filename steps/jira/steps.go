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
			step.Find(f.findCreated), step.Preview(previewCreate), step.EventuallyConsistent[CreateIn, CreateOut](),
			step.Resolve(issueRef, f.resolveCreated),
			step.Undo(step.Undoing[CreateIn, CreateOut]{Describe: describeClose, Check: f.checkClose, Do: f.closeIssue})).
			Requires(toCreate, "project").Touches("jira", "issue", "create").Costs(step.Cost{Requests: 12, Trips: 3}, step.Cost{Requests: 4, Trips: 2}).
			Errors(append(failures(), types.Conflict)...), CreateIn.check),
		step.Checked(step.Write("jira_add_link", "Link an issue to a web page, such as a merge request.", rest.SettledDo(LinkIn.about, f.addLink),
			step.Find(rest.SettledFind(LinkIn.about, f.findLink)), step.Preview(previewLink), step.Update(f.updateLink),
			step.Resolve(linkRef, f.resolveLink),
			step.Undo(step.Undoing[LinkIn, LinkOut]{Describe: describeUnlink, Check: f.checkUnlink, Do: f.unlink})).
			Requires(toLink, "issue").Touches("jira", "remote link", "create").Costs(step.Cost{Requests: 2, Trips: 2}, step.Cost{Requests: 2, Trips: 2}).
			Errors(append(failures(), types.Conflict)...), LinkIn.check),
		step.Read("jira_get_issue", "Read an issue: its summary, status and labels.", rest.SettledDo(GetIn.about, f.get)).
			Requires(toBrowse, "issue").Touches("jira", "issue", "view").Errors(failures()...),
		step.Checked(step.Read("jira_search", "Search for issues with JQL.", f.searchIssues).
			Requires(toSearch, "jql").Touches("jira", "issue", "search").Errors(failures()...), SearchIn.check),
		step.Checked(step.Write("jira_add_comment", "Comment on an issue.", rest.SettledDo(CommentIn.about, f.addComment),
			step.Find(rest.SettledFind(CommentIn.about, f.findComment)), step.Preview(previewComment), step.EventuallyConsistent[CommentIn, CommentOut](),
			step.Resolve(commentRef, f.resolveComment),
			step.Undo(step.Undoing[CommentIn, CommentOut]{Describe: describeUncomment, Check: f.checkUncomment, Do: f.uncomment})).
			Requires(toComment, "issue").Touches("jira", "comment", "create").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).
			Errors(append(failures(), types.Conflict)...), CommentIn.check),
		step.Checked(step.Write("jira_transition", "Move an issue to another status.", rest.SettledDo(MoveIn.about, f.move),
			step.Find(rest.SettledFind(MoveIn.about, f.findMoved)), step.Preview(f.previewMove), step.EventuallyConsistent[MoveIn, MoveOut](),
			step.Resolve(movedRef, f.resolveMoved)).
			Requires(toMove, "issue").Touches("jira", "issue", "transition").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).
			Errors(append(failures(), types.Conflict)...), MoveIn.check),
	}
}
