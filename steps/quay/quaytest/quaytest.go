// Package quaytest is a stand-in for Quay's API, as far as the steps ask it:
// the history of a repository's tags. It answers as Quay does and is stricter
// where Quay is lenient: a query parameter that Quay would ignore and a limit
// that it would cut down are refused, so that a mistake in a client shows.
package quaytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Tag is one period in which a name pointed to a manifest. A repository may
// hold several of one name: its history.
type Tag struct {
	Name    string
	Digest  string
	Start   time.Time
	Expires *time.Time // when the period ends or ended: by expiry, deletion or a move
	Size    int        // 0 for a list of manifests, whose size Quay does not know
}

// Options is the world the server shows.
type Options struct {
	Token        string           // the one access token that is good; without one none is
	Repositories map[string][]Tag // by whole path
	Private      bool             // every repository needs the token
	Unreadable   []string         // repositories that the token has no right to
	Now          func() time.Time // decides which tags are live; time.Now without one
	Log          func(method, path string, status int)
}

// Server is the registry. It is an http.Handler, safe for use by many.
type Server struct {
	opts Options
	mu   sync.Mutex
	repo map[string][]Tag
}

// New returns a server with its own copy of the repositories.
func New(opts Options) *Server {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = func(string, string, int) {}
	}
	s := &Server{opts: opts, repo: map[string][]Tag{}}
	for name, tags := range opts.Repositories {
		s.repo[name] = slices.Clone(tags)
	}
	return s
}

// Push points a tag to a manifest, as a build does. A live tag of that name
// ends, and stays in the history.
func (s *Server) Push(repository string, t Tag) {
	s.Delete(repository, t.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Start.IsZero() {
		t.Start = s.opts.Now()
	}
	s.repo[repository] = append(s.repo[repository], t)
}

// Delete ends the live tag of that name, if there is one.
func (s *Server) Delete(repository, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	for i, t := range s.repo[repository] {
		if t.Name == name && t.live(now) {
			s.repo[repository][i].Expires = &now
		}
	}
}

// History returns every period of every tag of a repository, the newest first.
func (s *Server) History(repository string) []Tag {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags := slices.Clone(s.repo[repository])
	slices.SortStableFunc(tags, func(a, b Tag) int { return b.Start.Compare(a.Start) })
	return tags
}

func (t Tag) live(now time.Time) bool { return t.Expires == nil || t.Expires.After(now) }

// answer is a status and what stands in the body.
type answer struct {
	status int
	body   any
}

// ServeHTTP answers a request as Quay does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := s.answer(r)
	w.Header().Set("Content-Type", "application/json")
	if a.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // the client went away: no one to tell
	s.opts.Log(r.Method, r.URL.Path, a.status)
}

func (s *Server) answer(r *http.Request) answer {
	if r.URL.Path == "/api/v1/discovery" && r.Method == http.MethodGet {
		return s.describe(r)
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v1/repository/")
	repository, isTags := strings.CutSuffix(path, "/tag/")
	switch {
	case !ok || !isTags:
		return fault(http.StatusNotFound, "not_found", "Not Found")
	case r.Method != http.MethodGet:
		return fault(http.StatusMethodNotAllowed, "invalid_request", "The method is not allowed for the requested URL.")
	}
	if refused := s.refuse(r, repository); refused != nil {
		return *refused
	}
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		return fault(http.StatusBadRequest, "invalid_request", err.Error())
	}
	return answer{http.StatusOK, s.page(repository, q)}
}

// describe gives anybody the description of the API, as far as it goes here.
// A credential that is wrong is refused all the same.
func (s *Server) describe(r *http.Request) answer {
	header := r.Header.Get("Authorization")
	if header != "" && (s.opts.Token == "" || header != "Bearer "+s.opts.Token) {
		return fault(http.StatusUnauthorized, "invalid_token", "The access token provided was invalid.")
	}
	paths := map[string]any{}
	for _, p := range []string{"/api/v1/discovery", "/api/v1/repository/{repository}/tag/"} {
		paths[p] = map[string]any{"get": map[string]any{}}
	}
	return answer{http.StatusOK, map[string]any{"swagger": "2.0", "basePath": "/", "paths": paths}}
}

// refuse asks for the credential first, the right second, and only then
// whether there is such a repository.
func (s *Server) refuse(r *http.Request, repository string) *answer {
	var a answer
	header := r.Header.Get("Authorization")
	given := strings.TrimPrefix(header, "Bearer ")
	good := s.opts.Token != "" && header == "Bearer "+s.opts.Token
	s.mu.Lock()
	_, known := s.repo[repository]
	s.mu.Unlock()
	switch {
	case header != "" && !good:
		a = fault(http.StatusUnauthorized, "invalid_token", "The access token provided was invalid.")
	case s.opts.Private && given == "":
		a = fault(http.StatusUnauthorized, "invalid_token", "Requires authentication")
	case slices.Contains(s.opts.Unreadable, repository):
		a = fault(http.StatusForbidden, "insufficient_scope", "Unauthorized")
	case !known:
		a = fault(http.StatusNotFound, "not_found", "Not Found")
	default:
		return nil
	}
	return &a
}

func fault(status int, kind, message string) answer {
	return answer{status, map[string]any{
		"status": status, "detail": message, "error_message": message, "error_type": kind, "title": kind,
		"type": "/api/v1/error/" + kind,
	}}
}

// query is what a list of tags can be asked for.
type query struct {
	specific, filter string
	active           bool
	limit, page      int
}

func parseQuery(values url.Values) (query, error) {
	q := query{limit: 50, page: 1}
	for name, given := range values {
		var err error
		switch name {
		case "specificTag":
			q.specific = given[0]
		case "filter_tag_name":
			q.filter = given[0]
		case "onlyActiveTags":
			q.active, err = strconv.ParseBool(given[0])
		case "limit":
			q.limit, err = number(given[0], 100)
		case "page":
			q.page, err = number(given[0], 1<<20)
		default:
			err = fmt.Errorf("is not known")
		}
		if err != nil || len(given) > 1 {
			return q, fmt.Errorf("query parameter %s is refused: %v", name, err)
		}
	}
	if op, _, _ := strings.Cut(q.filter, ":"); q.filter != "" && op != "eq" && op != "like" {
		return q, fmt.Errorf("query parameter filter_tag_name is refused: %q is neither eq:NAME nor like:NAME", q.filter)
	}
	return q, nil
}

func number(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%q is not between 1 and %d", text, most)
	}
	return n, nil
}

func (q query) wants(t Tag, now time.Time) bool {
	op, name, _ := strings.Cut(q.filter, ":")
	return (q.specific == "" || t.Name == q.specific) &&
		(!q.active || t.live(now)) &&
		(op != "eq" || t.Name == name) && (op != "like" || strings.Contains(t.Name, name))
}

func (s *Server) page(repository string, q query) map[string]any {
	now := s.opts.Now()
	tags := slices.DeleteFunc(s.History(repository), func(t Tag) bool { return !q.wants(t, now) })
	from := min((q.page-1)*q.limit, len(tags))
	to := min(from+q.limit, len(tags))
	list := make([]map[string]any, 0, to-from)
	for _, t := range tags[from:to] {
		list = append(list, t.entry())
	}
	return map[string]any{"tags": list, "page": q.page, "has_additional": to < len(tags)}
}

// entry is a tag as Quay writes it.
func (t Tag) entry() map[string]any {
	e := map[string]any{
		"name": t.Name, "reversion": false, "manifest_digest": t.Digest,
		"is_manifest_list": t.Size == 0, "size": nil,
		"start_ts": t.Start.Unix(), "last_modified": mailDate(t.Start),
	}
	if t.Size > 0 {
		e["size"] = t.Size
	}
	if t.Expires != nil {
		e["end_ts"], e["expiration"] = t.Expires.Unix(), mailDate(*t.Expires)
	}
	return e
}

func mailDate(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0000") }
