package gitlabtest

import (
	"fmt"
	"slices"
	"time"
)

// Approve is a person who approves.
func (s *Server) Approve(project string, iid int, user string) error {
	return s.action(project, iid, user, s.approve)
}

// Close is a person who closes the merge request.
func (s *Server) Close(project string, iid int, user string) error {
	return s.action(project, iid, user, s.close)
}

// Reopen is a person who opens it again.
func (s *Server) Reopen(project string, iid int, user string) error {
	return s.action(project, iid, user, s.reopen)
}

// Merge is a person who merges it, whatever the approvals say. The target branch
// gets the change when the [Git] is a [Committer].
func (s *Server) Merge(project string, iid int, user string) error {
	return s.action(project, iid, user, s.merge)
}

// Lock puts the merge request into the state it has while GitLab merges it.
func (s *Server) Lock(project string, iid int, user string) error {
	return s.action(project, iid, user, s.lock)
}

// Note is a person who comments; quick actions run.
func (s *Server) Note(project string, iid int, user, body string) error {
	return s.action(project, iid, user, func(m *mergeRequest, user string) error {
		body = s.runQuickActions(m, user, body)
		m.Notes = append(m.Notes, note{ID: s.nextID(), Author: user, Body: body, At: s.now()})
		s.record(user, m, "noted")
		return nil
	})
}

// Describe is a person who edits the description; quick actions run.
func (s *Server) Describe(project string, iid int, user, description string) error {
	return s.action(project, iid, user, func(m *mergeRequest, user string) error {
		m.Description = s.runQuickActions(m, user, description)
		s.record(user, m, "updated")
		return nil
	})
}

func (s *Server) action(project string, iid int, user string, do func(*mergeRequest, string) error) error {
	s.mu.Lock()
	defer s.changed()
	defer s.mu.Unlock()
	if s.userID(user) == 0 {
		return fmt.Errorf("there is no user %s", user)
	}
	m := s.find(project, iid)
	if m == nil {
		return fmt.Errorf("there is no merge request !%d in %s", iid, project)
	}
	return do(m, user)
}

func (s *Server) approve(m *mergeRequest, user string) error {
	if m.State != opened || slices.Contains(m.ApprovedBy, user) {
		return fmt.Errorf("!%d is %s, or %s approved it before", m.IID, m.State, user)
	}
	m.ApprovedBy = append(m.ApprovedBy, user)
	if m.ApprovedAt == nil {
		m.ApprovedAt = map[string]time.Time{}
	}
	m.ApprovedAt[user] = s.now()
	s.record(user, m, "approved")
	return nil
}

func (s *Server) unapprove(m *mergeRequest, user string) {
	m.ApprovedBy = slices.DeleteFunc(m.ApprovedBy, func(u string) bool { return u == user })
}

func (s *Server) close(m *mergeRequest, user string) error {
	if m.State != opened {
		return fmt.Errorf("!%d is %s, not opened", m.IID, m.State)
	}
	if err := s.refresh(m); err != nil {
		return err
	}
	now := s.now()
	m.State, m.ClosedBy, m.ClosedAt = closed, user, &now
	s.record(user, m, "closed")
	return nil
}

func (s *Server) reopen(m *mergeRequest, user string) error {
	if m.State != closed {
		return fmt.Errorf("!%d is %s, not closed", m.IID, m.State)
	}
	if other := s.openFrom(m.SourceProject, m.SourceBranch, m.Project, m.TargetBranch); other != nil {
		return fmt.Errorf("!%d is open from the same branch", other.IID)
	}
	m.State, m.ClosedBy, m.ClosedAt = opened, "", nil
	s.record(user, m, "reopened")
	return nil
}

func (s *Server) merge(m *mergeRequest, user string) error {
	if m.State != opened {
		return fmt.Errorf("!%d is %s, not opened", m.IID, m.State)
	}
	if err := s.refresh(m); err != nil {
		return err
	}
	if err := s.mergeBranches(m, user); err != nil {
		return err
	}
	now := s.now()
	m.State, m.MergedBy, m.MergedAt = merged, user, &now
	s.record(user, m, "merged")
	return nil
}

// mergeBranches merges the branches themselves, and deletes the source branch
// when the merge request wants that.
func (s *Server) mergeBranches(m *mergeRequest, user string) error {
	git, ok := s.opts.Git.(Committer)
	if !ok {
		return nil
	}
	_, err := git.Merge(Merge{
		SourceProject: m.SourceProject, SourceBranch: m.SourceBranch, TargetProject: m.Project, TargetBranch: m.TargetBranch,
		User: user, Message: fmt.Sprintf("Merge branch '%s' into '%s'\n\n%s\n\nSee merge request %s!%d\n", m.SourceBranch, m.TargetBranch, m.Title, m.Project, m.IID),
	})
	if err == nil && m.RemoveSourceBranch {
		err = git.DeleteBranch(m.SourceProject, m.SourceBranch)
	}
	return err
}

func (s *Server) lock(m *mergeRequest, user string) error {
	m.State = locked
	s.record(user, m, "locked")
	return nil
}
