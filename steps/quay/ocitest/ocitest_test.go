package ocitest_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/steps/quay/ocitest"
)

const accept = "application/vnd.oci.image.manifest.v1+json"

// TestRefusals: what a registry refuses, the stand-in refuses.
func TestRefusals(t *testing.T) {
	t.Parallel()
	open := ocitest.New(ocitest.Options{User: "u", Token: "p", Images: map[string][]string{"a/b": {"x"}}})
	basic := ocitest.New(ocitest.Options{Auth: ocitest.Basic, User: "u", Token: "p", Images: map[string][]string{"a/b": {"x"}}})
	for _, test := range []struct {
		s                    *ocitest.Server
		method, target, auth string
		accept               string
		status               int
		want                 string // part of the body or the challenge
	}{
		{open, "GET", "/v2/a/b/manifests/x", "", accept, 401, `Bearer realm="http://example.com/token",service="registry.test",scope="repository:a/b:pull"`},
		{open, "GET", "/v2/a/b/manifests/x", "Bearer t-a~b", accept, 200, `"schemaVersion":2`},
		{open, "GET", "/v2/a/b/manifests/x", "Bearer t-a~c", accept, 401, "UNAUTHORIZED"},
		{open, "GET", "/v2/a/b/manifests/x", "Bearer t-a~b", "application/json", 404, "accepts no manifest of this kind"},
		{open, "GET", "/v2/a/b/manifests/y", "Bearer a-a~b", accept, 404, "MANIFEST_UNKNOWN"},
		{open, "GET", "/v2/a/c/manifests/y", "Bearer a-a~c", accept, 404, "NAME_UNKNOWN"},
		{open, "GET", "/v2/a/c/tags/list", "Bearer a-a~c", "", 404, "NAME_UNKNOWN"},
		{open, "GET", "/v2/a/b/tags/list?n=1", "Bearer a-a~b", "", 200, `"tags":["x"]`},
		{open, "GET", "/v2/odd", "Bearer a-", accept, 404, "NAME_INVALID"},
		{open, "GET", "/other", "", "", 404, "page not found"},
		{open, "PUT", "/v2/a/b/manifests/x", "Bearer t-a~b", accept, 405, "UNSUPPORTED"},
		{open, "GET", "/token?service=other", "", "", 400, "unknown service"},
		{open, "GET", "/token?service=registry.test&scope=repository:a/b:push", "", "", 400, "unknown scope"},
		{open, "GET", "/token?service=registry.test&x=1", "", "", 400, "unknown parameter x"},
		{open, "GET", "/token?service=registry.test", "Basic bm86", "", 401, "incorrect username or password"},
		{basic, "GET", "/v2/a/b/manifests/x", "Basic bm86", accept, 401, `Basic realm="registry.test"`},
		{basic, "GET", "/v2/a/b/manifests/x", "", accept, 200, `"schemaVersion":2`},
		{basic, "GET", "/token?service=registry.test", "", "", 404, "page not found"},
	} {
		r := httptest.NewRequest(test.method, test.target, nil)
		r.Header.Set("Accept", test.accept)
		if test.auth != "" {
			r.Header.Set("Authorization", test.auth)
		}
		w := httptest.NewRecorder()
		test.s.ServeHTTP(w, r)
		if got := w.Header().Get("WWW-Authenticate") + w.Body.String(); w.Code != test.status || !strings.Contains(got, test.want) {
			t.Errorf("%s %s as %q: %d %s", test.method, test.target, test.auth, w.Code, got)
		}
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	s := ocitest.New(ocitest.Options{})
	if d := s.Push("a/b", "x"); d != s.Digest("a/b", "x") || d == s.Push("a/b", "y") || s.Digest("a/b", "z") != "" {
		t.Error("a tag's digest is not that of its manifest")
	}
	r := httptest.NewRequest("GET", "/token?service=registry.test&scope=repository:a/b:pull", nil)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var got struct{ Token string }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Token != "a-a~b" {
		t.Errorf("an anonymous token is %q, %v", got.Token, err)
	}
}
