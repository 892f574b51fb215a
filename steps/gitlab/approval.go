package gitlab

import (
	"context"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// ApprovalIn are the arguments of gitlab_mr_approval.
type ApprovalIn struct {
	ViewIn
	By  []string `json:"by,omitempty" doc:"Who may approve: usernames, and paths of groups whose members may; by default anyone." trusted:"true"`
	Not string   `json:"not,omitempty" doc:"Who may not approve: requester is the author of the merge request and the user of the token." enum:"requester" trusted:"true"`
	SHA string   `json:"sha,omitempty" doc:"The commit to be approved; if the tip of the source branch is another one, it fails." pattern:"^[0-9a-f]{40}$"`
}

// ApprovalOut is whether a merge request is approved as it has to be, by whom.
type ApprovalOut struct {
	Approved bool     `json:"approved" doc:"Whether someone who is allowed to approve has done so."`
	By       *string  `json:"by,omitempty" doc:"The username of the first approver who counts."`
	At       *string  `json:"at,omitempty" doc:"The time of their approval, if GitLab reports it." format:"date-time"`
	Digest   *string  `json:"digest,omitempty" doc:"The commit that is approved."`
	KnownBy  *string  `json:"known_by,omitempty" doc:"The host of the GitLab instance."`
	Others   []string `json:"others" doc:"The usernames of the approvers who do not count."`
	WebURL   string   `json:"web_url" doc:"The URL of the merge request."`
}

// approval looks who approved. What it says is of one commit: when another one
// came while it looked, no one has approved yet.
func (c *client) approval(ctx context.Context, in ApprovalIn) (ApprovalOut, error) {
	m, err := c.mergeRequest(ctx, in.Project, in.IID)
	if err != nil {
		return ApprovalOut{}, err
	}
	if in.SHA != "" && m.SHA != in.SHA {
		return ApprovalOut{}, types.Errorf(types.Conflict, "!%d has the commit %s, not %s, which is to be approved", m.IID, m.SHA, in.SHA).
			WithHint("there were pushes to %s since: review what they changed", m.SourceBranch)
	}
	a, err := c.approvals(ctx, in.Project, in.IID)
	if err != nil {
		return ApprovalOut{}, err
	}
	who, others, err := c.counts(ctx, in, m, a.Users)
	if err != nil {
		return ApprovalOut{}, err
	}
	out := ApprovalOut{Others: others, WebURL: m.WebURL}
	switch {
	case who == nil && (m.State == "closed" || m.State == "merged"):
		return ApprovalOut{}, types.Errorf(types.Conflict, "!%d is %s, and was approved by no one who is allowed to", m.IID, m.State).
			WithHint("look at %s", m.WebURL)
	case who == nil:
		return out, nil
	}
	now, err := c.mergeRequest(ctx, in.Project, in.IID)
	if err != nil || now.SHA != m.SHA {
		return out, err
	}
	host := c.api.BaseURL().Host
	out.Approved, out.By, out.At, out.Digest, out.KnownBy = true, &who.Username, optionalString(who.At), &m.SHA, &host
	return out, nil
}

// counts is the first approval that counts, nil for none, and who else approved.
func (c *client) counts(ctx context.Context, in ApprovalIn, m mergeRequest, given []approver) (who *approver, others []string, err error) {
	others = []string{}
	var asked string
	if in.Not != "" {
		me, err := c.me(ctx)
		switch {
		case err != nil:
			return nil, nil, err
		case bot().MatchString(m.Author):
			return nil, nil, types.Errorf(types.Forbidden, "!%d was opened by the bot %s, so the requester is unknown", m.IID, m.Author).
				WithHint("`not: requester` needs the token of a user; with a bot's, list with `by` who may approve")
		}
		asked = me.Username
	}
	groups, err := c.groupsOf(ctx, in.By)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range given {
		may := len(in.By) == 0 || slices.ContainsFunc(in.By, func(name string) bool { return strings.EqualFold(name, a.Username) })
		if in.Not != "" && (strings.EqualFold(a.Username, m.Author) || strings.EqualFold(a.Username, asked) || bot().MatchString(a.Username)) {
			may = false
		} else if !may {
			if may, err = c.inAnyGroup(ctx, groups, a); err != nil {
				return nil, nil, err
			}
		}
		if may && who == nil {
			who = &a
		} else {
			others = append(others, a.Username)
		}
	}
	return who, others, nil
}

// bot is an account of a project token, a group token or a service.
var bot = types.Pattern(`^((project|group)_[0-9]+_bot|service_account_)`)

// groupsOf are those of the names that are no users. One that is no one's fails:
// a run would wait for it forever.
func (c *client) groupsOf(ctx context.Context, names []string) (groups []string, err error) {
	for _, name := range names {
		if !strings.Contains(name, "/") {
			_, found, err := c.user(ctx, name)
			if err != nil {
				return nil, err
			}
			if found {
				continue
			}
		}
		if err := c.group(ctx, name); err != nil {
			if types.CodeOf(err) == types.NotFound {
				return nil, types.Errorf(types.NotFound, "there is no user or group %s, or this token cannot see it", name).
					WithHint("write usernames, and full paths of groups: team/releases")
			}
			return nil, err
		}
		groups = append(groups, name)
	}
	return groups, nil
}

// inAnyGroup reports whether someone is a member of one of the groups.
func (c *client) inAnyGroup(ctx context.Context, groups []string, a approver) (bool, error) {
	for _, g := range groups {
		if is, err := c.inGroup(ctx, g, a.ID); err != nil || is {
			return is, err
		}
	}
	return false, nil
}

// check refuses what is no name of a user or a group, and a list of no one.
func (in ApprovalIn) check(unknown step.UnknownPaths) error {
	if in.By != nil && len(in.By) == 0 && !unknown.Has("by") {
		return types.Errorf(types.BadInput, "by is empty: no one could approve").
			WithHint("list who may approve, or leave it out to allow anyone")
	}
	for _, name := range in.By {
		if !unknown.Has("by") && !namespace().MatchString(name) {
			return types.Errorf(types.BadInput, "%q is not a username or the path of a group", name).
				WithHint("write it as GitLab does, without @: ana, or team/releases")
		}
	}
	return nil
}

// namespace is the path of a user or a group: as of a project.
var namespace = types.PatternOf[ViewIn]("project")
