// Package httpapitest is a stand-in for an HTTP API that speaks JSON: collections that
// keep what is put into them, and fixed responses. Authors of skills describe one in
// sandbox.yaml.
//
//	GET    /things        the items, those whose members equal the query; in pages
//	                      (page, per_page), with a Link header to the next one
//	POST   /things        adds an item; 201 and the item with its id
//	GET    /things/7      an item, or 404
//	PUT    /things/7      replaces it; PATCH changes the members that are given
//	DELETE /things/7      removes it; 204
//
// A POST that repeats an Idempotency-Key adds nothing and has the first answer. A
// request without the token has 401.
package httpapitest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// API says what a server is like in the beginning.
type API struct {
	Token       string // the Bearer token that is good; "" is any, and none
	Collections map[string][]map[string]any
	Responses   []Response
}

// Response is what every request of a method to a path has.
type Response struct {
	Method  string            `json:"method"` // "" is GET
	Path    string            `json:"path"`
	Query   map[string]string `json:"query"` // of the request; others may be there
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	JSON    any               `json:"json"`
	Text    string            `json:"text"`
}

// Server is an API. It is an http.Handler for what lies below the url.
type Server struct {
	api   API
	mu    sync.Mutex
	state state
}

type state struct {
	Collections map[string][]map[string]any `json:"collections"`
	Answered    map[string]json.RawMessage  `json:"answered"` // by path and Idempotency-Key
}

// perPage is how many items a page has when the request does not say.
const perPage = 20

// New returns a server in its beginning.
func New(a API) *Server {
	s := &Server{api: a, state: state{Collections: map[string][]map[string]any{}, Answered: map[string]json.RawMessage{}}}
	for path, items := range a.Collections {
		s.state.Collections[path] = []map[string]any{}
		for _, item := range items {
			s.add(path, maps.Clone(item))
		}
	}
	return s
}

// Snapshot returns what is there, for [Server.Restore].
func (s *Server) Snapshot() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.Marshal(s.state)
}

// Restore puts back what was there. Collections that the server has not stay away, and
// those that the snapshot has not are as in the beginning.
func (s *Server) Restore(data []byte) error {
	var old state
	if err := json.Unmarshal(data, &old); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for path, items := range old.Collections {
		if _, there := s.state.Collections[path]; there {
			s.state.Collections[path] = items
		}
	}
	maps.Copy(s.state.Answered, old.Answered)
	return nil
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.api.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.api.Token {
		send(w, http.StatusUnauthorized, map[string]any{"message": "401 Unauthorized"})
		return
	}
	if s.fixed(w, r) {
		return
	}
	path := strings.TrimSuffix(r.URL.Path, "/")
	if _, ok := s.state.Collections[path]; ok {
		s.collection(w, r, path)
		return
	}
	cut := strings.LastIndexByte(path, '/')
	if cut > 0 {
		if i := s.find(path[:cut], path[cut+1:]); i >= 0 {
			s.item(w, r, path[:cut], i)
			return
		}
	}
	send(w, http.StatusNotFound, map[string]any{"message": "404 Not Found"})
}

// fixed gives a response that does not depend on what happened.
func (s *Server) fixed(w http.ResponseWriter, r *http.Request) bool {
	for _, x := range s.api.Responses {
		method := x.Method
		if method == "" {
			method = http.MethodGet
		}
		if x.Path != r.URL.Path || method != r.Method || !asks(r, x.Query) {
			continue
		}
		for name, value := range x.Headers {
			w.Header().Set(name, value)
		}
		status := x.Status
		if status == 0 {
			status = http.StatusOK
		}
		if x.JSON != nil {
			send(w, status, x.JSON)
			return true
		}
		w.WriteHeader(status)
		io.WriteString(w, x.Text)
		return true
	}
	return false
}

func asks(r *http.Request, query map[string]string) bool {
	for name, value := range query {
		if r.URL.Query().Get(name) != value {
			return false
		}
	}
	return true
}

func (s *Server) collection(w http.ResponseWriter, r *http.Request, path string) {
	switch r.Method {
	case http.MethodGet:
		s.list(w, r, path)
	case http.MethodPost:
		s.post(w, r, path)
	default:
		send(w, http.StatusMethodNotAllowed, map[string]any{"message": "405 Method Not Allowed"})
	}
}

// paging are the parameters that choose a page; all others choose items.
var paging = []string{"page", "per_page"}

func (s *Server) list(w http.ResponseWriter, r *http.Request, path string) {
	query := r.URL.Query()
	items := slices.DeleteFunc(slices.Clone(s.state.Collections[path]), func(item map[string]any) bool {
		for name := range query {
			if !slices.Contains(paging, name) && fmt.Sprint(item[name]) != query.Get(name) {
				return true
			}
		}
		return false
	})
	page, size := number(query.Get("page"), 1), number(query.Get("per_page"), perPage)
	from, to := min((page-1)*size, len(items)), min(page*size, len(items))
	if to < len(items) {
		next := *r.URL
		query.Set("page", strconv.Itoa(page+1))
		next.RawQuery = query.Encode()
		w.Header().Set("Link", "<"+base(r)+"?"+next.RawQuery+`>; rel="next"`)
	}
	w.Header().Set("X-Total", strconv.Itoa(len(items)))
	send(w, http.StatusOK, items[from:to])
}

// base is where a request went, as the client sees it.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return scheme + "://" + r.Host + path
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= 1000 {
		return n
	}
	return otherwise
}

func (s *Server) post(w http.ResponseWriter, r *http.Request, path string) {
	key := r.Header.Get("Idempotency-Key")
	if first, ok := s.state.Answered[path+" "+key]; ok && key != "" {
		send(w, http.StatusCreated, first)
		return
	}
	item, err := read(r)
	if err != nil {
		send(w, http.StatusBadRequest, map[string]any{"message": err.Error()})
		return
	}
	s.add(path, item)
	if data, err := json.Marshal(item); err == nil && key != "" {
		s.state.Answered[path+" "+key] = data
	}
	send(w, http.StatusCreated, item)
}

// add gives an item an id when it has none: one more than the greatest.
func (s *Server) add(path string, item map[string]any) {
	if _, has := item["id"]; !has {
		id := 1
		for _, other := range s.state.Collections[path] {
			if n, err := strconv.Atoi(fmt.Sprint(other["id"])); err == nil && n >= id {
				id = n + 1
			}
		}
		item["id"] = id
	}
	s.state.Collections[path] = append(s.state.Collections[path], item)
}

func (s *Server) find(path, id string) int {
	return slices.IndexFunc(s.state.Collections[path], func(item map[string]any) bool { return fmt.Sprint(item["id"]) == id })
}

func (s *Server) item(w http.ResponseWriter, r *http.Request, path string, i int) {
	items := s.state.Collections[path]
	switch r.Method {
	case http.MethodGet:
		send(w, http.StatusOK, items[i])
	case http.MethodDelete:
		s.state.Collections[path] = slices.Delete(items, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPut, http.MethodPatch:
		item, err := read(r)
		if err != nil {
			send(w, http.StatusBadRequest, map[string]any{"message": err.Error()})
			return
		}
		whole := map[string]any{}
		if r.Method == http.MethodPatch {
			maps.Copy(whole, items[i])
		}
		maps.Copy(whole, item)
		whole["id"] = items[i]["id"]
		items[i] = whole
		send(w, http.StatusOK, whole)
	default:
		send(w, http.StatusMethodNotAllowed, map[string]any{"message": "405 Method Not Allowed"})
	}
}

func read(r *http.Request) (map[string]any, error) {
	var item map[string]any
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(&item); err != nil || item == nil {
		return nil, fmt.Errorf("the body is not a JSON object")
	}
	return item, nil
}

func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
