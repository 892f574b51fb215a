package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/httpapi"
)

// issuer is a token endpoint that gives the tokens access-token-1, -2 and so on, and
// what it was asked.
type issuer struct {
	mu      sync.Mutex
	asked   []string
	expires int
	fail    func(w http.ResponseWriter, r *http.Request) bool // answers in its place
}

// ServeHTTP answers.
func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	_ = r.ParseForm()
	i.asked = append(i.asked, fmt.Sprintf("%s %s %s:%s %s", r.Method, r.URL.Path, id, secret, r.PostForm.Encode()))
	if i.fail != nil && i.fail(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := map[string]any{"access_token": fmt.Sprintf("access-token-%d", len(i.asked)), "token_type": "Bearer", "expires_in": i.expires}
	if r.PostForm.Get("grant_type") == "refresh_token" {
		out["refresh_token"] = fmt.Sprintf("refresh-token-%d", len(i.asked))
	}
	_ = json.NewEncoder(w).Encode(out)
}

// requests are what it was asked so far; one whose connection broke may still be at work.
func (i *issuer) requests() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.asked)
}

// withTokens is a world whose service gets its tokens from an issuer. It takes only the
// tokens in good.
func withTokens(t *testing.T, refresh string) (world, *issuer, func(good string)) {
	w := newWorld(t)
	i := &issuer{expires: 3600}
	srv := httptest.NewServer(i)
	t.Cleanup(srv.Close)
	w.service.Tokens = httpapi.NewTokens(httpapi.OAuth{
		TokenURL: srv.URL + "/token", Client: "skillrun", Secret: types.NewSecret("client-secret"), Refresh: types.NewSecret(refresh), Scope: "read write",
		Transport: srv.Client().Transport, Timeout: 5 * time.Second,
	})
	return w, i, func(good string) {
		w.api.answer(func(rw http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Authorization") == "Bearer "+good {
				return false
			}
			rw.WriteHeader(http.StatusUnauthorized)
			return true
		})
	}
}

const getA = `{"service":"http","path":"things/a"}`

// TestClientCredentials: one token serves all requests, until it expires or is refused;
// then there is another one, once.
func TestClientCredentials(t *testing.T) {
	w, i, takes := withTokens(t, "")
	takes("access-token-1")
	for range 2 {
		if _, err := w.do("http_get", getA); err != nil {
			t.Fatal(err)
		}
	}
	const asks = "POST /token skillrun:client-secret grant_type=client_credentials&scope=read+write"
	if d := cmp.Diff([]string{asks}, i.requests()); d != "" {
		t.Fatal(d)
	}
	takes("access-token-2") // the first was revoked
	if _, err := w.do("http_request", `{"service":"http","path":"things/b","method":"PUT","json":{}}`); err != nil || len(i.requests()) != 2 {
		t.Errorf("%v, asked %d times", err, len(i.requests()))
	}
	if asked := w.api.answer(nil); len(asked) != 2 {
		t.Errorf("sent %d times", len(asked))
	}
	takes("none")
	if _, err := w.do("http_get", getA); err == nil || err.Code != types.Auth || len(i.requests()) != 3 {
		t.Errorf("%v, asked %d times", err, len(i.requests()))
	}
	if asked := w.api.answer(nil); len(asked) != 2 {
		t.Errorf("%d requests with tokens that are refused", len(asked))
	}
}

func TestExpiredToken(t *testing.T) {
	w, i, takes := withTokens(t, "")
	i.expires = 1 // no longer than a request may take
	for n := 1; n <= 2; n++ {
		takes(fmt.Sprintf("access-token-%d", n))
		if _, err := w.do("http_get", getA); err != nil || len(i.requests()) != n {
			t.Errorf("%v, asked %d times, want %d", err, len(i.requests()), n)
		}
	}
}

// TestRefreshToken: each answer's refresh token is what the next one is had with.
func TestRefreshToken(t *testing.T) {
	w, i, takes := withTokens(t, "refresh-token-0")
	for n := 1; n <= 2; n++ {
		takes(fmt.Sprintf("access-token-%d", n))
		if _, err := w.do("http_get", getA); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"POST /token skillrun:client-secret grant_type=refresh_token&refresh_token=refresh-token-0",
		"POST /token skillrun:client-secret grant_type=refresh_token&refresh_token=refresh-token-1",
	}
	if d := cmp.Diff(want, i.requests()); d != "" {
		t.Error(d)
	}
}

// TestTokensAreMasked from the moment they are had.
func TestTokensAreMasked(t *testing.T) {
	w, _, _ := withTokens(t, "refresh-token-0")
	w.api.things["a"] = `{"you": "access-token-1", "have": "refresh-token-1"}`
	s, _ := step.NewCatalogue(httpapi.Steps(map[string]httpapi.Service{"http": w.service})).Masked(mask.New()).Lookup("http_get")
	out, err := s.Do(t.Context(), json.RawMessage(getA))
	if err != nil || strings.Contains(string(out), "-token-1") || strings.Count(string(out), "‹secret›") < 4 {
		t.Errorf("%s %v", out, err)
	}
}

// TestNoToken: what the endpoint refuses is told with what to do, nothing is asked of
// the API, and no credential goes where it redirects to.
func TestNoToken(t *testing.T) {
	answering := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for name, tt := range map[string]struct {
		fail func(http.ResponseWriter, *http.Request) bool
		code types.Code
		says string
	}{
		"refused":    {answering(401, `{"error": "invalid_client", "error_description": "no such client"}`), types.Auth, "401 invalid_client: no such client"},
		"bad scope":  {answering(400, `{"error": "invalid_scope"}`), types.Auth, "400 invalid_scope"},
		"busy":       {answering(429, ``), types.RateLimited, "429"},
		"down":       {answering(503, ``), types.Unavailable, "503"},
		"redirected": {answering(307, ``), types.Unavailable, "it redirects to another address, and credentials do not follow"},
		"no token":   {answering(200, `{}`), types.Unavailable, "the answer is no token"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) bool {
			conn, _, _ := http.NewResponseController(w).Hijack()
			conn.Close()
			return true
		}, types.Network, "the connection broke"},
	} {
		t.Run(name, func(t *testing.T) {
			w, i, _ := withTokens(t, "")
			i.fail = tt.fail
			_, err := w.do("http_request", `{"service":"http","path":"things/b","method":"PUT","json":{}}`)
			if err == nil || err.Code != tt.code || !strings.Contains(err.Message, "get a token for http from 127.0.0.1:") || !strings.Contains(err.Message, tt.says) {
				t.Errorf("%v", err)
			}
			for _, asked := range i.requests() {
				if !strings.HasPrefix(asked, "POST /token ") {
					t.Error(asked)
				}
			}
			if len(w.api.asked) > 0 {
				t.Error(w.api.asked)
			}
			found := httpapi.Examine(map[string]httpapi.Service{"http": w.service})(t.Context(), "http", nil, time.Now())
			if last := found[len(found)-1]; last.Err == nil || last.Err.Code != tt.code {
				t.Errorf("doctor: %+v", found)
			}
		})
	}
	w, _, _ := withTokens(t, "")
	found := httpapi.Examine(map[string]httpapi.Service{"http": w.service})(t.Context(), "http", nil, time.Now())
	if last := found[len(found)-1]; last.Detail != "an access token was issued" {
		t.Errorf("doctor: %+v", found)
	}
}
