//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// searchOld is the search that Jira Cloud removed in 2025 and Data Center
// still has.
func (s *Server) searchOld(c call) reply {
	if s.cloud() {
		return refuse(http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "+
			"A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")
	}
	q := c.URL.Query()
	hits, refused := s.search(q.Get("jql"), false, nil)
	if refused != nil {
		return *refused
	}
	start, limit := atoi(q.Get("startAt"), 0), min(atoi(q.Get("maxResults"), 50), 1000)
	page := hits[min(start, len(hits)):]
	page = page[:min(limit, len(page))]
	fields := names(q["fields"])
	if fields == nil {
		fields = []string{"*navigable"}
	}
	return reply{status: http.StatusOK, body: map[string]any{
		"startAt": start, "maxResults": limit, "total": len(hits), "issues": s.beans(c, page, fields),
	}}
}

// searchNew is the search of Jira Cloud: ids only unless fields are asked for,
// pages by token, no total.
func (s *Server) searchNew(c call) reply {
	if !s.cloud() {
		return s.noResource(c.Request)
	}
	q := c.URL.Query()
	if len(q["reconcileIssues"]) > 50 {
		return refuse(http.StatusBadRequest, "The number of reconcileIssues exceeds the limit of 50.")
	}
	hits, refused := s.search(q.Get("jql"), true, q["reconcileIssues"])
	if refused != nil {
		return *refused
	}
	start, err := strconv.Atoi(cmp.Or(q.Get("nextPageToken"), "0"))
	if err != nil || start < 0 {
		return refuse(http.StatusBadRequest, "The provided next page token is invalid or expired.")
	}
	page := hits[min(start, len(hits)):]
	page = page[:min(max(atoi(q.Get("maxResults"), 50), 1), 5000, len(page))]
	body := map[string]any{"isLast": start+len(page) >= len(hits)}
	if start+len(page) < len(hits) {
		body["nextPageToken"] = strconv.Itoa(start + len(page))
	}
	if fields := names(q["fields"]); fields != nil && !slices.Equal(fields, []string{"id"}) {
		body["issues"] = s.beans(c, page, fields)
	} else {
		body["issues"] = ids(page)
	}
	return reply{status: http.StatusOK, body: body}
}

func atoi(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return otherwise
	}
	return n
}

func ids(page []*issue) []map[string]any {
	out := []map[string]any{}
	for _, i := range page {
		out = append(out, map[string]any{"id": i.ID})
	}
	return out
}

func (s *Server) beans(c call, page []*issue, fields []string) []map[string]any {
	out := []map[string]any{}
	properties := names(c.URL.Query()["properties"])
	for _, i := range page {
		out = append(out, s.bean(c, i, fields, properties))
	}
	return out
}

// search answers from the index, which every search lets catch up by one, and
// from the issues themselves that the caller names by id.
func (s *Server) search(jql string, bounded bool, reconcile []string) ([]*issue, *reply) {
	q, err := parseJQL(jql, s.know)
	if err == nil && bounded && q.where == nil {
		err = fmt.Errorf("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
	}
	if err != nil {
		bad := refuse(http.StatusBadRequest, err.Error())
		return nil, &bad
	}
	at := moment{s.opts.Now()}
	var hits []*issue
	for _, i := range s.state.Issues {
		unseen := i.Unindexed > 0 || !s.indexed(i)
		i.Unindexed = max(0, i.Unindexed-1)
		if (!unseen || slices.Contains(reconcile, i.ID)) && (q.where == nil || q.where(at, i)) {
			hits = append(hits, i)
		}
	}
	q.sort(hits)
	return hits, nil
}

// indexed reports whether an issue has been there for as long as the index
// lags.
func (s *Server) indexed(i *issue) bool {
	return i.Indexed || s.opts.Now().Sub(i.Created) >= s.lag
}

// know refuses a clause that names what does not exist.
func (s *Server) know(c clause) error {
	for _, v := range c.values {
		exists := true
		switch c.field {
		case "project":
			p, ok := s.project(v)
			exists = ok && !p.denies("BROWSE_PROJECTS")
		case "key":
			if s.issue(v) == nil && v != "" {
				return fmt.Errorf("An issue with key '%s' does not exist for field 'key'.", v)
			}
		case "status":
			exists = slices.ContainsFunc(statuses(), func(st status) bool { return strings.EqualFold(st.Name, v) || st.ID == v })
		case "issuetype":
			exists = slices.ContainsFunc(s.opts.Projects, func(p Project) bool {
				return slices.ContainsFunc(p.IssueTypes, func(t string) bool { return strings.EqualFold(t, v) })
			})
		}
		if !exists && v != "" {
			return fmt.Errorf("The value '%s' does not exist for the field '%s'.", v, c.field)
		}
	}
	return nil
}
