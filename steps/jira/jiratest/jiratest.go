// Package jiratest is a stand-in for Jira's REST API, version 2, that keeps
// state and answers over real HTTP: Jira Cloud by default, or Data Center with
// its own search, credentials, headers and forms of answers.
//
// It refuses what Jira refuses, in Jira's words and with Jira's status, and
// its search lags behind its issues as Jira's index does. It serves the routes
// the jira steps use and nothing else: a request it does not know is a 404, a
// field it does not know is a 400, never a silent yes.
//
//	srv := jiratest.New(jiratest.Options{
//		User: "bot@example.com", Token: "t",
//		Projects: []jiratest.Project{{Key: "AAP", IssueTypes: []string{"Task"}}},
//	})
//	httptest.NewServer(srv)
//
// What a person does in the browser is a method: [Server.Transition],
// [Server.File], [Server.Comment], [Server.Delete], [Server.Move].
package jiratest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say what the stand-in is like.
type Options struct {
	// URL is the public base, as it stands in self and baseUrl; without one it is
	// the host that a request names.
	URL string
	// User and Token are the good credential: basic on Cloud, a bearer token on
	// Data Center, where User only names who writes.
	User, Token string
	Password    string // of User on Data Center; basic credentials are refused without one
	Deployment  string // "cloud" (also "") or "datacenter"
	Projects    []Project
	FirstNumber int // of the first issue of each project; 0 means 1
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// SearchLag is the number of searches for which a new issue is not in the
	// index yet. Reads by key see it at once.
	SearchLag int
	// IndexLag is how long, by the clock, a new issue is not in the index yet;
	// see [Server.SetIndexLag]. Both lags hold.
	IndexLag time.Duration
	// DropsProperties is a site that takes the entity properties of a new issue
	// or comment and keeps none.
	DropsProperties bool
	// Changed is called after every change, outside of all locks.
	Changed func()
	// Log is called after every request.
	Log func(method, path string, status int)
}

// Project is a project with its issue types and fields.
type Project struct {
	Key, Name      string
	IssueTypes     []string          // nil means Task, Story and Bug
	Components     []string          // the names an issue may have
	RequiredFields map[string]string // custom fields an issue must have: id -> name
	OptionalFields map[string]string // custom fields an issue may have: id -> name
	Transitions    []Transition      // nil means one to each status, from everywhere
	Denied         []string          // permissions that the account has not, e.g. CREATE_ISSUES
	NoLabels       bool              // the screen on which issues are filed has no labels
}

// Transition is a way from a status to another.
type Transition struct {
	Name string
	From []string // names of statuses; nil is any
	To   string
	// Fields are those of its screen by id.
	Fields map[string]Field
}

// Field is a field of a screen.
type Field struct {
	Name              string
	Required, Default bool     // Default: Jira fills it in when it is not given
	Allowed           []string // the names of what it may be; nil is anything
}

// Request is one request of the history.
type Request struct {
	Method string `json:"method"`
	URL    string `json:"url"` // path and query
	Status int    `json:"status"`
}

// Server is the stand-in. It is an http.Handler, to be mounted at the root of
// a host, and safe for concurrent use.
type Server struct {
	opts   Options
	routes *http.ServeMux

	mu      sync.Mutex
	state   state
	lag     time.Duration
	history []Request
}

// New returns a stand-in without issues.
func New(opts Options) *Server {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.FirstNumber == 0 {
		opts.FirstNumber = 1
	}
	opts.Projects = slices.Clone(opts.Projects)
	for i := range opts.Projects {
		if opts.Projects[i].IssueTypes == nil {
			opts.Projects[i].IssueTypes = []string{"Task", "Story", "Bug"}
		}
		if opts.Projects[i].Transitions == nil {
			opts.Projects[i].Transitions = free()
		}
	}
	s := &Server{opts: opts, state: newState(), lag: opts.IndexLag}
	s.routes = s.table()
	return s
}

func (s *Server) cloud() bool { return s.opts.Deployment != "datacenter" }

// call is one request with what every handler needs of it.
type call struct {
	*http.Request
	body []byte
	base string // what links to self begin with
}

// reply is an answer; changed says that the state is another one now.
type reply struct {
	status  int
	body    any // nil sends none
	changed bool
}

// methods are the handlers of one path.
type methods map[string]func(*Server, call) reply

func (s *Server) table() *http.ServeMux {
	mux := http.NewServeMux()
	for path, m := range map[string]methods{
		"/issue":                                  {"POST": (*Server).createIssue},
		"/issue/{key}":                            {"GET": (*Server).getIssue},
		"/issue/{key}/remotelink":                 {"GET": (*Server).getLinks, "POST": (*Server).putLink, "DELETE": (*Server).deleteLink},
		"/issue/{key}/transitions":                {"GET": (*Server).getTransitions, "POST": (*Server).postTransition},
		"/issue/{key}/{part}/{name}":              {"GET": (*Server).getPart, "PUT": (*Server).putPart},
		"/issue/{key}/comment":                    {"GET": (*Server).getComments, "POST": (*Server).postComment},
		"/issue/{key}/comment/{id}":               {"GET": (*Server).getComment, "DELETE": (*Server).deleteComment},
		"/comment/{id}/properties/{property}":     {"GET": (*Server).getCommentProperty},
		"/issue/createmeta/{key}/issuetypes/{id}": {"GET": (*Server).createFields},
		"/mypermissions":                          {"GET": (*Server).permissions},
		"/serverInfo":                             {"GET": (*Server).serverInfo},
		"/search":                                 {"GET": (*Server).searchOld},
		"/search/jql":                             {"GET": (*Server).searchNew},
		"/myself":                                 {"GET": (*Server).myself},
		"/project/{key}":                          {"GET": (*Server).getProject},
	} {
		mux.Handle("/rest/api/2"+path, s.serve(m))
	}
	mux.Handle("/", s.serve(nil))
	return mux
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

func (s *Server) serve(m methods) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := s.login(r)
		for name, value := range who.header(s) {
			w.Header().Set(name, value)
		}
		ans := s.answer(m, r, who)
		s.record(r, ans.status)
		if ans.changed && s.opts.Changed != nil {
			s.opts.Changed()
		}
		if ans.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", strings.Join(m.names(), ", "))
		}
		send(w, ans)
	})
}

func (m methods) names() []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func send(w http.ResponseWriter, ans reply) {
	if ans.body == nil {
		w.WriteHeader(ans.status)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(ans.status)
	_ = json.NewEncoder(w).Encode(ans.body) // a client that hung up is its own affair
}

func (s *Server) answer(m methods, r *http.Request, who login) reply {
	if m == nil {
		return s.noResource(r)
	}
	if !who.good && (who.tried || !strings.HasSuffix(r.URL.Path, "/serverInfo")) {
		return who.refusal
	}
	handle, ok := m[r.Method]
	if !ok {
		return refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	c := call{Request: r, base: s.base(r)}
	if r.Method != http.MethodGet {
		if !isJSON(r.Header.Get("Content-Type")) {
			return refuse(http.StatusUnsupportedMediaType, "Unsupported Media Type")
		}
		var err error
		if c.body, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<20)); err != nil {
			return refuse(http.StatusRequestEntityTooLarge, "The request body is too large.")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return handle(s, c)
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// base is what the urls in an answer begin with.
func (s *Server) base(r *http.Request) string {
	if s.opts.URL != "" {
		return strings.TrimSuffix(s.opts.URL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) record(r *http.Request, status int) {
	s.mu.Lock()
	s.history = append(s.history, Request{Method: r.Method, URL: r.URL.RequestURI(), Status: status})
	s.mu.Unlock()
	if s.opts.Log != nil {
		s.opts.Log(r.Method, r.URL.Path, status)
	}
}

// Requests returns the history of all requests, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history)
}

// errorCollection is Jira's own form of an error.
type errorCollection struct {
	ErrorMessages []string          `json:"errorMessages"`
	Errors        map[string]string `json:"errors"`
}

func refuse(status int, messages ...string) reply {
	return reply{status: status, body: errorCollection{messages, map[string]string{}}}
}

func refuseFields(errs map[string]string) reply {
	return reply{status: http.StatusBadRequest, body: errorCollection{[]string{}, errs}}
}

func badJSON() reply {
	return refuse(http.StatusBadRequest, "There was an error parsing JSON. Check that your request body is valid.")
}
