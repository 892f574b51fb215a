//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// comment is a comment with its entity properties.
type comment struct {
	ID         string                     `json:"id"`
	Body       string                     `json:"body"`
	Properties map[string]json.RawMessage `json:"properties"`
	Created    time.Time                  `json:"created"`
}

// longest is the limit of a text in UTF-16 units.
const longest = 32767

func (i *issue) texts() []string {
	var list []string
	for _, c := range i.Comments {
		list = append(list, c.Body)
	}
	return list
}

func (s *Server) addComment(i *issue, body string, properties map[string]json.RawMessage) *comment {
	c := &comment{ID: strconv.Itoa(s.nextID()), Body: body, Properties: properties, Created: s.opts.Now()}
	i.Comments = append(i.Comments, c)
	i.Updated = s.opts.Now()
	return c
}

// commentBean is a comment as Jira writes it; properties only when they are
// asked for.
func (s *Server) commentBean(c call, i *issue, one *comment) map[string]any {
	bean := map[string]any{
		"self": c.issueURL(i) + "/comment/" + one.ID, "id": one.ID, "body": one.Body,
		"author": s.user(c.base), "updateAuthor": s.user(c.base), "created": stamp(one.Created), "updated": stamp(one.Created),
	}
	if s.cloud() {
		bean["jsdPublic"] = true
	}
	if slices.Contains(names(c.URL.Query()["expand"]), "properties") {
		list := []map[string]any{}
		for _, key := range keysOf(one.Properties) {
			list = append(list, map[string]any{"key": key, "value": one.Properties[key]})
		}
		bean["properties"] = list
	}
	return bean
}

// getComments lists the comments, oldest first. Cloud gives at most 100 at
// once, Data Center all unless it is asked for fewer.
func (s *Server) getComments(c call) reply {
	i := s.seen(c.PathValue("key"))
	if i == nil {
		return noIssue()
	}
	q := c.URL.Query()
	switch q.Get("orderBy") {
	case "", "created", "+created", "-created":
	default:
		return refuse(http.StatusBadRequest, "The orderBy parameter must be one of: created, -created, +created.")
	}
	all := slices.Clone(i.Comments)
	if q.Get("orderBy") == "-created" {
		slices.Reverse(all)
	}
	limit := atoi(q.Get("maxResults"), 1048576)
	if s.cloud() {
		limit = min(atoi(q.Get("maxResults"), 100), 100)
	}
	start := atoi(q.Get("startAt"), 0)
	page := all[min(start, len(all)):]
	list := []map[string]any{}
	for _, one := range page[:min(limit, len(page))] {
		list = append(list, s.commentBean(c, i, one))
	}
	return reply{status: http.StatusOK, body: map[string]any{
		"startAt": start, "maxResults": limit, "total": len(all), "comments": list,
	}}
}

func (s *Server) postComment(c call) reply {
	i := s.seen(c.PathValue("key"))
	if i == nil {
		return noIssue()
	}
	if p, _ := s.project(i.Project); p.denies("ADD_COMMENTS") {
		return refuse(http.StatusBadRequest, s.opts.User+", you do not have the permission to comment on this issue.")
	}
	body, properties, refused := parseComment(c.body)
	if refused != nil {
		return *refused
	}
	if s.opts.DropsProperties {
		properties = nil
	}
	one := s.addComment(i, body, properties)
	return reply{http.StatusCreated, s.commentBean(c, i, one), true}
}

func parseComment(data []byte) (body string, properties map[string]json.RawMessage, refused *reply) {
	var raw map[string]json.RawMessage
	if json.Unmarshal(data, &raw) != nil || raw["body"] != nil && json.Unmarshal(raw["body"], &body) != nil {
		bad := badJSON()
		return "", nil, &bad
	}
	if bad := unknownKeys(raw, "body", "properties", "visibility"); bad != nil {
		return "", nil, bad
	}
	properties = map[string]json.RawMessage{}
	if bad := parseProperties(raw["properties"], properties); bad != nil {
		return "", nil, bad
	}
	why := ""
	if strings.TrimSpace(body) == "" {
		why = "Comment body can not be empty!"
	} else if len(utf16.Encode([]rune(body))) > longest {
		why = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
	}
	if why != "" {
		bad := refuseFields(map[string]string{"comment": why})
		return "", nil, &bad
	}
	return body, properties, nil
}

// getCommentProperty answers with one property of a comment of any issue.
func (s *Server) getCommentProperty(c call) reply {
	id, key := c.PathValue("id"), c.PathValue("property")
	for _, i := range s.state.Issues {
		for _, one := range i.Comments {
			if one.ID != id {
				continue
			}
			if v, ok := one.Properties[key]; ok {
				return reply{status: http.StatusOK, body: map[string]any{"key": key, "value": v}}
			}
			return refuse(http.StatusNotFound, "The property with key '"+key+"' does not exist.")
		}
	}
	return refuse(http.StatusNotFound, "Can not find a comment for the id: "+id+".")
}

// Uncomment removes a comment by its text, as a person does.
func (s *Server) Uncomment(key, text string) error {
	return s.action(key, func(i *issue) {
		i.Comments = slices.DeleteFunc(i.Comments, func(c *comment) bool { return c.Body == text })
	})
}
