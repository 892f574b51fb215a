package jira

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/skillrun/skillrun/engine/step/outcome"
	"github.com/skillrun/skillrun/engine/types"
)

// This file is the only one that knows go-jira. Of the library it uses the
// credentials, the requests and the errors; its issue type cannot hold entity
// properties and fails as a whole when one date is odd, so the answers are
// decoded into the few members that the steps look at.

const api = "rest/api/2/"

// client talks to one Jira.
type client struct {
	api    *gojira.Client
	url    string
	search string // the path of the search, which the deployments do not share
}

// issue is an issue as far as the steps look at it.
type issue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Summary     string   `json:"summary"`
		Description string   `json:"description"`
		Labels      []string `json:"labels"`
		Type        named    `json:"issuetype"`
		Assignee    *struct {
			DisplayName string `json:"displayName"`
		} `json:"assignee"`
		Components []named `json:"components"`
		Status     struct {
			Name     string `json:"name"`
			Category struct {
				Key string `json:"key"`
			} `json:"statusCategory"`
		} `json:"status"`
		Updated     string `json:"updated"`
		Resolved    string `json:"resolutiondate"`
		StatusSince string `json:"statuscategorychangedate"` // Cloud only
	} `json:"fields"`
	Properties map[string]json.RawMessage `json:"properties"`
}

type named struct {
	Name string `json:"name"`
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

func newClient(s Service) (*client, error) {
	next := s.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	var rt http.RoundTripper = &gojira.BasicAuthTransport{Username: s.User, Password: s.Token.Reveal(), Transport: next}
	search := api + "search/jql"
	if s.Deployment == datacenter {
		rt = &gojira.PATAuthTransport{Token: s.Token.Reveal(), Transport: next}
		search = api + "search"
	}
	if u, err := url.Parse(s.URL); err != nil || u.Host == "" || u.User != nil {
		return nil, types.Errorf(types.BadInput, "the url of the jira service is none").
			WithHint("write it as https://HOST in skillrun.yaml, without a user")
	}
	c, err := gojira.NewClient(outcome.Client(rt, s.Timeout), s.URL)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "the url of the jira service is none: %w", err)
	}
	return &client{api: c, url: strings.TrimSuffix(s.URL, "/"), search: search}, nil
}

// browse is where a person looks at the issue.
func (c *client) browse(key string) string { return c.url + "/browse/" + key }

// createIssue files an issue and returns its id and key.
func (c *client) createIssue(ctx context.Context, what string, fields map[string]any, m marker) (id, key string, err error) {
	body := map[string]any{
		"fields":     fields,
		"properties": []gojira.EntityProperty{{Key: property, Value: m}},
	}
	var made issue
	if err := c.do(ctx, http.MethodPost, api+"issue", what, body, &made); err != nil {
		return "", "", err
	}
	if made.ID == "" || !keyPattern.MatchString(made.Key) {
		return "", "", types.Errorf(types.UnknownOutcome, "%s: jira says yes and names no issue", what)
	}
	return made.ID, made.Key, nil
}

var keyPattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]+-[1-9][0-9]*$`)

// issue reads an issue by its key, past the search index.
func (c *client) issue(ctx context.Context, key string) (issue, error) {
	q := url.Values{
		"fields": {"summary,description,labels,issuetype,assignee,components,status,updated," +
			"resolutiondate,statuscategorychangedate"},
		"properties": {property},
	}
	var got issue
	what := "look at " + key
	if err := c.do(ctx, http.MethodGet, api+"issue/"+url.PathEscape(key)+"?"+q.Encode(), what, nil, &got); err != nil {
		return issue{}, err
	}
	if got.ID == "" || !keyPattern.MatchString(got.Key) || got.Fields.Status.Category.Key == "" {
		return issue{}, types.Errorf(types.Unavailable, "%s: the answer is no issue with a status", what).
			WithHint("check the service's url and deployment in skillrun.yaml")
	}
	return got, nil
}

// keys searches the index and returns the keys of at most limit issues.
func (c *client) keys(ctx context.Context, what, jql string, limit int) ([]string, error) {
	q := url.Values{"jql": {jql}, "maxResults": {strconv.Itoa(limit)}, "fields": {"key"}}
	var got struct {
		Issues *[]issue `json:"issues"`
	}
	err := c.do(ctx, http.MethodGet, c.search+"?"+q.Encode(), what, nil, &got)
	if types.CodeOf(err) == types.NotFound {
		return nil, types.AsError(err).WithHint("Cloud and Data Center have different searches: check the service's deployment in skillrun.yaml")
	}
	if err != nil {
		return nil, err
	}
	if got.Issues == nil {
		return nil, types.Errorf(types.Unavailable, "%s: the answer has no list of issues", what)
	}
	keys := []string{}
	for _, i := range *got.Issues {
		if !keyPattern.MatchString(i.Key) {
			return nil, types.Errorf(types.Unavailable, "%s: the answer has an issue without a key", what)
		}
		keys = append(keys, i.Key)
	}
	return keys, nil
}

// link reads the remote link of that global id.
func (c *client) link(ctx context.Context, key, globalID string) (remoteLink, error) {
	q := url.Values{"globalId": {globalID}}
	what := "look at the links of " + key
	var got remoteLink
	err := c.do(ctx, http.MethodGet, linksPath(key)+"?"+q.Encode(), what, nil, &got)
	if err == nil && (got.GlobalID != globalID || got.Object.URL == "") {
		err = types.Errorf(types.Unavailable, "%s: the answer is not the link that was asked for", what)
	}
	return got, err
}

// putLink creates the remote link, or updates the one of the same global id,
// and returns its number.
func (c *client) putLink(ctx context.Context, what, key string, l remoteLink) (int, error) {
	var made struct {
		ID int `json:"id"`
	}
	if err := c.do(ctx, http.MethodPost, linksPath(key), what, l, &made); err != nil {
		return 0, err
	}
	if made.ID == 0 {
		return 0, types.Errorf(types.UnknownOutcome, "%s: jira says yes and names no link", what)
	}
	return made.ID, nil
}

func linksPath(key string) string { return api + "issue/" + url.PathEscape(key) + "/remotelink" }

// do sends one request and decodes the answer.
func (c *client) do(ctx context.Context, method, path, what string, body, into any) error {
	if ctx.Err() != nil {
		return types.Errorf(types.Cancelled, "%s: stopped", what)
	}
	req, err := c.api.NewRequestWithContext(ctx, method, path, body)
	if err != nil {
		return types.Errorf(types.BadInput, "%s: the request cannot be made: %w", what, err)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.api.Do(req, into)
	switch {
	case resp == nil:
		return outcome.Transport(method, what, err)
	case resp.StatusCode/100 != 2:
		return refused(method, what, resp, err)
	case loggedOut(resp):
		return loginFailed(method, what)
	case err != nil:
		return badAnswer(method, what, resp, err)
	}
	return nil
}

// loggedOut reports whether Jira dropped the credential and answered as to a
// stranger. Then an empty list proves nothing.
func loggedOut(resp *gojira.Response) bool {
	return strings.Contains(resp.Header.Get("X-Seraph-LoginReason"), "AUTHENTICATED_FAILED")
}

func loginFailed(method, what string) error {
	if method != http.MethodGet {
		return types.Errorf(types.UnknownOutcome, "%s: jira says yes, but not to the configured account", what)
	}
	return types.Errorf(types.Auth, "%s: jira answered without accepting the credential", what).
		WithHint("check the service's user and token in skillrun.yaml, and that the token has not expired")
}

func refused(method, what string, resp *gojira.Response, failure error) error {
	said := said(resp, failure)
	if method == http.MethodGet && loggedOut(resp) {
		return loginFailed(method, what)
	}
	err := outcome.Status(method, what, resp.Response, said)
	if err.Code == types.NotFound {
		return err.WithHint("Jira says 404 also when the account may not see it: check the key, and the account's access")
	}
	return err
}

// badAnswer is a 2xx whose body is not what Jira sends: a login page, a proxy,
// a connection that broke half-way.
func badAnswer(method, what string, resp *gojira.Response, err error) error {
	if method != http.MethodGet {
		return types.Errorf(types.UnknownOutcome, "%s: the answer %d is not Jira's: %w", what, resp.StatusCode, err)
	}
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &mismatch) || errors.Is(err, io.EOF) {
		return types.Errorf(types.Unavailable, "%s: the answer is not Jira's: %w", what, err).
			WithHint("check the service's url in skillrun.yaml: a login page or a proxy may be answering")
	}
	return outcome.Transport(method, what, err)
}

// said is Jira's own text in a refusal.
func said(resp *gojira.Response, failure error) string {
	kind := resp.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "text/html") {
		_ = resp.Body.Close()
		return "(a web page, not Jira's API)"
	}
	if !strings.HasPrefix(kind, "application/json") {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 2000))
		_ = resp.Body.Close()
		return clip(string(text))
	}
	var e *gojira.Error
	if !errors.As(gojira.NewJiraError(resp, failure), &e) {
		return ""
	}
	phrases := e.ErrorMessages
	for _, field := range types.SortedKeys(e.Errors) {
		phrases = append(phrases, field+": "+e.Errors[field])
	}
	return clip(strings.Join(phrases, "; "))
}

func clip(s string) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > 500 {
		return string(r[:499]) + "…"
	}
	return s
}
