package gitlabtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// request is one request, its path and parameters taken apart. The handler
// runs under the server's lock.
type request struct {
	user    string
	token   string
	args    []string // the variable segments of the path
	params  params
	http    *http.Request
	project Project       // of routes below projects/:id
	mr      *mergeRequest // of routes below merge_requests/:iid
	changed bool          // the handler changed something
}

// answer is what a handler says.
type answer struct {
	status int
	body   any
	text   *string // instead of a body, plain
	header http.Header
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// message is a refusal in the words of GitLab's own checks.
func message(status int, msg any) answer {
	return answer{status: status, body: map[string]any{"message": msg}}
}

// failure is a refusal in the words of GitLab's parameter parser.
func failure(status int, msg string) answer {
	return answer{status: status, body: map[string]any{"error": msg}}
}

// route is one path of the API. A segment ":" stands for anything.
type route struct {
	method, path string
	params       spec
	writes       bool
	do           func(*Server, *request) answer
}

func routes() []route {
	const mr = "projects/:/merge_requests/:"
	return []route{
		{"GET", "user", nil, false, (*Server).getUser},
		{"GET", "users", usersSpec(), false, (*Server).listUsers},
		{"GET", "version", nil, false, (*Server).getVersion},
		{"GET", "personal_access_tokens/self", nil, false, (*Server).getToken},
		{"GET", "projects/:", spec{"license": boolean, "statistics": boolean, "with_custom_attributes": boolean}, false, (*Server).getProject},
		{"GET", "projects/:/repository/branches/:", nil, false, (*Server).getBranch},
		{"DELETE", "projects/:/repository/branches/:", nil, true, (*Server).deleteBranch},
		{"PUT", "projects/:/repository/files/:", spec{"branch": text, "content": text, "commit_message": text}, true, (*Server).writeFile},
		{"GET", "projects/:/merge_requests", listSpec(), false, (*Server).listMRs},
		{"POST", "projects/:/merge_requests", createSpec(), true, (*Server).createMR},
		{"GET", mr, spec{"render_html": boolean, "include_diverged_commits_count": boolean, "include_rebase_in_progress": boolean}, false, (*Server).getMR},
		{"PUT", mr, updateSpec(), true, (*Server).updateMR},
		{"PUT", mr + "/merge", mergeSpec(), true, (*Server).mergeMR},
		{"GET", mr + "/approvals", nil, false, (*Server).getApprovals},
		{"POST", mr + "/approve", spec{"sha": text, "approval_password": text}, true, (*Server).approveMR},
		{"POST", mr + "/unapprove", nil, true, (*Server).unapproveMR},
		{"GET", mr + "/diffs", pages(spec{"unidiff": boolean}), false, (*Server).listDiffs},
		{"GET", mr + "/changes", spec{"access_raw_diffs": boolean, "unidiff": boolean}, false, (*Server).getChanges},
		{"GET", mr + "/notes", pages(spec{"sort": text, "order_by": text, "activity_filter": text}), false, (*Server).listNotes},
		{"GET", mr + "/discussions", pages(spec{}), false, (*Server).listDiscussions},
		// Who may look may comment.
		{"POST", mr + "/notes", spec{"body": text, "created_at": text, "internal": boolean, "merge_request_diff_head_sha": text}, false, (*Server).createNote},
		{"GET", mr + "/notes/:", nil, false, (*Server).getNote},
		{"PUT", mr + "/notes/:", spec{"body": text}, false, (*Server).updateNote},
		{"DELETE", mr + "/notes/:", nil, false, (*Server).deleteNote},
		{"GET", "groups/:", spec{"with_projects": boolean, "with_custom_attributes": boolean}, false, (*Server).getGroup},
		{"GET", "groups/:/members/all/:", nil, false, (*Server).getGroupMember},
		{"GET", "projects/:/members/all/:", nil, false, (*Server).getMember},
		{"GET", "projects/:/pipelines", pipelinesSpec(), false, (*Server).listPipelines},
		{"GET", "projects/:/pipelines/:", nil, false, (*Server).getPipeline},
		{"GET", "projects/:/pipelines/:/jobs", pages(spec{"scope[]": labelList, "include_retried": boolean}), false, (*Server).listJobs},
		{"GET", "projects/:/jobs/:/trace", nil, false, (*Server).getTrace},
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	rq := &request{http: r}
	a := s.serve(rq)
	var body []byte
	if a.body != nil { // encoded under the lock: bodies may share memory with the state
		body, _ = json.Marshal(a.body)
	}
	s.mu.Unlock()
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	if a.text != nil {
		w.Header().Set("Content-Type", "text/plain")
		body = []byte(*a.text)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
	if rq.changed {
		s.changed()
	}
	if s.opts.Log != nil {
		s.opts.Log(r.Method, r.URL.Path, a.status)
	}
}

func (s *Server) serve(rq *request) answer {
	r := rq.http
	segments, found := apiPath(r.URL)
	if !found {
		return failure(http.StatusNotFound, "404 Not Found")
	}
	if rq.user, rq.token, found = s.userOf(r); !found {
		return message(http.StatusUnauthorized, "401 Unauthorized")
	}
	rt, args, other := match(r.Method, segments)
	switch {
	case rt == nil && other:
		return failure(http.StatusMethodNotAllowed, "405 Not Allowed")
	case rt == nil:
		return failure(http.StatusNotFound, "404 Not Found")
	}
	rq.args = args
	if refusal := s.outOfScope(rq); refusal != nil {
		return *refusal
	}
	if refusal := s.place(rq, rt, segments); refusal != nil {
		return *refusal
	}
	var refusal *answer
	if rq.params, refusal = readParams(r, rt.params); refusal != nil {
		return *refusal
	}
	return rt.do(s, rq)
}

func (s *Server) userOf(r *http.Request) (user, token string, found bool) {
	token = r.Header.Get("PRIVATE-TOKEN")
	if token == "" {
		token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	user, found = s.tokens[token]
	return user, token, found
}

// apiPath takes the path apart before it is unescaped, because a project's
// path stands in one segment as group%2Fname.
func apiPath(u *url.URL) ([]string, bool) {
	rest, found := strings.CutPrefix(u.EscapedPath(), "/api/v4/")
	if !found {
		return nil, false
	}
	segments := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	for i := range segments {
		plain, err := url.PathUnescape(segments[i])
		if err != nil {
			return nil, false
		}
		segments[i] = plain
	}
	return segments, true
}

// match finds the route; otherMethod says that the path has another method.
func match(method string, segments []string) (found *route, args []string, otherMethod bool) {
	for _, rt := range routes() {
		vars, fits := fit(strings.Split(rt.path, "/"), segments)
		if !fits {
			continue
		}
		if rt.method == method {
			return &rt, vars, false
		}
		otherMethod = true
	}
	return nil, nil, otherMethod
}

func fit(pattern, segments []string) (vars []string, fits bool) {
	if len(pattern) != len(segments) {
		return nil, false
	}
	for i, p := range pattern {
		switch {
		case p == ":":
			vars = append(vars, segments[i])
		case p != segments[i]:
			return nil, false
		}
	}
	return vars, true
}
