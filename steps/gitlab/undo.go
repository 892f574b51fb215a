package gitlab

import (
	"cmp"
	"context"
	"fmt"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// What is undone is only what bears our marker, and only on request.

func sayClose(_ CreateIn, out CreateOut) string {
	return "close merge request " + place(out.Project, out.IID)
}

// closeCreated closes the merge request. One that was merged is not ours to
// take back.
func (f family) closeCreated(ctx context.Context, key step.Key, in CreateIn, out CreateOut) error {
	c, err := f.connect(in.At)
	if err != nil {
		return err
	}
	m, err := c.mergeRequest(ctx, in.Project, out.IID)
	if types.CodeOf(err) == types.NotFound {
		return c.gone(ctx, in.Project, err)
	}
	if err != nil {
		return err
	}
	if mark, _ := readMarker(m.Description); mark.Key != key.String() {
		return notOurs("merge request " + place(in.Project, out.IID))
	}
	switch m.State {
	case stateClosed:
		return nil
	case stateMerged:
		return types.Errorf(types.Conflict, "%s cannot be closed: it was merged by %s at %s", m.ref(), cmp.Or(m.MergedBy, "somebody"), cmp.Or(m.MergedAt, "an unknown time")).
			WithHint("release the version before it to take back what it changed: %s", m.WebURL)
	case stateLocked:
		return types.Errorf(types.Conflict, "%s cannot be closed: it is being merged now", m.ref()).
			WithHint("look again in a minute: %s", m.WebURL)
	}
	if m, err = c.update(ctx, in.Project, out.IID, sayClose(in, out), change{StateEvent: "close"}); err != nil {
		return err
	}
	if m.State != stateClosed {
		return otherThanAsked(sayClose(in, out), fmt.Errorf("state is %q, not %q", m.State, stateClosed))
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

func sayUnnote(_ NoteIn, out NoteOut) string { return "delete " + noteAt(out.Project, out.IID, out.ID) }

// removeNote deletes the note.
func (f family) removeNote(ctx context.Context, key step.Key, in NoteIn, out NoteOut) error {
	c, err := f.connect(in.At)
	if err != nil {
		return err
	}
	n, err := c.oneNote(ctx, in.Project, in.IID, out.ID)
	if types.CodeOf(err) == types.NotFound {
		return c.gone(ctx, in.Project, err)
	}
	if err != nil {
		return err
	}
	if mark, _ := readMarker(n.Body); mark.Key != key.String() {
		return notOurs(noteAt(in.Project, in.IID, out.ID))
	}
	err = c.deleteNote(ctx, in.Project, in.IID, out.ID, sayUnnote(in, out))
	if types.CodeOf(err) == types.NotFound { // somebody else did, after we looked
		return nil
	}
	return err
}
