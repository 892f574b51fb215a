package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// How far a message is looked for. What this run may have sent itself lies
// after its beginning; further back, only another run of the same work can have
// posted it.
const (
	pageSize = 200
	maxPages = 10
	lookBack = 14 * 24 * time.Hour
	skew     = time.Hour // between Slack's clock and ours, at the most
)

type message struct {
	TS       string `json:"ts"`
	Metadata *struct {
		EventType string          `json:"event_type"`
		Payload   json.RawMessage `json:"event_payload"`
	} `json:"metadata"`
}

// marker returns what a message of ours holds, the zero marker of others.
func (m message) marker() marker {
	var out marker
	if m.Metadata != nil && m.Metadata.EventType == eventType {
		_ = json.Unmarshal(m.Metadata.Payload, &out)
	}
	return out
}

type page struct {
	Messages *[]message `json:"messages"`
	HasMore  bool       `json:"has_more"`
	Metadata struct {
		Next string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// find looks through the channel, or the thread, for a message with the key.
func (c *client) find(ctx context.Context, key step.Key, in PostIn) (step.Found[PostOut], error) {
	var none step.Found[PostOut]
	call := step.CallOf(ctx)
	found, whole, err := c.search(ctx, in, key, call.StartedAt)
	switch {
	case err != nil && types.CodeOf(err) == types.Forbidden:
		return unseen(call, in, types.AsError(err)), nil
	case err != nil:
		return none, err
	case found == nil && !whole && call.AfterUnknown:
		return step.Inconclusive[PostOut]("look in " + in.Channel + " whether the message is there; since the run began there were more messages than are looked through"), nil
	case found == nil:
		return step.Absent[PostOut](), nil
	}
	out := PostOut{Channel: in.Channel, TS: found.TS}
	if found.marker().Digest != call.Digest {
		return step.Drifted(in.Channel+"/"+found.TS, out, "the message was posted with another text"), nil
	}
	return step.Exists(in.Channel+"/"+found.TS, out), nil
}

// unseen is the answer where the app may not read the channel: no ground
// against the first send, and none for a second.
func unseen(call step.Call, in PostIn, why *types.Error) step.Found[PostOut] {
	if call.AfterUnknown {
		return step.Inconclusive[PostOut]("look in " + in.Channel + " whether the message is there; " + why.Error())
	}
	call.Say("the app lacks permission to read " + in.Channel + ": a message whose answer is lost could not be looked for (" + why.Hint + ")")
	return step.Absent[PostOut]()
}

// search goes through the pages, newest first, or in a thread from its
// beginning. whole says that all was seen that this run may have sent.
func (c *client) search(ctx context.Context, in PostIn, key step.Key, began time.Time) (found *message, whole bool, err error) {
	what := "look through " + in.Channel
	if in.ThreadTS != nil {
		what = "look through the thread " + *in.ThreadTS
	}
	q := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if !began.IsZero() {
		q.Set("oldest", stamp(began.Add(-lookBack)))
	}
	for range maxPages {
		p, err := c.page(ctx, what, in, q)
		if err != nil {
			return nil, false, err
		}
		messages := *p.Messages
		for i, m := range messages {
			if m.marker().Key == key.String() {
				return &messages[i], true, nil
			}
		}
		n := len(messages)
		switch {
		case p.Metadata.Next == "":
			return nil, !p.HasMore, nil
		case in.ThreadTS == nil && n > 0 && before(messages[n-1].TS, began.Add(-skew)):
			whole = true
		}
		q.Set("cursor", p.Metadata.Next)
	}
	return nil, whole, nil
}

func (c *client) page(ctx context.Context, what string, in PostIn, q url.Values) (p page, err error) {
	method := "conversations.history"
	q.Set("channel", in.Channel)
	q.Set("include_all_metadata", "true")
	if in.ThreadTS != nil {
		method = "conversations.replies"
		q.Set("ts", *in.ThreadTS)
	}
	_, err = c.get(ctx, what, method, q, &p)
	if err == nil && p.Messages == nil {
		err = rest.NotFrom("Slack", http.MethodGet, what, errors.New("it has no list of messages"))
	}
	return p, err
}

// stamp is a time as Slack writes it.
func stamp(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) + ".000000" }

func before(ts string, t time.Time) bool {
	seconds, _, _ := strings.Cut(ts, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	return err == nil && n < t.Unix()
}
