package sandbox_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// say posts to the channel of the world, and returns the texts that are there.
func (c client) say(text string) (texts []string) {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.w.URL()+"/slack/api/chat.postMessage",
		strings.NewReader(`{"channel":"C0RELEASES","text":"`+text+`"}`))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Authorization", "Bearer "+c.token("slack"))
	answer, err := c.web.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	answer.Body.Close()
	return c.said()
}

func (c client) said() (texts []string) {
	c.Helper()
	var s struct {
		Slack struct{ Messages []struct{ Text string } }
	}
	if err := json.Unmarshal(c.do("", "GET", "/_state", "", 200), &s); err != nil {
		c.Fatal(err)
	}
	for _, m := range s.Slack.Messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// TestSlackIsKept: messages outlive the process, go back with the world, and a
// world that was made before there was Slack in it has none.
func TestSlackIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	if got := c.say("one"); len(got) != 1 {
		t.Fatal(got)
	}
	c.w.Close()
	c = open(t, dir)
	if got := c.say("two"); strings.Join(got, " ") != "one two" {
		t.Error(got)
	}
	if err := c.w.Rewind(); err != nil || strings.Join(c.said(), " ") != "one" {
		t.Error(err, c.said())
	}
	c.w.Close()
	if err := os.Remove(filepath.Join(dir, "slack.json")); err != nil {
		t.Fatal(err)
	}
	c = open(t, dir)
	if got := c.said(); len(got) != 0 {
		t.Error(got)
	}
}
