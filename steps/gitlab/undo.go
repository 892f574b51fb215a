package gitlab

import (
	"cmp"
	"context"
	"fmt"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// What is undone is only what bears our marker, and only on request.

func describeClose(_ CreateIn, out CreateOut) string {
	return "close merge request " + place(out.Project, out.IID)
}

// checkClose says why the merge request cannot be closed now.
func (f family) checkClose(ctx context.Context, key step.Key, in CreateIn, out CreateOut) error {
	_, _, err := f.closing(ctx, key, in, out)
	return err
}

// closing is the merge request that is to be closed. There is none when it is
// deleted, or when an undo has closed it. One that was merged is not ours to take
// back.
func (f family) closing(ctx context.Context, key step.Key, in CreateIn, out CreateOut) (*client, *mergeRequest, error) {
	c, err := f.connect(in.At)
	if err != nil {
		return nil, nil, err
	}
	m, err := c.mergeRequest(ctx, in.Project, out.IID)
	if types.CodeOf(err) == types.NotFound {
		return nil, nil, c.gone(ctx, in.Project, err)
	}
	if err != nil {
		return nil, nil, err
	}
	mark, _ := readMarker(m.Description)
	if m.State == stateClosed && undoneBy(m.Description) == key.String() {
		return nil, nil, nil
	}
	if mark.Key != key.String() {
		return nil, nil, notOurs("merge request " + place(in.Project, out.IID))
	}
	switch m.State {
	case stateMerged:
		return nil, nil, types.Errorf(types.Conflict, "%s cannot be closed: it was merged by %s at %s", m.ref(), cmp.Or(m.MergedBy, "an unknown user"), cmp.Or(m.MergedAt, "an unknown time")).
			WithHint("release the previous version to revert its changes: %s", m.WebURL)
	case stateLocked:
		return nil, nil, types.Errorf(types.Conflict, "%s cannot be closed: it is being merged now", m.ref()).
			WithHint("try again in a minute: %s", m.WebURL)
	}
	return c, &m, nil
}

// closeCreated closes the merge request, and marks it in the same request as
// ended by us, so that the same work can open another one.
func (f family) closeCreated(ctx context.Context, key step.Key, in CreateIn, out CreateOut) error {
	c, m, err := f.closing(ctx, key, in, out)
	if err != nil || m == nil {
		return err
	}
	d := change{Description: markUndone(m.Description)}
	if m.State != stateClosed {
		d.StateEvent = "close"
	}
	now, err := c.update(ctx, in.Project, out.IID, describeClose(in, out), d)
	if err != nil {
		return err
	}
	if now.State != stateClosed {
		return mismatchError(describeClose(in, out), fmt.Errorf("state is %q, not %q", now.State, stateClosed))
	}
	return nil
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

// checkRemoveNote says why the note cannot be deleted now.
func (f family) checkRemoveNote(ctx context.Context, key step.Key, in NoteIn, out NoteOut) error {
	_, err := f.findOwnNote(ctx, key, in, out)
	return err
}

// findOwnNote returns a client when the note is there and ours, and nil when it is
// not there.
func (f family) findOwnNote(ctx context.Context, key step.Key, in NoteIn, out NoteOut) (*client, error) {
	c, err := f.connect(in.At)
	if err != nil {
		return nil, err
	}
	n, err := c.oneNote(ctx, in.Project, in.IID, out.ID)
	if types.CodeOf(err) == types.NotFound {
		return nil, c.gone(ctx, in.Project, err)
	}
	if err != nil {
		return nil, err
	}
	if mark, _ := readMarker(n.Body); mark.Key != key.String() {
		return nil, notOurs(noteAt(in.Project, in.IID, out.ID))
	}
	return c, nil
}

// removeNote deletes the note.
func (f family) removeNote(ctx context.Context, key step.Key, in NoteIn, out NoteOut) error {
	c, err := f.findOwnNote(ctx, key, in, out)
	if err != nil || c == nil {
		return err
	}
	err = c.deleteNote(ctx, in.Project, in.IID, out.ID, describeRemoveNote(in, out))
	if types.CodeOf(err) == types.NotFound { // someone else did, after we looked
		return nil
	}
	return err
}
