// Package gitlabtest is a stand-in for GitLab: a stateful server that speaks
// the part of REST v4 that has to do with merge requests and their pipelines,
// over real HTTP, for tests and for the sandbox.
//
// It refuses what GitLab refuses, with GitLab's status and JSON: a wrong token,
// a project that is not there or not visible, a branch that does not exist, a
// second open merge request from the same branch. It ignores what GitLab
// ignores: a reviewer whose id no one has is dropped without a word. And it
// runs quick actions: a line such as "/approve" in a description or a note is
// carried out and taken away.
//
// In two things it is stricter than the real service, on purpose, so that a
// mistake shows: a parameter that the API does not document is refused (GitLab
// ignores it), and quick actions run wherever a line begins with one, also
// after white space and inside a code block.
//
// Everything that changes is kept as a history, which a test can judge without
// knowing how it came about.
package gitlabtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options is what a server is made of. Token and User must be given.
type Options struct {
	URL      string              // the public base, as it stands in web_url: "https://gitlab.example.com"
	Clone    string              // the base of its repositories' urls; URL without one
	Token    string              // the token of User
	User     string              // whose token it is
	People   map[string]string   // further tokens, and whose they are
	Users    []string            // further users, without a token
	Scopes   map[string][]string // what a token may do; all ("api") without an entry
	Expires  map[string]string   // the day on which a token ends; never without an entry
	Projects []Project
	Groups   []Group

	// Git answers what branches there are and what they change. Without one
	// every branch is there and changes nothing.
	Git Git

	Now     func() time.Time                      // the clock; time.Now without one
	Changed func()                                // called after each change, outside of the lock
	Log     func(method, path string, status int) // called after each request
}

// Project is a project of the server.
type Project struct {
	Path              string // "service/app-interface"
	ID                int
	DefaultBranch     string // "main" without one
	ForkedFrom        string // the path of the project that this is a fork of
	RequiredApprovals int
	Formerly          []string       // paths the project had before it was moved
	Hidden            []string       // users to whom the project is not there
	Readers           []string       // users who may look and comment, and not write
	Roles             map[string]int // what a user is, from [Guest]; 0 is no member; [Developer] without an entry
	Invited           []string       // users whose role comes through an invited group
	Visibility        string         // "private" without one
	Archived          bool
	NoMergeRequests   bool // merge requests are switched off
	NoPipelines       bool // pipelines are switched off
	Rules             []Rule
}

// Git is the repositories behind the server.
type Git interface {
	// Branch returns the commit at a branch's tip.
	Branch(project, name string) (sha string, ok bool)
	// Changes returns what the source branch changes.
	Changes(sourceProject, sourceBranch, targetProject, targetBranch string) ([]Change, error)
}

// Committer is a [Git] whose branches people move through GitLab. Without it a
// merge changes the merge request alone, and GitLab moves no branch.
type Committer interface {
	// Merge brings the source branch's change into the target branch.
	Merge(m Merge) (sha string, err error)
	// Write commits a file to a branch.
	Write(e Edit) (sha string, err error)
	// DeleteBranch deletes a branch.
	DeleteBranch(project, name string) error
}

// Merge is a merge request that is being merged.
type Merge struct {
	SourceProject, SourceBranch string
	TargetProject, TargetBranch string
	User, Message               string
}

// Edit is a file that someone writes in the browser.
type Edit struct {
	Project, Branch string
	Path, Content   string
	User, Message   string
}

// Change is what happened to one file. OldPath "" means the file is new,
// NewPath "" that it was deleted.
type Change struct {
	OldPath string `json:"old_path"`
	NewPath string `json:"new_path"`
	Diff    string `json:"diff"`
}

// Event is something that happened to a merge request.
type Event struct {
	At      time.Time `json:"at"`
	User    string    `json:"user"`
	Project string    `json:"project"`
	IID     int       `json:"iid"`
	What    string    `json:"what"` // created, approved, closed, reopened, merged, updated, noted, or a quick action: "/approve"
}

// MRView is a merge request as a test looks at it.
type MRView struct {
	Project       string   `json:"project"`
	SourceProject string   `json:"source_project"`
	IID           int      `json:"iid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	SourceBranch  string   `json:"source_branch"`
	TargetBranch  string   `json:"target_branch"`
	State         string   `json:"state"`
	WebURL        string   `json:"web_url"`
	Author        string   `json:"author"`
	Labels        []string `json:"labels"`
	Reviewers     []string `json:"reviewers"`
	Assignees     []string `json:"assignees"`
	Draft         bool     `json:"draft"`
	Approvals     []string `json:"approvals"` // who approved
	Notes         []string `json:"notes"`
}

// Server is the stand-in. It is an http.Handler for paths under /api/v4/.
type Server struct {
	opts   Options
	users  []string // by id, from 1
	tokens map[string]string

	mu     sync.Mutex
	state  state
	hidden map[string]int // by branch: for how many requests yet; see HideBranch
}

// New returns a server without merge requests.
func New(opts Options) *Server {
	if opts.Token == "" || opts.User == "" {
		panic("gitlabtest: a server needs a token and whose it is")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Git == nil {
		opts.Git = anyBranch{}
	}
	opts.URL = strings.TrimSuffix(opts.URL, "/")
	opts.Clone = strings.TrimSuffix(cmp.Or(opts.Clone, opts.URL), "/")
	opts.Projects = slices.Clone(opts.Projects)
	for i := range opts.Projects {
		p := &opts.Projects[i]
		p.DefaultBranch, p.Visibility = cmp.Or(p.DefaultBranch, "main"), cmp.Or(p.Visibility, "private")
	}
	s := &Server{opts: opts, tokens: map[string]string{opts.Token: opts.User}}
	maps.Copy(s.tokens, opts.People)
	people := slices.Sorted(maps.Values(opts.People))
	for _, u := range slices.Concat([]string{opts.User}, opts.Users, people) {
		if !slices.Contains(s.users, u) {
			s.users = append(s.users, u)
		}
	}
	return s
}

// anyBranch has every branch.
type anyBranch struct{}

func (anyBranch) Branch(project, name string) (string, bool) { return fakeSHA(project, name), true }
func (anyBranch) Changes(_, _, _, _ string) ([]Change, error) {
	return nil, nil
}

// Snapshot returns everything the server knows that was not in its options.
func (s *Server) Snapshot() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := json.Marshal(s.state)
	if err != nil {
		panic(fmt.Sprintf("gitlabtest: plain data does not encode: %v", err))
	}
	return data
}

// Restore puts back what Snapshot returned.
func (s *Server) Restore(data []byte) error {
	var st state
	if err := json.Unmarshal(data, &st); err != nil {
		return fmt.Errorf("snapshot does not decode: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = st
	return nil
}

// MergeRequests returns all merge requests in the order they were made.
func (s *Server) MergeRequests() []MRView {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := make([]MRView, 0, len(s.state.MRs))
	for _, m := range s.state.MRs {
		views = append(views, s.view(m))
	}
	return views
}

// Changes returns what a merge request changes, or changed when it ended; nil
// when there is no such merge request.
func (s *Server) Changes(project string, iid int) ([]Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(project, iid)
	if m == nil {
		return nil, nil
	}
	err := s.refresh(m)
	return slices.Clone(m.Changes), err
}

func (s *Server) view(m *mergeRequest) MRView {
	v := MRView{
		Project: m.Project, SourceProject: m.SourceProject, IID: m.IID,
		Title: m.Title, Description: m.Description,
		SourceBranch: m.SourceBranch, TargetBranch: m.TargetBranch,
		State: m.State, WebURL: s.webURL(m), Author: m.Author,
		Labels: slices.Clone(m.Labels), Reviewers: slices.Clone(m.Reviewers),
		Assignees: slices.Clone(m.Assignees), Draft: isDraft(m.Title),
		Approvals: slices.Clone(m.ApprovedBy),
	}
	for _, n := range m.Notes {
		v.Notes = append(v.Notes, n.Body)
	}
	return v
}

// History returns what happened, in order.
func (s *Server) History() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.History)
}
