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
// no one and makes no link of other words; it reads as it was.
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
		if findErr != nil || f.State != step.StateExists || string(f.Out) != want || f.Ref != public+"/"+posted.TS {
			t.Errorf("%+v %s, %v", f, f.Out, findErr)
		}
		if f, err := w.find(arg, step.Call{Digest: "other"}); err != nil || f.State != step.StateDrifted || f.Why != "the message was posted with another text" {
			t.Errorf("%+v, %v", f, err)
		}
		w.slack.Delete(posted.TS)
	}
	if !w.step().IsEventuallyConsistent() {
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
		{now, true, step.StateInconclusive},
	} {
		f, err := w.find(in(public, "x"), step.Call{StartedAt: c.began, AfterUnknown: c.after})
		if err != nil || f.State != c.want || c.want == step.StateInconclusive && !strings.Contains(f.Why, "since the run began there were more messages than are looked through") {
			t.Errorf("%+v: %+v, %v", c, f, err)
		}
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
	if f, err := w.find(in(public, "new"), step.Call{Digest: "new"}); err != nil || f.State != step.StateExists {
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
	if say, err := s.DescribeUndo(arg, raw); err != nil || say != "delete message "+out.TS+" in "+public {
		t.Error(say, err)
	}
	if err := s.Undo(w.ctx(step.Call{}), step.Key{Work: "w", Path: "other"}, arg, raw); types.CodeOf(err) != types.Conflict ||
		err.Error() != "message "+out.TS+" does not have the marker of this work, so it is not changed (check it, and delete it by hand if it belongs to this work)" {
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
		fmt.Sprintf(link, private):            "that message is in " + private + ", but the skill posts to " + public + " (name the message in the skill's channel, or use --not-done)",
		"1.000001":                            "there is no message 1.000001 in " + public + " (copy the message's link in Slack, or use --not-done)",
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
