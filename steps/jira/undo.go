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
	"github.com/skillrun/skillrun/steps/rest"
)

// What is undone is only what holds our marker, and only on request. An issue
// is closed and never deleted: what was said about it stays.

func describeClose(_ CreateIn, out CreateOut) string {
	if out.Key == "" {
		return ""
	}
	return "close issue " + out.Key
}

// closing moves the issue to a status of the category done, and marks it as ended by
// us, so that the same work can file another one.
func (c *client) closing(ctx context.Context, key step.Key, _ CreateIn, out CreateOut) (reverse func() error, err error) {
	i, err := c.issue(ctx, out.Key)
	if rest.Missing(err) {
		return nil, c.deleted(ctx, out.Key, err)
	}
	if err != nil {
		return nil, err
	}
	if ours, err := c.ours(ctx, key, i); err != nil || !ours {
		return nil, cmp.Or(err, notOurs(i.Key))
	}
	var leave []entityProperty
	m, kept := parseMarker(i.Properties[property])
	if m.Undone = true; kept {
		leave = append(leave, entityProperty{property, m})
	}
	switch {
	case !i.done():
		t, err := c.ending(ctx, i)
		return func() error { return c.transit(ctx, "close "+i.Key, i.Key, t, nil, leave...) }, err
	case kept && !i.undone():
		path := api + "issue/" + url.PathEscape(i.Key) + "/properties/" + property
		return func() error { return c.do(ctx, http.MethodPut, path, "mark "+i.Key+" as undone", m, nil) }, nil
	}
	return nil, nil
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

// unlinking deletes the link of our global id.
func (c *client) unlinking(ctx context.Context, key step.Key, _ LinkIn, out LinkOut) (reverse func() error, err error) {
	if out.GlobalID != globalID(key) {
		return nil, notOurs(fmt.Sprintf("the link %d of %s", out.ID, out.Issue))
	}
	if _, err = c.link(ctx, out.Issue, out.GlobalID); rest.Missing(err) {
		return nil, c.without(ctx, out.Issue)
	}
	path := api + linksPath(out.Issue) + "?" + url.Values{"globalId": {out.GlobalID}}.Encode()
	what := fmt.Sprintf("delete link %d of %s", out.ID, out.Issue)
	return func() error { return rest.UnlessGone(c.do(ctx, http.MethodDelete, path, what, nil, nil)) }, err
}

// without is nil when the issue can be seen, or is deleted: then what was not
// found in it is not there.
func (c *client) without(ctx context.Context, key string) error {
	_, err := c.issue(ctx, key)
	if rest.Missing(err) {
		return c.deleted(ctx, key, err)
	}
	return err
}

func describeUncomment(_ CommentIn, out CommentOut) string {
	return "delete comment " + out.ID + " of " + out.Issue
}

// uncommenting deletes the comment, when it is ours.
func (c *client) uncommenting(ctx context.Context, key step.Key, _ CommentIn, out CommentOut) (reverse func() error, err error) {
	if _, err = c.comment(ctx, out.Issue, out.ID); rest.Missing(err) {
		return nil, c.without(ctx, out.Issue)
	}
	if err != nil {
		return nil, err
	}
	m, err := c.commentMarker(ctx, out.ID)
	if err == nil && m.Key != key.String() {
		err = notOurs("comment " + out.ID + " of " + out.Issue)
	}
	path, what := api+commentPath(out.Issue, out.ID), "delete comment "+out.ID+" of "+out.Issue
	return func() error { return rest.UnlessGone(c.do(ctx, http.MethodDelete, path, what, nil, nil)) }, err
}
