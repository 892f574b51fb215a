// Package gittest is a git remote over smart HTTP for tests and for the
// sandbox. It serves bare repositories from a folder through go-git's server
// transport, so that it needs no git binary; real git clients can clone, fetch
// and push.
//
// What go-git's server lacks is added here: each repository is locked while it
// is written, and a push whose old value is stale is refused, so that two
// pushes never overwrite each other. Reading needs no credentials; pushing
// needs the token as basic authentication, and gets 401 without and 403 with a
// wrong one, as GitLab answers.
package gittest

import (
	"crypto/subtle"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/memory"
)

// Options says what a Server serves.
type Options struct {
	Dir   string // bare repositories lie at Dir/NAME.git
	User  string // who may push, with Token
	Token string
	// RefusePush is asked before a reference changes; a text refuses the push
	// and is shown to the client. Its first line is the reference's status, as
	// "pre-receive hook declined"; the others are what a hook prints.
	RefusePush func(repo, ref, old, new string) string
	Changed    func() // after a push
	// Memory keeps what is in the repositories in memory from when each is first
	// asked for; the folder is read and not written. It is for one client at a
	// time.
	Memory bool
	// FS is the disk below a folder; nil is the machine's. A test hands in one
	// that stops at some write, as a kill does.
	FS  func(dir string) billy.Filesystem
	Log func(method, path string, status int)
}

// Server is an http.Handler.
type Server struct {
	o     Options
	mu    sync.Mutex
	locks map[string]*sync.RWMutex
	kept  map[string]*memory.Storage // of Memory
	packs map[string][]byte          // of Memory, by what was asked for
}

// New returns a server over the repositories in a folder, which is made when
// it is not there.
func New(o Options) *Server {
	return &Server{o: o, locks: map[string]*sync.RWMutex{}, kept: map[string]*memory.Storage{}, packs: map[string][]byte{}}
}

var repoPath = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^/([A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*)\.git/(info/refs|git-upload-pack|git-receive-pack)$`)
})

// ServeHTTP serves /NAME.git/info/refs, /git-upload-pack and
// /git-receive-pack.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	s.serve(rec, r)
	if s.o.Log != nil {
		s.o.Log(r.Method, r.URL.RequestURI(), rec.status)
	}
}

type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	m := repoPath().FindStringSubmatch(r.URL.Path)
	if m == nil || strings.Contains(r.URL.Path, "..") {
		http.NotFound(w, r)
		return
	}
	name, what := m[1], m[2]
	service := r.URL.Query().Get("service")
	if what != "info/refs" {
		service = what
	}
	if service == "git-receive-pack" && !s.authorized(w, r) {
		return
	}
	sto, err := s.open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	switch {
	case what == "info/refs" && r.Method == http.MethodGet:
		s.advertise(w, r, name, sto, service)
	case what == "git-upload-pack" && r.Method == http.MethodPost:
		s.uploadPack(w, r, name, sto)
	case what == "git-receive-pack" && r.Method == http.MethodPost:
		s.receivePack(w, r, name, sto)
	default:
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func (s *Server) authorized(w http.ResponseWriter, r *http.Request) bool {
	_, token, ok := r.BasicAuth()
	switch {
	case !ok:
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "HTTP Basic: Access denied", http.StatusUnauthorized)
	case subtle.ConstantTimeCompare([]byte(token), []byte(s.o.Token)) != 1:
		http.Error(w, "You are not allowed to push code to this project.", http.StatusForbidden)
	default:
		return true
	}
	return false
}

func (s *Server) dir(name string) string {
	return filepath.Join(s.o.Dir, filepath.FromSlash(name)+".git")
}

// open returns the storage of a repository that exists.
func (s *Server) open(name string) (storer.Storer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.kept[name]; kept != nil {
		return kept, nil
	}
	dir := s.dir(name)
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		return nil, transport.ErrRepositoryNotFound
	}
	sto := s.repository(dir)
	if !s.o.Memory {
		return sto, nil
	}
	kept, err := inMemory(sto)
	if err == nil {
		s.kept[name] = kept
	}
	return kept, err
}

// inMemory copies a repository.
func inMemory(sto storer.Storer) (*memory.Storage, error) {
	out := memory.NewStorage()
	objects, err := sto.IterEncodedObjects(plumbing.AnyObject)
	if err != nil {
		return nil, err
	}
	err = objects.ForEach(func(o plumbing.EncodedObject) error {
		_, err := out.SetEncodedObject(o)
		return err
	})
	if err != nil {
		return nil, err
	}
	refs, err := sto.IterReferences()
	if err != nil {
		return nil, err
	}
	return out, refs.ForEach(out.SetReference)
}

func (s *Server) lock(name string) *sync.RWMutex {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locks[name] == nil {
		s.locks[name] = &sync.RWMutex{}
	}
	return s.locks[name]
}

// Branches returns the branches of a repository and their tips; nil when there
// is no such repository.
func (s *Server) Branches(name string) map[string]string {
	return s.references(name, plumbing.ReferenceName.IsBranch)
}

// references are those of a kind, by their short names.
func (s *Server) references(name string, are func(plumbing.ReferenceName) bool) map[string]string {
	l := s.lock(name)
	l.RLock()
	defer l.RUnlock()
	sto, err := s.open(name)
	if err != nil {
		return nil
	}
	refs, err := sto.IterReferences()
	if err != nil {
		return nil
	}
	out := map[string]string{}
	_ = refs.ForEach(func(r *plumbing.Reference) error {
		if are(r.Name()) && r.Type() == plumbing.HashReference {
			out[r.Name().Short()] = r.Hash().String()
		}
		return nil
	})
	return out
}
