package quay_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/quay"
	"github.com/skillrun/skillrun/steps/quay/quaytest"
)

const (
	repo  = "redhat-services-prod/aap-aa-tenant/aap-aa-main/backend-main"
	sha   = "0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b"
	image = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	older = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

var now = time.Date(2025, 1, 15, 12, 0, 0, 0, time.UTC)

func at(day int) time.Time   { return time.Date(2025, 1, day, 8, 30, 0, 0, time.UTC) }
func end(day int) *time.Time { t := at(day); return &t }

func world() quaytest.Options {
	return quaytest.Options{
		Token: "good",
		Now:   func() time.Time { return now },
		Repositories: map[string][]quaytest.Tag{
			repo: {
				{Name: sha, Digest: older, Start: at(2), Expires: end(9), Size: 11},
				{Name: sha, Digest: image, Start: at(9), Expires: end(29), Size: 42},
				{Name: "list", Digest: image, Start: at(3)},
				{Name: "old", Digest: older, Start: at(1), Expires: end(5), Size: 7},
				{Name: "bad", Digest: "sha256:short", Start: at(1), Size: 7},
			},
			// The namespace left out: what must never be answered from here.
			"aap-aa-tenant/aap-aa-main/backend-main": {{Name: "elsewhere", Digest: older, Start: at(1)}},
		},
	}
}

// call runs quay_get_tag against a handler, with a token unless it is "".
func call(t *testing.T, h http.Handler, token string, in map[string]any) (map[string]any, *types.Error, string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	service := quay.Service{URL: srv.URL, Transport: srv.Client().Transport, Timeout: 5 * time.Second}
	if token != "" {
		service.Token = types.NewSecret(token)
	}
	out, err := do(t, map[string]quay.Service{"quay": service}, in)
	return out, err, strings.TrimPrefix(srv.URL, "http://")
}

func do(t *testing.T, services map[string]quay.Service, in map[string]any) (map[string]any, *types.Error) {
	t.Helper()
	s, ok := step.NewCatalogue(quay.Steps(services)).Lookup("quay_get_tag")
	if !ok {
		t.Fatal("no step quay_get_tag")
	}
	raw, err := s.Do(t.Context(), types.Encode(in))
	if err != nil {
		e := types.AsError(err)
		if !s.CanFail(e.Code) {
			t.Errorf("code %s is not declared", e.Code)
		}
		return nil, e
	}
	v, err := types.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Out.Check(v); err != nil {
		t.Errorf("result %v", err)
	}
	return v.(map[string]any), nil
}

func TestGetTag(t *testing.T) {
	t.Parallel()
	for tag, size := range map[string]int{sha: 42, "list": 0} {
		got, err, host := call(t, quaytest.New(world()), "good", map[string]any{"repository": repo, "tag": tag})
		if err != nil {
			t.Fatal(err)
		}
		created := map[string]string{sha: "2025-01-09T08:30:00Z", "list": "2025-01-03T08:30:00Z"}[tag]
		want := map[string]any{
			"repository": repo, "tag": tag, "digest": image, "created": created,
			"size": size, "image": host + "/" + repo + "@" + image,
		}
		if tag == sha {
			want["expires"] = "2025-01-29T08:30:00Z"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// The system this replaces dropped the namespace of a repository with a slash
// in its name, and so looked at another image.
func TestWholeRepositoryPathIsAsked(t *testing.T) {
	t.Parallel()
	var paths []string
	opts := world()
	opts.Log = func(_, path string, _ int) { paths = append(paths, path) }
	if _, err, _ := call(t, quaytest.New(opts), "good", map[string]any{"repository": repo, "tag": sha}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/api/v1/repository/" + repo + "/tag/"}; !slices.Equal(paths, want) {
		t.Errorf("asked %q, want %q", paths, want)
	}
	if _, err, _ := call(t, quaytest.New(world()), "good", map[string]any{"repository": repo, "tag": "elsewhere"}); err == nil || err.Code != types.NotFound {
		t.Errorf("a tag of the repository without its namespace: %v", err)
	}
}

func TestPublicRepositoryNeedsNoToken(t *testing.T) {
	t.Parallel()
	if _, err, _ := call(t, quaytest.New(world()), "", map[string]any{"repository": repo, "tag": sha}); err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	private, unreadable := world(), world()
	private.Private = true
	unreadable.Unreadable = []string{repo}
	for name, c := range map[string]struct {
		opts      quaytest.Options
		token     string
		repo, tag string
		code      types.Code
		want      string
	}{
		"missing":  {world(), "good", repo, "nope", types.NotFound, "tag nope is not in HOST/" + repo + " (check that the image was built and pushed, and that the repository is the right one)"},
		"expired":  {world(), "good", repo, "old", types.NotFound, "tag old of HOST/" + repo + " ended on 2025-01-05T08:30:00Z: it expired, was deleted or was moved (build and push the image again, or restore the tag in Quay)"},
		"no repo":  {world(), "good", "a/b", "x", types.NotFound, "there is no repository HOST/a/b (repository is the full path after the host, namespace first)"},
		"token":    {world(), "stale", repo, sha, types.Auth, "look up tag " + sha + " of " + repo + ": 401 Unauthorized: The access token provided was invalid. (the credential was refused: check the service's token in skillrun.yaml, and that it has not expired)"},
		"no token": {private, "", repo, sha, types.Auth, "look up tag " + sha + " of " + repo + `: 401 Unauthorized: Requires authentication (service "quay" has no token; the repository is private, or does not exist: name a token in skillrun.yaml, e.g. token: env:QUAY_TOKEN)`},
		"no right": {unreadable, "good", repo, sha, types.Forbidden, "look up tag " + sha + " of " + repo + `: 403 Forbidden: Unauthorized (the token of service "quay" lacks permission to read the repository, or it does not exist; the token needs the right repo:read (robot accounts have no access to this API))`},
		"digest":   {world(), "good", repo, "bad", types.Unavailable, `HOST: the answer is not Quay's: the tag has no digest or no beginning (check the service's url in skillrun.yaml: a login page or a proxy may be answering)`},
		"path":     {world(), "good", "noslash", "x", types.BadInput, `"noslash" is not the full path of a repository (write namespace/name in lower case, without the host)`},
		"dots":     {world(), "good", "a/../b", "x", types.BadInput, `"a/../b" is not the full path of a repository (write namespace/name in lower case, without the host)`},
		"tag":      {world(), "good", repo, "-x", types.BadInput, `"-x" is not a tag`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err, host := call(t, quaytest.New(c.opts), c.token, map[string]any{"repository": c.repo, "tag": c.tag})
			wantError(t, err, c.code, strings.ReplaceAll(c.want, "HOST", host))
		})
	}
}

func wantError(t *testing.T, err *types.Error, code types.Code, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s: %s", code, message)
	}
	if err.Code != code {
		t.Errorf("code %s, want %s", err.Code, code)
	}
	if diff := cmp.Diff(message, text(err, message)); diff != "" {
		t.Error(diff)
	}
}

func TestPushAndDeleteAreSeen(t *testing.T) {
	t.Parallel()
	reg := quaytest.New(world())
	in := map[string]any{"repository": repo, "tag": sha}
	reg.Push(repo, quaytest.Tag{Name: sha, Digest: older, Start: at(14), Size: 1})
	if got, err, _ := call(t, reg, "good", in); err != nil || got["digest"] != older {
		t.Errorf("after a push: %v %v", got, err)
	}
	reg.Delete(repo, sha)
	_, err, host := call(t, reg, "good", in)
	wantError(t, err, types.NotFound, "tag "+sha+" of "+host+"/"+repo+" ended on 2025-01-15T12:00:00Z: it expired, was deleted or was moved (build and push the image again, or restore the tag in Quay)")
}

// raw answers everything with one status, type and body.
func raw(status int, kind, body string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	what := "look up tag x of a/b: "
	notQuay := ` (check the service's url in skillrun.yaml: a login page or a proxy may be answering)`
	const js = "application/json"
	for name, c := range map[string]struct {
		h    http.Handler
		code types.Code
		want string
	}{
		"html":        {raw(200, "text/html; charset=utf-8", "<html>log in"), types.Unavailable, "HOST: the answer is not Quay's: it is text/html, not JSON" + notQuay},
		"no type":     {raw(200, "", `{}`), types.Unavailable, "HOST: the answer is not Quay's: it is of no declared kind, not JSON" + notQuay},
		"truncated":   {raw(200, js, `{"tags":[{"name":"x"`), types.Unavailable, "HOST: the answer is not Quay's: its JSON is broken or cut off" + notQuay},
		"other":       {raw(200, js, `{"name":"x"}`), types.Unavailable, "HOST: the answer is not Quay's: it has no tags" + notQuay},
		"limited":     {raw(429, js, `{}`, "Retry-After", "7"), types.RateLimited, what + "429 Too Many Requests (the service asks to wait: Retry-After 7)"},
		"broken":      {raw(502, "text/html", "<h1>Bad gateway</h1>"), types.Unavailable, what + "502 Bad Gateway"},
		"maintenance": {raw(503, js, `{"message":"read only"}`), types.Unavailable, what + "503 Service Unavailable: read only"},
		"bad request": {raw(400, js, `{"error_message":"no"}`), types.BadInput, what + "400 Bad Request: no"},
		"redirect":    {raw(302, "text/html", "", "Location", "https://login.example.com/"), types.Unavailable, what + "302 Found"},
		"wordy":       {raw(500, js, `{"detail":"`+strings.Repeat("é", 300)+`"}`), types.Unavailable, what + "500 Internal Server Error: " + strings.Repeat("é", 200) + "…"},
		"cut":         {raw(200, js, `{"tags":[`, "Content-Length", "100"), types.Network, what + "the connection broke: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err, host := call(t, c.h, "", map[string]any{"repository": "a/b", "tag": "x"})
			wantError(t, err, c.code, strings.ReplaceAll(c.want, "HOST", host))
		})
	}
}

// A second look, at the history, that fails is reported as what it is, and not
// as a missing tag.
func TestHistoryThatFails(t *testing.T) {
	t.Parallel()
	reg := quaytest.New(world())
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("onlyActiveTags") == "" {
			w.WriteHeader(503)
			return
		}
		reg.ServeHTTP(w, r)
	})
	_, err, _ := call(t, h, "good", map[string]any{"repository": repo, "tag": "old"})
	wantError(t, err, types.Unavailable, "look up tag old of "+repo+": 503 Service Unavailable")
}

// A server that does not know specificTag answers with other tags.
func TestOtherTagIsNotTaken(t *testing.T) {
	t.Parallel()
	h := raw(200, "application/json", `{"tags":[{"name":"y","manifest_digest":"`+image+`","start_ts":5,"end_ts":9,"size":null}]}`)
	_, err, host := call(t, h, "", map[string]any{"repository": "a/b", "tag": "x"})
	wantError(t, err, types.NotFound, "tag x is not in "+host+"/a/b (check that the image was built and pushed, and that the repository is the right one)")
}

func TestNoAnswerInTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer srv.Close()
	defer close(release)
	_, err := do(t, map[string]quay.Service{"quay": {URL: srv.URL, Timeout: 20 * time.Millisecond}}, map[string]any{"repository": "a/b", "tag": "x"})
	if err == nil || err.Code != types.Timeout || !strings.HasPrefix(err.Message, "look up tag x of a/b: no answer in time: ") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	_, err := do(t, map[string]quay.Service{"quay": {URL: srv.URL}}, map[string]any{"repository": "a/b", "tag": "x"})
	if err == nil || err.Code != types.Network || !strings.HasPrefix(err.Message, "look up tag x of a/b: cannot reach the service: ") {
		t.Errorf("got %v", err)
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	in := map[string]any{"repository": "a/b", "tag": "x", "service": "mirror"}
	noURL := map[string]quay.Service{"mirror": {URL: "q.example.com"}}
	for want, services := range map[string]map[string]quay.Service{
		`there is no service "mirror" (add it under services in skillrun.yaml; configured are: none)`: nil,
		`there is no service "mirror" (add it under services in skillrun.yaml; configured are: quay)`: {"quay": {}},
		`the service "mirror" has an invalid URL (write it in skillrun.yaml as https://quay.io)`:      noURL,
	} {
		_, err := do(t, services, in)
		wantError(t, err, types.BadInput, want)
	}
}

func TestTokenStaysSecret(t *testing.T) {
	t.Parallel()
	_, err, _ := call(t, raw(401, "application/json", `{}`), "s3cr3t", map[string]any{"repository": "a/b", "tag": "x"})
	text, _ := json.Marshal(err)
	if err == nil || strings.Contains(string(text)+err.Error(), "s3cr3t") {
		t.Errorf("got %v", err)
	}
}

func TestDocumentation(t *testing.T) {
	t.Parallel()
	s, _ := step.NewCatalogue(quay.Steps(nil)).Lookup("quay_get_tag")
	if want := (step.Touch{Service: "quay", Object: "tag", Verb: "read"}); s.Touch != want || s.Effect != step.Reads {
		t.Errorf("touches %v, effect %s", s.Touch, s.Effect)
	}
	f, _ := s.In.Field("repository")
	if !f.Type.Trusted {
		t.Error("repository decides what is looked at, and has to be trusted")
	}
	for text, fits := range map[string]bool{repo: true, "a/b": true, "a": false, "A/b": false, "a//b": false, "a/b/": false, "/a/b": false, "a/..": false, "h:5/a": false} {
		if got := f.Type.Check(text) == nil; got != fits {
			t.Errorf("repository %q fits: %v", text, got)
		}
	}
}

// text is what an error says, with its hint when the expected text has one; it
// always has to have one.
func text(err *types.Error, want string) string {
	switch {
	case err.Hint == "":
		return err.Message + " (no hint)"
	case strings.HasSuffix(want, ")"):
		return err.Error()
	}
	return err.Message
}
