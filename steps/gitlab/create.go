package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// CreateIn are the arguments of gitlab_mr_create.
type CreateIn struct {
	At
	Project            string   `json:"project" doc:"The path of the project to merge into, e.g. group/name." pattern:"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$" trusted:"true"`
	SourceProject      string   `json:"source_project,omitempty" doc:"The path of the project that has the source branch, when it is a fork." pattern:"^([A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*)?$" trusted:"true"`
	SourceBranch       string   `json:"source_branch" doc:"The source branch. If this run pushed it, the step waits up to a minute until GitLab sees it." format:"git-branch"`
	TargetBranch       string   `json:"target_branch,omitempty" doc:"The target branch; by default the project's default branch."`
	Title              string   `json:"title" doc:"One line of at most 255 characters, without Draft:."`
	Description        string   `json:"description,omitempty" doc:"Markdown. Quick actions in it are displayed, not executed." cosmetic:"true"`
	Labels             []string `json:"labels,omitempty" doc:"Labels to add."`
	Reviewers          []string `json:"reviewers,omitempty" doc:"The usernames of the reviewers."`
	Assignees          []string `json:"assignees,omitempty" doc:"The usernames of the assignees."`
	Draft              *bool    `json:"draft,omitempty" doc:"Open it as a draft." default:"false"`
	RemoveSourceBranch *bool    `json:"remove_source_branch,omitempty" doc:"Delete the source branch when it is merged." default:"true"`
}

// CreateOut is the merge request as GitLab has it.
type CreateOut struct {
	IID          int      `json:"iid" doc:"Its number in the project."`
	WebURL       string   `json:"web_url" doc:"Its URL."`
	Title        string   `json:"title" doc:"Its title."`
	State        string   `json:"state" doc:"Its state: opened."`
	SourceBranch string   `json:"source_branch" doc:"The source branch."`
	TargetBranch string   `json:"target_branch" doc:"The target branch."`
	Project      string   `json:"project" doc:"The path of the project it is in."`
	Reference    string   `json:"reference" doc:"Its reference, e.g. !12."`
	Labels       []string `json:"labels" doc:"The labels it has."`
	Reviewers    []string `json:"reviewers" doc:"The reviewers it has: GitLab Free keeps only one."`
}

// resolvedArgs is the arguments with every default spelt out.
type resolvedArgs struct {
	CreateIn
	what, source, title   string
	isDraft, removeSource bool
}

func (in CreateIn) check(unknown step.UnknownPaths) error {
	_, err := in.prepare(unknown)
	return err
}

// prepare refuses what GitLab would refuse or misunderstand.
func (in CreateIn) prepare(unknown step.UnknownPaths) (resolvedArgs, error) {
	p := resolvedArgs{
		CreateIn: in, what: "open merge request in " + in.Project, source: cmp.Or(in.SourceProject, in.Project),
		isDraft: in.Draft != nil && *in.Draft, removeSource: in.RemoveSourceBranch == nil || *in.RemoveSourceBranch,
	}
	if err := checkNames(in); err != nil {
		return p, err
	}
	if !unknown.Overlaps("target_branch") {
		if err := checkRef(in.TargetBranch); err != nil {
			return p, err
		}
	}
	if unknown.Overlaps("title") {
		return p, nil
	}
	var err error
	p.title, err = encodeTitle(in.Title, p.isDraft)
	return p, err
}

var username = types.Pattern(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// checkRef takes the name of a branch or tag, or none.
func checkRef(name string) error {
	if name == "" {
		return nil
	}
	return step.CheckBranch(name)
}

func checkNames(in CreateIn) error {
	for _, l := range in.Labels {
		if strings.TrimSpace(l) == "" || strings.ContainsAny(l, ",\n\r") {
			return types.Errorf(types.BadInput, "label %q is empty or has a comma or a line break", l).
				WithHint("make each label an item of its own")
		}
	}
	for _, u := range slices.Concat(in.Reviewers, in.Assignees) {
		if !username().MatchString(u) {
			return types.Errorf(types.BadInput, "%q is not a username", u).
				WithHint("write it without @, as in the URL of the user's GitLab page")
		}
	}
	return nil
}

// open opens the merge request. The engine has looked for it before.
func (c *client) open(ctx context.Context, in CreateIn) (CreateOut, error) {
	mark, err := markerFor(step.CallOf(ctx).Key, step.CallOf(ctx).Digest)
	if err != nil {
		return CreateOut{}, err
	}
	p, err := in.prepare(nil)
	if err != nil {
		return CreateOut{}, err
	}
	d, err := c.draft(ctx, p, mark)
	if err != nil {
		return CreateOut{}, err
	}
	if err := notStopped(ctx, p.what); err != nil {
		return CreateOut{}, err
	}
	m, err := c.sendCreate(ctx, p, d)
	if err != nil {
		return CreateOut{}, err
	}
	if err := verify(m, d, mark); err != nil {
		return CreateOut{}, mismatchError(p.what, err)
	}
	return toOutput(m, in.Project), nil
}

// sendCreate sends the request. GitLab refuses it for a branch that was just pushed,
// which it may see up to a minute later.
func (c *client) sendCreate(ctx context.Context, p resolvedArgs, d draft) (mergeRequest, error) {
	ask := func() (mergeRequest, error) { return c.create(ctx, p.source, p.what, d) }
	for _, side := range []struct{ name, branch string }{{"source", d.SourceBranch}, {"target", d.TargetBranch}} {
		next := ask
		ask = func() (mergeRequest, error) {
			return rest.Settled(ctx, "branch "+side.branch, side.branch, unseenBranch(side.name), next)
		}
	}
	return ask()
}

// unseenBranch recognizes GitLab's refusal for a branch that it does not see,
// as a member of its answer or as a sentence.
func unseenBranch(side string) func(error) bool {
	says := regexp.MustCompile(`(?i)\b` + side + `[_ ]branch\b.*\bdoes not exist`)
	return func(err error) bool {
		return types.CodeOf(err) == types.BadInput && says.MatchString(types.AsError(err).Message)
	}
}

// draft looks up what GitLab wants as numbers and says no to a person that
// does not exist: GitLab itself would leave the person out without a word.
func (c *client) draft(ctx context.Context, p resolvedArgs, mark marker) (draft, error) {
	description, err := encodeDescription(p.Description, mark)
	if err != nil {
		return draft{}, err
	}
	target, err := c.target(ctx, p.Project)
	if err != nil {
		return draft{}, err
	}
	reviewers, err := c.userIDs(ctx, p.Reviewers)
	if err != nil {
		return draft{}, err
	}
	assignees, err := c.userIDs(ctx, p.Assignees)
	if err != nil {
		return draft{}, err
	}
	return draft{
		Title: p.title, Description: description, SourceBranch: p.SourceBranch, TargetBranch: p.targetBranch(target),
		TargetProjectID: target.ID, Labels: p.Labels, ReviewerIDs: reviewers, AssigneeIDs: assignees,
		RemoveSourceBranch: p.removeSource,
	}, nil
}

func (p resolvedArgs) targetBranch(of project) string {
	return cmp.Or(p.TargetBranch, of.DefaultBranch)
}

// target looks the project up. GitLab answers under a project's former path
// too; what was configured and what would be written must be one.
func (c *client) target(ctx context.Context, path string) (project, error) {
	p, err := c.project(ctx, path)
	if err == nil {
		err = checkMoved(path, p.Path)
	}
	return p, err
}

// checkMoved refuses a project that is at another path now.
func checkMoved(path, now string) error {
	if strings.EqualFold(now, path) || digits().MatchString(path) {
		return nil
	}
	return types.Errorf(types.NotFound, "project %s was moved to %s", path, now).
		WithHint("write the new path, if that is the project you mean")
}

var digits = types.Pattern(`^[0-9]+$`)

func (c *client) userIDs(ctx context.Context, names []string) ([]int, error) {
	var ids []int
	for _, name := range names {
		u, there, err := c.user(ctx, name)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, noUser(name)
		}
		ids = append(ids, u.ID)
	}
	return ids, nil
}

func noUser(name string) error {
	return types.Errorf(types.NotFound, "there is no user %q in GitLab", name).
		WithHint("check the username; nothing was opened")
}

// markerFor is the marker of a write that is about to be sent.
func markerFor(key step.Key, digest string) (marker, error) {
	if key.IsZero() {
		return marker{}, types.Errorf(types.Internal, "the call has no key to mark what it makes with").
			WithHint("this is a bug in skillrun: report it with the skill and the command")
	}
	return markerOf(key, digest), nil
}

func notStopped(ctx context.Context, what string) error {
	if ctx.Err() == nil {
		return nil
	}
	return types.Errorf(types.Cancelled, "%s: stopped before it was sent", what).WithHint("resume the run")
}

func mismatchError(what string, err error) error {
	return types.Errorf(types.UnknownOutcome, "%s: the answer is not what was asked for: %w", what, err).WithHint(lookAgain)
}

func verify(m mergeRequest, d draft, mark marker) error {
	got, _ := readMarker(m.Description)
	for _, c := range []struct{ name, want, got string }{
		{"source_branch", d.SourceBranch, m.SourceBranch},
		{"target_branch", d.TargetBranch, m.TargetBranch},
		{"title", d.Title, m.Title},
		{"state", stateOpened, m.State},
		{"marker", mark.String(), got.String()},
	} {
		if c.want != c.got {
			return fmt.Errorf("%s is %q, not %q", c.name, c.got, c.want)
		}
	}
	if m.IID <= 0 || m.WebURL == "" {
		return fmt.Errorf("it has no number or no address")
	}
	return nil
}

func toOutput(m mergeRequest, project string) CreateOut {
	return CreateOut{
		IID: m.IID, WebURL: m.WebURL, Title: m.Title, State: m.State, SourceBranch: m.SourceBranch,
		TargetBranch: m.TargetBranch, Project: project, Reference: m.ref(), Labels: m.Labels, Reviewers: m.Reviewers,
	}
}
