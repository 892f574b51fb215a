//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"context"
	"net/http"

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
