// Package ocitest is a stand-in for a registry that speaks the OCI distribution
// specification, as far as the steps ask it: manifests, lists of tags, and the
// ways in which registries learn who is asking. It is strict where registries
// are lenient: a manifest is only given for what the request says it accepts,
// and a token is good for the one repository it was asked for.
package ocitest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The ways in which a registry learns who is asking.
const (
	Bearer = "bearer" // tokens from /token, as at most registries
	Basic  = "basic"  // user and password with each request
)

// Options is the world the server shows.
type Options struct {
	Auth        string              // Bearer, which is also what "" means, or Basic
	User, Token string              // the one credential that is good
	Private     bool                // every repository needs it
	Images      map[string][]string // tags by whole path of the repository
	Unreadable  []string            // repositories that the credential has no right to
	// Both lets the registry offer a password too, in the one header with the
	// token.
	Both bool
	// Namespace stands before a repository where the registry names it to the
	// token service, as behind a mirror: "library/".
	Namespace string
	// Realm is where tokens are given; "" is /token on the request's own host.
	Realm string
	Log   func(method, path string, status int)
}

// Server is the registry. It is an http.Handler, safe for use by many.
type Server struct {
	opts Options
	mu   sync.Mutex
	tags map[string]map[string][]byte // repository, tag -> manifest
}

// New returns a server with its own copy of the images.
func New(opts Options) *Server {
	if opts.Log == nil {
		opts.Log = func(string, string, int) {}
	}
	s := &Server{opts: opts, tags: map[string]map[string][]byte{}}
	for repository, tags := range opts.Images {
		for _, t := range tags {
			s.Push(repository, t)
		}
	}
	return s
}

// The kinds of manifests it has.
const (
	imageType = "application/vnd.oci.image.manifest.v1+json"
	indexType = "application/vnd.oci.image.index.v1+json"
)

// LayerSize is the size of the one layer of every image, in bytes.
const LayerSize = 1234

// Push makes an image of its own for a tag and returns its digest.
func (s *Server) Push(repository, tag string) (digest string) {
	config := sum([]byte(repository + ":" + tag))
	return s.PushManifest(repository, tag, fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,`+
		`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":2},`+
		`"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":%q,"size":%d}]}`,
		imageType, config, sum([]byte("layer")), LayerSize))
}

// PushIndex points a tag to a list of images for several platforms.
func (s *Server) PushIndex(repository, tag string) (digest string) {
	return s.PushManifest(repository, tag, fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[`+
		`{"mediaType":%q,"digest":%q,"size":2,"platform":{"architecture":"arm64","os":"linux"}}]}`, indexType, imageType, sum([]byte(tag))))
}

// PushManifest points a tag to a manifest as it is.
func (s *Server) PushManifest(repository, tag string, manifest []byte) (digest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tags[repository] == nil {
		s.tags[repository] = map[string][]byte{}
	}
	s.tags[repository][tag] = manifest
	return sum(manifest)
}

// Digest returns the digest of a tag's manifest, "" when there is none.
func (s *Server) Digest(repository, tag string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.tags[repository][tag]; ok {
		return sum(m)
	}
	return ""
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(h[:])
}

// reply is what is answered.
type reply struct {
	status  int
	kind    string // of the body
	body    []byte
	headers map[string]string
}

func refuse(status int, code, message string) reply {
	body, _ := json.Marshal(map[string]any{"errors": []any{map[string]any{"code": code, "message": message, "detail": nil}}})
	return reply{status, "application/json; charset=utf-8", append(body, '\n'), map[string]string{}}
}

func found(kind string, body []byte, headers map[string]string) reply {
	return reply{http.StatusOK, kind, body, headers}
}

// ServeHTTP answers a request as a registry does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := s.answer(r)
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.Header().Set("Content-Type", a.kind)
	for name, value := range a.headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client went away: no one to tell
	s.opts.Log(r.Method, r.URL.RequestURI(), a.status)
}

func (s *Server) answer(r *http.Request) reply {
	if r.Method != http.MethodGet {
		return refuse(http.StatusMethodNotAllowed, "UNSUPPORTED", "this registry is only read")
	}
	if r.URL.Path == "/token" && s.opts.Auth != Basic {
		return s.give(r)
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/v2/")
	if !ok {
		return reply{http.StatusNotFound, "text/plain", []byte("404 page not found\n"), map[string]string{}}
	}
	repository, tag, list := route(rest)
	if denied, ok := s.allow(r, repository); !ok {
		return denied
	}
	switch {
	case rest == "":
		return found("application/json", []byte("{}"), nil)
	case list:
		return s.list(repository)
	case tag == "":
		return refuse(http.StatusNotFound, "NAME_INVALID", "invalid repository name")
	}
	return s.manifest(r, repository, tag)
}

// route takes a path apart: NAME/manifests/TAG or NAME/tags/list.
func route(rest string) (repository, tag string, list bool) {
	if name, ok := strings.CutSuffix(rest, "/tags/list"); ok {
		return name, "", true
	}
	if i := strings.LastIndex(rest, "/manifests/"); i > 0 {
		return rest[:i], rest[i+len("/manifests/"):], false
	}
	return "", "", false
}

func (s *Server) list(repository string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, ok := s.tags[repository]
	if !ok {
		return refuse(http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
	}
	names := []string{}
	for t := range tags {
		names = append(names, t)
	}
	slices.Sort(names)
	body, _ := json.Marshal(map[string]any{"name": repository, "tags": names})
	return found("application/json", body, nil)
}

func (s *Server) manifest(r *http.Request, repository, tag string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, ok := s.tags[repository]
	if !ok {
		return refuse(http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
	}
	m, ok := tags[tag]
	if !ok {
		return refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
	}
	var kind struct {
		MediaType string `json:"mediaType"`
	}
	if json.Unmarshal(m, &kind) != nil || kind.MediaType == "" {
		kind.MediaType = imageType
	}
	if !strings.Contains(r.Header.Get("Accept"), kind.MediaType) {
		return refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "the request accepts no manifest of this kind")
	}
	return found(kind.MediaType, m, map[string]string{"Docker-Content-Digest": sum(m)})
}
