package jira

import (
	"context"
	"maps"
	"net/url"
	"strconv"

	"github.com/skillrun/skillrun/engine/types"
)

// How far a search goes.
const (
	pageSize = 100 // issues asked for at once; Jira gives fewer where it wants
	maxPages = 100 // after which a search that never ends is given up
)

type hits struct {
	issues []issue
	more   bool // there are others
	total  *int // how many there are altogether, when Jira says it
}

// page is an answer: Cloud says nextPageToken, Data Center total.
type page struct {
	Issues        *[]issue `json:"issues"`
	NextPageToken string   `json:"nextPageToken"`
	StartAt       int      `json:"startAt"`
	Total         *int     `json:"total"`
}

// search asks the index, which lags behind, for at most limit issues.
func (c *client) search(ctx context.Context, what, jql, fields string, limit int) (hits, error) {
	return c.searchBy(ctx, what, url.Values{"jql": {jql}, "fields": {fields}}, limit)
}

// searchBy does the same for a query with more to it.
func (c *client) searchBy(ctx context.Context, what string, q url.Values, limit int) (hits, error) {
	q = maps.Clone(q)
	if !c.datacenter { // whose search knows no properties
		q.Set("properties", property)
	}
	var out hits
	seen := map[string]bool{}
	for range maxPages {
		asked := min(limit-len(out.issues), pageSize)
		q.Set("maxResults", strconv.Itoa(asked))
		p, err := c.page(ctx, what, q)
		if err != nil {
			return hits{}, err
		}
		if n := len(*p.Issues); n > asked {
			return hits{}, types.Errorf(types.Unavailable, "%s: the answer is a page of %d, but %d were asked for", what, n, asked).
				WithHint("check the service's url in skillrun.yaml: something else may be answering")
		}
		for _, i := range *p.Issues {
			if !seen[i.Key] { // an issue that changed between two pages comes twice
				seen[i.Key] = true
				out.issues = append(out.issues, i)
			}
		}
		next := p.next(c.datacenter)
		out.total, out.more = p.Total, next != nil
		if next == nil || len(out.issues) >= limit {
			return out, nil
		}
		maps.Copy(q, next)
	}
	return hits{}, types.Errorf(types.Unavailable, "%s: the answer has too many pages", what).
		WithHint("narrow the search, or ask for fewer issues with limit")
}

// page asks for one page. The deployments have different searches: Cloud took
// the old one away, and Data Center has only that.
func (c *client) page(ctx context.Context, what string, q url.Values) (page, error) {
	path := "search/jql"
	if c.datacenter {
		path = "search"
	}
	var got page
	err := c.get(ctx, path, q, what, &got)
	switch {
	case types.CodeOf(err) == types.NotFound:
		return page{}, types.AsError(err).WithHint("Cloud and Data Center have different searches: check the service's deployment in skillrun.yaml")
	case err != nil:
		return page{}, err
	case got.Issues == nil:
		return page{}, types.Errorf(types.Unavailable, "%s: the answer has no list of issues", what).WithHint(notJira)
	}
	for _, i := range *got.Issues {
		if !keyPattern().MatchString(i.Key) {
			return page{}, types.Errorf(types.Unavailable, "%s: the answer has an issue without a key", what).WithHint(notJira)
		}
	}
	return got, nil
}

// next is what to ask for to see the page behind p, nil when p is the last.
func (p page) next(datacenter bool) url.Values {
	if !datacenter {
		if p.NextPageToken == "" {
			return nil
		}
		return url.Values{"nextPageToken": {p.NextPageToken}}
	}
	end := p.StartAt + len(*p.Issues)
	if p.Total == nil || end >= *p.Total || len(*p.Issues) == 0 {
		return nil
	}
	return url.Values{"startAt": {strconv.Itoa(end)}}
}

// keys searches the index and returns the keys of at most limit issues.
func (c *client) keys(ctx context.Context, what, jql string, limit int) ([]string, error) {
	found, err := c.search(ctx, what, jql, "key", limit)
	return keysOf(found.issues), err
}

func keysOf(issues []issue) []string {
	keys := make([]string, len(issues))
	for n, i := range issues {
		keys[n] = i.Key
	}
	return keys
}
