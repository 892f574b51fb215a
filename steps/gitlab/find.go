package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
)

// The states of a merge request.
const (
	stateOpened = "opened"
	stateClosed = "closed"
	stateMerged = "merged"
	stateLocked = "locked"
)

func (m mergeRequest) ref() string { return fmt.Sprintf("!%d", m.IID) }

// findCreated looks for the merge request of key: among all that were ever
// opened from the branch, and then among all whose description holds the key,
// for an earlier run may have used another branch. Both lists come from
// GitLab's database, so that what is not there was not made.
func (c *client) findCreated(ctx context.Context, key step.Key, in CreateIn) (step.Found[CreateOut], error) {
	none := step.Found[CreateOut]{}
	p, err := in.prepare(nil)
	if err != nil {
		return none, err
	}
	target, source, err := c.bothProjects(ctx, p)
	if err != nil {
		return none, err
	}
	all, complete, err := c.candidates(ctx, p, key)
	if err != nil {
		return none, err
	}
	if !complete {
		return step.Inconclusive[CreateOut](fmt.Sprintf(
			"%s has more merge requests from %s than are searched; look for %q in their descriptions", in.Project, in.SourceBranch, key)), nil
	}
	s := search{p: p, mark: markerOf(key, step.CallOf(ctx).Digest), target: p.targetBranch(target), sourceID: source.ID}
	return s.pick(all), nil
}

func (c *client) bothProjects(ctx context.Context, p resolvedArgs) (target, source project, err error) {
	if target, err = c.target(ctx, p.Project); err != nil || p.source == p.Project {
		return target, target, err
	}
	source, err = c.target(ctx, p.source)
	return target, source, err
}

// candidates lists both ways, each merge request once.
func (c *client) candidates(ctx context.Context, p resolvedArgs, key step.Key) (all []mergeRequest, complete bool, err error) {
	seen := map[int]bool{}
	gather := func(m mergeRequest) bool {
		if !seen[m.IID] {
			seen[m.IID] = true
			all = append(all, m)
		}
		return true
	}
	complete = true
	for _, q := range []query{{State: "all", SourceBranch: p.SourceBranch}, {State: "all", Search: key.String()}} {
		whole, err := c.mergeRequests(ctx, p.Project, q, gather)
		if err != nil {
			return nil, false, err
		}
		complete = complete && whole
	}
	return all, complete, nil
}

// search judges what was found.
type search struct {
	p        resolvedArgs
	mark     marker
	target   string
	sourceID int
}

// pick puts a live one of ours first, then a stranger's that is in the way,
// then one of ours that is over.
func (s search) pick(all []mergeRequest) step.Found[CreateOut] {
	var ours, theirs []mergeRequest
	for _, m := range all {
		switch mark, marked := readMarker(m.Description); {
		case marked && mark.Key == s.mark.Key:
			ours = append(ours, m)
		case m.State == stateOpened && s.sameBranches(m):
			theirs = append(theirs, m)
		}
	}
	if i := slices.IndexFunc(ours, func(m mergeRequest) bool { return m.State == stateOpened }); i >= 0 {
		return s.live(ours[i])
	}
	if len(theirs) > 0 {
		m := theirs[0]
		return step.Ended[CreateOut](m.ref(), fmt.Sprintf("%s from this branch was opened by %s and is not from this work", m.ref(), m.Author),
			"close it, or use another branch: "+m.WebURL)
	}
	if len(ours) > 0 {
		return ended(ours[0])
	}
	return step.Absent[CreateOut]()
}

func (s search) sameBranches(m mergeRequest) bool {
	return m.SourceBranch == s.p.SourceBranch && m.TargetBranch == s.target && m.SourceProjectID == s.sourceID
}

// live is one of ours that is open.
func (s search) live(m mergeRequest) step.Found[CreateOut] {
	out := toOutput(m, s.p.Project)
	mark, _ := readMarker(m.Description)
	switch {
	case !s.sameBranches(m): // no update sends it elsewhere
		return step.Ended[CreateOut](m.ref(), m.ref()+" exists already, from other arguments: "+s.elsewhere(m),
			"close it and run this again, or make new work of it with --again N: "+m.WebURL)
	case mark.Digest == s.mark.Digest:
		return step.Exists(m.ref(), out) // a new title is a person's business; where it goes is not
	}
	return step.Drifted(m.ref(), out, s.difference(m))
}

// elsewhere says in which branches the merge request is another one.
func (s search) elsewhere(m mergeRequest) string {
	var said differences
	said.add("source_branch", m.SourceBranch, s.p.SourceBranch)
	said.add("target_branch", m.TargetBranch, s.target)
	if m.SourceProjectID != s.sourceID {
		said = append(said, fmt.Sprintf("source_project is number %d, now %d", m.SourceProjectID, s.sourceID))
	}
	return strings.Join(said, "; ")
}

// differences are what is otherwise, in words.
type differences []string

func (d *differences) add(name, is, want string) {
	if is != want {
		*d = append(*d, fmt.Sprintf("%s is %q, now %q", name, is, want))
	}
}

// difference says in which arguments the merge request is another one.
func (s search) difference(m mergeRequest) string {
	var said differences
	said.add("title", m.Title, s.p.title)
	said.add("labels", sorted(m.Labels), sorted(s.p.Labels))
	said.add("reviewers", sorted(m.Reviewers), sorted(s.p.Reviewers))
	said.add("assignees", sorted(m.Assignees), sorted(s.p.Assignees))
	if said == nil {
		return m.ref() + " looks the same, but was opened from other arguments"
	}
	return strings.Join(said, "; ")
}

func sorted(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}

// ended is one of ours that a person closed or merged.
func ended(m mergeRequest) step.Found[CreateOut] {
	who, when, hint := m.ClosedBy, m.ClosedAt, "reopen it in GitLab, or start new work with --again N: "+m.WebURL
	switch m.State {
	case stateMerged:
		who, when, hint = m.MergedBy, m.MergedAt, "the work is done; to do it once more use --again N: "+m.WebURL
	case stateLocked:
		who, when, hint = "GitLab", m.UpdatedAt, "it is being merged now; try again in a minute: "+m.WebURL
	case stateClosed:
	}
	what := fmt.Sprintf("%s was %s by %s at %s", m.ref(), m.State, cmp.Or(who, "an unknown user"), cmp.Or(when, "an unknown time"))
	return step.Ended[CreateOut](m.ref(), what, hint)
}

// previewCreate says what would be opened. What it can look up it does, so
// that a plan finds a missing reviewer before anything is done.
func (f family) previewCreate(ctx context.Context, in CreateIn, unknown step.UnknownPaths) (step.Prediction[CreateOut], error) {
	none := step.Prediction[CreateOut]{}
	p, err := in.prepare(unknown)
	if err != nil {
		return none, err
	}
	description, err := encodeDescription(in.Description, markerOf(step.CallOf(ctx).Key, step.CallOf(ctx).Digest))
	if err != nil {
		return none, err
	}
	target, err := f.previewTarget(ctx, p, unknown)
	if err != nil {
		return none, err
	}
	out := step.Prediction[CreateOut]{
		Change: step.Change{Title: p.what, Fields: p.fields(target, description, unknown)},
		Out: CreateOut{Title: p.title, State: stateOpened, SourceBranch: in.SourceBranch, TargetBranch: target,
			Project: in.Project, Labels: slices.Concat([]string{}, in.Labels), Reviewers: slices.Concat([]string{}, in.Reviewers)},
		Unknown: step.UnknownPaths{"iid", "web_url", "reference"},
	}
	for _, name := range []string{"title", "source_branch", "target_branch", "project", "labels", "reviewers"} {
		if unknown.Overlaps(name) || name == "target_branch" && target == "" || name == "title" && unknown.Overlaps("draft") {
			out.Unknown = append(out.Unknown, name)
		}
	}
	return out, nil
}

// previewTarget looks up what the arguments name, as far as they are known.
func (f family) previewTarget(ctx context.Context, p resolvedArgs, unknown step.UnknownPaths) (string, error) {
	if unknown.Overlaps("service") {
		return p.TargetBranch, nil
	}
	c, err := f.connect(p.Service)
	if err != nil {
		return "", err
	}
	for name, people := range map[string][]string{"reviewers": p.Reviewers, "assignees": p.Assignees} {
		if unknown.Overlaps(name) {
			continue
		}
		if _, err := c.userIDs(ctx, people); err != nil {
			return "", err
		}
	}
	if unknown.Overlaps("project") || unknown.Overlaps("target_branch") {
		return p.TargetBranch, nil
	}
	of, err := c.target(ctx, p.Project)
	return p.targetBranch(of), err
}

func (p resolvedArgs) fields(target, description string, unknown step.UnknownPaths) []step.FieldChange {
	text, _, _ := strings.Cut(description, markerStart)
	var out []step.FieldChange
	add := func(name, value string) {
		if value != "" && !unknown.Overlaps(name) { // the plan shows as much of the others as is known
			out = append(out, step.FieldChange{Name: name, Value: value})
		}
	}
	add("project", p.Project)
	add("source_project", p.SourceProject)
	add("source_branch", p.SourceBranch)
	add("target_branch", cmp.Or(target, "(the default branch)"))
	add("title", p.title)
	add("labels", strings.Join(p.Labels, ", "))
	add("reviewers", strings.Join(p.Reviewers, ", "))
	add("assignees", strings.Join(p.Assignees, ", "))
	add("remove_source_branch", fmt.Sprint(p.removeSource))
	add("description", strings.TrimSpace(text))
	return out
}
