package gitlabtest

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// state is what a snapshot holds.
type state struct {
	MRs       []*mergeRequest `json:"merge_requests"`
	LastID    int             `json:"last_id"`
	Pipelines []*pipeline     `json:"pipelines,omitempty"`
	History   []Event         `json:"history"`
}

type mergeRequest struct {
	ID                 int                  `json:"id"`
	IID                int                  `json:"iid"`
	Project            string               `json:"project"` // the target
	SourceProject      string               `json:"source_project"`
	SourceBranch       string               `json:"source_branch"`
	TargetBranch       string               `json:"target_branch"`
	Title              string               `json:"title"`
	Description        string               `json:"description"`
	State              string               `json:"state"`
	Author             string               `json:"author"`
	Labels             []string             `json:"labels"`
	Reviewers          []string             `json:"reviewers"`
	Assignees          []string             `json:"assignees"`
	ApprovedBy         []string             `json:"approved_by"`
	ApprovedAt         map[string]time.Time `json:"approved_at,omitempty"`
	RemoveSourceBranch bool                 `json:"remove_source_branch"`
	SHA                string               `json:"sha"`
	Changes            []Change             `json:"changes"`
	PipelineID         int                  `json:"pipeline_id,omitempty"` // the head pipeline, 0 without one
	CreatedAt          time.Time            `json:"created_at"`
	UpdatedAt          time.Time            `json:"updated_at"`
	ClosedBy           string               `json:"closed_by,omitempty"`
	ClosedAt           *time.Time           `json:"closed_at,omitempty"`
	MergedBy           string               `json:"merged_by,omitempty"`
	MergedAt           *time.Time           `json:"merged_at,omitempty"`
	Notes              []note               `json:"notes,omitempty"`
}

type note struct {
	ID     int       `json:"id"`
	Author string    `json:"author"`
	Body   string    `json:"body"`
	At     time.Time `json:"at"`
}

// The states of a merge request, as GitLab calls them.
const (
	opened = "opened"
	closed = "closed"
	merged = "merged"
	locked = "locked"
)

func (s *Server) nextID() int {
	s.state.LastID++
	return s.state.LastID
}

// aboveIIDs is what the ids of merge requests begin above, so that who takes
// one for the other finds nothing.
const aboveIIDs = 70_000

func (s *Server) now() time.Time { return s.opts.Now().UTC() }

func (s *Server) record(user string, m *mergeRequest, what string) {
	now := s.now()
	m.UpdatedAt = now
	s.state.History = append(s.state.History, Event{At: now, User: user, Project: m.Project, IID: m.IID, What: what})
}

func (s *Server) changed() {
	if s.opts.Changed != nil {
		s.opts.Changed()
	}
}

func (s *Server) find(project string, iid int) *mergeRequest {
	for _, m := range s.state.MRs {
		if m.Project == project && m.IID == iid {
			return m
		}
	}
	return nil
}

func (s *Server) nextIID(project string) int {
	last := 0
	for _, m := range s.state.MRs {
		if m.Project == project {
			last = max(last, m.IID)
		}
	}
	return last + 1
}

// openFrom returns the open merge request between these branches.
func (s *Server) openFrom(sourceProject, source, project, target string) *mergeRequest {
	for _, m := range s.state.MRs {
		if m.State == opened && m.SourceProject == sourceProject && m.SourceBranch == source &&
			m.Project == project && m.TargetBranch == target {
			return m
		}
	}
	return nil
}

// refresh reads an open merge request's commit and changes again; one that is
// over keeps what it had.
func (s *Server) refresh(m *mergeRequest) error {
	sha, ok := s.opts.Git.Branch(m.SourceProject, m.SourceBranch)
	if m.State != opened || !ok {
		return nil
	}
	changes, err := s.opts.Git.Changes(m.SourceProject, m.SourceBranch, m.Project, m.TargetBranch)
	if err != nil {
		return fmt.Errorf("git: %w", err)
	}
	m.SHA, m.Changes = sha, changes
	return nil
}

func (s *Server) projectOf(path string) (Project, bool) {
	i := slices.IndexFunc(s.opts.Projects, func(p Project) bool { return strings.EqualFold(p.Path, path) })
	if i < 0 {
		return Project{}, false
	}
	return s.opts.Projects[i], true
}

func (s *Server) projectByID(id int) (Project, bool) {
	i := slices.IndexFunc(s.opts.Projects, func(p Project) bool { return p.ID == id })
	if i < 0 {
		return Project{}, false
	}
	return s.opts.Projects[i], true
}

// related reports whether a merge request may go from a to b: the same
// project, or two of one family of forks.
func related(a, b Project) bool {
	return a.Path == b.Path || a.ForkedFrom == b.Path || b.ForkedFrom == a.Path ||
		a.ForkedFrom != "" && a.ForkedFrom == b.ForkedFrom
}

func (s *Server) userID(name string) int {
	return slices.IndexFunc(s.users, func(u string) bool { return strings.EqualFold(u, name) }) + 1
}

func (s *Server) webURL(m *mergeRequest) string {
	return s.opts.URL + "/" + m.Project + "/-/merge_requests/" + strconv.Itoa(m.IID)
}

var draftPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^(\[draft\]|\(draft\)|draft:)\s*`) })

func isDraft(title string) bool { return draftPattern().MatchString(title) }

func fakeSHA(parts ...string) string {
	sum := sha1.Sum([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}
