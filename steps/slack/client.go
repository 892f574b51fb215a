package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

type client struct {
	name  string
	base  *url.URL
	token types.Secret
	http  *http.Client
}

func (f family) connect(name string) (*client, error) {
	s, name, err := step.Pick(f.services, "slack", name)
	if err != nil {
		return nil, err
	}
	base, err := rest.Base(name, s.URL, "leave it out in skillrun.yaml: Slack is at https://slack.com")
	switch {
	case err != nil:
		return nil, err
	case s.Token.IsZero():
		return nil, types.Errorf(types.Auth, "service %q has no token", name).
			WithHint("name one in skillrun.yaml, e.g. token: env:SLACK_TOKEN")
	}
	return &client{name, base, s.Token, rest.Client(s.Transport, s.Timeout)}, nil
}

// envelope is what every answer of Slack's has.
type envelope struct {
	OK     *bool  `json:"ok"`
	Error  string `json:"error"`
	Needed string `json:"needed"` // the scope that is missing
}

func (c *client) get(ctx context.Context, what, method string, query url.Values, out any) (http.Header, error) {
	u := c.base.JoinPath("api", method)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, types.Errorf(types.Internal, "%s: %w", what, err)
	}
	return c.do(req, what, out)
}

func (c *client) post(ctx context.Context, what, method string, body, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath("api", method).String(), bytes.NewReader(types.Encode(body)))
	if err != nil {
		return types.Errorf(types.Internal, "%s: %w", what, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	_, err = c.do(req, what, out)
	return err
}

// do sends a request. Slack says 200 also when it refuses.
func (c *client) do(req *http.Request, what string, out any) (http.Header, error) {
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	resp, body, err := rest.Ask(c.http, req, what)
	if err != nil {
		return nil, err
	}
	var e envelope
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	isSlack := kind == "application/json" && json.Unmarshal(body, &e) == nil && e.OK != nil
	if fault := rest.Status(req.Method, what, resp, e.Error); fault != nil {
		return nil, c.explain(fault)
	}
	switch {
	case !isSlack:
		return nil, rest.NotFrom("Slack", req.Method, what, errors.New("it is not JSON that says ok"))
	case !*e.OK:
		return nil, c.refusal(req.Method, what, e, resp.Header)
	case json.Unmarshal(body, out) != nil:
		return nil, rest.NotFrom("Slack", req.Method, what, errors.New("its members are of other kinds"))
	}
	return resp.Header, nil
}

// codes sorts Slack's words for no. What is not in it refuses the arguments.
// After fatal_error and internal_error some part may have been done; Slack says
// so itself.
var codes = map[string]types.Code{
	"not_authed": types.Auth, "invalid_auth": types.Auth, "account_inactive": types.Auth,
	"token_revoked": types.Auth, "token_expired": types.Auth, "org_login_required": types.Auth,
	"missing_scope": types.Forbidden, "not_in_channel": types.Forbidden, "no_permission": types.Forbidden,
	"access_denied": types.Forbidden, "ekm_access_denied": types.Forbidden, "not_allowed_token_type": types.Forbidden,
	"restricted_action": types.Forbidden, "team_access_not_granted": types.Forbidden, "accesslimited": types.Forbidden,
	"cant_delete_message": types.Forbidden, "cant_update_message": types.Forbidden,
	"channel_not_found": types.NotFound, "thread_not_found": types.NotFound, "message_not_found": types.NotFound,
	"is_archived": types.Conflict, "ratelimited": types.RateLimited, "rate_limited": types.RateLimited,
}

// unclearWords say neither yes nor no.
var unclearWords = map[string]bool{
	"fatal_error": true, "internal_error": true, "service_unavailable": true, "request_timeout": true,
}

// hints are what to do about a refusal, where Slack's word tells.
var hints = map[string]string{
	"missing_scope":     "give the app the scope, and reinstall it in the workspace",
	"not_in_channel":    "invite the app to the channel: /invite @APP",
	"channel_not_found": "check the channel's id; a private channel is only there for an app that was invited to it",
	"thread_not_found":  "check thread_ts: it is the ts of the message that begins the thread",
	"is_archived":       "unarchive the channel, or post to another",
}

func (c *client) refusal(method, what string, e envelope, h http.Header) *types.Error {
	word := e.Error
	if r := []rune(word); len(r) > 100 {
		word = string(r[:100]) + "…"
	}
	code, ok := codes[e.Error]
	switch {
	case unclearWords[e.Error]:
		code = rest.Unclear(method)
	case strings.HasPrefix(e.Error, "restricted_action"):
		code = types.Forbidden
	case !ok:
		code = types.BadInput
	}
	if e.Error == "missing_scope" {
		word += " " + e.Needed
	}
	err := types.Errorf(code, "%s: Slack says %s", what, word).WithHint("see what the word means at https://docs.slack.dev/reference/methods, and change what it names").
		With("slack_error", e.Error)
	if after := h.Get("Retry-After"); code == types.RateLimited && after != "" {
		err = err.With("retry_after", after)
	}
	if hint, ok := hints[e.Error]; ok {
		return err.WithHint("%s", hint)
	}
	return c.explain(err)
}

// explain adds what a code means here.
func (c *client) explain(err *types.Error) *types.Error {
	switch err.Code {
	case types.Auth:
		return err.WithHint("the token of service %q was refused: use a bot token, xoxb-…, of an app that is installed in the workspace", c.name)
	case types.RateLimited:
		return err.WithHint("wait a minute, then resume the run")
	case types.UnknownOutcome:
		return err.WithHint("resume the run: it looks for the message before it sends anything")
	case types.Unavailable:
		return err.WithHint("Slack has a problem: resume the run later; see https://slack-status.com")
	}
	return err
}
