package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// basic is a merge request as lists show it.
func (s *Server) basic(m *mergeRequest) map[string]any {
	source, _ := s.projectOf(m.SourceProject)
	target, _ := s.projectOf(m.Project)
	ref := "!" + strconv.Itoa(m.IID)
	draft := isDraft(m.Title)
	return map[string]any{
		"id": m.ID, "iid": m.IID, "project_id": target.ID, "title": m.Title, "description": m.Description, "state": m.State,
		"created_at": stamp(&m.CreatedAt), "updated_at": stamp(&m.UpdatedAt),
		"merged_by": s.userOrNil(m.MergedBy), "merge_user": s.userOrNil(m.MergedBy), "merged_at": stamp(m.MergedAt),
		"closed_by": s.userOrNil(m.ClosedBy), "closed_at": stamp(m.ClosedAt),
		"target_branch": m.TargetBranch, "source_branch": m.SourceBranch,
		"source_project_id": source.ID, "target_project_id": target.ID,
		"author": s.user(m.Author), "assignees": s.usersByName(m.Assignees), "reviewers": s.usersByName(m.Reviewers),
		"labels": append([]string{}, m.Labels...), "draft": draft, "work_in_progress": draft,
		"milestone": nil, "merge_when_pipeline_succeeds": false,
		"detailed_merge_status": s.mergeStatus(m), "sha": m.SHA, "merge_commit_sha": nil, "squash_commit_sha": nil,
		"user_notes_count": len(m.Notes), "force_remove_source_branch": m.RemoveSourceBranch, "squash": false,
		"reference": ref, "references": map[string]any{"short": ref, "relative": ref, "full": m.Project + ref},
		"web_url": s.webURL(m), "has_conflicts": false, "blocking_discussions_resolved": true,
	}
}

// full is a merge request as its own page shows it.
func (s *Server) full(m *mergeRequest) map[string]any {
	body := s.basic(m)
	body["subscribed"], body["merge_status"] = true, "can_be_merged"
	body["changes_count"] = strconv.Itoa(len(m.Changes))
	body["head_pipeline"] = nil
	body["diff_refs"] = map[string]any{"base_sha": fakeSHA("base", m.TargetBranch), "head_sha": m.SHA, "start_sha": fakeSHA("base", m.TargetBranch)}
	body["user"] = map[string]any{"can_merge": true}
	if p := s.pipeline(m.PipelineID); p != nil {
		body["head_pipeline"] = s.fullPipeline(p)
	}
	return body
}

func (s *Server) userOrNil(name string) any {
	if name == "" {
		return nil
	}
	return s.user(name)
}

func stamp(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// mergeStatus is what stands between the merge request and its merge.
func (s *Server) mergeStatus(m *mergeRequest) string {
	p, _ := s.projectOf(m.Project)
	switch {
	case m.State != opened:
		return "not_open"
	case isDraft(m.Title):
		return "draft_status"
	case len(m.ApprovedBy) < p.RequiredApprovals:
		return "not_approved"
	case !slices.Contains([]string{"", "success"}, s.pipelineStatus(m)):
		return "ci_must_pass"
	}
	return "mergeable"
}

func (s *Server) approvals(m *mergeRequest, user string) map[string]any {
	p, _ := s.projectOf(m.Project)
	left := max(0, p.RequiredApprovals-len(m.ApprovedBy))
	by := []any{}
	for _, u := range m.ApprovedBy {
		one := map[string]any{"user": s.user(u)}
		if at, told := m.ApprovedAt[u]; told {
			one["approved_at"] = stamp(&at)
		}
		by = append(by, one)
	}
	has := slices.Contains(m.ApprovedBy, user)
	return map[string]any{
		"id": m.ID, "iid": m.IID, "project_id": p.ID, "title": m.Title, "description": m.Description, "state": m.State,
		"created_at": stamp(&m.CreatedAt), "updated_at": stamp(&m.UpdatedAt), "merge_status": "can_be_merged",
		"approved": left == 0, "approvals_required": p.RequiredApprovals, "approvals_left": left,
		"approved_by": by, "suggested_approvers": []any{}, "approvers": []any{}, "approver_groups": []any{},
		"user_has_approved": has, "user_can_approve": !has && m.State == opened, "approval_rules_left": []any{},
		"has_approval_rules": p.RequiredApprovals > 0,
	}
}

func fileOf(c Change) map[string]any {
	added, deleted := c.OldPath == "", c.NewPath == ""
	from, to := c.OldPath, c.NewPath
	if added {
		from = to
	}
	if deleted {
		to = from
	}
	aMode, bMode := "100644", "100644"
	if added {
		aMode = "0"
	}
	if deleted {
		bMode = "0"
	}
	return map[string]any{
		"old_path": from, "new_path": to, "a_mode": aMode, "b_mode": bMode, "diff": c.Diff,
		"new_file": added, "deleted_file": deleted, "renamed_file": from != to,
		"generated_file": false, "collapsed": false, "too_large": false,
	}
}

func (s *Server) listDiffs(rq *request) answer { return s.page(rq, files(rq.mr)) }

func (s *Server) getChanges(rq *request) answer {
	body := s.full(rq.mr)
	body["changes"], body["overflow"] = files(rq.mr), false
	return ok(body)
}

func files(m *mergeRequest) []any {
	all := make([]any, len(m.Changes))
	for i, c := range m.Changes {
		all[i] = fileOf(c)
	}
	return all
}

func (s *Server) noteOf(m *mergeRequest, n note) map[string]any {
	return map[string]any{
		"id": n.ID, "body": n.Body, "author": s.user(n.Author), "created_at": stamp(&n.At), "updated_at": stamp(&n.At),
		"system": false, "noteable_id": m.ID, "noteable_type": "MergeRequest", "noteable_iid": m.IID, "resolvable": false,
	}
}

func (s *Server) listNotes(rq *request) answer {
	all := []any{}
	for _, n := range rq.mr.Notes {
		all = append(all, s.noteOf(rq.mr, n))
	}
	if rq.params.text("sort") != "asc" {
		slices.Reverse(all)
	}
	return s.page(rq, all)
}

// createNote adds a note. One that is nothing but quick actions leaves no
// note: GitLab answers 202 with what they did.
func (s *Server) createNote(rq *request) answer {
	if a := rq.params.missing("body"); a != nil {
		return *a
	}
	if rq.project.Archived {
		return message(http.StatusForbidden, "403 Forbidden")
	}
	m, before := rq.mr, len(s.state.History)
	body := s.runQuickActions(m, rq.user, rq.params.text("body"))
	ran := len(s.state.History) > before
	rq.changed = true
	if isBlank(body) && ran {
		return answer{status: http.StatusAccepted, body: map[string]any{"commands_changes": map[string]any{}, "summary": []string{"Commands applied"}}}
	}
	if isBlank(body) {
		return message(http.StatusBadRequest, "400 (Bad request) \"Note {:note=>[\"can't be blank\"]}\" not given")
	}
	n := note{ID: s.nextID(), Author: rq.user, Body: body, At: s.now()}
	m.Notes = append(m.Notes, n)
	s.record(rq.user, m, "noted")
	return answer{status: http.StatusCreated, body: s.noteOf(m, n)}
}

func isBlank(text string) bool {
	for _, r := range text {
		if r != ' ' && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}
