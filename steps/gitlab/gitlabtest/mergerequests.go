package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDescription and MaxTitle are GitLab's limits, in characters.
const (
	MaxDescription = 1 << 20
	MaxTitle       = 255
)

// createMR makes a merge request. The path names the source project.
func (s *Server) createMR(rq *request) answer {
	p := rq.params
	if a := p.missing("title", "source_branch", "target_branch"); a != nil {
		return *a
	}
	target := rq.project
	if id := p.number("target_project_id", target.ID); id != target.ID {
		var there bool
		if target, there = s.visible(rq.user, strconv.Itoa(id)); !there {
			return message(http.StatusNotFound, "404 Project Not Found")
		}
	}
	if a := s.refuseCreate(rq, target); a != nil {
		return *a
	}
	now := s.now()
	m := &mergeRequest{
		ID: aboveIIDs + s.nextID(), IID: s.nextIID(target.Path), Project: target.Path, SourceProject: rq.project.Path,
		SourceBranch: p.text("source_branch"), TargetBranch: p.text("target_branch"),
		Title: strings.TrimSpace(p.text("title")), State: opened, Author: rq.user, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.refresh(m); err != nil {
		return message(http.StatusInternalServerError, "500 Internal Server Error")
	}
	rq.changed = true
	s.state.MRs = append(s.state.MRs, m)
	s.record(rq.user, m, "created")
	s.setOptional(m, rq)
	return answer{status: http.StatusCreated, body: s.full(m)}
}

// refuseCreate applies GitLab's checks in GitLab's order.
func (s *Server) refuseCreate(rq *request, target Project) *answer {
	p, source := rq.params, rq.project
	from, to := p.text("source_branch"), p.text("target_branch")
	var a answer
	sourceThere, targetThere := s.sees(source, from), s.sees(target, to)
	other := s.openFrom(source.Path, from, target.Path, to)
	switch {
	case target.NoMergeRequests || target.Archived:
		a = message(http.StatusForbidden, "403 Forbidden")
	case !related(source, target):
		a = message(http.StatusUnprocessableEntity, []string{"Source project is not a fork of the target project"})
	case source.Path == target.Path && from == to:
		a = message(http.StatusUnprocessableEntity, []string{"You can't use same project/branch for source and target"})
	case other != nil:
		a = message(http.StatusConflict, []string{"Another open merge request already exists for this source branch: !" + strconv.Itoa(other.IID)})
	case strings.TrimSpace(p.text("title")) == "":
		a = message(http.StatusBadRequest, map[string]any{"title": []string{"can't be blank"}})
	case !sourceThere:
		a = message(http.StatusBadRequest, map[string]any{"source_branch": []string{"does not exist"}})
	case !targetThere:
		a = message(http.StatusBadRequest, map[string]any{"target_branch": []string{"does not exist"}})
	default:
		if refusal := refuseText(p); refusal != nil {
			return refusal
		}
		return refuseByRule(target, p)
	}
	return &a
}

// sees reports whether a branch is there, as far as GitLab knows: see
// [Server.HideBranch].
func (s *Server) sees(p Project, branch string) bool {
	if s.hidden[branch] > 0 {
		s.hidden[branch]--
		return false
	}
	_, there := s.opts.Git.Branch(p.Path, branch)
	return there
}

// HideBranch lets so many requests for a merge request not see a branch yet, as
// GitLab does not for up to a minute after it was pushed.
func (s *Server) HideBranch(branch string, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden == nil {
		s.hidden = map[string]int{}
	}
	s.hidden[branch] = requests
}

// refuseText refuses what is too long.
func refuseText(p params) *answer {
	for field, limit := range map[string]int{"title": MaxTitle, "description": MaxDescription} {
		n := utf8.RuneCountInString(p.text(field))
		if n > limit {
			why := "is too long (" + strconv.Itoa(n) + " characters). The maximum size is " + strconv.Itoa(limit) + " characters."
			a := message(http.StatusBadRequest, map[string]any{field: []string{why}})
			return &a
		}
	}
	return nil
}

// setOptional applies what both POST and PUT take; quick actions of the
// description run last.
func (s *Server) setOptional(m *mergeRequest, rq *request) {
	p := rq.params
	if p.has("labels") {
		m.Labels = p.list("labels")
	}
	m.Labels = minus(union(m.Labels, p.list("add_labels")), p.list("remove_labels"))
	if p.has("reviewer_ids") {
		m.Reviewers = s.usersByID(p.ints("reviewer_ids"))
	}
	if p.has("assignee_ids") {
		m.Assignees = s.usersByID(p.ints("assignee_ids"))
	}
	if p.has("assignee_id") {
		m.Assignees = s.usersByID([]int{p.number("assignee_id", 0)})
	}
	if p.has("remove_source_branch") {
		m.RemoveSourceBranch = p.flag("remove_source_branch")
	}
	if p.has("description") {
		m.Description = s.runQuickActions(m, rq.user, p.text("description"))
	}
}

func (s *Server) getMR(rq *request) answer { return ok(s.full(rq.mr)) }

func (s *Server) updateMR(rq *request) answer {
	p, m := rq.params, rq.mr
	if len(p) == 0 {
		return failure(http.StatusBadRequest, "at least one parameter must be provided")
	}
	if p.has("title") && strings.TrimSpace(p.text("title")) == "" {
		return failure(http.StatusBadRequest, "title is empty")
	}
	if a := refuseText(p); a != nil {
		return *a
	}
	var err error
	switch event := p.text("state_event"); event {
	case "":
	case "close":
		err = s.close(m, rq.user)
	case "reopen":
		err = s.reopen(m, rq.user)
	default:
		return failure(http.StatusBadRequest, "state_event does not have a valid value")
	}
	if err != nil {
		return message(http.StatusConflict, []string{err.Error()})
	}
	rq.changed = true
	m.Title = cmp.Or(strings.TrimSpace(p.text("title")), m.Title)
	m.TargetBranch = cmp.Or(p.text("target_branch"), m.TargetBranch)
	s.setOptional(m, rq)
	if !p.has("state_event") {
		s.record(rq.user, m, "updated")
	}
	return ok(s.full(m))
}

func (s *Server) mergeMR(rq *request) answer {
	m := rq.mr
	if sha := rq.params.text("sha"); sha != "" && sha != m.SHA {
		return message(http.StatusConflict, "SHA does not match HEAD of source branch: "+m.SHA)
	}
	if s.mergeStatus(m) != "mergeable" {
		return message(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	}
	if err := s.merge(m, rq.user); err != nil {
		return message(http.StatusInternalServerError, "500 Internal Server Error")
	}
	rq.changed = true
	return ok(s.full(m))
}

func (s *Server) approveMR(rq *request) answer {
	if sha := rq.params.text("sha"); sha != "" && sha != rq.mr.SHA {
		return message(http.StatusConflict, "SHA does not match HEAD of source branch: "+rq.mr.SHA)
	}
	if err := s.approve(rq.mr, rq.user); err != nil {
		return message(http.StatusUnauthorized, "401 Unauthorized")
	}
	rq.changed = true
	return answer{status: http.StatusCreated, body: s.approvals(rq.mr, rq.user)}
}

// unapproveMR takes an approval back. Without one there is nothing to be found.
func (s *Server) unapproveMR(rq *request) answer {
	if !slices.Contains(rq.mr.ApprovedBy, rq.user) {
		return message(http.StatusNotFound, "404 Not Found")
	}
	s.unapprove(rq.mr, rq.user)
	rq.changed = true
	return answer{status: http.StatusCreated, body: s.approvals(rq.mr, rq.user)}
}

func (s *Server) getApprovals(rq *request) answer { return ok(s.approvals(rq.mr, rq.user)) }

func (s *Server) listMRs(rq *request) answer {
	p := rq.params
	if a := oneOf(p, "state", "opened", "closed", "locked", "merged", "all"); a != nil {
		return *a
	}
	if a := oneOf(p, "sort", "asc", "desc"); a != nil {
		return *a
	}
	if a := oneOf(p, "order_by", "created_at", "updated_at", "title"); a != nil {
		return *a
	}
	var found []*mergeRequest
	for _, m := range s.state.MRs {
		if m.Project == rq.project.Path && s.selects(p, m) {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, order(p.text("order_by")))
	if p.text("sort") != "asc" {
		slices.Reverse(found)
	}
	all := make([]any, len(found))
	for i, m := range found {
		all[i] = s.basic(m)
	}
	return s.page(rq, all)
}

func oneOf(p params, name string, values ...string) *answer {
	if !p.has(name) || slices.Contains(values, p.text(name)) {
		return nil
	}
	return refuse(http.StatusBadRequest, name+" does not have a valid value")
}

func order(by string) func(a, b *mergeRequest) int {
	return func(a, b *mergeRequest) int {
		switch by {
		case "updated_at":
			return a.UpdatedAt.Compare(b.UpdatedAt)
		case "title":
			return cmp.Compare(a.Title, b.Title)
		}
		return a.CreatedAt.Compare(b.CreatedAt)
	}
}

func (s *Server) selects(p params, m *mergeRequest) bool {
	same := func(name, value string) bool { return !p.has(name) || p.text(name) == value }
	state := p.text("state")
	if state != "" && state != "all" && state != m.State {
		return false
	}
	if p.has("iids[]") && !slices.Contains(p.ints("iids[]"), m.IID) || p.has("draft") && p.flag("draft") != isDraft(m.Title) {
		return false
	}
	if p.has("author_id") && p.number("author_id", 0) != s.userID(m.Author) || p.has("wip") && (p.text("wip") == "yes") != isDraft(m.Title) {
		return false
	}
	if p.has("reviewer_username") && !slices.Contains(m.Reviewers, p.text("reviewer_username")) {
		return false
	}
	return same("source_branch", m.SourceBranch) && same("target_branch", m.TargetBranch) && same("author_username", m.Author) &&
		len(minus(slices.Clone(p.list("labels")), m.Labels)) == 0 && searched(p, m)
}

// searched looks for every word of the search in title and description.
func searched(p params, m *mergeRequest) bool {
	in := cmp.Or(p.text("in"), "title,description")
	var where string
	if strings.Contains(in, "title") {
		where += m.Title + "\n"
	}
	if strings.Contains(in, "description") {
		where += m.Description
	}
	for _, word := range strings.Fields(p.text("search")) {
		if !strings.Contains(strings.ToLower(where), strings.ToLower(word)) {
			return false
		}
	}
	return true
}
