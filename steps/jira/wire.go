package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

type issue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Summary     string   `json:"summary"`
		Description string   `json:"description"`
		Labels      []string `json:"labels"`
		Type        kind     `json:"issuetype"`
		Creator     person   `json:"creator"`
		Assignee    *struct {
			DisplayName string `json:"displayName"`
		} `json:"assignee"`
		Components  []named `json:"components"`
		Status      status  `json:"status"`
		Updated     string  `json:"updated"`
		Resolved    string  `json:"resolutiondate"`
		StatusSince string  `json:"statuscategorychangedate"` // Cloud only
	} `json:"fields"`
	Properties map[string]json.RawMessage `json:"properties"`
}

type named struct {
	Name string `json:"name"`
}

// kind is a type of issue. Its name is translated, its id is not.
type kind struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// is reports whether a person means this type by its name or its id.
func (k kind) is(wanted string) bool { return k.Name == wanted || k.ID == wanted }

// person is someone with an account: Cloud tells one from another by the
// account's id, Data Center by a key or a name.
type person struct {
	AccountID string `json:"accountId"`
	Key       string `json:"key"`
	Name      string `json:"name"`
	Display   string `json:"displayName"`
}

func (p person) id() string { return cmp.Or(p.AccountID, p.Key, p.Name) }

type status struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category struct {
		Key string `json:"key"`
	} `json:"statusCategory"`
}

// entityProperty is a member of an issue or a comment that only programs see.
type entityProperty struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// marker is what an effect holds so that it is known as ours.
type marker struct {
	Key    string `json:"key"`
	Digest string `json:"digest"`
	Run    string `json:"run"`
	// Undone is set of what an undo ended; see [issue.undone].
	Undone bool `json:"undone,omitempty"`
}

// parseMarker reads the value of a property, false when it is no marker.
func parseMarker(raw json.RawMessage) (marker, bool) {
	var m marker
	return m, raw != nil && json.Unmarshal(raw, &m) == nil && m.Key != ""
}

// remoteLink is a remote link, as it is sent and as it comes back.
type remoteLink struct {
	ID           int        `json:"id,omitempty"`
	GlobalID     string     `json:"globalId"`
	Relationship string     `json:"relationship,omitempty"`
	Object       linkObject `json:"object"`
}

type linkObject struct {
	URL     string `json:"url"`
	Title   string `json:"title"`
	Summary string `json:"summary,omitempty"`
}

var keyPattern = types.PatternOf[CommentIn]("issue")

// parseTime turns Jira's form of a time into the usual one.
func parseTime(text string) (string, error) {
	t, err := time.Parse("2006-01-02T15:04:05.000-0700", text)
	return t.UTC().Format(time.RFC3339), err
}

// done reports whether someone has ended the issue: it is never adopted.
func (i issue) done() bool { return i.Fields.Status.Category.Key == "done" }

func (i issue) updated(what string) (string, error) {
	t, err := parseTime(i.Fields.Updated)
	if err != nil {
		return "", types.Errorf(types.Unavailable, "%s: its updated time is not valid: %q", what, clip(i.Fields.Updated)).WithHint(notJira)
	}
	return t, nil
}

func (i issue) components() []string {
	names := make([]string, len(i.Fields.Components))
	for n, c := range i.Fields.Components {
		names[n] = c.Name
	}
	return names
}

func (i issue) assignee() *string {
	if i.Fields.Assignee == nil {
		return nil
	}
	return &i.Fields.Assignee.DisplayName
}

// createIssue files an issue and returns what the answer has of it: its id and key.
func (c *client) createIssue(ctx context.Context, what string, fields map[string]any, m marker) (issue, error) {
	body := map[string]any{"fields": fields, "properties": []entityProperty{{property, m}}}
	var made issue
	if err := c.post(ctx, "issue", what, body, &made); err != nil {
		return issue{}, err
	}
	if made.ID == "" || !keyPattern().MatchString(made.Key) {
		return issue{}, types.Errorf(types.UnknownOutcome, "%s: jira reports success but names no issue", what).WithHint(lookFirst)
	}
	return made, nil
}

// me is whose credential it is.
func (c *client) me(ctx context.Context) (person, error) {
	const what = "read the jira account"
	var got person
	err := c.get(ctx, "myself", nil, what, &got)
	if err == nil && got.Display == "" {
		err = types.Errorf(types.Unavailable, "%s: the answer names no user", what).WithHint(notJira)
	}
	return got, err
}

// issue reads an issue by its key, past the search index, with the named
// properties beside that of its filing.
func (c *client) issue(ctx context.Context, key string, properties ...string) (issue, error) {
	q := url.Values{
		"fields": {"summary,description,labels,issuetype,assignee,components,status,updated," +
			"resolutiondate,statuscategorychangedate,creator"},
		"properties": {strings.Join(append([]string{property}, properties...), ",")},
	}
	var got issue
	what := "read " + key
	if err := c.get(ctx, "issue/"+url.PathEscape(key), q, what, &got); err != nil {
		return issue{}, err
	}
	if got.ID == "" || !keyPattern().MatchString(got.Key) || got.Fields.Status.Category.Key == "" {
		return issue{}, types.Errorf(types.Unavailable, "%s: the answer is not an issue with a status", what).WithHint(notJira)
	}
	return got, nil
}

func (c *client) link(ctx context.Context, key, globalID string) (remoteLink, error) {
	what := "read the links of " + key
	var got remoteLink
	err := c.get(ctx, linksPath(key), url.Values{"globalId": {globalID}}, what, &got)
	if err == nil && (got.GlobalID != globalID || got.Object.URL == "") {
		err = types.Errorf(types.Unavailable, "%s: the answer is not the link that was asked for", what).WithHint(notJira)
	}
	return got, err
}

func (c *client) links(ctx context.Context, key string) ([]remoteLink, error) {
	what := "read the links of " + key
	var got []remoteLink
	if err := c.get(ctx, linksPath(key), nil, what, &got); err != nil {
		return nil, err
	}
	if got == nil { // an empty list proves something, the word null does not
		return nil, types.Errorf(types.Unavailable, "%s: the answer has no list of links", what).WithHint(notJira)
	}
	return got, nil
}

// putLink creates the remote link, or updates the one of the same global id,
// and returns its number.
func (c *client) putLink(ctx context.Context, what, key string, l remoteLink) (int, error) {
	var made struct {
		ID int `json:"id"`
	}
	if err := c.post(ctx, linksPath(key), what, l, &made); err != nil {
		return 0, err
	}
	if made.ID == 0 {
		return 0, types.Errorf(types.UnknownOutcome, "%s: jira reports success but names no link", what).WithHint(lookFirst)
	}
	return made.ID, nil
}

func linksPath(key string) string { return "issue/" + url.PathEscape(key) + "/remotelink" }

// property is the entity property of an issue or a comment that holds the
// marker, labelPrefix what stands before the key in the label.
const (
	property    = "skillrun"
	labelPrefix = "skr-"
)
