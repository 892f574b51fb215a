package quay_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/quay"
	"github.com/skillrun/skillrun/steps/quay/ocitest"
	"github.com/skillrun/skillrun/steps/rest"
)

// ociWorld is a registry of the other kind.
func ociWorld(change func(*ocitest.Options)) *ocitest.Server {
	o := ocitest.Options{
		User: "team+robot", Token: "good",
		Images:     map[string][]string{repo: {sha}, "team/secret": {"x"}},
		Unreadable: []string{"team/secret"},
	}
	if change != nil {
		change(&o)
	}
	s := ocitest.New(o)
	s.PushIndex(repo, "list")
	return s
}

// callOCI runs quay_get_tag against a registry, as someone unless the token
// is "".
func callOCI(t *testing.T, h http.Handler, token, repository, tag string) (map[string]any, *types.Error, string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	out, err := do(t, ociService(srv, token), map[string]any{"repository": repository, "tag": tag})
	return out, err, strings.TrimPrefix(srv.URL, "http://")
}

func ociService(srv *httptest.Server, token string) map[string]quay.Service {
	s := quay.Service{URL: srv.URL, API: "oci", Transport: srv.Client().Transport, Timeout: 5 * time.Second}
	if token != "" {
		s.User, s.Token = "team+robot", types.NewSecret(token)
	}
	return map[string]quay.Service{"quay": s}
}

func TestOCITag(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{ocitest.Bearer, ocitest.Basic} {
		for _, token := range []string{"", "good"} {
			w := ociWorld(func(o *ocitest.Options) { o.Auth, o.Private = auth, token != "" })
			out, err, host := callOCI(t, w, token, repo, sha)
			if err != nil {
				t.Errorf("%s, token %q: %v", auth, token, err)
				continue
			}
			want := map[string]any{
				"repository": repo, "tag": sha, "digest": w.Digest(repo, sha), "size": int64(ocitest.LayerSize),
				"image": host + "/" + repo + "@" + w.Digest(repo, sha),
			}
			if d := cmp.Diff(fmt.Sprint(want), fmt.Sprint(out)); d != "" {
				t.Errorf("%s, token %q (-want +got):\n%s", auth, token, d)
			}
		}
	}
	w := ociWorld(nil)
	if out, err, _ := callOCI(t, w, "", repo, "list"); err != nil || fmt.Sprint(out["size"]) != "0" || out["digest"] != w.Digest(repo, "list") {
		t.Errorf("a list of manifests gave %v, %v", out, err)
	}
}

func TestOCIRefusals(t *testing.T) {
	t.Parallel()
	private := func(auth string) *ocitest.Server {
		return ociWorld(func(o *ocitest.Options) { o.Auth, o.Private = auth, true })
	}
	const check = "check user and token of service \"quay\" in skillrun.yaml, and that they may pull the repository; some registries say this also of a repository that does not exist"
	const none = "service \"quay\" has no token; the repository is private, or does not exist: add user and token in skillrun.yaml"
	for _, test := range []struct {
		name              string
		h                 http.Handler
		token, repository string
		tag               string
		code              types.Code
		want, hint        string
	}{
		{"no tag", ociWorld(nil), "", repo, "none", types.NotFound, "tag none is not in HOST/" + repo, "check that the image was built and pushed, and that the repository is the right one"},
		{"no repository", ociWorld(nil), "", "a/b", "x", types.NotFound, "there is no repository HOST/a/b", "repository is the full path after the host, namespace first"},
		{"wrong password for a token", private(ocitest.Bearer), "bad", repo, sha, types.Auth, "look up tag " + sha + " of " + repo + ": ask for a token: 401 Unauthorized: UNAUTHORIZED: incorrect username or password", check},
		{"wrong password", private(ocitest.Basic), "bad", repo, sha, types.Auth, "look up tag " + sha + " of " + repo + ": 401 Unauthorized: UNAUTHORIZED: authentication required", check},
		{"private, anonymous token", private(ocitest.Bearer), "", repo, sha, types.Auth, "look up tag " + sha + " of " + repo + ": 401 Unauthorized: UNAUTHORIZED: authentication required", none},
		{"private, nobody", private(ocitest.Basic), "", repo, sha, types.Auth, "look up tag " + sha + " of " + repo + ": 401 Unauthorized: UNAUTHORIZED: authentication required", none},
		{"no right", ociWorld(nil), "good", "team/secret", "x", types.Forbidden, "look up tag x of team/secret: 403 Forbidden: DENIED: requested access to the resource is denied", check},
		{"too many", raw(429, "application/json", `{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}`), "", repo, sha, types.RateLimited, "look up tag " + sha + " of " + repo + ": 429 Too Many Requests: TOOMANYREQUESTS: pull rate limit", "wait a few minutes, then resume the run"},
		{"no word of how", raw(401, "application/json", `{}`), "good", repo, sha, types.Unavailable, "HOST: the answer is not an OCI registry's: its 401 names no way to authenticate", odd},
		{"a page", raw(200, "text/html", `<html>`), "", repo, sha, types.Unavailable, "HOST: the answer is not an OCI registry's: its manifest is not JSON, or cut off", odd},
		{"schema 1", raw(200, "application/json", `{"schemaVersion":1}`), "", repo, sha, types.Unavailable, "HOST: the answer is not an OCI registry's: its manifest is not of the OCI or Docker schema 2", odd},
		{"another digest", digested("sha256:" + strings.Repeat("0", 64)), "", repo, sha, types.Unavailable, "HOST: the answer is not an OCI registry's: its manifest does not have the digest that it names", odd},
		{"odd digest", digested("md5:1"), "", repo, sha, types.Unavailable, "HOST: the answer is not an OCI registry's: its digest is of an unknown kind", odd},
		{"no registry", raw(404, "text/html", "<h1>Not Found</h1>"), "", repo, sha, types.Unavailable, "HOST: the answer is not an OCI registry's: it is a 404 that is not from a registry", odd},
		{"terse", raw(404, "text/plain", "", "Docker-Distribution-Api-Version", "registry/2.0"), "", repo, sha, types.NotFound, "tag " + sha + " is not in HOST/" + repo, "check that the image was built and pushed, and that the repository is the right one"},
		{"cut", raw(200, "application/json", small, "Content-Length", "100"), "", repo, sha, types.Network, "look up tag " + sha + " of " + repo + ": the connection broke: unexpected EOF", "resume the run; if it happens again, see whether a proxy or firewall cuts the connection"},
		{"truncated", raw(200, "application/json", `{"schemaVersion":2,`), "", repo, sha, types.Unavailable, "HOST: the answer is not an OCI registry's: its manifest is not JSON, or cut off", odd},
		{"huge", huge(), "", repo, sha, types.Unavailable, "look up tag " + sha + " of " + repo + ": the answer is larger than 10 MiB", "check the service's url in skillrun.yaml; if it is right, ask for less at a time"},
		{"elsewhere", http.RedirectHandler("https://other.invalid/v2/", http.StatusTemporaryRedirect), "", repo, sha, types.Unavailable, "look up tag " + sha + " of " + repo + ": 307 Temporary Redirect", "the registry sends its clients to another host, which is not followed: name that host as the service's url"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err, host := callOCI(t, test.h, test.token, test.repository, test.tag)
			wantError(t, err, test.code, strings.ReplaceAll(test.want, "HOST", host)+" ("+test.hint+")")
		})
	}
}

const odd = "check url and api of service \"quay\" in skillrun.yaml: a login page or a proxy may be answering"

const small = `{"schemaVersion":2}`

// huge gives a good manifest, after more than anybody wants to read.
func huge() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range rest.MaxBody/len(chunk) + 1 {
			w.Write(chunk) // the client may have gone away
		}
		fmt.Fprint(w, small)
	})
}

func digested(digest string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Content-Digest", digest)
		fmt.Fprint(w, small)
	})
}

func TestOCIDigests(t *testing.T) {
	t.Parallel()
	long := sha512.Sum512([]byte(small))
	for said, want := range map[string]string{"": "sha256:", "sha512:" + hex.EncodeToString(long[:]): "sha512:"} {
		out, err, _ := callOCI(t, digested(said), "", repo, sha)
		if got, _ := out["digest"].(string); err != nil || !strings.HasPrefix(got, want) || said != "" && got != said {
			t.Errorf("%q: got %v, %v", said, out["digest"], err)
		}
	}
}

// TestOCIRealm: text from outside names the host that a password would go to.
func TestOCIRealm(t *testing.T) {
	t.Parallel()
	forbidden, unavailable := types.Forbidden, types.Unavailable
	for _, test := range []struct {
		registry, realm string
		asked           bool // the realm was asked
		code            types.Code
		want            string
	}{
		{"registry-1.docker.io", "https://auth.docker.io/token", true, "", ""},
		{"registry.gitlab.com", "https://gitlab.com/jwt/auth", true, "", ""},
		{"r.example.co.uk", "https://auth.example.co.uk:5001/token", true, "", ""},
		{"registry.corp.internal", "https://auth.corp.internal/token", true, "", ""},
		{"images.github.io", "https://evil.github.io/token", false, forbidden, "which is in another domain"},
		{"r.example.co.uk", "https://evil.co.uk/token", false, forbidden, "gets its tokens from evil.co.uk"},
		{"r.example.com", "https://evil.test/token", false, forbidden, "which is in another domain"},
		{"r.example.com", "http://r.example.com/token", false, forbidden, "wants the credential to be sent to r.example.com unencrypted"},
		{"r.example.com", "http://127.0.0.1/token", false, forbidden, "unencrypted"},
		{"10.0.0.1", "https://10.0.0.2/token", false, forbidden, "which is in another domain"},
		{"r.example.com", "https://u:p@r.example.com/token", false, unavailable, "the realm it names for tokens is not a valid URL"},
		{"r.example.com", "/token", false, unavailable, "the realm it names for tokens is not a valid URL"},
		{"r.example.com", "https://r.example.com/token#x", false, unavailable, "the realm it names for tokens is not a valid URL"},
	} {
		t.Run(test.registry+" "+test.realm, func(t *testing.T) {
			t.Parallel()
			w := ociWorld(func(o *ocitest.Options) { o.Realm, o.Private = test.realm, true })
			asked := false
			rt := roundTrip(func(req *http.Request) (*http.Response, error) {
				if req.URL.Host != test.registry {
					asked = true
				}
				if auth := req.Header.Get("Authorization"); strings.HasPrefix(auth, "Basic") && req.URL.Path == "/v2/" {
					t.Error("the password went to the registry itself")
				}
				rec := httptest.NewRecorder()
				req.URL.Path = strings.Replace(req.URL.Path, "/jwt/auth", "/token", 1)
				w.ServeHTTP(rec, req)
				return rec.Result(), nil
			})
			s := quay.Service{URL: "https://" + test.registry, API: "oci", User: "team+robot", Token: types.NewSecret("good"), Transport: rt}
			_, err := do(t, map[string]quay.Service{"quay": s}, map[string]any{"repository": repo, "tag": sha})
			if asked != test.asked {
				t.Errorf("the realm was asked: %v", asked)
			}
			switch {
			case test.code == "" && err != nil:
				t.Error(err)
			case test.code != "" && (err == nil || err.Code != test.code || !strings.Contains(err.Message, test.want) || err.Hint == ""):
				t.Errorf("got %v", err)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip sends a request, or does not.
func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestOCIToken: what should be a token becomes a header.
func TestOCIToken(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"access_token":"abc"}`:           "",
		`{"token":"a\r\nX-Evil: 1"}`:       "what should be a token is none",
		`{"token":""}`:                     "what should be a token is none",
		`<html>`:                           "what should be a token is not JSON",
		`{"token":"abc","access_token":1}`: "what should be a token is not JSON",
	} {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/token":
				fmt.Fprint(w, body)
			case r.Header.Get("Authorization") == "Bearer abc":
				fmt.Fprint(w, small)
			default:
				w.Header().Add("WWW-Authenticate", "Negotiate")
				w.Header().Add("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token", service = registry, Basic realm="joined"`)
				w.WriteHeader(401)
			}
		})
		_, err, _ := callOCI(t, h, "", repo, sha)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Message, want)) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestOCIServices(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]quay.Service{
		`service "quay" has a token and no user (registries with api: oci take a user with a password or token: add user: NAME, e.g. that of a robot account)`: {URL: "https://r.example.com", API: "oci", Token: types.NewSecret("x")},
		`service "quay" has api: docker, which is unknown (write api: quay for Quay's own API, or api: oci for any other registry)`:                            {URL: "https://r.example.com", API: "docker"},
	} {
		_, err := do(t, map[string]quay.Service{"quay": s}, map[string]any{"repository": "a/b", "tag": "x"})
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	_, err := do(t, map[string]quay.Service{"quay": {URL: "https://r.example.com"}}, map[string]any{"repository": "a/b", "tag": "-x"})
	wantError(t, err, types.BadInput, `"-x" is not a tag (a tag is up to 128 letters, digits, dots, dashes and underscores)`)
}

// TestReadsWait: both APIs are asked again when they want that.
func TestReadsWait(t *testing.T) {
	t.Parallel()
	for _, api := range []string{"quay", "oci"} {
		var slept []time.Duration
		w, asked := ociWorld(nil), 0
		h := http.Handler(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			asked++
			if asked == 1 {
				out.Header().Set("Retry-After", "4")
				out.WriteHeader(429)
				return
			}
			if api == "quay" {
				raw(200, "application/json", `{"tags":[{"name":"`+sha+`","manifest_digest":"`+image+`","start_ts":5}]}`).ServeHTTP(out, r)
				return
			}
			w.ServeHTTP(out, r)
		}))
		srv := httptest.NewServer(h)
		s, _ := step.NewCatalogue(quay.Steps(map[string]quay.Service{"quay": {URL: srv.URL, API: api}})).Lookup("quay_get_tag")
		ctx := step.WithCall(t.Context(), step.Call{Sleep: func(_ context.Context, d time.Duration) error {
			slept = append(slept, d)
			return nil
		}})
		_, err := s.Do(ctx, types.Encode(map[string]any{"repository": repo, "tag": sha}))
		srv.Close()
		if err != nil || len(slept) != 1 || slept[0] != 4*time.Second {
			t.Errorf("%s: slept %v, %v", api, slept, err)
		}
	}
}

// TestOCISecrets: no error shows the password, the token, or a redirect's host
// one of them.
func TestOCISecrets(t *testing.T) {
	t.Parallel()
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"), r.URL.String())
	}))
	defer elsewhere.Close()
	for _, path := range []string{"/v2/", "/token"} {
		w := ociWorld(func(o *ocitest.Options) { o.Private = true })
		h := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, path) && (path == "/token" || r.Header.Get("Authorization") != "") {
				http.Redirect(out, r, elsewhere.URL+"/"+url.PathEscape(r.URL.Path), http.StatusFound)
				return
			}
			w.ServeHTTP(out, r)
		})
		_, err, _ := callOCI(t, h, "good", repo, sha)
		if err == nil || strings.Contains(err.Error()+fmt.Sprint(err.Details), "good") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if len(seen) > 0 {
		t.Errorf("another host saw %q", seen)
	}
}

// TestOCISlow: the service's time-out ends an exchange, the one for a token too,
// which a busy machine comes to later than an idle one.
func TestOCISlow(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/v2/": ": no answer in time: ", "/token": ": ask for a token: no answer in time: "} {
		w, release := ociWorld(nil), make(chan struct{})
		srv := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, path) {
				<-release
			}
			w.ServeHTTP(out, r)
		}))
		var err *types.Error
		timely := false
		for limit := 100 * time.Millisecond; limit < 10*time.Second && !timely; limit *= 2 {
			services := map[string]quay.Service{"quay": {URL: srv.URL, API: "oci", Timeout: limit}}
			_, err = do(t, services, map[string]any{"repository": repo, "tag": sha})
			timely = err != nil && err.Code == types.Timeout && strings.HasPrefix(err.Message, "look up tag "+sha+" of "+repo+want)
		}
		close(release)
		srv.Close()
		if !timely {
			t.Errorf("%s: got %v", path, err)
		}
	}
}
