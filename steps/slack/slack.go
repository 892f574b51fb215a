// Package slack is the family of steps that talk to Slack.
//
// # Exactly once
//
// Slack's API has no idempotency key. The field client_msg_id, which messages
// have, belongs to Slack's own clients; a maintainer of its SDKs says that apps
// are not to rely on it (slackapi/java-slack-sdk issue 852), and it is no
// documented argument. What is documented is metadata: a message carries an
// event_type and an event_payload of ours, and conversations.history and
// conversations.replies give them back with include_all_metadata
// (docs.slack.dev, "Message metadata"). So the key and the digest of the
// arguments stand in the metadata, and a message is looked for there before it
// is sent. That needs the right to read the channel (channels:history, or
// groups:history for a private one). Without it a message is still sent once;
// but when its answer is lost, no one can tell, and a person is asked.
//
// # Text
//
// In a message <!channel>, <@U…> and <https://…|text> are commands. The text of
// a step never is: & < and > are escaped, as Slack asks for, and names are not
// looked up. Whom a message mentions stands in an argument of its own.
package slack

import (
	"net/http"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Service is one workspace, as the configuration names it.
type Service struct {
	URL       string            // "https://slack.com"
	Token     types.Secret      // of a bot, xoxb-…, or of a user
	Transport http.RoundTripper // how it is reached; http.DefaultTransport without one
	Timeout   time.Duration     // for one exchange; 0 is no limit
}

// ServiceName is the workspace's.
func (in PostIn) ServiceName() string { return in.Service }

// About is the thread that a message answers in: a message that an earlier step
// posted may not be seen at once.
func (in PostIn) About() (what, thing string) {
	if in.ThreadTS == nil {
		return "", ""
	}
	return "the message " + *in.ThreadTS, *in.ThreadTS
}

type family struct{ services map[string]Service }

// PostIn are the arguments of slack_post_message.
type PostIn struct {
	Service  string   `json:"service,omitempty" default:"slack" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the Slack service in the configuration."`
	Channel  string   `json:"channel" trusted:"true" pattern:"^[CDG][A-Z0-9]{5,20}$" doc:"The id of the channel, such as C0123456789; it is at the end of the channel's details in Slack."`
	Text     string   `json:"text" doc:"The text, with Slack's markup such as *bold* and _italic_, except mentions and links with a text of their own."`
	Mention  []string `json:"mention,omitempty" doc:"Whom to mention before the text: ids of users (U…, W…) and of groups (S…), or here, channel and everyone."`
	ThreadTS *string  `json:"thread_ts" pattern:"^[0-9]{1,12}\\.[0-9]{6}$" doc:"The ts of the message to answer in a thread."`
}

// PostOut is the result of slack_post_message.
type PostOut struct {
	Channel string `json:"channel" doc:"The id of the channel."`
	TS      string `json:"ts" doc:"The ts of the message, its id in the channel; give it as thread_ts to answer in a thread."`
}
