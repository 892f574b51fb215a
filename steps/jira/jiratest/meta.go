//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

func (p Project) denies(permission string) bool { return slices.Contains(p.Denied, permission) }

// seen is issue as far as the account may see it.
func (s *Server) seen(keyOrID string) *issue {
	i := s.issue(keyOrID)
	if i == nil {
		return nil
	}
	if p, _ := s.project(i.Project); p.denies("BROWSE_PROJECTS") {
		return nil
	}
	return i
}

func (s *Server) user(base string) map[string]any {
	u := map[string]any{"self": base + "/rest/api/2/myself", "displayName": s.opts.User, "active": true, "timeZone": "Etc/UTC"}
	if s.cloud() {
		u["accountId"], u["accountType"] = "5b10a2844c20165700ede21g", "atlassian"
	} else {
		u["name"], u["key"] = s.opts.User, "JIRAUSER10100"
	}
	return u
}

// creator is who filed an issue.
func (s *Server) creator(base string, i *issue) map[string]any {
	u := s.user(base)
	if i.By == "" {
		return u
	}
	u["displayName"] = i.By
	if s.cloud() {
		u["accountId"] = "5b10a2844c20165700ede21h"
	} else {
		u["name"], u["key"] = i.By, "JIRAUSER10101"
	}
	return u
}

func (s *Server) myself(c call) reply { return reply{status: http.StatusOK, body: s.user(c.base)} }

// serverInfo is what Jira says of itself, to strangers too.
func (s *Server) serverInfo(c call) reply {
	info := map[string]any{
		"baseUrl": c.base, "serverTitle": "Jira", "serverTime": stamp(s.opts.Now()), "scmInfo": "d0a3c1",
		"version": "1001.0.0-SNAPSHOT", "versionNumbers": []int{1001, 0, 0}, "buildNumber": 100283,
		"buildDate": "2025-01-10T00:00:00.000+0000", "deploymentType": "Cloud",
	}
	if !s.cloud() {
		info["version"], info["versionNumbers"] = "10.3.1", []int{10, 3, 1}
		info["buildNumber"], info["deploymentType"] = 10030001, "Server"
	}
	return reply{status: http.StatusOK, body: info}
}

func noProject(key string) reply {
	return refuse(http.StatusNotFound, fmt.Sprintf("No project could be found with key '%s'.", key))
}

func (s *Server) visible(key string) (Project, bool) {
	p, ok := s.project(key)
	return p, ok && !p.denies("BROWSE_PROJECTS")
}

func (s *Server) getProject(c call) reply {
	key := c.PathValue("key")
	p, ok := s.visible(key)
	if !ok {
		return noProject(key)
	}
	kinds := []map[string]any{}
	for _, name := range p.IssueTypes {
		kinds = append(kinds, issueTypeBean(c.base, p, name))
	}
	return reply{status: http.StatusOK, body: map[string]any{
		"id":  strconv.Itoa(10000 + slices.IndexFunc(s.opts.Projects, func(o Project) bool { return o.Key == key })),
		"key": p.Key, "name": p.Name, "issueTypes": kinds, "components": components(p.Components),
		"self": c.base + "/rest/api/2/project/" + p.Key,
	}}
}

// permission is one that the steps need, as Jira names it.
type permission struct{ key, id, name string }

func permissionList() []permission {
	return []permission{
		{"ADD_COMMENTS", "15", "Add Comments"}, {"BROWSE_PROJECTS", "10", "Browse Projects"},
		{"CREATE_ISSUES", "11", "Create Issues"}, {"LINK_ISSUES", "21", "Link Issues"},
		{"TRANSITION_ISSUES", "46", "Transition Issues"},
	}
}

// permissions says what the account may do. Cloud wants to be told which
// permissions are meant, Data Center names all of them.
func (s *Server) permissions(c call) reply {
	q := c.URL.Query()
	p, ok := s.visible(q.Get("projectKey"))
	asked := names(q["permissions"])
	switch {
	case s.cloud() && asked == nil:
		return refuse(http.StatusBadRequest, "The 'permissions' query parameter is required.")
	case !ok:
		return noProject(q.Get("projectKey"))
	}
	out := map[string]any{}
	for _, one := range permissionList() {
		if s.cloud() && !slices.Contains(asked, one.key) {
			continue
		}
		out[one.key] = map[string]any{"id": one.id, "key": one.key, "name": one.name, "type": "PROJECT",
			"description": "Ability to do that.", "havePermission": !p.denies(one.key)}
	}
	return reply{status: http.StatusOK, body: map[string]any{"permissions": out}}
}

// createTypes lists the types of issue that the account may file.
func (s *Server) createTypes(c call, project string) reply {
	p, ok := s.visible(project)
	if !ok {
		return noProject(project)
	}
	list := []map[string]any{}
	for _, name := range p.IssueTypes {
		if !p.denies("CREATE_ISSUES") {
			list = append(list, issueTypeBean(c.base, p, name))
		}
	}
	return s.metaPage(c, "issueTypes", list)
}

// createFields lists the fields of the screen on which an issue is filed.
func (s *Server) createFields(c call) reply {
	p, ok := s.visible(c.PathValue("key"))
	if !ok {
		return noProject(c.PathValue("key"))
	}
	n, err := strconv.Atoi(c.PathValue("id"))
	if n -= firstType; err != nil || n < 0 || n >= len(p.IssueTypes) || p.denies("CREATE_ISSUES") {
		return refuse(http.StatusNotFound, "Issue type with id "+c.PathValue("id")+" does not exist.")
	}
	screen := map[string]Field{
		"project": {Name: "Project", Required: true}, "issuetype": {Name: "Issue Type", Required: true},
		"summary": {Name: "Summary", Required: true}, "reporter": {Name: "Reporter", Required: true, Default: s.cloud()}, // Data Center fills it in all the same
		"description": {Name: "Description"}, "labels": {Name: "Labels"}, "components": {Name: "Components"},
	}
	if p.NoLabels {
		delete(screen, "labels")
	}
	for id, name := range p.RequiredFields {
		screen[id] = Field{Name: name, Required: true}
	}
	for id, name := range p.OptionalFields {
		screen[id] = Field{Name: name}
	}
	list := []map[string]any{}
	for _, id := range keysOf(screen) {
		list = append(list, s.fieldBean(c.base, id, screen[id]))
	}
	return s.metaPage(c, "fields", list)
}

// metaPage is a page of a list about filing; the deployments name the list
// differently.
func (s *Server) metaPage(c call, name string, list []map[string]any) reply {
	q := c.URL.Query()
	start, limit := atoi(q.Get("startAt"), 0), min(atoi(q.Get("maxResults"), 50), 200)
	page := list[min(start, len(list)):]
	page = page[:min(limit, len(page))]
	body := map[string]any{"startAt": start, "maxResults": limit, "total": len(list), name: page}
	if !s.cloud() {
		delete(body, name)
		body["values"], body["isLast"] = page, start+len(page) >= len(list)
	}
	return reply{status: http.StatusOK, body: body}
}
