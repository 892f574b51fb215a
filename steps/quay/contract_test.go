package quay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/quay"
	"github.com/skillrun/skillrun/steps/quay/ocitest"
	"github.com/skillrun/skillrun/steps/quay/quaytest"
)

// What the steps send, and what the stand-ins answer, is checked against the
// descriptions of the two APIs.
//
// Quay describes its paths, parameters and errors (its discovery document,
// Swagger 2.0), and not the answers: their shape is written down here, from
// Quay's source. The OCI distribution specification is prose: its shapes are
// written down here, with the token authentication of the distribution project.

// contract stands around a stand-in and notes what breaks the rules.
type contract struct {
	quay *quayRules
	mu   sync.Mutex
	seen map[string]int
	bad  []string
}

func (c *contract) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bad = append(c.bad, fmt.Sprintf(format, args...))
}

// around checks each exchange with h. plant may change an answer on its way.
func (c *contract) around(h http.Handler, plant func(body []byte) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		if plant != nil {
			body = plant(body)
		}
		route := c.check(r, rec.Code, rec.Header(), body)
		c.mu.Lock()
		c.seen[route]++
		c.mu.Unlock()
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		w.Write(body) // the client went away: no one to tell
	})
}

// check returns the route of an exchange.
func (c *contract) check(r *http.Request, status int, header http.Header, body []byte) string {
	switch {
	case r.Method != http.MethodGet:
		c.note("%s %s: only GET is described", r.Method, r.URL.Path)
	case strings.HasPrefix(r.URL.Path, "/api/v1/"):
		return c.quayAPI(r, status, body)
	case r.URL.Path == "/token":
		return c.token(r, status, body)
	case strings.HasPrefix(r.URL.Path, "/v2/"):
		return c.registry(r, status, header, body)
	case r.URL.Path != "/":
		c.note("no description has %s", r.URL.Path)
	}
	return r.URL.Path
}

// quayRules is Quay's own description.
type quayRules struct {
	params map[string]string // of the list of tags: name -> type
	paths  map[string]bool   // all of them
	refuse *openapi3.Schema  // ApiError
}

func rulesOfQuay(t *testing.T) *quayRules {
	t.Helper()
	dir := os.Getenv("SKILLRUN_SPECS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "specs")
	}
	text, err := os.ReadFile(filepath.Join(dir, "quay-discovery.json"))
	if err != nil {
		t.Skip("the API descriptions are not here:", err)
	}
	var doc openapi2.T
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	path := doc.Paths["/api/v1/repository/{repository}/tag/"]
	if path == nil || path.Get == nil {
		t.Fatal("the description has no list of tags")
	}
	rules := &quayRules{params: map[string]string{}, paths: map[string]bool{}}
	for p := range doc.Paths {
		rules.paths[p] = true
	}
	for _, p := range path.Get.Parameters {
		if p.In == "query" {
			rules.params[p.Name] = string((*p.Type)[0])
		}
	}
	// Only the definitions are converted: the document has defects elsewhere.
	v3, err := openapi2conv.ToV3(&openapi2.T{Swagger: "2.0", Info: doc.Info, Definitions: doc.Definitions})
	if err != nil {
		t.Fatal(err)
	}
	rules.refuse = v3.Components.Schemas["ApiError"].Value
	return rules
}

var quayPath = regexp.MustCompile(`^/api/v1/repository/([a-z0-9._/-]+)/tag/$`)

func (c *contract) quayAPI(r *http.Request, status int, body []byte) string {
	route := "quay: list tags"
	if r.URL.Path == "/api/v1/discovery" {
		return c.discovery(r, status, body)
	}
	if !quayPath.MatchString(r.URL.Path) {
		c.note("Quay has no path %s", r.URL.Path)
		return route
	}
	for name, values := range r.URL.Query() {
		pattern := map[string]string{"boolean": "^(true|false)$", "integer": "^[0-9]+$", "string": "^.+$"}[c.quay.params[name]]
		if pattern == "" || len(values) != 1 || !regexp.MustCompile(pattern).MatchString(values[0]) {
			c.note("%s: the list of tags takes no %s=%q", route, name, values)
		}
	}
	if auth := r.Header.Get("Authorization"); auth != "" && !strings.HasPrefix(auth, "Bearer ") {
		c.note("%s: the credential is no bearer token", route)
	}
	if status/100 == 2 {
		var page quayTags
		c.strict(route, body, &page)
		for _, tag := range page.Tags {
			c.quayTag(route, tag)
		}
		return route
	}
	c.quayRefusal(route, status, body)
	return route
}

// discovery is the description itself: the stand-in's may only name what the
// real one has.
func (c *contract) discovery(r *http.Request, status int, body []byte) string {
	route := "quay: discovery"
	for name := range r.URL.Query() {
		if name != "internal" {
			c.note("%s takes no %s", route, name)
		}
	}
	if status/100 != 2 {
		c.quayRefusal(route, status, body)
		return route
	}
	var d struct{ Paths map[string]any }
	if err := json.Unmarshal(body, &d); err != nil || len(d.Paths) == 0 {
		c.note("%s: no paths: %v", route, err)
	}
	for p := range d.Paths {
		if !c.quay.paths[p] {
			c.note("%s: Quay describes no path %s", route, p)
		}
	}
	return route
}

func (c *contract) quayRefusal(route string, status int, body []byte) {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		c.note("%s: %d is not JSON: %v", route, status, err)
	} else if err := c.quay.refuse.VisitJSON(v); err != nil {
		c.note("%s: %d is no ApiError: %v", route, status, err)
	}
}

func (c *contract) quayTag(route string, tag quayTag) {
	if tag.Name == "" || tag.Reversion == nil || tag.Start == nil || tag.Digest == nil || tag.IsList == nil || tag.Modified == nil {
		c.note("%s: a tag lacks a member that Quay always gives: %+v", route, tag)
		return
	}
	if _, err := time.Parse(time.RFC1123Z, *tag.Modified); err != nil {
		c.note("%s: last_modified: %v", route, err)
	}
	if (tag.End == nil) != (tag.Expiration == nil) {
		c.note("%s: end_ts and expiration come together: %+v", route, tag)
	}
}

// strict decodes a body that may hold nothing else than is described.
func (c *contract) strict(route string, body []byte, into any) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		c.note("%s: the answer: %v", route, err)
	}
}

var (
	ociPath   = regexp.MustCompile(`^/v2/(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*/(manifests/[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|tags/list))?$`)
	ociDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	ociCodes  = strings.Fields("BLOB_UNKNOWN BLOB_UPLOAD_INVALID BLOB_UPLOAD_UNKNOWN DIGEST_INVALID MANIFEST_BLOB_UNKNOWN MANIFEST_INVALID MANIFEST_UNKNOWN NAME_INVALID NAME_UNKNOWN SIZE_INVALID UNAUTHORIZED DENIED UNSUPPORTED TOOMANYREQUESTS")
)

func (c *contract) registry(r *http.Request, status int, header http.Header, body []byte) string {
	m := ociPath.FindStringSubmatch(r.URL.Path)
	if m == nil {
		c.note("the specification has no path %s", r.URL.Path)
		return "oci"
	}
	route := "oci: " + strings.SplitN(m[1]+"/", "/", 2)[0]
	if q := r.URL.Query(); len(q) > 0 && (route != "oci: tags" || len(q) > 1 || q.Get("n") == "") {
		c.note("%s takes no %s", route, r.URL.RawQuery)
	}
	if auth := r.Header.Get("Authorization"); auth != "" && !strings.HasPrefix(auth, "Bearer ") && !strings.HasPrefix(auth, "Basic ") {
		c.note("%s: the credential is of no known kind", route)
	}
	if accept := r.Header.Get("Accept"); route == "oci: manifests" && !strings.Contains(accept, "application/vnd.oci.image.") {
		c.note("%s: the request accepts no manifest: %s", route, accept)
	}
	switch {
	case status == http.StatusUnauthorized && header.Get("WWW-Authenticate") == "":
		c.note("%s: 401 without a challenge", route)
	case status/100 != 2:
		c.refusal(route, body)
	case route == "oci: manifests":
		c.manifest(route, r, header, body)
	case route == "oci: tags":
		c.strict(route, body, &ociTags{})
	}
	return route
}

func (c *contract) refusal(route string, body []byte) {
	var e ociRefusal
	c.strict(route, body, &e)
	for _, one := range e.Errors {
		if !slices.Contains(ociCodes, one.Code) {
			c.note("%s: the specification has no error %q", route, one.Code)
		}
	}
}

func (c *contract) manifest(route string, r *http.Request, header http.Header, body []byte) {
	var m ociManifest
	c.strict(route, body, &m)
	if !ociDigest.MatchString(header.Get("Docker-Content-Digest")) || m.SchemaVersion != 2 || m.MediaType != header.Get("Content-Type") {
		c.note("%s: head and manifest do not agree: %v %+v", route, header, m)
	}
	if !strings.Contains(r.Header.Get("Accept"), m.MediaType) {
		c.note("%s: the request does not accept %s", route, m.MediaType)
	}
	for _, d := range slices.Concat(m.Layers, m.Manifests) {
		if !ociDigest.MatchString(d.Digest) || d.MediaType == "" || d.Size == nil {
			c.note("%s: a descriptor lacks something: %+v", route, d)
		}
	}
}

func (c *contract) token(r *http.Request, status int, body []byte) string {
	route := "oci: token"
	for name := range r.URL.Query() {
		if !slices.Contains([]string{"service", "scope", "account", "client_id", "offline_token"}, name) {
			c.note("%s takes no %s", route, name)
		}
	}
	if status/100 != 2 {
		c.refusal(route, body)
		return route
	}
	var a tokenAnswer
	c.strict(route, body, &a)
	if a.Token == "" && a.Access == "" {
		c.note("%s: no token", route)
	}
	return route
}

// world is everything that the family can send, against a stand-in of each
// kind.
func (c *contract) world(t *testing.T, plantAnswer func([]byte) []byte, plantRequest func(*http.Request)) {
	t.Helper()
	for _, api := range []string{"quay", "oci"} {
		var h http.Handler = quaytest.New(world())
		if api == "oci" {
			h = ociWorld(func(o *ocitest.Options) { o.Private = true })
		}
		srv := httptest.NewServer(c.around(h, plantAnswer))
		defer srv.Close()
		rt := roundTrip(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			if plantRequest != nil {
				plantRequest(req)
			}
			return http.DefaultTransport.RoundTrip(req)
		})
		for _, token := range []string{"good", "bad", ""} {
			s := quay.Service{URL: srv.URL, API: api, Transport: rt, Timeout: 5 * time.Second}
			if token != "" {
				s.User, s.Token = "team+robot", types.NewSecret(token)
			}
			services := map[string]quay.Service{"quay": s}
			for _, tag := range []string{sha, "list", "old", "none"} {
				do(t, services, map[string]any{"repository": repo, "tag": tag})
			}
			do(t, services, map[string]any{"repository": "a/none", "tag": "x"})
			use := step.Use{Step: "quay_get_tag", Args: types.Values{"repository": repo}}
			quay.Examine(services)(t.Context(), "quay", []step.Use{use}, time.Now())
			quay.Examine(services)(t.Context(), "quay", nil, time.Now())
		}
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	c := &contract{quay: rulesOfQuay(t), seen: map[string]int{}}
	c.world(t, nil, nil)
	for _, bad := range c.bad {
		t.Error(bad)
	}
	for _, route := range []string{"quay: list tags", "quay: discovery", "oci: ", "oci: manifests", "oci: tags", "oci: token"} {
		if c.seen[route] == 0 {
			t.Errorf("no exchange of %q was seen; seen are %v", route, c.seen)
		}
	}
}

// TestContractObjects: a wrong field on either side is seen.
func TestContractObjects(t *testing.T) {
	t.Parallel()
	rules := rulesOfQuay(t)
	rename := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"`+old+`"`), []byte(`"`+new+`"`)) }
	}
	query := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			q := r.URL.Query()
			q.Set(name, value)
			r.URL.RawQuery = q.Encode()
		}
	}
	for want, plant := range map[string]struct {
		answer  func([]byte) []byte
		request func(*http.Request)
	}{
		`unknown field "digest_of_manifest"`: {answer: rename("manifest_digest", "digest_of_manifest")},
		"a tag lacks a member":               {answer: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"reversion":false,`), nil) }},
		"is no ApiError": {answer: func(b []byte) []byte {
			return regexp.MustCompile(`"status":(\d+)`).ReplaceAll(b, []byte(`"status":"$1"`))
		}},
		"Quay describes no path /api/v1/discover_y": {answer: rename("/api/v1/discovery", "/api/v1/discover_y")},
		"quay: discovery takes no limit":            {request: query("limit", "1")},
		`unknown field "mediatypes"`:                {answer: rename("mediaType", "mediatypes")},
		`the specification has no error "GONE"`:     {answer: rename("NAME_UNKNOWN", "GONE")},
		`unknown field "jwt"`:                       {answer: rename("token", "jwt")},
		`the list of tags takes no specific_tag=`:   {request: query("specific_tag", "x")},
		`the list of tags takes no limit=`:          {request: query("limit", "many")},
		"oci: manifests takes no limit=many":        {request: query("limit", "many")},
		"oci: token takes no scopes":                {request: query("scopes", "x")},
		"the request accepts no manifest":           {request: func(r *http.Request) { r.Header.Set("Accept", "application/json") }},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			c := &contract{quay: rules, seen: map[string]int{}}
			c.world(t, plant.answer, plant.request)
			if !slices.ContainsFunc(c.bad, func(s string) bool { return strings.Contains(s, want) }) {
				t.Errorf("nothing objects: %q", c.bad)
			}
		})
	}
}
