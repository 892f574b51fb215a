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

func sayClose(_ CreateIn, out CreateOut) string {
	if out.Key == "" {
		return ""
	}
	return "close issue " + out.Key
}

// closeIssue moves the issue to a status of the category done.
func (f family) closeIssue(ctx context.Context, key step.Key, in CreateIn, out CreateOut) error {
	c, err := f.connect(in.At)
	if err != nil {
		return err
	}
	i, err := c.issue(ctx, out.Key)
	if types.CodeOf(err) == types.NotFound {
		return c.deleted(ctx, out.Key, err)
	}
	if err != nil {
		return err
	}
	if ours, err := c.ours(ctx, key, i); err != nil || !ours {
		return cmp.Or(err, notOurs(i.Key))
	}
	if i.done() {
		return nil
	}
	t, err := c.ending(ctx, i)
	if err != nil {
		return err
	}
	return c.transit(ctx, "close "+i.Key, i.Key, t, nil)
}

// notOurs refuses to undo what may be somebody's own.
func notOurs(what string) error {
	return types.Errorf(types.Conflict, "%s does not hold the mark of this work, so it is left alone", what).
		WithHint("look at it, and undo it by hand when it is ours")
}

// deleted takes an issue that is not found for one that is not there, when the
// account sees its project. Jira says 404 of both.
func (c *client) deleted(ctx context.Context, key string, missing error) error {
	var got struct {
		Key string `json:"key"`
	}
	project := projectOf(key)
	if err := c.get(ctx, "project/"+url.PathEscape(project), nil, "look at the project "+project, &got); err != nil || got.Key == "" {
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
		missing = append(missing, t.Name+" wants "+strings.Join(holes, "; "))
	}
	if missing != nil {
		return transition{}, types.Errorf(types.Conflict, "%s cannot be closed without fields that only a person knows: %s", i.Key, strings.Join(missing, ", ")).
			WithHint("close it in Jira by hand: %s", c.browse(i.Key))
	}
	return transition{}, types.Errorf(types.Conflict, "%s is %s, and nothing leads from there to a status that is done", i.Key, i.Fields.Status.Name).
		WithHint("possible now: %s; close it by hand: %s", cmp.Or(names(all), "nothing"), c.browse(i.Key))
}

func sayUnlink(_ LinkIn, out LinkOut) string {
	return fmt.Sprintf("take the link to %s off %s", out.URL, out.Issue)
}

// unlink deletes the link of our global id.
func (f family) unlink(ctx context.Context, key step.Key, in LinkIn, out LinkOut) error {
	if out.GlobalID != globalID(key) {
		return notOurs(fmt.Sprintf("the link %d of %s", out.ID, out.Issue))
	}
	c, err := f.connect(in.At)
	if err != nil {
		return err
	}
	_, err = c.link(ctx, out.Issue, out.GlobalID)
	if types.CodeOf(err) == types.NotFound {
		return c.without(ctx, out.Issue)
	}
	if err != nil {
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

func sayUncomment(_ CommentIn, out CommentOut) string {
	return "delete comment " + out.ID + " of " + out.Issue
}

// uncomment deletes the comment.
func (f family) uncomment(ctx context.Context, key step.Key, in CommentIn, out CommentOut) error {
	c, err := f.connect(in.At)
	if err != nil {
		return err
	}
	_, err = c.comment(ctx, out.Issue, out.ID)
	if types.CodeOf(err) == types.NotFound {
		return c.without(ctx, out.Issue)
	}
	if err != nil {
		return err
	}
	m, err := c.commentMarker(ctx, out.ID)
	if err != nil {
		return err
	}
	if m.Key != key.String() {
		return notOurs("comment " + out.ID + " of " + out.Issue)
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

// unlessGone forgives that somebody else deleted what was just seen.
func unlessGone(err error) error {
	if types.CodeOf(err) == types.NotFound {
		return nil
	}
	return err
}
