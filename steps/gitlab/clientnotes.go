//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	gl "github.com/xanzy/go-gitlab"
)

type note struct {
	ID, AuthorID    int
	Author, Body    string
	System          bool // GitLab itself wrote it
	MergeRequestIID int
	CreatedAt       string
}

func (c *client) addNote(ctx context.Context, path string, iid int, what, body string) (note, error) {
	ctx, x := withExchange(ctx, http.MethodPost, what)
	n, resp, err := c.api.Notes.CreateMergeRequestNote(path, iid, &gl.CreateMergeRequestNoteOptions{Body: &body}, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return note{}, err
	}
	return noteFrom(n), nil
}

func noteFrom(n *gl.Note) note {
	if n == nil { // the answer was the word null
		return note{}
	}
	return note{ID: n.ID, AuthorID: n.Author.ID, Author: n.Author.Username, Body: n.Body, System: n.System,
		MergeRequestIID: n.NoteableIID, CreatedAt: stamp(n.CreatedAt)}
}

// notes reads the notes of a merge request, newest first, until visit says
// false. complete is false when there is more than anybody should read.
func (c *client) notes(ctx context.Context, path string, iid int, visit func(note) bool) (complete bool, err error) {
	opt := &gl.ListMergeRequestNotesOptions{OrderBy: optionalString("created_at"), Sort: optionalString("desc")}
	return listed(ctx, "read the notes of "+place(path, iid), notesPage, notesPage, func(page gl.ListOptions, o gl.RequestOptionFunc) ([]*gl.Note, *gl.Response, error) {
		opt.ListOptions = page
		return c.api.Notes.ListMergeRequestNotes(path, iid, opt, o)
	}, func(n *gl.Note) bool { return n == nil || visit(noteFrom(n)) })
}

func (c *client) oneNote(ctx context.Context, path string, iid, id int) (note, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "read note "+strconv.Itoa(id)+" of "+place(path, iid))
	n, resp, err := c.api.Notes.GetMergeRequestNote(path, iid, id, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return note{}, err
	}
	if n.ID != id {
		return note{}, noAnswer(x, "the answer is about note %d", n.ID)
	}
	return noteFrom(n), nil
}

func (c *client) updateNote(ctx context.Context, path string, iid, id int, what, body string) (note, error) {
	ctx, x := withExchange(ctx, http.MethodPut, what)
	n, resp, err := c.api.Notes.UpdateMergeRequestNote(path, iid, id, &gl.UpdateMergeRequestNoteOptions{Body: &body}, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return note{}, err
	}
	return noteFrom(n), nil
}

// deleteNote deletes a note. GitLab says 204 and nothing else.
func (c *client) deleteNote(ctx context.Context, path string, iid, id int, what string) error {
	ctx, x := withExchange(ctx, http.MethodDelete, what)
	resp, err := c.api.Notes.DeleteMergeRequestNote(path, iid, id, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusNoContent {
		return mismatchError(what, fmt.Errorf("it is %d, where GitLab sends no body", resp.StatusCode))
	}
	return nil
}
