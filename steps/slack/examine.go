package slack

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// Examine returns what looks whether Slack can do what a skill needs of it: it
// is reached, it takes the token, the token may post, and the channels that the
// skill names can be looked through.
func Examine(services map[string]Service) step.Examine {
	f := family{services}
	return func(ctx context.Context, name string, uses []step.Use, now time.Time) []step.Finding {
		s := services[name]
		findings, ok := rest.Reach(ctx, s.Transport, s.Timeout, s.URL, now)
		if !ok {
			return findings
		}
		c, err := f.connect(name)
		if err == nil {
			var login []step.Finding
			login, err = c.login(ctx)
			findings = append(findings, login...)
		}
		if err != nil {
			return append(findings, step.Failed("token", err))
		}
		for _, channel := range step.NeededNames(Steps(nil), uses, toPost) {
			findings = append(findings, c.examineChannel(ctx, channel))
		}
		return findings
	}
}

// toPost is what a step needs of a channel; see [step.Need].
const toPost = "post"

// login asks who the token is, and what it may; Slack tells that in a header.
func (c *client) login(ctx context.Context) ([]step.Finding, error) {
	var who struct {
		User string `json:"user"`
		Team string `json:"team"`
	}
	h, err := c.get(ctx, "ask who the token is", "auth.test", nil, &who)
	if err != nil {
		return nil, err
	}
	out := []step.Finding{{Subject: "token", Detail: "it is " + who.User + "'s, of the workspace " + who.Team}}
	scopes := strings.FieldsFunc(h.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(scopes) > 0 && !slices.Contains(scopes, "chat:write") {
		out = append(out, step.Finding{Subject: "scopes", Err: types.Errorf(types.Forbidden, "the token lacks permission to post: it has %s", strings.Join(scopes, ", ")).
			WithHint("give the app the scope chat:write, and reinstall it in the workspace")})
	}
	return out, nil
}

func (c *client) examineChannel(ctx context.Context, channel string) step.Finding {
	if channel == "" {
		return step.Finding{Subject: "channel", Skipped: "it is not known before the skill runs"}
	}
	f := step.Finding{Subject: "channel " + channel, Detail: "it can be looked through"}
	var p page
	if err := (PostIn{Channel: channel, Text: "x"}).check(nil); err != nil {
		f.Err = types.AsError(err)
	} else if _, err := c.get(ctx, "look through "+channel, "conversations.history", url.Values{"channel": {channel}, "limit": {"1"}}, &p); err != nil {
		f.Err = types.AsError(err)
	}
	return f
}
