//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	gl "github.com/xanzy/go-gitlab"
)

// change is what an update sends. What is empty stays as it is.
type change struct {
	Title, Description, StateEvent string
	AddLabels                      []string
	ReviewerIDs, AssigneeIDs       []int
	RemoveSourceBranch             *bool
}

func (c *client) update(ctx context.Context, path string, iid int, what string, d change) (mergeRequest, error) {
	opt := &gl.UpdateMergeRequestOptions{
		Title: optionalString(d.Title), Description: optionalString(d.Description), StateEvent: optionalString(d.StateEvent), RemoveSourceBranch: d.RemoveSourceBranch,
		AddLabels: (*gl.LabelOptions)(optional(d.AddLabels)), ReviewerIDs: optional(d.ReviewerIDs), AssigneeIDs: optional(d.AssigneeIDs),
	}
	ctx, x := withExchange(ctx, http.MethodPut, what)
	m, resp, err := c.api.MergeRequests.UpdateMergeRequest(path, iid, opt, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return mergeRequest{}, err
	}
	if m.IID != iid {
		return mergeRequest{}, mismatchError(what, fmt.Errorf("it is about !%d", m.IID))
	}
	return fromAPI(m), nil
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
