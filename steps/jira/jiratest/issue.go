package jiratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const timeLayout = "2006-01-02T15:04:05.000-0700"

func noIssue() reply {
	return refuse(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
}

func (s *Server) getIssue(c call) reply {
	i := s.seen(c.PathValue("key"))
	if i == nil {
		return noIssue()
	}
	q := c.URL.Query()
	fields := names(q["fields"])
	if fields == nil {
		fields = []string{"*all"}
	}
	return reply{status: http.StatusOK, body: s.bean(c, i, fields, names(q["properties"]))}
}

// names splits the values of a query parameter that may be a list or repeated.
func names(values []string) []string {
	var out []string
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// bean is an issue as Jira writes it, with the fields and properties asked for.
func (s *Server) bean(c call, i *issue, fields, properties []string) map[string]any {
	all := s.fields(c, i)
	if !slices.Contains(fields, "*all") && !slices.Contains(fields, "*navigable") {
		for name := range all {
			if !slices.Contains(fields, name) {
				delete(all, name)
			}
		}
	}
	bean := map[string]any{"id": i.ID, "key": i.Key, "self": c.issueURL(i), "fields": all}
	if len(properties) > 0 {
		bean["properties"] = i.chosen(properties)
	}
	return bean
}

func (i *issue) chosen(properties []string) map[string]json.RawMessage {
	chosen := map[string]json.RawMessage{}
	for key, v := range i.Properties {
		if slices.Contains(properties, key) || slices.Contains(properties, "*all") {
			chosen[key] = v
		}
	}
	return chosen
}

// fields are the fields that have a value. Jira writes null for the others,
// which its own published description of the API does not allow; the stand-in
// keeps to the description.
func (s *Server) fields(c call, i *issue) map[string]any {
	st, _ := statusNamed(i.Status)
	p, _ := s.project(i.Project)
	out := map[string]any{
		"summary": i.Summary, "labels": append([]string{}, i.Labels...),
		"components": components(i.Components), "status": st.bean(c.base), "issuetype": issueTypeBean(c.base, p, i.Type),
		"project": map[string]any{"key": p.Key, "name": p.Name, "self": c.base + "/rest/api/2/project/" + p.Key},
		"created": stamp(i.Created), "updated": stamp(i.Updated),
		"reporter": s.user(c.base), "creator": s.creator(c.base, i),
	}
	if i.Description != "" {
		out["description"] = i.Description
	}
	if st.Category == "done" {
		out["resolutiondate"] = stamp(i.StatusSince)
	}
	if s.cloud() {
		out["statuscategorychangedate"] = stamp(i.StatusSince)
	}
	for id, v := range i.Custom {
		if v != nil {
			out[id] = v
		}
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format(timeLayout) }

func components(list []string) []map[string]string {
	out := []map[string]string{}
	for _, name := range list {
		out = append(out, map[string]string{"name": name})
	}
	return out
}

func (st status) bean(base string) map[string]any {
	category := map[string]struct {
		id   int
		name string
	}{"new": {2, "To Do"}, "indeterminate": {4, "In Progress"}, "done": {3, "Done"}}[st.Category]
	return map[string]any{
		"id": st.ID, "name": st.Name, "self": base + "/rest/api/2/status/" + st.ID,
		"statusCategory": map[string]any{
			"id": category.id, "key": st.Category, "name": category.name,
			"self": base + "/rest/api/2/statuscategory/" + strconv.Itoa(category.id),
		},
	}
}

func issueTypeBean(base string, p Project, name string) map[string]any {
	id := strconv.Itoa(firstType + slices.Index(p.IssueTypes, name))
	return map[string]any{"id": id, "name": name, "subtask": false, "self": base + "/rest/api/2/issuetype/" + id}
}

// getPart serves two routes of one length, which a mux cannot tell apart.
func (s *Server) getPart(c call) reply {
	switch {
	case c.PathValue("part") == "properties":
		return s.getProperty(c)
	case c.PathValue("key") == "createmeta" && c.PathValue("name") == "issuetypes":
		return s.createTypes(c, c.PathValue("part"))
	}
	return s.noResource(c.Request)
}

func (s *Server) putPart(c call) reply {
	if c.PathValue("part") != "properties" {
		return s.noResource(c.Request)
	}
	return s.putProperty(c)
}

func (s *Server) getProperty(c call) reply {
	i, key := s.issue(c.PathValue("key")), c.PathValue("name")
	if i == nil {
		return noIssue()
	}
	v, ok := i.Properties[key]
	if !ok {
		return refuse(http.StatusNotFound, fmt.Sprintf("The property with key '%s' does not exist.", key))
	}
	return reply{status: http.StatusOK, body: map[string]any{"key": key, "value": v}}
}

func (s *Server) putProperty(c call) reply {
	i, key := s.issue(c.PathValue("key")), c.PathValue("name")
	if i == nil {
		return noIssue()
	}
	if !json.Valid(c.body) || len(c.body) > 32768 {
		return refuse(http.StatusBadRequest, "The property value must be valid, non-empty JSON of at most 32768 characters.")
	}
	_, there := i.Properties[key]
	i.Properties[key] = json.RawMessage(c.body)
	if there {
		return reply{status: http.StatusOK, changed: true}
	}
	return reply{status: http.StatusCreated, changed: true}
}
