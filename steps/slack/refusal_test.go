package slack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/slack"
	"github.com/skillrun/skillrun/steps/slack/slacktest"
)

// TestMayNotRead: without the right to look, a message is sent once all the
// same, and when its answer is lost a person is asked.
func TestMayNotRead(t *testing.T) {
	w := newWorld(t, func(o *slacktest.Options) { o.Scopes = []string{"chat:write"} })
	f, err := w.find(in(public, "x"), step.Call{})
	if err != nil || f.State != step.StateAbsent || len(w.told) != 1 ||
		w.told[0] != "the app lacks permission to read "+public+": a message whose answer is lost could not be looked for (give the app the scope, and reinstall it in the workspace)" {
		t.Errorf("%+v, %v, %q", f, err, w.told)
	}
	f, err = w.find(in(public, "x"), step.Call{AfterUnknown: true})
	if err != nil || f.State != step.StateInconclusive || !strings.Contains(f.Why, "look in "+public+" whether the message is there; look through "+public+": Slack says missing_scope channels:history") {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	for arg, want := range map[string]string{
		in("general", "x"):                      `invalid: "general" is not the id of a channel (it begins with C, such as C0123456789, and is at the end of the channel's details in Slack)`,
		in(public, " \n"):                       "invalid: the text of the message is empty (give it a text, or skip the step with if)",
		in("C999999999", "x"):                   "not_found: post a message to C999999999: Slack says channel_not_found (check the channel's id; a private channel is only there for an app that was invited to it)",
		in(outside, "x"):                        "forbidden: post a message to " + outside + ": Slack says not_in_channel (invite the app to the channel: /invite @APP)",
		in(archived, "x"):                       "conflict: post a message to " + archived + ": Slack says is_archived (unarchive the channel, or post to another)",
		in(public, strings.Repeat("<", 10_001)): "invalid: the text has 40004 characters, and Slack cuts it off after 40000 (shorten it, and link to the rest)",
		`{"service":"slack","channel":"` + public + `","text":"x","thread_ts":"yesterday"}`: `invalid: "yesterday" is not the ts of a message (give the ts output of slack_post_message)`,
		`{"service":"slack","channel":"` + public + `","text":"x","thread_ts":"1.000001"}`:  "not_found: post a message to " + public + ": Slack says thread_not_found (check thread_ts",
		`{"service":"slack","channel":"` + public + `","text":"x","mention":["!channel"]}`:  `invalid: "!channel" is not a user or group that can be mentioned (give the id of a user (U…) or a group (S…), or here, channel or everyone)`,
		`{"service":"other","channel":"` + public + `","text":"x"}`:                         `invalid: there is no service "other"`,
	} {
		if _, err := w.post(arg); err == nil || !strings.Contains(string(err.Code)+": "+err.Error(), want) {
			t.Errorf("%.80s: %v, want %s", arg, err, want)
		}
	}
	if got := w.slack.Messages(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	w.service.Token = types.NewSecret("xoxb-old")
	if _, err := w.post(in(public, "x")); err == nil || err.Code != types.Auth ||
		err.Error() != "post a message to "+public+`: Slack says invalid_auth (the token of service "slack" was refused: use a bot token, xoxb-…, of an app that is installed in the workspace)` {
		t.Error(err)
	}
	w.service.Token = types.Secret{}
	if _, err := w.post(in(public, "x")); err == nil || err.Error() != `service "slack" has no token (name one in skillrun.yaml, e.g. token: env:SLACK_TOKEN)` {
		t.Error(err)
	}
	w.service.URL = "slack.com"
	if _, err := w.post(in(public, "x")); err == nil || err.Error() != `the service "slack" has an invalid URL (leave it out in skillrun.yaml: Slack is at https://slack.com)` {
		t.Error(err)
	}
	if _, err := w.step().Do(t.Context(), json.RawMessage(in(public, "x"))); err == nil || err.Error() != "the call has no key" {
		t.Error(err)
	}
}

// TestOddAnswers: what is not Slack's own yes or no proves nothing of a write.
func TestOddAnswers(t *testing.T) {
	w := newWorld(t)
	type answer struct {
		status     int
		kind, body string
	}
	js := "application/json"
	for a, want := range map[answer]types.Code{
		{200, "text/html", "<html>Sign in"}:                     types.UnknownOutcome,
		{200, js, `{"ok":`}:                                     types.UnknownOutcome,
		{200, js, `{}`}:                                         types.UnknownOutcome,
		{200, js, `{"ok":true}`}:                                types.UnknownOutcome,
		{200, js, `{"ok":true,"channel":5}`}:                    types.UnknownOutcome,
		{200, js, `{"ok":true,"channel":"C0","ts":"1.000001"}`}: types.UnknownOutcome,
		{200, js, `{"ok":false,"error":"fatal_error"}`}:         types.UnknownOutcome,
		{200, js, `{"ok":false,"error":"ratelimited"}`}:         types.RateLimited,
		{200, js, `{"ok":false,"error":"restricted_action_x"}`}: types.Forbidden,
		{200, js, `{"ok":false,"error":"something_new"}`}:       types.BadInput,
		{429, js, `{"ok":false,"error":"ratelimited"}`}:         types.RateLimited,
		{302, js, ``}: types.UnknownOutcome,
		{503, js, ``}: types.UnknownOutcome,
	} {
		w.between = func(out http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			out.Header().Set("Content-Type", a.kind)
			out.Header().Set("Retry-After", "30")
			out.WriteHeader(a.status)
			fmt.Fprint(out, a.body)
			return true
		}
		w.asked()
		_, err := w.post(in(public, "x"))
		calls := w.asked()
		if err == nil || err.Code != want || len(calls) != 1 || want == types.RateLimited && err.Details["retry_after"] != "30" {
			t.Errorf("%+v: %v %v, asked %d times", a, err, err.Details, len(calls))
		}
		if f, err := w.find(in(public, "x"), step.Call{AfterUnknown: true}); err == nil && f.State == step.StateAbsent {
			t.Errorf("%+v proves that no message is there", a)
		}
	}
	w.between = func(out http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		out.Header().Set("Content-Type", js)
		fmt.Fprint(out, `{"ok":true}`)
		return true
	}
	_, err := w.find(in(public, "x"), step.Call{})
	want := "look through " + public + `: the answer is not Slack's: it has no list of messages (check the service's url in skillrun.yaml: a login page or a proxy may be answering)`
	if types.CodeOf(err) != types.Unavailable || err.Error() != want {
		t.Error(err)
	}
	if _, err := w.post(in(public, "x")); err == nil || !strings.Contains(err.Message, "Slack reports success, but its answer names no message of this channel") {
		t.Error(err)
	}
}

func TestExamine(t *testing.T) {
	w := newWorld(t)
	uses := func(channels ...string) (out []step.Use) {
		for _, c := range channels {
			out = append(out, step.Use{Step: "slack_post_message", Args: types.Values{"channel": c}})
		}
		return out
	}
	look := func(channels ...string) string {
		var out []string
		for _, f := range slack.Examine(map[string]slack.Service{"slack": w.service})(t.Context(), "slack", uses(channels...), time.Now()) {
			line := f.Subject + " " + f.State()
			if f.Err != nil {
				line += ": " + f.Err.Message
			}
			if !strings.HasPrefix(line, "reach ") && !strings.HasPrefix(line, "clock ") {
				out = append(out, line)
			}
		}
		return strings.Join(out, "\n")
	}
	want := "token ok\nchannel " + public + " ok\nchannel  skipped\nchannel C1 failed: \"C1\" is not the id of a channel\n" +
		"channel " + outside + " failed: look through " + outside + ": Slack says not_in_channel"
	if d := cmp.Diff(strings.Replace(want, "channel  skipped", "channel skipped", 1), look(public, public, "", "C1", outside)); d != "" {
		t.Error(d)
	}
	w.service.Token = types.NewSecret("x")
	if got := look(); got != "token failed: ask who the token is: Slack says invalid_auth" {
		t.Error(got)
	}
	w.service.URL = ""
	if got := look(); !strings.Contains(got, "url failed") {
		t.Error(got)
	}
}

// TestMayNotPost: doctor sees from the scopes that the token may not post.
func TestMayNotPost(t *testing.T) {
	w := newWorld(t, func(o *slacktest.Options) { o.Scopes = []string{"channels:history"} })
	got := slack.Examine(map[string]slack.Service{"slack": w.service})(t.Context(), "slack", nil, time.Now())
	last := got[len(got)-1]
	if last.Err == nil || last.Err.Error() != "the token lacks permission to post: it has channels:history (give the app the scope chat:write, and reinstall it in the workspace)" {
		t.Errorf("%+v", got)
	}
}
