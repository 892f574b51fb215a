package gitlabtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// listDiscussions answers with the threads, oldest first: each note is one of its own.
func (s *Server) listDiscussions(rq *request) answer {
	all := []any{}
	for _, n := range rq.mr.Notes {
		id := fmt.Sprintf("%040x", n.ID)
		all = append(all, map[string]any{"id": id, "individual_note": true, "notes": []any{s.noteOf(rq.mr, n)}})
	}
	return s.page(rq, all)
}

// getNote answers with one note.
func (s *Server) getNote(rq *request) answer {
	n, refusal := rq.noted()
	if refusal != nil {
		return *refusal
	}
	return ok(s.noteOf(rq.mr, *n))
}

// updateNote changes a note of one's own; quick actions run.
func (s *Server) updateNote(rq *request) answer {
	n, refusal := rq.noted()
	switch {
	case refusal != nil:
		return *refusal
	case n.Author != rq.user:
		return message(http.StatusForbidden, "403 Forbidden")
	}
	if a := rq.params.missing("body"); a != nil {
		return *a
	}
	body := s.runQuickActions(rq.mr, rq.user, rq.params.text("body"))
	if isBlank(body) {
		return message(http.StatusBadRequest, "400 (Bad request) \"Note {:note=>[\"can't be blank\"]}\" not given")
	}
	rq.changed = true
	n.Body = body
	s.record(rq.user, rq.mr, "updated")
	return ok(s.noteOf(rq.mr, *n))
}

// deleteNote removes a note: one's own, or any as a maintainer.
func (s *Server) deleteNote(rq *request) answer {
	n, refusal := rq.noted()
	switch {
	case refusal != nil:
		return *refusal
	case n.Author != rq.user && rq.project.role(rq.user) < Maintainer:
		return message(http.StatusForbidden, "403 Forbidden")
	}
	rq.changed = true
	id := n.ID
	rq.mr.Notes = slices.DeleteFunc(rq.mr.Notes, func(o note) bool { return o.ID == id })
	s.record(rq.user, rq.mr, "updated")
	return answer{status: http.StatusNoContent}
}

// noted is the note that the path names.
func (rq *request) noted() (*note, *answer) {
	id, err := strconv.Atoi(rq.args[2])
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "note_id is invalid")
	}
	i := slices.IndexFunc(rq.mr.Notes, func(n note) bool { return n.ID == id })
	if i < 0 {
		return nil, placeless("404 Note Not Found")
	}
	return &rq.mr.Notes[i], nil
}
