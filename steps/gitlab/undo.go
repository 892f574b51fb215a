package gitlab

import (
	"cmp"
	"context"
	"fmt"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// What is undone is only what bears our marker, and only on request.

func describeClose(_ CreateIn, out CreateOut) string {
	return "close merge request " + place(out.Project, out.IID)
}

// closing closes the merge request, and marks it in the same request as ended by us,
// so that the same work can open another one. Nothing has to be done when it is
// deleted, or when an undo has closed it. One that was merged is not ours to take
// back.
func (c *client) closing(ctx context.Context, key step.Key, in CreateIn, out CreateOut) (reverse func() error, err error) {
	m, err := c.mergeRequest(ctx, in.Project, out.IID)
	if rest.Missing(err) {
		return nil, c.gone(ctx, in.Project, err)
	}
	if err != nil {
		return nil, err
	}
	mark, _ := readMarker(m.Description)
	if m.State == stateClosed && undoneBy(m.Description) == key.String() {
		return nil, nil
	}
	if mark.Key != key.String() {
		return nil, notOurs("merge request " + place(in.Project, out.IID))
	}
	switch m.State {
	case stateMerged:
		return nil, types.Errorf(types.Conflict, "%s cannot be closed: it was merged by %s at %s", m.ref(), cmp.Or(m.MergedBy, "an unknown user"), cmp.Or(m.MergedAt, "an unknown time")).
			WithHint("release the previous version to revert its changes: %s", m.WebURL)
	case stateLocked:
		return nil, types.Errorf(types.Conflict, "%s cannot be closed: it is being merged now", m.ref()).
			WithHint("try again in a minute: %s", m.WebURL)
	}
	return func() error { return c.close(ctx, in, out, m) }, nil
}

func (c *client) close(ctx context.Context, in CreateIn, out CreateOut, m mergeRequest) error {
	what, d := describeClose(in, out), change{Description: markUndone(m.Description)}
	if m.State != stateClosed {
		d.StateEvent = "close"
	}
	now, err := c.update(ctx, in.Project, out.IID, what, d)
	if err == nil && now.State != stateClosed {
		err = mismatchError(what, fmt.Errorf("state is %q, not %q", now.State, stateClosed))
	}
	return err
}

// gone takes what is not found for deleted, when the token sees the project.
// GitLab says 404 of both.
func (c *client) gone(ctx context.Context, project string, missing error) error {
	if _, err := c.project(ctx, project); err != nil {
		return missing
	}
	return nil
}

func describeRemoveNote(_ NoteIn, out NoteOut) string {
	return "delete " + noteAt(out.Project, out.IID, out.ID)
}

// removingNote deletes the note, when it is there and ours.
func (c *client) removingNote(ctx context.Context, key step.Key, in NoteIn, out NoteOut) (reverse func() error, err error) {
	n, err := c.oneNote(ctx, in.Project, in.IID, out.ID)
	if rest.Missing(err) {
		return nil, c.gone(ctx, in.Project, err)
	}
	if err != nil {
		return nil, err
	}
	if mark, _ := readMarker(n.Body); mark.Key != key.String() {
		return nil, notOurs(noteAt(in.Project, in.IID, out.ID))
	}
	return func() error {
		return rest.UnlessGone(c.deleteNote(ctx, in.Project, in.IID, out.ID, describeRemoveNote(in, out)))
	}, nil
}
