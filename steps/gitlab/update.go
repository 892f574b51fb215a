package gitlab

import (
	"context"
	"slices"
	"strconv"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// updateCreated gives the open merge request the title, description and people
// that are asked for now. Labels and people that others added stay. Where it
// goes from and to is never changed.
func (c *client) updateCreated(ctx context.Context, key step.Key, in CreateIn, out CreateOut) (CreateOut, error) {
	none := CreateOut{}
	mark, err := markerFor(key, step.CallOf(ctx).Digest)
	if err != nil {
		return none, err
	}
	p, err := in.prepare(nil)
	if err != nil {
		return none, err
	}
	what := "update merge request " + place(in.Project, out.IID)
	m, err := c.mergeRequest(ctx, in.Project, out.IID)
	if err != nil {
		return none, err
	}
	if err := openAndOurs(m, key, in.Project); err != nil {
		return none, err
	}
	d, err := c.draft(ctx, p, mark)
	if err != nil {
		return none, err
	}
	changes, err := c.changes(ctx, p, m, d)
	if err != nil {
		return none, err
	}
	if err := notStopped(ctx, what); err != nil {
		return none, err
	}
	if m, err = c.update(ctx, in.Project, out.IID, what, changes); err != nil {
		return none, err
	}
	if err := verify(m, d, mark); err != nil {
		return none, mismatchError(what, err)
	}
	return toOutput(m, in.Project), nil
}

// openAndOurs refuses to touch what is not ours, or not open any more.
func openAndOurs(m mergeRequest, key step.Key, project string) error {
	if mark, _ := readMarker(m.Description); mark.Key != key.String() {
		return notOurs("merge request " + place(project, m.IID))
	}
	if m.State != stateOpened {
		over := ended(m)
		return types.Errorf(types.Conflict, "it is no longer open: %s", over.Why).WithHint("%s", over.Hint)
	}
	return nil
}

// notOurs refuses to touch what may be someone's own.
func notOurs(what string) error {
	return types.Errorf(types.Conflict, "%s does not have the marker of this work, so it is not changed", what).
		WithHint("check it, and change it by hand if it belongs to this work")
}

// changes is what the merge request needs to be what the draft says.
func (c *client) changes(ctx context.Context, p resolvedArgs, m mergeRequest, d draft) (change, error) {
	out := change{Title: d.Title, Description: d.Description, AddLabels: missing(p.Labels, m.Labels), RemoveSourceBranch: &d.RemoveSourceBranch}
	var err error
	if missing(p.Reviewers, m.Reviewers) != nil {
		if out.ReviewerIDs, err = c.userIDs(ctx, union(p.Reviewers, m.Reviewers)); err != nil {
			return out, err
		}
	}
	if missing(p.Assignees, m.Assignees) != nil {
		out.AssigneeIDs, err = c.userIDs(ctx, union(p.Assignees, m.Assignees))
	}
	return out, err
}

func missing(want, there []string) []string {
	var out []string
	for _, w := range want {
		if !slices.Contains(there, w) {
			out = append(out, w)
		}
	}
	return out
}

// union are those asked for, and then the others that are there.
func union(want, there []string) []string { return slices.Concat(want, missing(there, want)) }

// changeNote makes our note say what is asked for now.
func (c *client) changeNote(ctx context.Context, key step.Key, in NoteIn, out NoteOut) (NoteOut, error) {
	what := "update " + noteAt(in.Project, in.IID, out.ID)
	ours := func() error {
		n, err := c.oneNote(ctx, in.Project, in.IID, out.ID)
		if err != nil {
			return err
		}
		if got, _ := readMarker(n.Body); got.Key != key.String() {
			return notOurs(noteAt(in.Project, in.IID, out.ID))
		}
		return nil
	}
	return c.write(ctx, key, in, what, ours, func(body string) (note, error) {
		return c.updateNote(ctx, in.Project, in.IID, out.ID, what, body)
	})
}

// noteAt names a note for people.
func noteAt(project string, iid, id int) string {
	return "note " + strconv.Itoa(id) + " of " + place(project, iid)
}
