package jira

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// How people name what the steps made.
const (
	issueRef   = "the key of the issue, AAP-7, or its address"
	linkRef    = "the number of the link, or the address it leads to"
	commentRef = "the number of the comment, or its address"
	movedRef   = "the key of the issue that was moved, AAP-7, or its address"
)

// keyIn is the key of an issue that a person names by key or address.
func (c *client) keyIn(ref string) (string, error) {
	key := strings.TrimSpace(ref)
	if strings.Contains(key, "://") {
		rest, ours := strings.CutPrefix(key, c.url+"/browse/")
		if key = ""; ours {
			key, _, _ = strings.Cut(rest, "?")
		}
	}
	if key = strings.ToUpper(strings.Trim(key, "/")); !keyPattern().MatchString(key) {
		return "", types.Errorf(types.BadInput, "%q names no issue of %s", clip(ref), c.url).
			WithHint("name it by its key, e.g. --found AAP-7")
	}
	return key, nil
}

// resolveCreated reads the issue that a person says is the one. Without our
// marker it is taken at the person's word, when project and summary fit.
func (c *client) resolveCreated(ctx context.Context, ref string, in CreateIn) (CreateOut, error) {
	var none CreateOut
	key, err := c.keyIn(ref)
	if err != nil {
		return none, err
	}
	i, err := c.issue(ctx, key)
	if err != nil {
		return none, err
	}
	if err := in.fits(ctx, i); err != nil {
		return none, err
	}
	return c.out(i, false), nil
}

// fits refuses an issue that cannot be what the arguments ask for.
func (in CreateIn) fits(ctx context.Context, i issue) error {
	m, marked := parseMarker(i.Properties[property])
	switch call := step.CallOf(ctx); {
	case projectOf(i.Key) != in.Project:
		return types.Errorf(types.Conflict, "%s is not in the project %s", i.Key, in.Project).
			WithHint("name the issue that was filed there, or move this one")
	case marked && m.Key != call.Key.String():
		return types.Errorf(types.Conflict, "%s was created by other work, in run %s", i.Key, m.Run).
			WithHint("name the issue of this work")
	case i.done():
		return types.Errorf(types.Conflict, "%s is %s: only an open issue can be used", i.Key, i.Fields.Status.Name).
			WithHint("reopen it and run the command again, or start new work with --again N")
	case (!marked || m.Digest != call.Digest) && i.Fields.Summary != in.Summary:
		return types.Errorf(types.Conflict, "%s does not match: its summary is %q, not %q", i.Key, i.Fields.Summary, in.Summary).
			WithHint("name another issue, or give this one that summary")
	}
	return nil
}

// resolveLink reads the links of the issue for the one that a person names.
func (c *client) resolveLink(ctx context.Context, ref string, in LinkIn) (LinkOut, error) {
	var none LinkOut
	all, err := c.links(ctx, in.Issue)
	if err != nil {
		return none, err
	}
	ref = strings.TrimSpace(ref)
	for _, l := range all {
		switch {
		case ref != strconv.Itoa(l.ID) && ref != l.Object.URL && (ref != l.GlobalID || ref == ""):
		case l.Object.URL != in.URL:
			return none, types.Errorf(types.Conflict, "the link %d of %s leads to %s, not to %s", l.ID, in.Issue, l.Object.URL, in.URL).
				WithHint("name the link that leads there, or change this one")
		default:
			return LinkOut{ID: l.ID, Issue: in.Issue, URL: l.Object.URL, GlobalID: l.GlobalID}, nil
		}
	}
	return none, types.Errorf(types.NotFound, "%s has no link %q", in.Issue, clip(ref)).
		WithHint("name it by the address it leads to; if it is not there, use --not-done")
}

// resolveComment reads the comment that a person names. One of ours is it;
// another must say the same.
func (c *client) resolveComment(ctx context.Context, ref string, in CommentIn) (CommentOut, error) {
	var none CommentOut
	id, err := c.commentIn(ref, in.Issue)
	if err != nil {
		return none, err
	}
	one, err := c.comment(ctx, in.Issue, id)
	if err != nil {
		return none, err
	}
	m, err := c.commentMarker(ctx, id)
	if err != nil {
		return none, err
	}
	if ours := m.Key == step.CallOf(ctx).Key.String(); !ours && !sameText(one.Body, in.Body) {
		return none, types.Errorf(types.Conflict, "comment %s of %s does not match: it says %q", id, in.Issue, clip(one.Body)).
			WithHint("name another comment; if it is not there, use --not-done")
	}
	return c.commentOut(in.Issue, id), nil
}

// commentIn is the number of a comment that a person names, also by its address.
func (c *client) commentIn(ref, issue string) (string, error) {
	id := strings.TrimSpace(ref)
	if u, err := url.Parse(id); err == nil && u.Host != "" && strings.HasPrefix(id, c.browse(issue)+"?") {
		id = u.Query().Get("focusedCommentId")
	}
	if id = strings.TrimPrefix(id, issue+"#"); !idPattern(id) {
		return "", types.Errorf(types.BadInput, "%q names no comment of %s", clip(ref), issue).
			WithHint("name it by its number, which follows focusedCommentId= in its URL")
	}
	return id, nil
}

// resolveMoved reads the issue that a person says was moved: it must be in the
// status, or hold the mark that this call moved it.
func (c *client) resolveMoved(ctx context.Context, ref string, in MoveIn) (MoveOut, error) {
	var none MoveOut
	key, err := c.keyIn(ref)
	if err != nil {
		return none, err
	}
	mark := movedBy(step.CallOf(ctx).Key)
	i, err := c.issue(ctx, in.Issue, mark)
	if err != nil {
		return none, err
	}
	if key != in.Issue && key != i.Key {
		return none, types.Errorf(types.Conflict, "the step moves %s, not %s", in.Issue, key).
			WithHint("use --found %s when it is %s, or --not-done", in.Issue, in.Status)
	}
	if _, moved := parseMarker(i.Properties[mark]); !moved && !in.arrived(i) {
		return none, types.Errorf(types.Conflict, "%s is %s, not %s", i.Key, i.Fields.Status.Name, in.Status).
			WithHint("move it there and run the command again, or use --not-done")
	}
	return c.moveOut(i, false), nil
}
