package jira

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// LinkIn are the arguments of jira_add_link.
type LinkIn struct {
	At
	Issue        string `json:"issue" doc:"The key of the issue, e.g. AAP-61250." pattern:"^[A-Z][A-Z0-9_]+-[1-9][0-9]*$"`
	URL          string `json:"url" doc:"The page to link to, http or https." format:"uri"`
	Title        string `json:"title" doc:"The text of the link: one line of at most 255 characters." cosmetic:"true"`
	Summary      string `json:"summary,omitempty" doc:"A sentence shown next to the link." cosmetic:"true"`
	Relationship string `json:"relationship,omitempty" doc:"The relationship of the page to the issue; Jira groups links by it." cosmetic:"true"`
}

// LinkOut is the result of jira_add_link.
type LinkOut struct {
	ID       int    `json:"id" doc:"The id of the link."`
	Issue    string `json:"issue" doc:"The key of the issue."`
	URL      string `json:"url" doc:"The page it links to." format:"uri"`
	GlobalID string `json:"global_id" doc:"The id by which the link is found again."`
}

func globalID(key step.Key) string { return "skillrun:" + key.String() }

func (in LinkIn) out(id int, key step.Key) LinkOut {
	return LinkOut{ID: id, Issue: in.Issue, URL: in.URL, GlobalID: globalID(key)}
}

func (c *client) addLink(ctx context.Context, in LinkIn) (LinkOut, error) {
	call, err := callWithKey(ctx)
	if err != nil {
		return LinkOut{}, err
	}
	return c.put(ctx, call.Key, in, "link "+in.Issue)
}

// updateLink puts the link again: Jira replaces the one of the same global id.
func (c *client) updateLink(ctx context.Context, key step.Key, in LinkIn, _ LinkOut) (LinkOut, error) {
	return c.put(ctx, key, in, "change the link of "+in.Issue)
}

// put writes the link and reads it again: an answer may be about another one.
func (c *client) put(ctx context.Context, key step.Key, in LinkIn, what string) (LinkOut, error) {
	var none LinkOut
	id, err := c.putLink(ctx, what, in.Issue, remoteLink{
		GlobalID: globalID(key), Relationship: in.Relationship,
		Object: linkObject{URL: in.URL, Title: in.Title, Summary: in.Summary},
	})
	if err != nil {
		return none, err
	}
	l, err := c.link(ctx, in.Issue, globalID(key))
	if types.CodeOf(err) == types.NotFound {
		if numbered, there := c.numbered(ctx, in.Issue, id); there {
			step.CallOf(ctx).Say(fmt.Sprintf("this Jira does not keep the global id of link %d: without the journal of this run it would not be found again", id))
			l, err = numbered, nil
		}
	}
	if err != nil {
		return none, types.Errorf(types.UnknownOutcome, "%s: jira reports link %d, which cannot be read: %w", what, id, err).WithHint(lookFirst)
	}
	if l.ID != id || l.Object.URL != in.URL {
		return none, notSent(what, fmt.Sprintf("link %d", id))
	}
	return in.out(id, key), nil
}

// numbered reads a remote link by the number that Jira gave it.
func (c *client) numbered(ctx context.Context, issue string, id int) (l remoteLink, there bool) {
	all, err := c.links(ctx, issue)
	i := slices.IndexFunc(all, func(l remoteLink) bool { return l.ID == id })
	if err != nil || i < 0 {
		return remoteLink{}, false
	}
	return all[i], true
}

// check refuses a link that Jira would refuse, and one that is a script.
func (in LinkIn) check(unknown step.UnknownPaths) error {
	if !unknown.Overlaps("url") {
		u, err := url.Parse(in.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return types.Errorf(types.BadInput, "%q is not an http or https url", clip(in.URL)).
				WithHint("give the URL of a page, e.g. https://HOST/PATH")
		}
	}
	if !unknown.Overlaps("title") {
		return oneLine("title", in.Title)
	}
	return nil
}

// findLink asks for the link by its global id, which is a read of the issue
// and not of the search index.
func (c *client) findLink(ctx context.Context, key step.Key, in LinkIn) (step.Found[LinkOut], error) {
	var none step.Found[LinkOut]
	l, err := c.link(ctx, in.Issue, globalID(key))
	if types.CodeOf(err) == types.NotFound {
		if _, err := c.issue(ctx, in.Issue); err != nil {
			return none, err // it is the issue that is missing
		}
		return c.unlinked(ctx, in)
	}
	if err != nil {
		return none, err
	}
	out := in.out(l.ID, key)
	out.URL = l.Object.URL
	if difference := in.difference(l); difference != "" {
		return step.Drifted(in.Issue, out, difference), nil
	}
	return step.Exists(in.Issue, out), nil
}

// unlinked is that no link has our global id. After a lost answer, one without
// any that leads to the page could be ours on a site that keeps none.
func (c *client) unlinked(ctx context.Context, in LinkIn) (step.Found[LinkOut], error) {
	if !step.CallOf(ctx).AfterUnknown {
		return step.Absent[LinkOut](), nil
	}
	all, err := c.links(ctx, in.Issue)
	if err != nil {
		return step.Found[LinkOut]{}, err
	}
	for _, l := range all {
		if l.GlobalID == "" && l.Object.URL == in.URL {
			return step.Inconclusive[LinkOut](fmt.Sprintf("link %d of %s leads there, but has no global id", l.ID, in.Issue)), nil
		}
	}
	return step.Absent[LinkOut](), nil
}

// difference says in words what the link has otherwise. The title counts too:
// to put the link again is safe, and costs no one anything.
func (in LinkIn) difference(l remoteLink) string {
	var said []string
	if l.Object.URL != in.URL {
		said = append(said, fmt.Sprintf("the link of %s leads to %s, not to %s", in.Issue, l.Object.URL, in.URL))
	}
	if !sameText(l.Object.Title, in.Title) {
		said = append(said, fmt.Sprintf("the title of the link is %q, not %q", l.Object.Title, in.Title))
	}
	return strings.Join(said, "; ")
}

// previewLink says what would be linked, without asking Jira.
func previewLink(ctx context.Context, in LinkIn, unknown step.UnknownPaths) (step.Prediction[LinkOut], error) {
	s := shown{unknown: unknown}
	s.add("issue", in.Issue)
	s.add("url", in.URL)
	s.add("title", in.Title)
	s.add("summary", in.Summary)
	s.add("relationship", in.Relationship)
	p := step.Prediction[LinkOut]{
		Change:  step.Change{Title: "link " + s.value("issue", in.Issue, "an issue") + " to " + s.value("url", in.URL, "a page"), Fields: s.fields},
		Out:     LinkOut{Issue: in.Issue, URL: in.URL},
		Unknown: step.UnknownPaths{"id"},
	}
	if key := step.CallOf(ctx).Key; !key.IsZero() {
		p.Out.GlobalID = globalID(key)
	} else {
		p.Unknown = append(p.Unknown, "global_id")
	}
	p.Unknown = append(p.Unknown, unknown.Of("issue", "url")...)
	return p, nil
}

// About is the issue: one that an earlier step filed may not be seen at once by
// every server of a site.
func (in LinkIn) About() (what, thing string) { return in.Issue, in.Issue }
