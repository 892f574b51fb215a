package slack

import (
	"context"
	"net/url"
	"slices"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

const refFormat = "the message's ts, 1762160400.000100, or its link"

// linkPattern is the link to a message, as Slack copies it.
var linkPattern = types.Pattern(`^https://[^/]+/archives/([CDG][A-Z0-9]+)/p([0-9]{1,12})([0-9]{6})(\?.*)?$`)

func (c *client) resolve(ctx context.Context, ref string, in PostIn) (PostOut, error) {
	ts := ref
	if m := linkPattern().FindStringSubmatch(ref); m != nil {
		if ts = m[2] + "." + m[3]; m[1] != in.Channel {
			return PostOut{}, types.Errorf(types.Conflict, "that message is in %s, but the skill posts to %s", m[1], in.Channel).
				WithHint("name the message in the skill's channel, or use --not-done")
		}
	}
	if !tsPattern().MatchString(ts) {
		return PostOut{}, types.Errorf(types.BadInput, "%q does not name a message", ref).WithHint("give %s", refFormat)
	}
	m, err := c.message(ctx, in, ts)
	switch {
	case err != nil:
		return PostOut{}, err
	case m == nil:
		return PostOut{}, types.Errorf(types.NotFound, "there is no message %s in %s", ts, in.Channel).
			WithHint("copy the message's link in Slack, or use --not-done")
	}
	return PostOut{Channel: in.Channel, TS: ts}, nil
}

// message reads one message, nil when it is not there.
func (c *client) message(ctx context.Context, in PostIn, ts string) (*message, error) {
	p, err := c.page(ctx, "read message "+ts, in, url.Values{"inclusive": {"true"}, "oldest": {ts}, "latest": {ts}, "limit": {"10"}})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(*p.Messages, func(m message) bool { return m.TS == ts })
	if i < 0 {
		return nil, nil
	}
	return &(*p.Messages)[i], nil
}

func describeDelete(_ PostIn, out PostOut) string {
	return "delete message " + out.TS + " in " + out.Channel
}

// removing deletes a message that is there and holds our mark.
func (c *client) removing(ctx context.Context, key step.Key, in PostIn, out PostOut) (reverse func() error, err error) {
	in.Channel = out.Channel
	m, err := c.message(ctx, in, out.TS)
	switch {
	case err != nil || m == nil:
		return nil, err
	case m.marker().Key != key.String():
		return nil, types.Errorf(types.Conflict, "message %s does not have the marker of this work, so it is not changed", out.TS).
			WithHint("check it, and delete it by hand if it belongs to this work")
	}
	return func() error {
		var ignored struct{}
		return rest.UnlessGone(c.post(ctx, "delete message "+out.TS, "chat.delete", map[string]string{"channel": out.Channel, "ts": out.TS}, &ignored))
	}, nil
}
