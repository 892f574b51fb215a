package slack

import (
	"context"
	"fmt"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

var (
	channelPattern = types.PatternOf[PostIn]("channel")
	tsPattern      = types.PatternOf[PostIn]("thread_ts")
)

// check refuses what no request is made of, as far as it is known.
func (in PostIn) check(unknown step.UnknownPaths) error {
	if !unknown.Has("channel") && !channelPattern().MatchString(in.Channel) {
		return types.Errorf(types.BadInput, "%q is not the id of a channel", in.Channel).
			WithHint("it begins with C, such as C0123456789, and is at the end of the channel's details in Slack")
	}
	if in.ThreadTS != nil && !unknown.Has("thread_ts") && !tsPattern().MatchString(*in.ThreadTS) {
		return types.Errorf(types.BadInput, "%q is not the ts of a message", *in.ThreadTS).
			WithHint("give the ts output of slack_post_message")
	}
	if unknown.Has("text") || unknown.Has("mention") {
		return nil
	}
	_, err := in.encode()
	return err
}

// eventType marks messages of ours; see the package's comment.
const eventType = "skillrun_message"

// metadata is what only programs see of a message.
type metadata struct {
	EventType string `json:"event_type"`
	Payload   marker `json:"event_payload"`
}

// marker is what a message holds so that it is known as ours.
type marker struct {
	Key    string `json:"key"`
	Digest string `json:"digest"`
}

type draft struct {
	Channel     string   `json:"channel"`
	TS          string   `json:"ts,omitempty"` // of the one that is changed
	ThreadTS    string   `json:"thread_ts,omitempty"`
	Text        string   `json:"text"`
	Parse       string   `json:"parse"`
	LinkNames   bool     `json:"link_names"`
	UnfurlLinks bool     `json:"unfurl_links"` // nothing is fetched because of a text from outside
	UnfurlMedia bool     `json:"unfurl_media"`
	Metadata    metadata `json:"metadata"`
}

// draft is the message of a call, which has a key.
func (in PostIn) draft(call step.Call) (draft, error) {
	if call.Key.IsZero() {
		return draft{}, types.Errorf(types.Internal, "the call has no key")
	}
	text, err := in.encode()
	d := draft{
		Channel: in.Channel, Text: text, Parse: "none",
		Metadata: metadata{eventType, marker{call.Key.String(), call.Digest}},
	}
	if in.ThreadTS != nil {
		d.ThreadTS = *in.ThreadTS
	}
	return d, err
}

func (f family) post(ctx context.Context, in PostIn) (PostOut, error) {
	d, err := in.draft(step.CallOf(ctx))
	if err != nil {
		return PostOut{}, err
	}
	return rest.Do(f.connect, func(c *client, ctx context.Context, in PostIn) (PostOut, error) {
		return c.send(ctx, "chat.postMessage", "post a message to "+in.Channel, d)
	})(ctx, in)
}

// update gives a message of ours another text.
func (c *client) update(ctx context.Context, _ step.Key, in PostIn, out PostOut) (PostOut, error) {
	d, err := in.draft(step.CallOf(ctx))
	if err != nil {
		return PostOut{}, err
	}
	d.TS, d.ThreadTS = out.TS, ""
	return c.send(ctx, "chat.update", "change message "+out.TS+" in "+in.Channel, d)
}

func (c *client) send(ctx context.Context, method, what string, d draft) (PostOut, error) {
	var got struct {
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	}
	if err := c.post(ctx, what, method, d, &got); err != nil {
		return PostOut{}, err
	}
	if got.Channel != d.Channel && d.Channel[0] != 'D' || !tsPattern().MatchString(got.TS) {
		return PostOut{}, types.Errorf(types.UnknownOutcome, "%s: Slack reports success, but its answer names no message of this channel", what).
			WithHint("resume the run: it looks for the message before it sends anything")
	}
	return PostOut{Channel: got.Channel, TS: got.TS}, nil
}

// preview says what would be posted, without asking Slack.
func preview(_ context.Context, in PostIn, unknown step.UnknownPaths) (step.Prediction[PostOut], error) {
	p := step.Prediction[PostOut]{Change: step.Change{Title: "post to " + in.Channel}, Out: PostOut{Channel: in.Channel}, Unknown: step.UnknownPaths{"ts"}}
	if unknown.Has("channel") {
		p.Change.Title, p.Unknown = "post to a channel", step.UnknownPaths{""}
	}
	add := func(name, value string) {
		if !unknown.Has(name) {
			p.Change.Fields = append(p.Change.Fields, step.FieldChange{Name: name, Value: value})
		}
	}
	add("channel", in.Channel)
	if len(in.Mention) > 0 {
		add("mention", fmt.Sprint(in.Mention))
	}
	if in.ThreadTS != nil {
		add("thread_ts", *in.ThreadTS)
	}
	add("text", in.Text)
	return p, nil
}
