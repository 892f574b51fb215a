package slack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/slack"
	"github.com/skillrun/skillrun/steps/slack/slacktest"
)

const (
	public, private, archived, outside = "C00000PUB", "G00000PRI", "C00000ARC", "C00000OUT"
)

var now = time.Date(2025, 11, 3, 9, 0, 0, 0, time.UTC)

// world is a workspace behind a server, and what may go wrong on the way.
type world struct {
	*testing.T
	slack   *slacktest.Server
	options slacktest.Options
	service slack.Service
	mu      sync.Mutex                                                           // a handler may outlive its connection
	calls   []string                                                             // the methods, in order
	between func(w http.ResponseWriter, r *http.Request, next http.Handler) bool // answers in its place
	told    []string
}

func newWorld(t *testing.T, change ...func(*slacktest.Options)) *world {
	t.Parallel()
	w := &world{T: t, options: slacktest.Options{Token: "xoxb-good", Now: func() time.Time { return now }, Channels: []slacktest.Channel{
		{ID: public, Member: true}, {ID: private, Private: true, Member: true}, {ID: archived, Archived: true, Member: true}, {ID: outside},
	}}}
	for _, c := range change {
		c(&w.options)
	}
	w.slack = slacktest.New(w.options)
	srv := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.calls = append(w.calls, strings.TrimPrefix(r.URL.Path, "/api/"))
		between := w.between
		w.mu.Unlock()
		if between == nil || !between(out, r, w.slack) {
			w.slack.ServeHTTP(out, r)
		}
	}))
	t.Cleanup(srv.Close)
	w.service = slack.Service{URL: srv.URL, Token: types.NewSecret("xoxb-good"), Transport: srv.Client().Transport, Timeout: 5 * time.Second}
	return w
}

// asked returns the methods that were called since it was last asked.
func (w *world) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

func (w *world) step() step.Step {
	w.Helper()
	s, ok := step.NewCatalogue(slack.Steps(map[string]slack.Service{"slack": w.service})).Lookup("slack_post_message")
	if !ok {
		w.Fatal("no step")
	}
	return s
}

var key = step.Key{Work: "work", Path: "path"}

func (w *world) ctx(c step.Call) context.Context {
	if c.Key.IsZero() {
		c.Key = key
	}
	if c.Digest == "" {
		c.Digest = "digest"
	}
	if c.StartedAt.IsZero() {
		c.StartedAt = now
	}
	c.Tell = func(text string) { w.told = append(w.told, text) }
	return step.WithCall(w.Context(), c)
}

func (w *world) post(in string) (slack.PostOut, *types.Error) {
	w.Helper()
	s := w.step()
	raw, err := s.Do(w.ctx(step.Call{}), json.RawMessage(in))
	var out slack.PostOut
	if err != nil {
		e := types.AsError(err)
		if !s.CanFail(e.Code) || e.Hint == "" {
			w.Errorf("%s is not declared, or has no hint: %v", e.Code, err)
		}
		return out, e
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		w.Error(err)
	}
	return out, nil
}

func (w *world) find(in string, c step.Call) (step.Found[json.RawMessage], error) {
	return w.step().Find(w.ctx(c), key, json.RawMessage(in))
}

func in(channel, text string) string {
	return string(types.Encode(map[string]any{"service": "slack", "channel": channel, "text": text}))
}

func TestPost(t *testing.T) {
	w := newWorld(t)
	parent, err := w.post(in(public, "Released *1.5*"))
	if err != nil || parent.Channel != public || parent.TS != "1762160400.000000" {
		t.Fatal(parent, err)
	}
	reply, err := w.post(`{"service":"slack","channel":"` + public + `","text":"and more","thread_ts":"` + parent.TS + `"}`)
	got := w.slack.Messages()
	if err != nil || len(got) != 2 || got[1].ThreadTS != parent.TS || got[1].TS != reply.TS || got[0].Text != "Released *1.5*" {
		t.Errorf("%+v, %v", got, err)
	}
	want := `{"event_type":"skillrun_message","event_payload":{"key":"work-path","digest":"digest"}}`
	if string(got[0].Metadata) != want {
		t.Errorf("%s", got[0].Metadata)
	}
}

// TestSlackTextMentionsNobody: whatever a text from outside holds, it calls
// nobody and makes no link of other words; it reads as it was.
func TestSlackTextMentionsNobody(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{
		"<!channel>", "<!here|x>", "<@U00000ALL> hi", "<!subteam^S0001>", "<https://evil.example.com|https://good.example.com>",
		"@channel @here @everyone", "a & b &lt;!channel&gt; <", "fix: `x` <script>", "\u202e<!channel>\x1b[31m\x00", "\xff<!everyone>", "<\r\n!channel>",
	} {
		if _, err := w.post(in(public, text)); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		all := w.slack.Messages()
		got := all[len(all)-1]
		if len(got.Pings) > 0 || strings.ContainsAny(got.Text, "<>\x1b\x00\r\u202e") {
			t.Errorf("%q is sent as %q and calls %q", text, got.Text, got.Pings)
		}
		read := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(got.Text)
		if plain := !strings.ContainsAny(text, "\u202e\x1b\x00\r") && text != "\xff<!everyone>"; plain && read != text {
			t.Errorf("%q reads as %q", text, read)
		}
	}
}

func TestMention(t *testing.T) {
	w := newWorld(t)
	if _, err := w.post(`{"service":"slack","channel":"` + public + `","text":"<!here> look","mention":["U0000ADA1","S0000SRE1","channel"]}`); err != nil {
		t.Fatal(err)
	}
	got := w.slack.Messages()[0]
	if got.Text != "<@U0000ADA1> <!subteam^S0000SRE1> <!channel> &lt;!here&gt; look" || !cmp.Equal(got.Pings, []string{"@U0000ADA1", "!subteam^S0000SRE1", "!channel"}) {
		t.Errorf("%+v", got)
	}
}

// TestSlackPostOnce: a message whose answer was lost is found by its mark, in
// the channel and in a thread, over several pages and among others'.
func TestSlackPostOnce(t *testing.T) {
	w := newWorld(t, func(o *slacktest.Options) { o.PageSize = 3 })
	parent := w.slack.Say(public, "parent")
	threaded := `{"service":"slack","channel":"` + public + `","text":"x","thread_ts":"` + parent.TS + `"}`
	for _, arg := range []string{in(public, "x"), threaded} {
		if f, err := w.find(arg, step.Call{}); err != nil || f.State != step.StateAbsent {
			t.Fatalf("%+v, %v", f, err)
		}
		w.between = func(out http.ResponseWriter, r *http.Request, next http.Handler) bool {
			if r.URL.Path != "/api/chat.postMessage" {
				return false
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			conn, _, err := out.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
			return true
		}
		w.asked()
		_, err := w.post(arg)
		if calls := w.asked(); err == nil || err.Code != types.UnknownOutcome || len(calls) != 1 {
			t.Fatalf("%v, asked %q", err, calls)
		}
		all := w.slack.Messages()
		posted := all[len(all)-1]
		for i := range 8 {
			w.slack.Say(public, fmt.Sprint("later ", i))
		}
		f, findErr := w.find(arg, step.Call{AfterUnknown: true})
		want := `{"channel":"` + public + `","ts":"` + posted.TS + `"}`
		if findErr != nil || f.State != step.StateHere || string(f.Out) != want || f.Ref != public+"/"+posted.TS {
			t.Errorf("%+v %s, %v", f, f.Out, findErr)
		}
		if f, err := w.find(arg, step.Call{Digest: "other"}); err != nil || f.State != step.StateDiffers || f.Why != "the message was posted with another text" {
			t.Errorf("%+v, %v", f, err)
		}
		w.slack.Delete(posted.TS)
	}
	if !w.step().IsLate() {
		t.Error("a message whose answer was lost may still come")
	}
}

// TestSlackLooksFarEnough: in a channel with more messages than are looked
// through, absence is a proof only of what lies before the run.
func TestSlackLooksFarEnough(t *testing.T) {
	w := newWorld(t, func(o *slacktest.Options) { o.PageSize = 2 })
	for i := range 25 {
		w.slack.Say(public, fmt.Sprint(i))
	}
	for _, c := range []struct {
		began time.Time
		after bool
		want  step.FoundState
	}{
		{now.Add(2 * time.Hour), true, step.StateAbsent}, // all of them are older
		{now, false, step.StateAbsent},                   // this run has surely not sent any
		{now, true, step.StateCannotTell},
	} {
		f, err := w.find(in(public, "x"), step.Call{StartedAt: c.began, AfterUnknown: c.after})
		if err != nil || f.State != c.want || c.want == step.StateCannotTell && !strings.Contains(f.Why, "since the run began there were more messages than are looked through") {
			t.Errorf("%+v: %+v, %v", c, f, err)
		}
	}
}

// TestMayNotRead: without the right to look, a message is sent once all the
// same, and when its answer is lost a person is asked.
func TestMayNotRead(t *testing.T) {
	w := newWorld(t, func(o *slacktest.Options) { o.Scopes = []string{"chat:write"} })
	f, err := w.find(in(public, "x"), step.Call{})
	if err != nil || f.State != step.StateAbsent || len(w.told) != 1 ||
		w.told[0] != "the app may not read "+public+": a message whose answer is lost could not be looked for (give the app the scope, and install it to the workspace anew)" {
		t.Errorf("%+v, %v, %q", f, err, w.told)
	}
	f, err = w.find(in(public, "x"), step.Call{AfterUnknown: true})
	if err != nil || f.State != step.StateCannotTell || !strings.Contains(f.Why, "look in "+public+" whether the message is there; look through "+public+": Slack says missing_scope channels:history") {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestUpdate(t *testing.T) {
	w := newWorld(t)
	out, err := w.post(in(public, "old"))
	if err != nil {
		t.Fatal(err)
	}
	got, err2 := w.step().Update(w.ctx(step.Call{Digest: "new"}), key, json.RawMessage(in(public, "new <!here>")), types.Encode(out))
	all := w.slack.Messages()
	if err2 != nil || string(got) != string(types.Encode(out)) || len(all) != 1 || all[0].Text != "new &lt;!here&gt;" || !all[0].Edited {
		t.Errorf("%s, %v, %+v", got, err2, all)
	}
	if f, err := w.find(in(public, "new"), step.Call{Digest: "new"}); err != nil || f.State != step.StateHere {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestUndo(t *testing.T) {
	w := newWorld(t)
	arg := json.RawMessage(in(public, "x"))
	out, err := w.post(string(arg))
	if err != nil {
		t.Fatal(err)
	}
	s, raw := w.step(), types.Encode(out)
	if say, err := s.SayUndo(arg, raw); err != nil || say != "delete message "+out.TS+" in "+public {
		t.Error(say, err)
	}
	if err := s.Undo(w.ctx(step.Call{}), step.Key{Work: "w", Path: "other"}, arg, raw); types.CodeOf(err) != types.Conflict ||
		err.Error() != "message "+out.TS+" does not hold the mark of this work, so it is left alone (look at it, and delete it by hand when it is ours)" {
		t.Error(err)
	}
	for range 2 { // safe to do twice
		if err := s.Undo(w.ctx(step.Call{}), key, arg, raw); err != nil || len(w.slack.Messages()) != 0 {
			t.Error(err, w.slack.Messages())
		}
	}
	lost, _ := w.post(string(arg))
	w.between = func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path == "/api/chat.delete" {
			w.slack.Delete(lost.TS)
		}
		return false
	}
	if err := s.Undo(w.ctx(step.Call{}), key, arg, types.Encode(lost)); err != nil {
		t.Error("somebody deleted it meanwhile:", err)
	}
}

func TestResolve(t *testing.T) {
	w := newWorld(t)
	m := w.slack.Say(public, "by hand")
	reply, err := w.post(`{"service":"slack","channel":"` + public + `","text":"x","thread_ts":"` + m.TS + `"}`)
	if err != nil {
		t.Fatal(err)
	}
	threaded := `{"service":"slack","channel":"` + public + `","text":"x","thread_ts":"` + m.TS + `"}`
	link := "https://team.slack.com/archives/%s/p" + strings.Replace(m.TS, ".", "", 1)
	for ref, want := range map[string]string{
		m.TS:                                  "",
		fmt.Sprintf(link, public):             "",
		fmt.Sprintf(link, public) + "?x=1":    "",
		fmt.Sprintf(link, private):            "that message is in " + private + ", and the skill posts to " + public + " (name the message in the skill's channel, or say --not-done)",
		"1.000001":                            "there is no message 1.000001 in " + public + " (copy the message's link in Slack, or say --not-done)",
		"yesterday's":                         `"yesterday's" does not name a message (give the message's ts, 1762160400.000100, or its link)`,
		"https://evil.example.com/?" + m.TS:   `does not name a message`,
		fmt.Sprintf(link, "C000000000") + "x": `does not name a message`,
	} {
		got, err := w.step().Resolve(w.ctx(step.Call{}), ref, json.RawMessage(in(public, "x")))
		if want == "" && (err != nil || string(got) != `{"channel":"`+public+`","ts":"`+m.TS+`"}`) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %s, %v; want %q", ref, got, err, want)
		}
	}
	if got, err := w.step().Resolve(w.ctx(step.Call{}), reply.TS, json.RawMessage(threaded)); err != nil || !strings.Contains(string(got), reply.TS) {
		t.Errorf("in a thread: %s, %v", got, err)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	for arg, want := range map[string]string{
		in("general", "x"):                      `invalid: "general" is not the id of a channel (it begins with C, such as C0123456789, and stands at the end of the channel's details in Slack)`,
		in(public, " \n"):                       "invalid: the text of the message is empty (say something, or leave the step out with if)",
		in("C999999999", "x"):                   "not_found: post a message to C999999999: Slack says channel_not_found (check the channel's id; a private channel is only there for an app that was invited to it)",
		in(outside, "x"):                        "forbidden: post a message to " + outside + ": Slack says not_in_channel (invite the app to the channel: /invite @APP)",
		in(archived, "x"):                       "conflict: post a message to " + archived + ": Slack says is_archived (unarchive the channel, or post to another)",
		in(public, strings.Repeat("<", 10_001)): "invalid: the text has 40004 characters, and Slack cuts it off after 40000 (say less, and link to the rest)",
		`{"service":"slack","channel":"` + public + `","text":"x","thread_ts":"yesterday"}`: `invalid: "yesterday" is not the ts of a message (give the ts output of slack_post_message)`,
		`{"service":"slack","channel":"` + public + `","text":"x","thread_ts":"1.000001"}`:  "not_found: post a message to " + public + ": Slack says thread_not_found (check thread_ts",
		`{"service":"slack","channel":"` + public + `","text":"x","mention":["!channel"]}`:  `invalid: "!channel" is nobody to mention (give the id of a user (U…) or a group (S…), or here, channel or everyone)`,
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
		err.Error() != "post a message to "+public+`: Slack says invalid_auth (the token of service "slack" was refused: it is to be a bot's, xoxb-…, of an app that is installed to the workspace)` {
		t.Error(err)
	}
	w.service.Token = types.Secret{}
	if _, err := w.post(in(public, "x")); err == nil || err.Error() != `service "slack" has no token (name one in skillrun.yaml, e.g. token: env:SLACK_TOKEN)` {
		t.Error(err)
	}
	w.service.URL = "slack.com"
	if _, err := w.post(in(public, "x")); err == nil || err.Error() != `service "slack" has no usable url (leave it out in skillrun.yaml: Slack is at https://slack.com)` {
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
	want := "look through " + public + `: the answer is not Slack's: it has no list of messages (see whether a proxy or login page stands between here and service "slack", then go on with the run)`
	if types.CodeOf(err) != types.Unavailable || err.Error() != want {
		t.Error(err)
	}
	if _, err := w.post(in(public, "x")); err == nil || !strings.Contains(err.Message, "Slack says yes and names no such message") {
		t.Error(err)
	}
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	arg := `{"service":"slack","channel":"` + public + `","text":"hi <!here>","mention":["here"],"thread_ts":"1.000001"}`
	p, err := w.step().Preview(t.Context(), json.RawMessage(arg), nil)
	want := step.Change{Title: "post to " + public, Fields: []step.FieldChange{
		{Name: "channel", Value: public}, {Name: "mention", Value: "[here]"}, {Name: "thread_ts", Value: "1.000001"}, {Name: "text", Value: "hi <!here>"},
	}}
	calls := w.asked()
	if d := cmp.Diff(want, p.Change); d != "" || err != nil || p.Unknown.Has("channel") || !p.Unknown.Has("ts") || len(calls) > 0 {
		t.Error(d, err, p.Unknown, calls)
	}
	p, err = w.step().Preview(t.Context(), json.RawMessage(`{"service":"slack","channel":"","text":""}`), step.UnknownPaths{"channel", "text"})
	if err != nil || p.Change.Title != "post to a channel" {
		t.Error(p, err)
	}
	if _, err = w.step().Preview(t.Context(), json.RawMessage(in("x", "y")), nil); types.CodeOf(err) != types.BadInput {
		t.Error("a plan does not say what the run would:", err)
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
	if last.Err == nil || last.Err.Error() != "the token may not post: it has channels:history (give the app the scope chat:write, and install it to the workspace anew)" {
		t.Errorf("%+v", got)
	}
}
