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
		step.Checked(step.Write("jira_create_issue", "Create an issue.", rest.Do(f.connect, (*client).create),
			rest.Find(f.connect, (*client).findCreated), step.Preview(previewCreate), step.EventuallyConsistent[CreateIn, CreateOut](),
			rest.Resolve(f.connect, issueRef, (*client).resolveCreated),
			rest.Undo(f.connect, describeClose, (*client).closing)).
			Requires(toCreate, "project").Touches("jira", "issue", "create").Costs(step.Cost{Requests: 12, Trips: 3}, step.Cost{Requests: 4, Trips: 2}).
			Errors(rest.Codes(types.Conflict)...), CreateIn.check),
		step.Checked(step.Write("jira_add_link", "Link an issue to a web page, such as a merge request.", rest.Do(f.connect, (*client).addLink),
			rest.Find(f.connect, (*client).findLink), step.Preview(previewLink), rest.Update(f.connect, (*client).updateLink),
			rest.Resolve(f.connect, linkRef, (*client).resolveLink),
			rest.Undo(f.connect, describeUnlink, (*client).unlinking)).
			Requires(toLink, "issue").Touches("jira", "remote link", "create").Costs(step.Cost{Requests: 2, Trips: 2}, step.Cost{Requests: 2, Trips: 2}).
			Errors(rest.Codes(types.Conflict)...), LinkIn.check),
		step.Read("jira_get_issue", "Read an issue: its summary, status and labels.", rest.Do(f.connect, (*client).getIssue)).
			Requires(toBrowse, "issue").Touches("jira", "issue", "view").Errors(rest.Codes()...),
		step.Checked(step.Read("jira_search", "Search for issues with JQL.", rest.Do(f.connect, (*client).searchIssues)).
			Requires(toSearch, "jql").Touches("jira", "issue", "search").Errors(rest.Codes()...), SearchIn.check),
		step.Checked(step.Write("jira_add_comment", "Comment on an issue.", rest.Do(f.connect, (*client).addComment),
			rest.Find(f.connect, (*client).findComment), step.Preview(previewComment), step.EventuallyConsistent[CommentIn, CommentOut](),
			rest.Resolve(f.connect, commentRef, (*client).resolveComment),
			rest.Undo(f.connect, describeUncomment, (*client).uncommenting)).
			Requires(toComment, "issue").Touches("jira", "comment", "create").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).
			Errors(rest.Codes(types.Conflict)...), CommentIn.check),
		step.Checked(step.Write("jira_transition", "Move an issue to another status.", rest.Do(f.connect, (*client).move),
			rest.Find(f.connect, (*client).findMoved), step.Preview(f.previewMove), step.EventuallyConsistent[MoveIn, MoveOut](),
			rest.Resolve(f.connect, movedRef, (*client).resolveMoved)).
			Requires(toMove, "issue").Touches("jira", "issue", "transition").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).
			Errors(rest.Codes(types.Conflict)...), MoveIn.check),
	}
}

// What steps need; see [step.Need]. All but the search are permissions in a
// project, by their keys in Jira.
const (
	toBrowse  = "BROWSE_PROJECTS"
	toCreate  = "CREATE_ISSUES"
	toLink    = "LINK_ISSUES"
	toComment = "ADD_COMMENTS"
	toMove    = "TRANSITION_ISSUES"
	toSearch  = "search"
)
