package jiratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// state is all that outlives a request; it is what a snapshot holds.
type state struct {
	NextID     int               `json:"next_id"` // of issues and remote links alike
	NextNumber map[string]int    `json:"next_number"`
	Issues     []*issue          `json:"issues"`
	Moved      map[string]string `json:"moved"` // old key -> new key
}

func newState() state {
	return state{NextID: 10000, NextNumber: map[string]int{}, Moved: map[string]string{}}
}

type issue struct {
	ID          string                     `json:"id"`
	Key         string                     `json:"key"`
	Project     string                     `json:"project"`
	Type        string                     `json:"type"`
	Summary     string                     `json:"summary"`
	Description string                     `json:"description,omitempty"`
	Labels      []string                   `json:"labels"`
	Components  []string                   `json:"components"`
	Custom      map[string]any             `json:"custom,omitempty"`
	Properties  map[string]json.RawMessage `json:"properties"`
	Links       []*link                    `json:"links"`
	Comments    []*comment                 `json:"comments"`
	Status      string                     `json:"status"`
	Created     time.Time                  `json:"created"`
	Updated     time.Time                  `json:"updated"`
	StatusSince time.Time                  `json:"status_since"`
	Unindexed   int                        `json:"unindexed,omitempty"` // searches that do not see it yet
	Indexed     bool                       `json:"indexed,omitempty"`   // in the index however much that lags
	By          string                     `json:"by,omitempty"`        // the person who filed it; "" is the account
}

// number is the part of the key behind the dash.
func (i *issue) number() int {
	n, err := strconv.Atoi(i.Key[strings.LastIndexByte(i.Key, '-')+1:])
	if err != nil {
		panic("jiratest: key without a number: " + i.Key)
	}
	return n
}

// IssueView is one issue as a test or a person sees it.
type IssueView struct {
	Key         string                     `json:"key"`
	Project     string                     `json:"project"`
	Type        string                     `json:"type"`
	Summary     string                     `json:"summary"`
	Description string                     `json:"description,omitempty"`
	Labels      []string                   `json:"labels,omitempty"`
	Components  []string                   `json:"components,omitempty"`
	Fields      map[string]any             `json:"fields,omitempty"` // custom fields by id
	RemoteLinks []LinkView                 `json:"remote_links,omitempty"`
	Comments    []string                   `json:"comments,omitempty"` // their texts
	Status      string                     `json:"status"`
	Properties  map[string]json.RawMessage `json:"properties,omitempty"`
}

// LinkView is one remote link of an issue.
type LinkView struct {
	GlobalID string `json:"globalId,omitempty"`
	URL      string `json:"url"`
	Title    string `json:"title"`
}

// Issues returns all issues, in the order in which they were created.
func (s *Server) Issues() []IssueView {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := make([]IssueView, 0, len(s.state.Issues))
	for _, i := range s.state.Issues {
		views = append(views, i.view())
	}
	return views
}

func (i *issue) view() IssueView {
	v := IssueView{
		Key: i.Key, Project: i.Project, Type: i.Type, Summary: i.Summary, Description: i.Description,
		Labels: slices.Clone(i.Labels), Components: slices.Clone(i.Components), Fields: i.Custom,
		Comments: i.texts(), Status: i.Status, Properties: maps.Clone(i.Properties),
	}
	for _, l := range i.Links {
		v.RemoteLinks = append(v.RemoteLinks, LinkView{GlobalID: l.GlobalID, URL: l.Object.URL, Title: l.Object.Title})
	}
	return v
}

// Snapshot returns the whole state as JSON, without the history.
func (s *Server) Snapshot() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := json.MarshalIndent(s.state, "", "  ")
	if err != nil {
		panic("jiratest: state does not marshal: " + err.Error())
	}
	return data
}

// Restore replaces the state with that of a [Server.Snapshot].
func (s *Server) Restore(snapshot []byte) error {
	st := newState()
	if err := json.Unmarshal(snapshot, &st); err != nil {
		return fmt.Errorf("not a snapshot of a jira stand-in: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = st
	return nil
}

// Transition moves an issue to a status ("To Do", "In Progress", "Done"), as a
// person does.
func (s *Server) Transition(key, to string) error {
	if _, ok := statusNamed(to); !ok {
		return fmt.Errorf("there is no status %q", to)
	}
	return s.action(key, func(i *issue) { s.setStatus(i, to) })
}

// Comment adds a comment, as a person does.
func (s *Server) Comment(key, text string) error {
	return s.action(key, func(i *issue) { s.addComment(i, text, nil) })
}

// Delete removes an issue; its number is never used again.
func (s *Server) Delete(key string) error {
	return s.action(key, func(i *issue) {
		s.state.Issues = slices.DeleteFunc(s.state.Issues, func(o *issue) bool { return o == i })
	})
}

// Move puts an issue into another project, where it gets a new key; the old
// key still leads to it.
func (s *Server) Move(key, project string) error {
	if _, ok := s.project(project); !ok {
		return fmt.Errorf("there is no project %q", project)
	}
	return s.action(key, func(i *issue) {
		old := i.Key
		i.Project, i.Key = project, s.nextKey(project)
		s.state.Moved[old] = i.Key
	})
}

func (s *Server) action(key string, do func(*issue)) error {
	s.mu.Lock()
	i := s.issue(key)
	if i != nil {
		do(i)
		i.Updated = s.opts.Now()
	}
	s.mu.Unlock()
	if i == nil {
		return fmt.Errorf("there is no issue %q", key)
	}
	if s.opts.Changed != nil {
		s.opts.Changed()
	}
	return nil
}

// File creates an issue as a person does, without any check, and returns its
// key. It is in the search index at once.
func (s *Server) File(project, summary string, labels ...string) string {
	s.mu.Lock()
	i := s.add(&issue{Project: project, Type: "Task", Summary: summary, Labels: labels, By: "somebody"})
	i.Unindexed, i.Indexed = 0, true
	key := i.Key
	s.mu.Unlock()
	if s.opts.Changed != nil {
		s.opts.Changed()
	}
	return key
}

// Reindex lets the search index catch up at once.
func (s *Server) Reindex() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.state.Issues {
		i.Unindexed, i.Indexed = 0, true
	}
}

// SetIndexLag sets how long a new issue is not in the search index, from now on
// and for those that are not in it yet. The time is that of the server's clock.
func (s *Server) SetIndexLag(lag time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = lag
}

// add gives an issue its id, key and times, and keeps it.
func (s *Server) add(i *issue) *issue {
	now := s.opts.Now()
	i.ID, i.Key = strconv.Itoa(s.nextID()), s.nextKey(i.Project)
	i.Created, i.Updated, i.StatusSince = now, now, now
	i.Status, i.Unindexed = statuses()[0].Name, s.opts.SearchLag
	if i.Properties == nil {
		i.Properties = map[string]json.RawMessage{}
	}
	s.state.Issues = append(s.state.Issues, i)
	return i
}

func (s *Server) nextID() int {
	s.state.NextID++
	return s.state.NextID
}

func (s *Server) nextKey(project string) string {
	n := max(s.state.NextNumber[project], s.opts.FirstNumber)
	s.state.NextNumber[project] = n + 1
	return fmt.Sprintf("%s-%d", project, n)
}

func (s *Server) setStatus(i *issue, to string) {
	i.Status, i.StatusSince, i.Updated = to, s.opts.Now(), s.opts.Now()
}

// issue returns the issue of that key or id, also by a key it had before it
// was moved, nil when there is none.
func (s *Server) issue(keyOrID string) *issue {
	key := strings.ToUpper(keyOrID)
	for moved := s.state.Moved[key]; moved != ""; moved = s.state.Moved[key] {
		key = moved
	}
	n := slices.IndexFunc(s.state.Issues, func(i *issue) bool { return i.Key == key || i.ID == key })
	if n < 0 {
		return nil
	}
	return s.state.Issues[n]
}

func (s *Server) project(key string) (Project, bool) {
	n := slices.IndexFunc(s.opts.Projects, func(p Project) bool { return p.Key == key })
	if n < 0 {
		return Project{}, false
	}
	return s.opts.Projects[n], true
}
