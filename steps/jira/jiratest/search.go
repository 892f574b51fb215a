//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
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
	hits, refused := s.search(q.Get("jql"), false)
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
	hits, refused := s.search(q.Get("jql"), true)
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

// search answers from the index, which every search lets catch up by one.
func (s *Server) search(jql string, bounded bool) ([]*issue, *reply) {
	q, err := parseJQL(jql)
	if err == nil && bounded && len(q.clauses) == 0 {
		err = fmt.Errorf("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
	}
	if err == nil {
		err = s.know(q)
	}
	if err != nil {
		bad := refuse(http.StatusBadRequest, err.Error())
		return nil, &bad
	}
	var hits []*issue
	for _, i := range s.state.Issues {
		if i.Unindexed > 0 {
			i.Unindexed--
		} else if s.indexed(i) && q.matches(i) {
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

// know refuses a query that names what does not exist.
func (s *Server) know(q query) error {
	for _, c := range q.clauses {
		for _, v := range c.values {
			switch c.field {
			case "project":
				if p, ok := s.project(v); !ok || p.denies("BROWSE_PROJECTS") {
					return fmt.Errorf("The value '%s' does not exist for the field 'project'.", v)
				}
			case "key":
				if s.issue(v) == nil {
					return fmt.Errorf("An issue with key '%s' does not exist for field 'key'.", v)
				}
			}
		}
	}
	return nil
}

// query is the little JQL the stand-in knows: clauses joined by AND, each
// FIELD = VALUE or FIELD in (VALUES), and one ORDER BY.
type query struct {
	clauses []clause
	order   string // created or key
	desc    bool
}

type clause struct {
	field  string
	values []string
}

var (
	orderPattern  = regexp.MustCompile(`(?i)\s*\border\s+by\s+(\w+)(?:\s+(asc|desc))?\s*$`)
	clausePattern = regexp.MustCompile(`(?i)^\s*(\w+)\s*(?:=\s*("[^"]*"|currentUser\(\)|[\w-]+)|in\s*\(([^)]*)\))\s*(?:\band\b|$)`)
)

func parseJQL(jql string) (query, error) {
	q := query{order: "created", desc: true}
	if m := orderPattern.FindStringSubmatch(jql); m != nil {
		q.order, q.desc = strings.ToLower(m[1]), strings.EqualFold(m[2], "desc")
		jql = strings.TrimSuffix(jql, m[0])
	}
	if q.order != "created" && q.order != "key" {
		return q, fmt.Errorf("Field '%s' does not exist or you do not have permission to view it.", q.order)
	}
	for strings.TrimSpace(jql) != "" {
		m := clausePattern.FindStringSubmatch(jql)
		if m == nil {
			return q, fmt.Errorf("Error in the JQL Query: Expecting operator but got '%s'.", strings.TrimSpace(jql))
		}
		c := clause{field: strings.ToLower(m[1])}
		if !slices.Contains([]string{"project", "labels", "key", "status", "creator"}, c.field) {
			return q, fmt.Errorf("Field '%s' does not exist or you do not have permission to view it.", m[1])
		}
		for v := range strings.SplitSeq(cmp.Or(m[2], m[3]), ",") {
			c.values = append(c.values, strings.Trim(strings.TrimSpace(v), `"`))
		}
		q.clauses = append(q.clauses, c)
		jql = jql[len(m[0]):]
	}
	return q, nil
}

func (q query) matches(i *issue) bool {
	return !slices.ContainsFunc(q.clauses, func(c clause) bool {
		return !slices.ContainsFunc(c.values, func(v string) bool { return i.has(c.field, v) })
	})
}

func (i *issue) has(field, value string) bool {
	switch field {
	case "project":
		return i.Project == value
	case "labels":
		return slices.Contains(i.Labels, value)
	case "key":
		return i.Key == value
	case "creator":
		return value == "currentUser()" && i.By == ""
	}
	return i.Status == value
}

func (q query) sort(hits []*issue) {
	slices.SortStableFunc(hits, func(a, b *issue) int {
		n := cmp.Compare(a.number(), b.number())
		if q.order == "created" {
			n = cmp.Or(a.Created.Compare(b.Created), cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
		}
		if q.desc {
			return -n
		}
		return n
	})
}
