package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// CommentIn are the arguments of jira_add_comment.
type CommentIn struct {
	At
	Issue string `json:"issue" doc:"The key of the issue, e.g. AAP-61250." pattern:"^[A-Z][A-Z0-9_]+-[1-9][0-9]*$"`
	Body  string `json:"body" doc:"The text, in Jira's own markup, sent unchanged."`
}

// CommentOut is the result of jira_add_comment.
type CommentOut struct {
	ID    string `json:"id" doc:"The id of the comment."`
	Issue string `json:"issue" doc:"The key of the issue."`
	URL   string `json:"url" doc:"The URL of the comment in the browser." format:"uri"`
}

// How far the lookup of a comment goes.
const (
	commentsPage = 100
	maxComments  = 5000 // as many as an issue on Cloud may have
	maxAsked     = 200  // comments whose property is read one by one
)

type comment struct {
	ID         string `json:"id"`
	Body       string `json:"body"`
	Author     person `json:"author"`
	Properties *[]struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"` // nil when Jira did not write them out
}

func (c *client) addComment(ctx context.Context, in CommentIn) (CommentOut, error) {
	call, err := callWithKey(ctx)
	if err != nil {
		return CommentOut{}, err
	}
	id, err := c.postComment(ctx, in, markerOf(call))
	if err != nil {
		return CommentOut{}, err
	}
	return c.commentOut(in.Issue, id), nil
}

func markerOf(call step.Call) marker {
	return marker{Key: call.Key.String(), Digest: call.Digest, Run: call.Run}
}

// callWithKey returns the call. Without a key its effect could not be found again.
func callWithKey(ctx context.Context) (step.Call, error) {
	call := step.CallOf(ctx)
	if call.Key.IsZero() {
		return call, types.Errorf(types.Internal, "the call has no key").WithHint(reportIt)
	}
	return call, nil
}

func (c *client) commentOut(issue, id string) CommentOut {
	return CommentOut{ID: id, Issue: issue, URL: c.browse(issue) + "?focusedCommentId=" + url.QueryEscape(id)}
}

func (in CommentIn) check(unknown step.UnknownPaths) error {
	if !unknown.Overlaps("body") && strings.TrimSpace(in.Body) == "" {
		return types.Errorf(types.BadInput, "the body of the comment is empty").
			WithHint("give it a text, or skip the step with if")
	}
	return nil
}

// postComment posts the comment. When Jira says yes and the comment that it
// names is in the issue, it is posted. One whose marker was not kept cannot be
// found again without this run's journal, which people are told; it never leads
// to another one.
func (c *client) postComment(ctx context.Context, in CommentIn, m marker) (id string, err error) {
	what := "comment on " + in.Issue
	body := map[string]any{"body": in.Body, "properties": []entityProperty{{property, m}}}
	var made comment
	if err := c.post(ctx, commentsPath(in.Issue), what, body, &made); err != nil {
		return "", err
	}
	if !idPattern(made.ID) {
		return "", types.Errorf(types.UnknownOutcome, "%s: jira reports success but names no comment", what).WithHint(lookFirst)
	}
	if _, err := c.comment(ctx, in.Issue, made.ID); types.CodeOf(err) == types.NotFound {
		return "", notSent(what, "comment "+made.ID)
	}
	got, err := c.commentMarker(ctx, made.ID)
	switch {
	case err == nil && got.Key != "" && got != m:
		return "", notSent(what, "comment "+made.ID)
	case err == nil && got != m:
		step.CallOf(ctx).Say("comment " + made.ID + " was posted, but this Jira keeps no marker: without the journal of this run it would not be found again")
	}
	return made.ID, nil
}

func commentsPath(key string) string { return "issue/" + url.PathEscape(key) + "/comment" }

func commentPath(key, id string) string { return commentsPath(key) + "/" + url.PathEscape(id) }

func (c *client) comment(ctx context.Context, key, id string) (comment, error) {
	what := "read comment " + id + " of " + key
	var got comment
	err := c.get(ctx, commentPath(key, id), nil, what, &got)
	if err == nil && got.ID != id {
		err = types.Errorf(types.Unavailable, "%s: the answer is not the comment that was asked for", what).WithHint(notJira)
	}
	return got, err
}

// idPattern reports whether text is a number as Jira gives out.
func idPattern(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n > 0
}

// commentMarker reads the marker of a comment; zero is none.
func (c *client) commentMarker(ctx context.Context, id string) (marker, error) {
	var got struct {
		Value json.RawMessage `json:"value"`
	}
	err := c.get(ctx, "comment/"+url.PathEscape(id)+"/properties/"+property, nil, "read comment "+id, &got)
	if types.CodeOf(err) == types.NotFound {
		return marker{}, nil
	}
	m, _ := parseMarker(got.Value)
	return m, err
}

// findComment reads all comments of the issue, past the search index.
func (c *client) findComment(ctx context.Context, key step.Key, in CommentIn) (step.Found[CommentOut], error) {
	var none step.Found[CommentOut]
	s := commentSearch{client: c, issue: in.Issue, key: key, body: in.Body}
	complete, err := s.run(ctx)
	switch {
	case err != nil:
		return none, err
	case len(s.ids) > 1:
		return step.Inconclusive[CommentOut](fmt.Sprintf("comments %s of %s all belong to this work; delete all but one",
			strings.Join(s.ids, ", "), in.Issue)), nil
	case len(s.ids) == 0 && !complete:
		return step.Inconclusive[CommentOut]("check " + in.Issue + " for the comment; it has more comments than are searched"), nil
	case len(s.ids) == 0:
		return s.lookalike(ctx)
	}
	out := c.commentOut(in.Issue, s.ids[0])
	ref := in.Issue + "#" + out.ID
	if s.found.Digest != step.CallOf(ctx).Digest {
		return step.Drifted(ref, out, "comment "+out.ID+" of "+in.Issue+" was posted with another text"), nil
	}
	return step.Exists(ref, out), nil
}

// commentSearch looks for the comments of an issue that hold the key.
type commentSearch struct {
	*client
	issue string
	key   step.Key
	body  string

	asked int
	ids   []string
	found marker    // of the last of ids
	keeps bool      // this Jira keeps the properties of comments
	alike []comment // that say the same, and hold no mark
}

// lookalike asks a person, after a lost answer, about a comment of this account
// that says the same, in an issue where no comment holds a mark of ours: this
// Jira may not keep them.
func (s *commentSearch) lookalike(ctx context.Context) (step.Found[CommentOut], error) {
	if s.keeps || len(s.alike) == 0 || !step.CallOf(ctx).AfterUnknown {
		return step.Absent[CommentOut](), nil
	}
	me, err := s.me(ctx)
	if err != nil {
		return step.Found[CommentOut]{}, err
	}
	for _, one := range s.alike {
		if one.Author.id() == "" || one.Author.id() == me.id() {
			return step.Inconclusive[CommentOut]("comment " + one.ID + " of " + s.issue +
				" says the same, but this Jira keeps no marker to tell"), nil
		}
	}
	return step.Absent[CommentOut](), nil
}

// run is not complete when there are more comments than it looks at.
func (s *commentSearch) run(ctx context.Context) (complete bool, err error) {
	for start := 0; start < maxComments; {
		n, total, err := s.page(ctx, start)
		if err != nil {
			return false, err
		}
		start += n
		if n == 0 || start >= total {
			return start >= total && s.asked <= maxAsked, nil
		}
	}
	return false, nil
}

// page looks at one page, oldest first: what is added meanwhile does not shift it.
func (s *commentSearch) page(ctx context.Context, start int) (n, total int, err error) {
	what := "read the comments of " + s.issue
	q := url.Values{"startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(commentsPage)},
		"orderBy": {"created"}, "expand": {"properties"}}
	var got struct {
		Comments *[]comment `json:"comments"`
		Total    *int       `json:"total"`
	}
	if err := s.get(ctx, commentsPath(s.issue), q, what, &got); err != nil {
		return 0, 0, err
	}
	if got.Comments == nil || got.Total == nil {
		return 0, 0, types.Errorf(types.Unavailable, "%s: the answer has no list of comments", what).WithHint(notJira)
	}
	for _, one := range *got.Comments {
		if err := s.look(ctx, one); err != nil {
			return 0, 0, err
		}
	}
	return len(*got.Comments), *got.Total, nil
}

func (s *commentSearch) look(ctx context.Context, one comment) error {
	m, err := s.marker(ctx, one)
	switch {
	case err != nil:
		return err
	case m.Key == s.key.String():
		s.ids, s.found = append(s.ids, one.ID), m
	case m.Key == "" && sameText(one.Body, s.body):
		s.alike = append(s.alike, one)
	}
	s.keeps = s.keeps || m.Key != ""
	return nil
}

// marker reads the marker of a comment; where Jira did not write the properties
// out, it is asked for them.
func (s *commentSearch) marker(ctx context.Context, one comment) (marker, error) {
	if one.Properties == nil {
		if s.asked++; s.asked > maxAsked {
			return marker{}, nil
		}
		return s.commentMarker(ctx, one.ID)
	}
	for _, p := range *one.Properties {
		if p.Key == property {
			m, _ := parseMarker(p.Value)
			return m, nil
		}
	}
	return marker{}, nil
}

// previewComment says what would be posted, without asking Jira.
func previewComment(_ context.Context, in CommentIn, unknown step.UnknownPaths) (step.Prediction[CommentOut], error) {
	s := shown{unknown: unknown}
	s.add("issue", in.Issue)
	s.add("body", in.Body)
	return step.Prediction[CommentOut]{
		Change:  step.Change{Title: "comment on " + s.value("issue", in.Issue, "an issue"), Fields: s.fields},
		Out:     CommentOut{Issue: in.Issue},
		Unknown: append(step.UnknownPaths{"id", "url"}, unknown.Of("issue")...),
	}, nil
}

// About is the issue.
func (in CommentIn) About() (what, thing string) { return in.Issue, in.Issue }

// sameText compares texts as people read them.
func sameText(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
