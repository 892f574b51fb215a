package jira

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// What is undone is only what holds our marker, and only on request. An issue
// is closed and never deleted: what was said about it stays.

func describeClose(_ CreateIn, out CreateOut) string {
	if out.Key == "" {
		return ""
	}
	return "close issue " + out.Key
}

// closing is an issue that is to be closed, as it was found.
type closing struct {
	*client
	issue issue
	by    *transition // nil when nothing has to be done, or it is closed already
	gone  bool
}

// checkClose says why the issue cannot be closed now.
func (f family) checkClose(ctx context.Context, key step.Key, in CreateIn, out CreateOut) error {
	_, err := f.closing(ctx, key, in, out)
	return err
}

func (f family) closing(ctx context.Context, key step.Key, in CreateIn, out CreateOut) (closing, error) {
	c, err := f.connect(in.At)
	if err != nil {
		return closing{}, err
	}
	i, err := c.issue(ctx, out.Key)
	x := closing{client: c, issue: i}
	if types.CodeOf(err) == types.NotFound {
		x.gone = true
		return x, c.deleted(ctx, out.Key, err)
	}
	if err != nil {
		return x, err
	}
	if ours, err := c.ours(ctx, key, i); err != nil || !ours {
		return x, cmp.Or(err, notOurs(i.Key))
	}
	if i.done() {
		return x, nil
	}
	t, err := c.ending(ctx, i)
	x.by = &t
	return x, err
}

// closeIssue moves the issue to a status of the category done, and marks it as
// ended by us, so that the same work can file another one.
func (f family) closeIssue(ctx context.Context, key step.Key, in CreateIn, out CreateOut) error {
	x, err := f.closing(ctx, key, in, out)
	if err != nil || x.gone {
		return err
	}
	m, kept := parseMarker(x.issue.Properties[property])
	m.Undone = true
	switch {
	case x.by != nil && kept:
		return x.transit(ctx, "close "+x.issue.Key, x.issue.Key, *x.by, nil, entityProperty{property, m})
	case x.by != nil:
		return x.transit(ctx, "close "+x.issue.Key, x.issue.Key, *x.by, nil)
	case kept && !x.issue.undone():
		return x.mark(ctx, x.issue.Key, m)
	}
	return nil
}

// mark writes the mark of an issue again.
func (c *client) mark(ctx context.Context, key string, m marker) error {
	path := "issue/" + url.PathEscape(key) + "/properties/" + property
	return c.do(ctx, http.MethodPut, api+path, "mark "+key+" as undone", m, nil)
}

// notOurs refuses to undo what may be someone's own.
func notOurs(what string) error {
	return types.Errorf(types.Conflict, "%s does not have the marker of this work, so it is not changed", what).
		WithHint("check it, and undo it by hand if it belongs to this work")
}

// deleted takes an issue that is not found for one that is not there, when the
// account sees its project. Jira says 404 of both.
func (c *client) deleted(ctx context.Context, key string, missing error) error {
	var got struct {
		Key string `json:"key"`
	}
	project := projectOf(key)
	if err := c.get(ctx, "project/"+url.PathEscape(project), nil, "read the project "+project, &got); err != nil || got.Key == "" {
		return missing
	}
	return nil
}

// ending is the first transition, in Jira's order, to a status of the category
// done that asks for nothing.
func (c *client) ending(ctx context.Context, i issue) (transition, error) {
	all, err := c.transitions(ctx, i.Key)
	if err != nil {
		return transition{}, err
	}
	ends := slices.DeleteFunc(slices.Clone(all), func(t transition) bool { return t.To.Category.Key != "done" })
	var missing []string
	for _, t := range ends {
		holes := t.holes(nil)
		if holes == nil {
			return t, nil
		}
		missing = append(missing, t.Name+" requires "+strings.Join(holes, "; "))
	}
	if missing != nil {
		return transition{}, types.Errorf(types.Conflict, "%s cannot be closed without more fields: %s", i.Key, strings.Join(missing, ", ")).
			WithHint("close it in Jira by hand: %s", c.browse(i.Key))
	}
	return transition{}, types.Errorf(types.Conflict, "%s is %s, and no transition leads from there to a done status", i.Key, i.Fields.Status.Name).
		WithHint("possible now: %s; close it by hand: %s", cmp.Or(names(all), "nothing"), c.browse(i.Key))
}

func describeUnlink(_ LinkIn, out LinkOut) string {
	return fmt.Sprintf("remove the link to %s from %s", out.URL, out.Issue)
}

// checkUnlink says why the link cannot be taken off now.
func (f family) checkUnlink(ctx context.Context, key step.Key, in LinkIn, out LinkOut) error {
	_, err := f.linkThere(ctx, key, in, out)
	return err
}

// linkThere returns a client when the link of our global id is there, and nil when
// it is not.
func (f family) linkThere(ctx context.Context, key step.Key, in LinkIn, out LinkOut) (*client, error) {
	if out.GlobalID != globalID(key) {
		return nil, notOurs(fmt.Sprintf("the link %d of %s", out.ID, out.Issue))
	}
	c, err := f.connect(in.At)
	if err != nil {
		return nil, err
	}
	_, err = c.link(ctx, out.Issue, out.GlobalID)
	if types.CodeOf(err) == types.NotFound {
		return nil, c.without(ctx, out.Issue)
	}
	return c, err
}

// unlink deletes the link of our global id.
func (f family) unlink(ctx context.Context, key step.Key, in LinkIn, out LinkOut) error {
	c, err := f.linkThere(ctx, key, in, out)
	if err != nil || c == nil {
		return err
	}
	return c.deleteLink(ctx, out)
}

// without is nil when the issue can be seen, or is deleted: then what was not
// found in it is not there.
func (c *client) without(ctx context.Context, key string) error {
	_, err := c.issue(ctx, key)
	if types.CodeOf(err) == types.NotFound {
		return c.deleted(ctx, key, err)
	}
	return err
}

func describeUncomment(_ CommentIn, out CommentOut) string {
	return "delete comment " + out.ID + " of " + out.Issue
}

// checkUncomment says why the comment cannot be deleted now.
func (f family) checkUncomment(ctx context.Context, key step.Key, in CommentIn, out CommentOut) error {
	_, err := f.commentThere(ctx, key, in, out)
	return err
}

// commentThere returns a client when the comment is there and ours, and nil when
// it is not there.
func (f family) commentThere(ctx context.Context, key step.Key, in CommentIn, out CommentOut) (*client, error) {
	c, err := f.connect(in.At)
	if err != nil {
		return nil, err
	}
	_, err = c.comment(ctx, out.Issue, out.ID)
	if types.CodeOf(err) == types.NotFound {
		return nil, c.without(ctx, out.Issue)
	}
	if err != nil {
		return nil, err
	}
	m, err := c.commentMarker(ctx, out.ID)
	if err != nil {
		return nil, err
	}
	if m.Key != key.String() {
		return nil, notOurs("comment " + out.ID + " of " + out.Issue)
	}
	return c, nil
}

// uncomment deletes the comment.
func (f family) uncomment(ctx context.Context, key step.Key, in CommentIn, out CommentOut) error {
	c, err := f.commentThere(ctx, key, in, out)
	if err != nil || c == nil {
		return err
	}
	return c.deleteComment(ctx, out)
}

func (c *client) deleteLink(ctx context.Context, out LinkOut) error {
	path := linksPath(out.Issue) + "?" + url.Values{"globalId": {out.GlobalID}}.Encode()
	return unlessGone(c.do(ctx, http.MethodDelete, api+path, fmt.Sprintf("delete link %d of %s", out.ID, out.Issue), nil, nil))
}

func (c *client) deleteComment(ctx context.Context, out CommentOut) error {
	return unlessGone(c.do(ctx, http.MethodDelete, api+commentPath(out.Issue, out.ID), "delete comment "+out.ID+" of "+out.Issue, nil, nil))
}

// unlessGone forgives that someone else deleted what was just seen.
func unlessGone(err error) error {
	if types.CodeOf(err) == types.NotFound {
		return nil
	}
	return err
}
