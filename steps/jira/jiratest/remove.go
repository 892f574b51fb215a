//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import (
	"fmt"
	"net/http"
	"slices"
)

// getComment answers with one comment of an issue.
func (s *Server) getComment(c call) reply {
	i, one, refused := s.commentOf(c)
	if refused != nil {
		return *refused
	}
	return reply{status: http.StatusOK, body: s.commentBean(c, i, one)}
}

// deleteComment removes a comment.
func (s *Server) deleteComment(c call) reply {
	i, one, refused := s.commentOf(c)
	if refused != nil {
		return *refused
	}
	if p, _ := s.project(i.Project); p.denies("DELETE_OWN_COMMENTS") {
		return refuse(http.StatusForbidden, fmt.Sprintf("You do not have the permission to delete comment with id: %s.", one.ID))
	}
	i.Comments = slices.DeleteFunc(i.Comments, func(o *comment) bool { return o == one })
	i.Updated = s.opts.Now()
	return reply{status: http.StatusNoContent, changed: true}
}

func (s *Server) commentOf(c call) (*issue, *comment, *reply) {
	i, id := s.seen(c.PathValue("key")), c.PathValue("id")
	if i == nil {
		missing := noIssue()
		return nil, nil, &missing
	}
	n := slices.IndexFunc(i.Comments, func(o *comment) bool { return o.ID == id })
	if n < 0 {
		missing := refuse(http.StatusNotFound, "Can not find a comment for the id: "+id+".")
		return nil, nil, &missing
	}
	return i, i.Comments[n], nil
}

// deleteLink removes the link of a global id.
func (s *Server) deleteLink(c call) reply {
	i := s.seen(c.PathValue("key"))
	if i == nil {
		return noIssue()
	}
	id := c.URL.Query().Get("globalId")
	if id == "" {
		return refuse(http.StatusBadRequest, "The globalId parameter is required.")
	}
	l := i.link(id)
	if l == nil {
		return refuse(http.StatusNotFound, fmt.Sprintf("The remote issue link with the global ID '%s' does not exist.", id))
	}
	i.Links = slices.DeleteFunc(i.Links, func(o *link) bool { return o == l })
	i.Updated = s.opts.Now()
	return reply{status: http.StatusNoContent, changed: true}
}

// Unlabel takes a label off an issue, as a person does.
func (s *Server) Unlabel(key, label string) error {
	return s.action(key, func(i *issue) {
		i.Labels = slices.DeleteFunc(i.Labels, func(l string) bool { return l == label })
	})
}
