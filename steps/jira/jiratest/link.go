package jiratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// link is a remote link, in the form in which Jira sends and takes it.
type link struct {
	ID           int        `json:"id"`
	GlobalID     string     `json:"globalId,omitempty"`
	Relationship string     `json:"relationship,omitempty"`
	Object       linkObject `json:"object"`
}

type linkObject struct {
	URL     string `json:"url"`
	Title   string `json:"title"`
	Summary string `json:"summary,omitempty"`
}

func (c call) linkBean(i *issue, l *link) map[string]any {
	bean := map[string]any{"id": l.ID, "self": c.linkURL(i, l), "object": l.Object}
	if l.GlobalID != "" {
		bean["globalId"] = l.GlobalID
	}
	if l.Relationship != "" {
		bean["relationship"] = l.Relationship
	}
	return bean
}

func (c call) linkURL(i *issue, l *link) string {
	return fmt.Sprintf("%s/remotelink/%d", c.issueURL(i), l.ID)
}

// getLinks answers with one link when asked for a globalId, and with all of
// them otherwise.
func (s *Server) getLinks(c call) reply {
	i := s.issue(c.PathValue("key"))
	if i == nil {
		return noIssue()
	}
	if id := c.URL.Query().Get("globalId"); id != "" {
		l := i.link(id)
		if l == nil {
			return refuse(http.StatusNotFound, fmt.Sprintf("The remote issue link with the global ID '%s' does not exist.", id))
		}
		return reply{status: http.StatusOK, body: c.linkBean(i, l)}
	}
	all := []map[string]any{}
	for _, l := range i.Links {
		all = append(all, c.linkBean(i, l))
	}
	return reply{status: http.StatusOK, body: all}
}

func (i *issue) link(globalID string) *link {
	n := slices.IndexFunc(i.Links, func(l *link) bool { return l.GlobalID == globalID })
	if n < 0 || globalID == "" {
		return nil
	}
	return i.Links[n]
}

// putLink creates a link, or updates the one with the same globalId.
func (s *Server) putLink(c call) reply {
	i := s.issue(c.PathValue("key"))
	if i == nil {
		return noIssue()
	}
	sent, refused := parseLink(c.body)
	if refused != nil {
		return *refused
	}
	i.Updated = s.opts.Now()
	l, code := i.link(sent.GlobalID), http.StatusOK
	if l == nil {
		l, code = &link{ID: s.nextID()}, http.StatusCreated
		i.Links = append(i.Links, l)
	}
	sent.ID = l.ID
	*l = sent
	return reply{code, map[string]any{"id": l.ID, "self": c.linkURL(i, l)}, true}
}

func parseLink(body []byte) (link, *reply) {
	var raw, object map[string]json.RawMessage
	var sent link
	if json.Unmarshal(body, &raw) != nil || json.Unmarshal(body, &sent) != nil {
		bad := badJSON()
		return sent, &bad
	}
	if bad := unknownKeys(raw, "globalId", "application", "relationship", "object"); bad != nil {
		return sent, bad
	}
	if raw["object"] == nil {
		bad := refuseFields(map[string]string{"object": "'object' is required."})
		return sent, &bad
	}
	_ = json.Unmarshal(raw["object"], &object) // it did above, into a struct
	if bad := unknownKeys(object, "url", "title", "summary", "icon", "status"); bad != nil {
		return sent, bad
	}
	return sent, sent.Object.check()
}

func (o linkObject) check() *reply {
	errs := map[string]string{}
	if o.URL == "" {
		errs["url"] = "'url' is required."
	} else if !isURL(o.URL) {
		errs["url"] = "'url' is not a valid URL."
	}
	if o.Title == "" {
		errs["title"] = "'title' is required."
	} else if len(o.Title) > 255 {
		errs["title"] = "'title' must be at most 255 characters."
	}
	if len(errs) == 0 {
		return nil
	}
	bad := refuseFields(errs)
	return &bad
}
