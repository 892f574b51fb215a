package gitlab

import (
	"context"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// How people name what the steps made.
const (
	mrRef   = "the number of the merge request, !12, or its address"
	noteRef = "the number of the note, or its address"
)

var (
	mrNumber   = types.Pattern(`^(?:[^!]*!)?([1-9][0-9]{0,8})$`)
	mrAddress  = types.Pattern(`^(https?://.+/-/merge_requests/([1-9][0-9]{0,8}))(?:[/?#].*)?$`)
	noteNumber = types.Pattern(`^(?:(.*)#)?(?:note_)?([1-9][0-9]{0,17})$`)
)

// named reads the merge request that a person names in a project.
func (c *client) named(ctx context.Context, ref, project string) (mergeRequest, error) {
	ref = strings.TrimSpace(ref)
	number, address := "", ""
	if m := mrAddress().FindStringSubmatch(ref); m != nil {
		address, number = m[1], m[2]
	} else if m := mrNumber().FindStringSubmatch(ref); m != nil && (m[1] == ref || strings.EqualFold(strings.TrimSuffix(ref, "!"+m[1]), project) || ref[0] == '!') {
		number = m[1]
	}
	iid, err := strconv.Atoi(number)
	if err != nil {
		return mergeRequest{}, types.Errorf(types.BadInput, "%q names no merge request of %s", clip(ref, maxOther), project).
			WithHint("name it by its number, e.g. --found !12")
	}
	m, err := c.mergeRequest(ctx, project, iid)
	if err == nil && address != "" && address != m.WebURL {
		err = types.Errorf(types.Conflict, "%s is not in %s: !%d of that has the address %s", clip(ref, maxOther), project, iid, m.WebURL).
			WithHint("name the merge request of this project by its number")
	}
	return m, err
}

// resolveCreated reads the merge request that a person says is the one. It
// must be open and between the same branches; without our marker it is taken at
// the person's word, when the title fits.
func (c *client) resolveCreated(ctx context.Context, ref string, in CreateIn) (CreateOut, error) {
	none := CreateOut{}
	p, err := in.prepare(nil)
	if err != nil {
		return none, err
	}
	target, source, err := c.bothProjects(ctx, p)
	if err != nil {
		return none, err
	}
	m, err := c.named(ctx, ref, in.Project)
	if err != nil {
		return none, err
	}
	call := step.CallOf(ctx)
	s := search{p: p, mark: markerOf(call.Key, call.Digest), target: p.targetBranch(target), sourceID: source.ID}
	if err := s.fits(m); err != nil {
		return none, err
	}
	return toOutput(m, in.Project), nil
}

// fits refuses a merge request that cannot be what the arguments ask for.
func (s search) fits(m mergeRequest) error {
	mark, marked := readMarker(m.Description)
	switch {
	case marked && mark.Key != s.mark.Key:
		return types.Errorf(types.Conflict, "%s was opened by other work", m.ref()).
			WithHint("name the one of this work: %s", m.WebURL)
	case m.State != stateOpened:
		over := ended(m)
		return types.Errorf(types.Conflict, "only an open merge request can be used: %s", over.Why).WithHint("%s", over.Hint)
	case !s.sameBranches(m):
		return types.Errorf(types.Conflict, "%s does not match: %s", m.ref(), s.elsewhere(m)).
			WithHint("name the merge request from this branch")
	case mark != s.mark && m.Title != s.p.title:
		return types.Errorf(types.Conflict, "%s does not match: title is %q, now %q", m.ref(), m.Title, s.p.title).
			WithHint("name another merge request, or give this one that title")
	}
	return nil
}

// resolveNote reads the note that a person names: ours, or one that says the same.
func (c *client) resolveNote(ctx context.Context, ref string, in NoteIn) (NoteOut, error) {
	none := NoteOut{}
	m, err := c.mergeRequest(ctx, in.Project, in.IID)
	if err != nil {
		return none, err
	}
	id, err := in.noteIn(ref, m)
	if err != nil {
		return none, err
	}
	n, err := c.oneNote(ctx, in.Project, in.IID, id)
	if err != nil {
		return none, err
	}
	mark, marked := readMarker(n.Body)
	if ours := marked && mark.Key == step.CallOf(ctx).Key.String(); !ours && (n.System || !in.matches(n)) {
		return none, types.Errorf(types.Conflict, "note %d of %s does not match: it says %q", id, place(in.Project, in.IID), clip(n.Body, maxOther)).
			WithHint("name another note; if it is not there, use --not-done")
	}
	return in.out(m, n), nil
}

// noteIn is the number of a note that a person names by number or address.
func (in NoteIn) noteIn(ref string, of mergeRequest) (int, error) {
	m := noteNumber().FindStringSubmatch(strings.TrimSpace(ref))
	if m != nil && (m[1] == "" || m[1] == of.ref() || m[1] == of.WebURL) {
		return strconv.Atoi(m[2])
	}
	return 0, types.Errorf(types.BadInput, "%q names no note of %s", clip(ref, maxOther), place(in.Project, in.IID)).
		WithHint("name it by its number, which follows #note_ in its URL")
}

// matches compares what a note says, without white space and the marker.
func (in NoteIn) matches(n note) bool {
	want, err := encodeNote(in.Body, marker{})
	words := func(text string) string {
		text, _, _ = strings.Cut(text, markerStart)
		return strings.Join(strings.Fields(text), " ")
	}
	return err == nil && (words(n.Body) == words(want) || words(n.Body) == words(in.Body))
}
