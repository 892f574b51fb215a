package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
)

// NoteIn are the arguments of gitlab_mr_note.
type NoteIn struct {
	At
	Project string `json:"project" doc:"The path of the project that the merge request is in, e.g. group/name." pattern:"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$" trusted:"true"`
	IID     int    `json:"iid" doc:"The merge request's number in the project." minimum:"1"`
	Body    string `json:"body" doc:"The text, in Markdown. Quick actions in it are displayed, not executed."`
}

// NoteOut is the note as GitLab has it.
type NoteOut struct {
	ID        int    `json:"id" doc:"Its number in GitLab."`
	WebURL    string `json:"web_url" doc:"Its URL, on the merge request's page."`
	IID       int    `json:"iid" doc:"The merge request's number in the project."`
	Project   string `json:"project" doc:"The path of the project that the merge request is in."`
	Author    string `json:"author" doc:"The username of the account that wrote it."`
	CreatedAt string `json:"created_at" doc:"When it was written." format:"date-time"`
}

func (in NoteIn) check(unknown step.UnknownPaths) error {
	if unknown.Has("body") {
		return nil
	}
	_, err := encodeNote(in.Body, marker{})
	return err
}

// place names a merge request for people.
func place(project string, iid int) string { return "!" + strconv.Itoa(iid) + " of " + project }

func (in NoteIn) what() string { return "add a note to " + place(in.Project, in.IID) }

func (in NoteIn) out(m mergeRequest, n note) NoteOut {
	return NoteOut{ID: n.ID, WebURL: m.WebURL + "#note_" + strconv.Itoa(n.ID), IID: in.IID, Project: in.Project,
		Author: n.Author, CreatedAt: n.CreatedAt}
}

// note adds the note. The engine has looked for it before.
func (c *client) note(ctx context.Context, in NoteIn) (NoteOut, error) {
	return c.write(ctx, step.CallOf(ctx).Key, in, in.what(), func() error { return nil }, func(body string) (note, error) {
		return c.addNote(ctx, in.Project, in.IID, in.what(), body)
	})
}

// write sends a note, when it may be sent, and checks what comes back.
func (c *client) write(ctx context.Context, key step.Key, in NoteIn, what string, may func() error, send func(body string) (note, error)) (NoteOut, error) {
	none := NoteOut{}
	mark, err := markerFor(key, step.CallOf(ctx).Digest)
	if err != nil {
		return none, err
	}
	body, err := encodeNote(in.Body, mark)
	if err != nil {
		return none, err
	}
	m, err := c.mergeRequest(ctx, in.Project, in.IID)
	if err != nil {
		return none, err
	}
	if err := may(); err != nil {
		return none, err
	}
	if err := notStopped(ctx, what); err != nil {
		return none, err
	}
	n, err := send(body)
	if err != nil {
		return none, err
	}
	if err := n.verify(body, in.IID); err != nil {
		return none, mismatchError(what, err)
	}
	return in.out(m, n), nil
}

// verify checks the answer against what was sent. GitLab takes quick actions
// out of a note: one that came back shorter has done something.
func (n note) verify(body string, iid int) error {
	switch {
	case n.ID <= 0 || n.CreatedAt == "":
		return fmt.Errorf("it has no number or no date")
	case n.MergeRequestIID != iid:
		return fmt.Errorf("it is on !%d, not on !%d", n.MergeRequestIID, iid)
	case strings.TrimSpace(n.Body) != strings.TrimSpace(body):
		return fmt.Errorf("it says something else")
	}
	return nil
}

// findNote looks for the note of key among those that our own account wrote. The
// same marker in someone else's was copied there, or that account was ours: a
// token that is made again may be a new account. Then a person looks. The list comes from GitLab's
// database, so that what is not there was not written, or was deleted.
func (c *client) findNote(ctx context.Context, key step.Key, in NoteIn) (step.Found[NoteOut], error) {
	none := step.Found[NoteOut]{}
	m, err := c.mergeRequest(ctx, in.Project, in.IID)
	if err != nil {
		return none, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return none, err
	}
	mark := markerOf(key, step.CallOf(ctx).Digest)
	var ours []note
	foreign := ""
	complete, err := c.notes(ctx, in.Project, in.IID, func(n note) bool {
		got, marked := readMarker(n.Body)
		switch {
		case !marked || got.Key != mark.Key || n.System:
		case n.AuthorID == me.ID:
			ours = append(ours, n)
		default:
			foreign = fmt.Sprintf("note %d of %s, by %s, has the marker of this work, but is from another account: delete the note, or use that account", n.ID, place(in.Project, in.IID), n.Author)
		}
		return true
	})
	switch {
	case err != nil:
		return none, err
	case len(ours) > 0:
		return in.found(m, ours, mark), nil // a mark in someone else's, beside ours, is a copy
	case foreign != "":
		return step.Inconclusive[NoteOut](foreign), nil
	case !complete:
		return step.Inconclusive[NoteOut](fmt.Sprintf("%s has more notes than are searched; look for %q in them", place(in.Project, in.IID), key)), nil
	}
	return step.Absent[NoteOut](), nil
}

// found judges ours. Of several a person keeps one.
func (in NoteIn) found(m mergeRequest, ours []note, mark marker) step.Found[NoteOut] {
	n := ours[0]
	ref := m.ref() + "#note_" + strconv.Itoa(n.ID)
	switch got, _ := readMarker(n.Body); {
	case len(ours) > 1:
		slices.SortFunc(ours, func(a, b note) int { return a.ID - b.ID })
		numbers := make([]string, len(ours))
		for i, n := range ours {
			numbers[i] = strconv.Itoa(n.ID)
		}
		return step.Inconclusive[NoteOut](fmt.Sprintf("notes %s of %s all belong to this work; delete all but one",
			strings.Join(numbers, ", "), place(in.Project, in.IID)))
	case got != mark:
		return step.Drifted(ref, in.out(m, n), "the note has another text")
	}
	return step.Exists(ref, in.out(m, n))
}

// previewNote says what would be written. It looks at the merge request when
// that is known, so that a plan finds one that is not there.
func (f family) previewNote(ctx context.Context, in NoteIn, unknown step.UnknownPaths) (step.Prediction[NoteOut], error) {
	none := step.Prediction[NoteOut]{}
	out := step.Prediction[NoteOut]{
		Change: step.Change{Title: "add a note to a merge request of " + in.Project},
		Out:    NoteOut{IID: in.IID, Project: in.Project}, Unknown: step.UnknownPaths{"id", "web_url", "author", "created_at"},
	}
	var fields []step.FieldChange // what is not known is left out: the plan shows as much of it as is known
	if !unknown.Overlaps("body") {
		text, err := encodeNote(in.Body, markerOf(step.CallOf(ctx).Key, step.CallOf(ctx).Digest))
		if err != nil {
			return none, err
		}
		text, _, _ = strings.Cut(text, markerStart)
		fields = append(fields, step.FieldChange{Name: "body", Value: strings.TrimSpace(text)})
	}
	out.Unknown = append(out.Unknown, unknown.Of("iid", "project")...)
	if !unknown.Overlaps("service") && !unknown.Overlaps("project") && !unknown.Overlaps("iid") {
		c, err := f.connect(in.Service)
		if err != nil {
			return none, err
		}
		m, err := c.mergeRequest(ctx, in.Project, in.IID)
		if err != nil {
			return none, err
		}
		out.Change.Title = in.what()
		fields = append([]step.FieldChange{{Name: "merge_request", Value: m.ref() + " " + m.Title}}, fields...)
	}
	out.Change.Fields = fields
	return out, nil
}

// About is the merge request, as [ViewIn.About].
func (in NoteIn) About() (what, thing string) { return place(in.Project, in.IID), reference(in.IID) }
