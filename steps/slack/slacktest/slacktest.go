// Package slacktest is a stand-in for Slack: the methods that the steps use,
// over real HTTP, with Slack's own ways. It says 200 and ok:false when it
// refuses, gives history newest first and in pages, metadata only when asked
// for, cuts off long texts in silence, and works out whom a message mentions.
package slacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say what the workspace is like.
type Options struct {
	Token    string   // the one that is good
	Scopes   []string // what it may do; nil is chat:write, channels:history and groups:history
	Channels []Channel
	Now      func() time.Time // time.Now without one
	PageSize int              // the most messages a page has; 0 is 999
}

// Channel is a channel of the workspace. The app sees a private one only as a
// member.
type Channel struct {
	ID       string
	Private  bool
	Archived bool
	Member   bool // whether the app is in it
}

// Message is a message that was posted.
type Message struct {
	Channel  string          `json:"channel"`
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	Text     string          `json:"text"` // as it was sent
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Pings    []string        `json:"pings,omitempty"` // whom it mentions: "@U…", "!channel"
	Edited   bool            `json:"edited,omitempty"`
}

// Server is a workspace. It is an http.Handler for what lies below the url.
type Server struct {
	opts     Options
	mu       sync.Mutex
	messages []Message // oldest first
	last     int64     // the microsecond of the last ts
}

// New returns an empty workspace.
func New(o Options) *Server {
	if o.Scopes == nil {
		o.Scopes = []string{"chat:write", "channels:history", "groups:history"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PageSize == 0 {
		o.PageSize = 999
	}
	return &Server{opts: o}
}

// Messages are those that are there, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Say posts a message of a person.
func (s *Server) Say(channel, text string) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(Message{Channel: channel, Text: text})
}

// Delete deletes a message, as a person does.
func (s *Server) Delete(ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = slices.DeleteFunc(s.messages, func(m Message) bool { return m.TS == ts })
}

// Snapshot is the state, for [Server.Restore].
func (s *Server) Snapshot() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := json.Marshal(s.messages)
	if err != nil {
		panic("unreachable: " + err.Error())
	}
	return data
}

// Restore puts a state back.
func (s *Server) Restore(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var messages []Message
	if err := json.Unmarshal(data, &messages); err != nil {
		return errors.Join(errors.New("not a snapshot of a slack stand-in"), err)
	}
	s.messages = messages
	return nil
}

// reply is what a method answers beside ok.
type reply map[string]any

// refusal is a word of Slack's for no.
type refusal string

// ServeHTTP answers a method.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	method, ok := strings.CutPrefix(r.URL.Path, "/api/")
	if !ok {
		http.Error(w, "Slack", http.StatusOK)
		return
	}
	out, no := s.answer(method, r)
	if no != "" {
		out = reply{"error": string(no)}
		if scope, missing := strings.CutPrefix(string(no), "missing_scope "); missing {
			out = reply{"error": "missing_scope", "needed": scope, "provided": strings.Join(s.opts.Scopes, ",")}
		}
	}
	out["ok"] = no == ""
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-OAuth-Scopes", strings.Join(s.opts.Scopes, ","))
	_ = json.NewEncoder(w).Encode(out) // the client went away: no one to tell
}

func (s *Server) answer(method string, r *http.Request) (reply, refusal) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok:
		return nil, "not_authed"
	case token != s.opts.Token || token == "":
		return nil, "invalid_auth"
	case method == "auth.test":
		return reply{"url": "https://team.slack.com/", "team": "Team", "user": "release-bot", "team_id": "T00000001", "user_id": "U00000001", "bot_id": "B00000001"}, ""
	}
	var args arguments
	if err := args.read(r); err != nil {
		return nil, "invalid_json"
	}
	switch method {
	case "chat.postMessage", "chat.update", "chat.delete":
		return s.write(method, args)
	case "conversations.history", "conversations.replies":
		return s.list(method, args)
	}
	return nil, "unknown_method"
}

// arguments are those of all the methods.
type arguments struct {
	Channel  string          `json:"channel"`
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts"`
	Text     string          `json:"text"`
	Parse    string          `json:"parse"`
	Links    bool            `json:"link_names"`
	Metadata json.RawMessage `json:"metadata"`
	query    url.Values
}

func (a *arguments) read(r *http.Request) error {
	a.query = r.URL.Query()
	if r.Method != http.MethodPost {
		a.Channel, a.TS = a.query.Get("channel"), a.query.Get("ts")
		return nil
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return errors.New("not JSON")
	}
	return json.NewDecoder(r.Body).Decode(a)
}

func (s *Server) channel(id string, writing bool) refusal {
	i := slices.IndexFunc(s.opts.Channels, func(c Channel) bool { return c.ID == id })
	switch {
	case i < 0 || s.opts.Channels[i].Private && !s.opts.Channels[i].Member:
		return "channel_not_found"
	case !s.opts.Channels[i].Member:
		return "not_in_channel"
	case writing && s.opts.Channels[i].Archived:
		return "is_archived"
	case !writing && s.opts.Channels[i].Private:
		return s.scope("groups:history")
	case !writing:
		return s.scope("channels:history")
	}
	return s.scope("chat:write")
}

func (s *Server) scope(name string) refusal {
	if slices.Contains(s.opts.Scopes, name) {
		return ""
	}
	return refusal("missing_scope " + name)
}

// maxText is where Slack cuts a text off.
const maxText = 40_000

func (s *Server) write(method string, a arguments) (reply, refusal) {
	if no := s.channel(a.Channel, true); no != "" {
		return nil, no
	}
	at := slices.IndexFunc(s.messages, func(m Message) bool { return m.Channel == a.Channel && m.TS == a.TS })
	thread := slices.IndexFunc(s.messages, func(m Message) bool { return m.Channel == a.Channel && m.TS == a.ThreadTS })
	switch {
	case method != "chat.postMessage" && at < 0:
		return nil, "message_not_found"
	case method == "chat.delete":
		s.messages = slices.Delete(s.messages, at, at+1)
		return reply{"channel": a.Channel, "ts": a.TS}, ""
	case strings.TrimSpace(a.Text) == "":
		return nil, "no_text"
	case a.ThreadTS != "" && thread < 0:
		return nil, "thread_not_found"
	case a.Metadata != nil && !validMetadata(a.Metadata):
		return nil, "invalid_metadata_format"
	}
	if r := []rune(a.Text); len(r) > maxText {
		a.Text = string(r[:maxText])
	}
	m := Message{Channel: a.Channel, ThreadTS: a.ThreadTS, Text: a.Text, Metadata: a.Metadata, Pings: pings(a)}
	if method == "chat.update" {
		m.TS, m.ThreadTS, m.Edited = a.TS, s.messages[at].ThreadTS, true
		s.messages[at] = m
	} else {
		m = s.add(m)
	}
	return reply{"channel": m.Channel, "ts": m.TS, "message": map[string]any{"type": "message", "text": m.Text, "ts": m.TS}}, ""
}

// add gives a message its ts: a time, and unique.
func (s *Server) add(m Message) Message {
	s.last = max(s.last+100, s.opts.Now().UnixMicro())
	m.TS = fmt.Sprintf("%d.%06d", s.last/1e6, s.last%1e6)
	s.messages = append(s.messages, m)
	return m
}

var (
	eventPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9_]+$`) })
	pingPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<([@!][^>|]+)(\|[^>]*)?>`) })
	namePattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|\s)@(channel|here|everyone)\b`) })
)

func validMetadata(raw json.RawMessage) bool {
	var m struct {
		EventType string         `json:"event_type"`
		Payload   map[string]any `json:"event_payload"`
	}
	return json.Unmarshal(raw, &m) == nil && eventPattern().MatchString(m.EventType) && m.Payload != nil
}

// pings are whom a text calls: by command always, by name when that was asked
// for.
func pings(a arguments) []string {
	var out []string
	for _, m := range pingPattern().FindAllStringSubmatch(a.Text, -1) {
		out = append(out, m[1])
	}
	if a.Links || a.Parse == "full" {
		for _, m := range namePattern().FindAllStringSubmatch(a.Text, -1) {
			out = append(out, "!"+m[2])
		}
	}
	return out
}

// list gives a page: of a channel without the answers in threads, newest first;
// of a thread oldest first.
func (s *Server) list(method string, a arguments) (reply, refusal) {
	if no := s.channel(a.Channel, false); no != "" {
		return nil, no
	}
	thread := method == "conversations.replies"
	var all []Message
	for _, m := range s.messages {
		if m.Channel == a.Channel && inside(m.TS, a.query) && (thread && (m.TS == a.TS || m.ThreadTS == a.TS) || !thread && m.ThreadTS == "") {
			all = append(all, m)
		}
	}
	if thread && !slices.ContainsFunc(s.messages, func(m Message) bool { return m.Channel == a.Channel && m.TS == a.TS }) {
		return nil, "thread_not_found"
	}
	if !thread {
		slices.Reverse(all)
	}
	from, _ := strconv.Atoi(a.query.Get("cursor"))
	limit, err := strconv.Atoi(a.query.Get("limit"))
	if err != nil {
		limit = 100
	}
	from = min(from, len(all))
	to := min(from+min(limit, s.opts.PageSize), len(all))
	next := ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	list := []map[string]any{}
	for _, m := range all[from:to] {
		one := map[string]any{"type": "message", "ts": m.TS, "text": m.Text}
		if m.ThreadTS != "" {
			one["thread_ts"] = m.ThreadTS
		}
		if m.Metadata != nil && a.query.Get("include_all_metadata") == "true" {
			one["metadata"] = m.Metadata
		}
		list = append(list, one)
	}
	return reply{"messages": list, "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next}}, ""
}

// inside compares with oldest and latest, which are outside unless inclusive.
func inside(ts string, q url.Values) bool {
	oldest, latest, edge := q.Get("oldest"), q.Get("latest"), q.Get("inclusive") == "true"
	after := oldest == "" || ts > oldest || edge && ts == oldest
	return after && (latest == "" || ts < latest || edge && ts == latest)
}
