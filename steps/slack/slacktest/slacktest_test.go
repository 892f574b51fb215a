package slacktest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/steps/slack/slacktest"
)

func ask(t *testing.T, s *slacktest.Server, method, path, body, token string) map[string]any {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	return out
}

// TestRefusals: Slack says 200, and what is wrong in a word.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := slacktest.New(slacktest.Options{Token: "t", Scopes: []string{"chat:write"}, Channels: []slacktest.Channel{
		{ID: "C1", Member: true}, {ID: "C2"}, {ID: "C3", Private: true}, {ID: "C4", Archived: true, Member: true}, {ID: "C5", Private: true, Member: true},
	}})
	for _, c := range []struct{ method, path, body, token, want string }{
		{"POST", "/api/chat.postMessage", `{}`, "", "not_authed"},
		{"POST", "/api/chat.postMessage", `{}`, "x", "invalid_auth"},
		{"POST", "/api/chat.postMessage", `{`, "t", "invalid_json"},
		{"POST", "/api/chat.shout", `{}`, "t", "unknown_method"},
		{"POST", "/api/chat.postMessage", `{"channel":"C9","text":"x"}`, "t", "channel_not_found"},
		{"POST", "/api/chat.postMessage", `{"channel":"C2","text":"x"}`, "t", "not_in_channel"},
		{"POST", "/api/chat.postMessage", `{"channel":"C3","text":"x"}`, "t", "channel_not_found"},
		{"POST", "/api/chat.postMessage", `{"channel":"C4","text":"x"}`, "t", "is_archived"},
		{"POST", "/api/chat.postMessage", `{"channel":"C1","text":" "}`, "t", "no_text"},
		{"POST", "/api/chat.postMessage", `{"channel":"C1","text":"x","thread_ts":"1.0"}`, "t", "thread_not_found"},
		{"POST", "/api/chat.postMessage", `{"channel":"C1","text":"x","metadata":{"event_type":"A b","event_payload":{}}}`, "t", "invalid_metadata_format"},
		{"POST", "/api/chat.update", `{"channel":"C1","text":"x","ts":"1.0"}`, "t", "message_not_found"},
		{"POST", "/api/chat.delete", `{"channel":"C1","ts":"1.0"}`, "t", "message_not_found"},
		{"GET", "/api/conversations.history?channel=C1", "", "t", "missing_scope"},
		{"GET", "/api/conversations.history?channel=C5", "", "t", "missing_scope"},
	} {
		if got := ask(t, s, c.method, c.path, c.body, c.token); got["ok"] != false || got["error"] != c.want {
			t.Errorf("%s %s: %v, want %s", c.path, c.body, got, c.want)
		}
	}
}

// TestWays: history is newest first, metadata comes when asked for, a long text
// is cut off in silence, and who is called is worked out as Slack does.
func TestWays(t *testing.T) {
	t.Parallel()
	s := slacktest.New(slacktest.Options{Token: "t", Channels: []slacktest.Channel{{ID: "C1", Member: true}}})
	first := ask(t, s, "POST", "/api/chat.postMessage", `{"channel":"C1","text":"<!here> @channel","metadata":{"event_type":"a","event_payload":{}}}`, "t")
	ask(t, s, "POST", "/api/chat.postMessage", `{"channel":"C1","text":"@channel `+strings.Repeat("x", 50_000)+`","link_names":true}`, "t")
	got := s.Messages()
	if len(got) != 2 || len(got[1].Text) != 40_000 || len(got[0].Pings) != 1 || got[0].Pings[0] != "!here" || len(got[1].Pings) != 1 || got[1].Pings[0] != "!channel" {
		t.Errorf("%.200v", got)
	}
	page := ask(t, s, "GET", "/api/conversations.history?channel=C1&limit=1&cursor=1", "", "t")
	one := page["messages"].([]any)[0].(map[string]any)
	if one["ts"] != first["ts"] || one["metadata"] != nil || page["has_more"] != false {
		t.Errorf("%v", page)
	}
	page = ask(t, s, "GET", "/api/conversations.history?channel=C1&include_all_metadata=true", "", "t")
	if page["messages"].([]any)[1].(map[string]any)["metadata"] == nil {
		t.Errorf("%v", page)
	}
	other := slacktest.New(slacktest.Options{Token: "t"})
	if err := other.Restore(s.Snapshot()); err != nil || len(other.Messages()) != 2 {
		t.Error(err, other.Messages())
	}
	if err := other.Restore([]byte("no")); err == nil || !strings.HasPrefix(err.Error(), "not a snapshot of a slack stand-in") {
		t.Error(err)
	}
}
