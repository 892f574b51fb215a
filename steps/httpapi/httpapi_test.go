package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/httpapi"
)

// api is a small API that keeps things by name below /v1/things, and what it
// was asked.
type api struct {
	mu     sync.Mutex
	things map[string]string
	asked  []string // "GET /v1/things/a?x=1"
	last   http.Header
	sent   string
	fail   func(w http.ResponseWriter, r *http.Request) bool // answers in its place
}

// ServeHTTP answers.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	a.asked, a.last, a.sent = append(a.asked, r.Method+" "+r.URL.RequestURI()), r.Header.Clone(), string(body)
	if a.fail != nil && a.fail(w, r) {
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/v1/things/")
	text, there := a.things[name]
	w.Header().Set("Content-Type", "application/json")
	w.Header().Add("Set-Cookie", "session=secret")
	w.Header().Add("X-Two", "1")
	w.Header().Add("X-Two", "2")
	switch {
	case !ok || r.Method != http.MethodPut && !there:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message": "no such thing"}`)
	case r.Method == http.MethodPut:
		a.things[name] = string(body)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, a.things[name])
	case r.Method == http.MethodDelete:
		delete(a.things, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		fmt.Fprint(w, text)
	}
}

// answer has fail answer from here on, and returns what was asked before. When
// a connection is cut off, a handler may still be at work.
func (a *api) answer(fail func(http.ResponseWriter, *http.Request) bool) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := a.asked
	a.asked, a.fail = nil, fail
	return asked
}

type world struct {
	*testing.T
	api     *api
	host    string
	service httpapi.Service
}

func newWorld(t *testing.T) world {
	t.Parallel()
	a := &api{things: map[string]string{"a": `{"n": 9007199254740993, "tags": ["x", {"y/z": "~"}]}`}}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	return world{t, a, strings.TrimPrefix(srv.URL, "http://"),
		httpapi.Service{URL: srv.URL + "/v1", Transport: srv.Client().Transport, Timeout: 5 * time.Second}}
}

func (w world) step(name string) step.Step {
	w.Helper()
	s, ok := step.NewCatalogue(httpapi.Steps(map[string]httpapi.Service{"http": w.service})).Lookup(name)
	if !ok {
		w.Fatal("no step " + name)
	}
	return s
}

func (w world) do(name, in string) (string, *types.Error) {
	w.Helper()
	s := w.step(name)
	raw, err := s.Do(w.Context(), json.RawMessage(in))
	if err != nil {
		e := types.AsError(err)
		if !s.CanFail(e.Code) || e.Hint == "" {
			w.Errorf("%s %s: %s is not declared, or has no hint: %v", name, in, e.Code, err)
		}
		e.Message = strings.ReplaceAll(e.Message, w.host, "HOST")
		return "", e
	}
	v, err := types.Decode(raw)
	if err == nil {
		err = s.Out.Check(v)
	}
	if err != nil {
		w.Error(err)
	}
	delete(v.(map[string]any)["headers"].(map[string]any), "date")
	return string(types.Encode(v)), nil
}

func (w world) find(in string, after bool) (step.Found[json.RawMessage], error) {
	ctx := step.WithCall(w.Context(), step.Call{AfterUnknown: after})
	return w.step("http_request").Find(ctx, step.Key{Work: "w", Path: "p"}, json.RawMessage(in))
}

func TestGet(t *testing.T) {
	w := newWorld(t)
	got, err := w.do("http_get", `{"service":"http","path":"things/a","query":{"n":9007199254740993,"q":"a&b=c","list":["x",true]},"headers":{"X-Trace":"1"}}`)
	want := `{"body":"{\"n\": 9007199254740993, \"tags\": [\"x\", {\"y/z\": \"~\"}]}",` +
		`"headers":{"content-length":"52","content-type":"application/json","x-two":"1, 2"},` +
		`"json":{"n":9007199254740993,"tags":["x",{"y/z":"~"}]},"status":200,"truncated":false}`
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if d := cmp.Diff([]string{"GET /v1/things/a?list=x&list=true&n=9007199254740993&q=a%26b%3Dc"}, w.api.asked); d != "" || w.api.last.Get("X-Trace") != "1" {
		t.Error(d, w.api.last)
	}
	if got, err := w.do("http_get", `{"service":"http","path":"/things/none","expect":[200,404]}`); err != nil || !strings.Contains(got, `"status":404`) {
		t.Error("an expected status fails:", got, err)
	}
}

// TestHTTPNeverLeavesItsHost: no path and no redirect leads a request, or the
// credential, to another host or out of the service's path.
func TestHTTPNeverLeavesItsHost(t *testing.T) {
	w := newWorld(t)
	w.service.Token = types.NewSecret("t0ken")
	var elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere = append(elsewhere, r.URL.String()) }))
	t.Cleanup(other.Close)
	for _, path := range []string{
		"..;/admin", "things/..;a=b/admin", "things/.;/a", "..%3b/admin", "..%253B/admin", "%252e%252e/admin", "%252e%252e%252fadmin", "%25252e%25252e/admin",
		".%252e/admin", "%zz/%252e%252e/admin", "%c0%ae%c0%ae/admin", "..%20/admin", "things%00/a", "things%0d%0aX:/a", "．．/admin", "%ef%bc%8e%ef%bc%8e/admin",
		"things/..／admin", strings.Repeat("a/", 5000),
		"..", "../admin", "things/../../admin", "things/./a", "%2e%2e/admin", "things/%2E%2E%2fadmin", `things\\..\\..\\admin`, "things%5c..%5cadmin",
		"things?admin=1", "things#x", "things/%zz", "things/\\u0000", "things\\r\\nHost: x",
	} {
		for _, name := range []string{"http_get", "http_request"} {
			in := `{"service":"http","path":"` + path + `"`
			if name == "http_request" {
				in += `,"method":"POST"`
			}
			if _, err := w.do(name, in+"}"); err == nil || err.Code != types.BadInput || !strings.Contains(err.Message, `is not a path below the url of the service`) {
				t.Errorf("%s %s: %v", name, path, err)
			}
		}
	}
	if len(w.api.asked) > 0 {
		t.Error("asked:", w.api.asked)
	}
	for _, path := range []string{"//" + strings.TrimPrefix(other.URL, "http://") + "/x", "@" + strings.TrimPrefix(other.URL, "http://"), other.URL, "a%2Fb/é", ".git"} {
		_, _ = w.do("http_get", `{"service":"http","path":"`+path+`"}`)
	}
	for _, asked := range w.api.asked {
		if !strings.HasPrefix(asked, "GET /v1/") {
			t.Error("asked outside of its path:", asked)
		}
	}
	for status, where := range map[int]string{301: other.URL, 302: other.URL + "/x", 303: other.URL, 307: other.URL, 308: other.URL} {
		w.api.fail = func(out http.ResponseWriter, r *http.Request) bool { http.Redirect(out, r, where, status); return true }
		if _, err := w.do("http_get", `{"service":"http","path":"things/a"}`); err == nil || err.Code != types.Unavailable {
			t.Errorf("%d: %v", status, err)
		}
		if _, err := w.do("http_request", `{"service":"http","path":"things/a","method":"POST","json":1}`); err == nil || err.Code != types.UnknownOutcome {
			t.Errorf("%d: %v", status, err)
		}
	}
	if len(elsewhere) > 0 {
		t.Error("another host was asked:", elsewhere)
	}
	w.api.fail = func(out http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v1/things/old" {
			http.Redirect(out, r, "/v1/things/a", http.StatusMovedPermanently)
			return true
		}
		return false
	}
	if got, err := w.do("http_get", `{"service":"http","path":"things/old"}`); err != nil || !strings.Contains(got, `"status":200`) {
		t.Error("a read within the host:", got, err)
	}
	w.api.asked = nil
	if _, err := w.do("http_request", `{"service":"http","path":"things/old","method":"PUT","body":"x"}`); err == nil || len(w.api.asked) != 1 {
		t.Error("a write follows a redirect:", err, w.api.asked)
	}
}

// TestCredential: it is the service's, in its one place, and no step can set
// one.
func TestCredential(t *testing.T) {
	w := newWorld(t)
	w.service.Token = types.NewSecret("t0ken")
	for want, s := range map[string]httpapi.Service{
		"Authorization: Bearer t0ken":          {},
		"Authorization: Basic Ym90OnQwa2Vu":    {User: "bot"},
		"X-Api-Key: t0ken":                     {Header: "X-Api-Key"},
		"X-Api-Key: t0ken, without the user's": {Header: "X-Api-Key", User: "bot"},
	} {
		w.service.User, w.service.Header = s.User, s.Header
		if _, err := w.do("http_get", `{"service":"http","path":"things/a"}`); err != nil {
			t.Fatal(err)
		}
		name, value, _ := strings.Cut(want, ": ")
		value, _, _ = strings.Cut(value, ",")
		if w.api.last.Get(name) != value || name != "Authorization" && w.api.last.Get("Authorization") != "" {
			t.Errorf("%v, want %s", w.api.last, want)
		}
	}
	w.service.Header = "X-Api-Key"
	for _, name := range []string{
		"Authorization", "authorization", "Proxy-Authorization", "Cookie", "Host", "Content-Length", "Transfer-Encoding", "Connection", "X-Api-Key",
		"Idempotency-Key", "X-Idempotency-Key", "X-HTTP-Method-Override", "X-Method-Override",
	} {
		_, err := w.do("http_get", `{"service":"http","path":"things/a","headers":{"`+name+`":"x"}}`)
		if err == nil || err.Error() != "the header "+name+" is not for a step to set (the credential stands under the service in skillrun.yaml; the others belong to the protocol)" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWrites: what is sent, once, and what comes back.
func TestWrites(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ in, asked, kind, sent string }{
		{`"method":"PUT","path":"things/b","json":{"n":9007199254740993,"t":"<&>"}`, "PUT /v1/things/b", "application/json", `{"n":9007199254740993,"t":"<&>"}`},
		{`"method":"PUT","path":"things/c","body":"\"text\""`, "PUT /v1/things/c", "text/plain; charset=utf-8", `"text"`},
		{`"method":"PUT","path":"things/d","body":"[]","headers":{"content-type":"application/x"}`, "PUT /v1/things/d", "application/x", `[]`},
		{`"method":"DELETE","path":"things/d"`, "DELETE /v1/things/d", "", ""},
	} {
		w.api.asked = nil
		got, err := w.do("http_request", `{"service":"http",`+c.in+`}`)
		if err != nil || len(w.api.asked) != 1 || w.api.asked[0] != c.asked || w.api.last.Get("Content-Type") != c.kind || w.api.sent != c.sent {
			t.Errorf("%s: %s, %v: %q %q %q", c.in, got, err, w.api.asked, w.api.last.Get("Content-Type"), w.api.sent)
		}
	}
}

// TestWriteIsSentOnce: whatever becomes of the answer.
func TestWriteIsSentOnce(t *testing.T) {
	w := newWorld(t)
	hijack := func(out http.ResponseWriter, text string) bool {
		conn, _, err := out.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return false
		}
		_, _ = io.WriteString(conn, text)
		conn.Close()
		return true
	}
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"reset": func(out http.ResponseWriter, _ *http.Request) bool { return hijack(out, "") },
		"cut": func(out http.ResponseWriter, _ *http.Request) bool {
			return hijack(out, "HTTP/1.1 201 Created\r\nContent-Le")
		},
		"500": func(out http.ResponseWriter, _ *http.Request) bool { out.WriteHeader(500); return true },
		"503": func(out http.ResponseWriter, _ *http.Request) bool { out.WriteHeader(503); return true },
		"redirect": func(out http.ResponseWriter, r *http.Request) bool {
			http.Redirect(out, r, "/v1/x", http.StatusTemporaryRedirect)
			return true
		},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			w.api.answer(nil)
			if _, err := w.do("http_get", `{"service":"http","path":"things/a"}`); err != nil { // a connection that is used again
				t.Fatal(err)
			}
			w.api.answer(fail)
			_, err := w.do("http_request", `{"service":"http","path":"things/a","method":"`+method+`"}`)
			if asked := w.api.answer(nil); err == nil || err.Code != types.UnknownOutcome || len(asked) != 1 {
				t.Errorf("%s %s: %v, asked %q", method, name, err, asked)
			}
		}
	}
}

func TestStatusCodes(t *testing.T) {
	w := newWorld(t)
	for status, codes := range map[int][2]types.Code{
		400: {types.BadInput, types.BadInput}, 401: {types.Auth, types.Auth}, 403: {types.Forbidden, types.Forbidden},
		404: {types.NotFound, types.NotFound}, 409: {types.Conflict, types.Conflict}, 412: {types.Conflict, types.Conflict},
		423: {types.Conflict, types.Conflict}, 429: {types.RateLimited, types.RateLimited},
		500: {types.Unavailable, types.UnknownOutcome}, 503: {types.Unavailable, types.UnknownOutcome},
	} {
		w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool {
			out.Header().Set("Content-Type", "text/plain; charset=utf-8")
			out.Header().Set("Retry-After", "7")
			out.WriteHeader(status)
			fmt.Fprint(out, "because\n of that")
			return true
		}
		for i, in := range []string{"http_get {", `http_request {"method":"POST",`} {
			name, rest, _ := strings.Cut(in, " ")
			_, err := w.do(name, rest+`"service":"http","path":"things/a"}`)
			if err == nil || err.Code != codes[i] || err.Details["status"] != status || err.Details["body"] != "because\n of that" {
				t.Errorf("%s %d: %v %v", name, status, err, err.Details)
			} else if status == 429 && err.Details["retry_after"] != "7" {
				t.Errorf("%v", err.Details)
			}
		}
	}
	_, err := w.do("http_get", `{"service":"http","path":"things/a"}`)
	if err == nil || !strings.Contains(err.Error(), "GET HOST/v1/things/a: ") || !strings.Contains(err.Error(), ": because of that") {
		t.Error(err)
	}
}

// TestBusyReadIsAskedAgain, as the service wishes.
func TestBusyReadIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool {
		if len(w.api.asked) > 1 {
			return false
		}
		out.Header().Set("Retry-After", "3")
		out.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	var waited []time.Duration
	ctx := step.WithCall(t.Context(), step.Call{Sleep: func(_ context.Context, d time.Duration) error { waited = append(waited, d); return nil }})
	if _, err := w.step("http_get").Do(ctx, json.RawMessage(`{"service":"http","path":"things/a"}`)); err != nil || !cmp.Equal(waited, []time.Duration{3 * time.Second}) {
		t.Error(err, waited)
	}
}

// TestBodyIsCapped: a read that is too long fails; a write has happened all the
// same.
func TestBodyIsCapped(t *testing.T) {
	w := newWorld(t)
	in := `"service":"http","path":"things/a","max_body":10`
	if _, err := w.do("http_get", "{"+in+"}"); err == nil || err.Code != types.Unavailable || err.Error() != "GET HOST/v1/things/a: the answer is larger than 10 bytes (ask for less, or raise max_body)" {
		t.Error(err)
	}
	got, err := w.do("http_request", `{`+in+`,"method":"PATCH"}`)
	if err != nil || !strings.Contains(got, `"body":"{\"n\": 9007"`) || !strings.Contains(got, `"truncated":true`) || strings.Contains(got, `"json"`) {
		t.Error(got, err)
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(out, "\xff!"); return true }
	if got, err := w.do("http_get", `{"service":"http","path":"x"}`); err != nil || !strings.Contains(got, "\"body\":\"\uFFFD!\"") {
		t.Error(got, err)
	}
}

// TestFind: the skill's own question decides.
func TestFind(t *testing.T) {
	w := newWorld(t)
	const post = `{"service":"http","method":"POST","path":"things","find":`
	for _, c := range []struct {
		in   string
		want step.FoundState
	}{
		{post + `{"path":"things/a"}}`, step.StateHere},
		{post + `{"path":"things/b"}}`, step.StateAbsent},
		{post + `{"path":"things/a","pointer":"/n","equals":9007199254740993}}`, step.StateHere},
		{post + `{"path":"things/a","pointer":"/n","equals":9007199254740992}}`, step.StateAbsent},
		{post + `{"path":"things/a","pointer":"/tags/1/y~1z","equals":"~"}}`, step.StateHere},
		{post + `{"path":"things/a","pointer":"/tags/2","equals":"x"}}`, step.StateAbsent},
		{post + `{"path":"things/a","pointer":"/n/m","equals":1}}`, step.StateAbsent},
		{post + `{"path":"things/a","pointer":"","equals":{"tags":["x",{"y/z":"~"}],"n":9007199254740993}}}`, step.StateHere},
		{post + `{"path":"things/b","gone":true}}`, step.StateHere},
		{post + `{"path":"things/a","gone":true}}`, step.StateAbsent},
		{post + `{"path":"things/a","gone":true,"pointer":"/n","equals":0}}`, step.StateHere},
	} {
		for _, after := range []bool{false, true} {
			if got, err := w.find(c.in, after); err != nil || got.State != c.want {
				t.Errorf("%s: %+v, %v", c.in, got, err)
			}
		}
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool { out.WriteHeader(500); return true }
	if got, err := w.find(post+`{"path":"things/a"}}`, true); types.CodeOf(err) != types.Unavailable {
		t.Error("what cannot be asked proves something:", got, err)
	}
	if !w.step("http_request").IsLate() {
		t.Error("a request that was lost may still be carried out")
	}
}

// TestLostAnswerWithoutFind: nobody knows, but for a DELETE, and of that only
// when its path can be asked.
func TestLostAnswerWithoutFind(t *testing.T) {
	w := newWorld(t)
	find := func(method, path string, after bool) step.Found[json.RawMessage] {
		t.Helper()
		got, err := w.find(`{"service":"http","method":"`+method+`","path":"`+path+`"}`, after)
		if err != nil {
			t.Error(err)
		}
		return got
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if got := find(method, "things/a", false); got.State != step.StateAbsent {
			t.Errorf("%s before it is sent: %+v", method, got)
		}
		if got := find(method, "things/a", true); method != "DELETE" && (got.State != step.StateCannotTell || got.Why != "look at things/a of service http; with find, the skill could look itself") {
			t.Errorf("%s: %+v", method, got)
		}
	}
	if got := find("DELETE", "things/typo", false); got.State != step.StateAbsent {
		t.Errorf("what never was there counts as deleted: %+v", got)
	}
	if got := find("DELETE", "things/a", true); got.State != step.StateAbsent {
		t.Errorf("it is still there: %+v", got)
	}
	if got := find("DELETE", "things/b", true); got.State != step.StateHere {
		t.Errorf("it is gone: %+v", got)
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool { out.WriteHeader(405); return true }
	if got := find("DELETE", "things/b", true); got.State != step.StateCannotTell {
		t.Errorf("it cannot be asked: %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	const write = `http_request {"service":"http","path":"things/a",`
	for in, want := range map[string]string{
		`http_get {"service":"other","path":"x"}`:                               `there is no service "other"`,
		`http_get {"service":"http","path":"../x"}`:                             `"../x" is not a path below the url of the service (write it percent-encoded, without . or .. as a part, and give what follows a ? as query)`,
		`http_get {"service":"http","path":"x","query":{"a":{"b":1}}}`:          "a of the query is no text, number or boolean (leave it out with ??, or make a text of it)",
		`http_get {"service":"http","path":"x","query":{"a":1e999}}`:            "a of the query cannot be sent: number 1e999 does not fit (make a text of it)",
		`http_get {"service":"http","path":"x","query":{"a":null}}`:             "a of the query is no text, number or boolean",
		`http_get {"service":"http","path":"x","headers":{"a b":"x"}}`:          `the header "a b" cannot be sent (a name has letters, digits and dashes, a value no line break)`,
		`http_get {"service":"http","path":"x","headers":{"a":"x\r\ny"}}`:       `the header "a" cannot be sent`,
		write + `"method":"GET"}`:                                               `the method is "GET" (use POST, PUT, PATCH, DELETE, or http_get to look)`,
		write + `"method":"POST","json":1,"body":"x"}`:                          "both body and json are given (give one of them, or none)",
		write + `"method":"POST","find":{"path":"x","pointer":"/a"}}`:           "find.pointer is given without find.equals (give both, or neither)",
		write + `"method":"POST","find":{"path":"x","pointer":"a","equals":1}}`: `"a" is no JSON pointer (begin it with /, as in /items/0/name)`,
	} {
		name, rest, _ := strings.Cut(in, " ")
		if _, err := w.do(name, rest); err == nil || err.Code != types.BadInput || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
		if name == "http_request" {
			if _, err := w.step(name).Preview(t.Context(), json.RawMessage(rest), nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the plan does not say so: %s: %v", in, err)
			}
		}
	}
	if len(w.api.asked) > 0 {
		t.Error("asked:", w.api.asked)
	}
	for _, u := range []string{"", "ftp://x", "https://", "://"} {
		w.service.URL = u
		if _, err := w.do("http_get", `{"service":"http","path":"x"}`); err == nil || err.Error() != `service "http" has no usable url (write it in skillrun.yaml as https://HOST/PATH)` {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestOddAnswers(t *testing.T) {
	w := newWorld(t)
	w.api.fail = func(out http.ResponseWriter, r *http.Request) bool {
		out.Header().Set("Content-Type", "application/problem+json")
		if r.Method == http.MethodGet {
			fmt.Fprint(out, `{"a"`)
			return true
		}
		out.WriteHeader(http.StatusAccepted)
		return true
	}
	if _, err := w.do("http_get", `{"service":"http","path":"x"}`); err == nil || err.Code != types.Unavailable ||
		err.Error() != `GET HOST/v1/x: the answer is to be JSON, and is broken or cut off (see what stands between here and service "http", then go on with the run)` {
		t.Error(err)
	}
	in := `{"service":"http","path":"x","method":"POST","expect":[201]}`
	if _, err := w.do("http_request", in); err == nil || err.Code != types.UnknownOutcome ||
		err.Error() != "POST HOST/v1/x: 202 Accepted, which is not expected (see what it means there, and add it to expect if it is an answer)" {
		t.Error(err)
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool {
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusPreconditionFailed)
		fmt.Fprintf(out, `{"detail":%q}`, strings.Repeat("é", 300))
		return true
	}
	if _, err := w.do("http_request", in); err == nil || err.Error() != "POST HOST/v1/x: 412 Precondition Failed: "+strings.Repeat("é", 200)+"… (somebody else changed or holds it: look at it, then go on with the run)" {
		t.Error(err)
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool {
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(out, `{"detail":%q}`, strings.Repeat("é", 300))
		return true
	}
	if _, err := w.do("http_request", in); err == nil || !strings.HasSuffix(err.Message, ": "+strings.Repeat("é", 200)+"…") {
		t.Error(err)
	}
}

// result is what a step returns, or the code with which it fails.
func (w world) result(name, in string) map[string]any {
	raw, err := w.step(name).Do(w.Context(), json.RawMessage(in))
	if err != nil {
		return map[string]any{"code": string(types.CodeOf(err))}
	}
	v, err := types.Decode(raw)
	out, ok := v.(map[string]any)
	if err != nil || !ok {
		w.Fatalf("%s: %s, %v", name, raw, err)
	}
	return out
}

// jsonAnswer answers with a status and a body that is to be JSON.
func jsonAnswer(status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(out http.ResponseWriter, _ *http.Request) bool {
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(status)
		fmt.Fprint(out, body)
		return true
	}
}

// cutAnswer answers with a status and a body that breaks off.
func cutAnswer(status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(out http.ResponseWriter, _ *http.Request) bool {
		conn, _, err := out.(http.Hijacker).Hijack()
		if err != nil {
			return false
		}
		fmt.Fprintf(conn, "HTTP/1.1 %d X\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n%s", status, body)
		return conn.Close() == nil
	}
}

// TestNumberBeyond64BitsIsText: what an answer's numbers are does not decide
// what happened, neither of a read nor of a write.
func TestNumberBeyond64BitsIsText(t *testing.T) {
	w := newWorld(t)
	for text, want := range map[string]string{
		`18446744073709551616`: `"18446744073709551616"`, `-9223372036854775809`: `"-9223372036854775809"`,
		`100000000000000000000`: `"100000000000000000000"`, `1e400`: `"1e400"`, `-1.5E+999`: `"-1.5E+999"`,
		`9223372036854775807`: `9223372036854775807`, `-0`: `0`, `-0.0`: `0`, `1.5e3`: `1500`,
		strings.Repeat("7", 400): `"` + strings.Repeat("7", 400) + `"`,
	} {
		body := `{"a":[{"id":` + text + `}]}`
		w.api.fail = jsonAnswer(http.StatusCreated, body)
		for _, call := range []string{`http_get {`, `http_request {"method":"POST",`} {
			name, rest, _ := strings.Cut(call, " ")
			out := w.result(name, rest+`"service":"http","path":"x"}`)
			got := string(types.Encode(out["json"]))
			if got != `{"a":[{"id":`+want+`}]}` || out["body"] != body || out["status"] != 201 {
				t.Errorf("%s %s: %s, body %v", name, text, got, out["body"])
			}
		}
	}
}

// TestStatusDecidesWhatHappened: of a write that was answered with a status,
// whatever the body behind it is worth. The text that came is kept.
func TestStatusDecidesWhatHappened(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		fail func(http.ResponseWriter, *http.Request) bool
		want string // the code, or the result without its headers
	}{
		"no JSON":                       {jsonAnswer(201, `{"a"`), `{"body":"{\"a\"","status":201,"truncated":false}`},
		"two values":                    {jsonAnswer(200, `1 2`), `{"body":"1 2","status":200,"truncated":false}`},
		"a web page":                    {jsonAnswer(200, `<html>`), `{"body":"<html>","status":200,"truncated":false}`},
		"not UTF-8":                     {jsonAnswer(201, "{\"a\":\"\xff\"}"), "{\"body\":\"{\\\"a\\\":\\\"\uFFFD\\\"}\",\"json\":{\"a\":\"\uFFFD\"},\"status\":201,\"truncated\":false}"},
		"one name twice":                {jsonAnswer(201, `{"a":1,"a":2}`), `{"body":"{\"a\":1,\"a\":2}","json":{"a":2},"status":201,"truncated":false}`},
		"breaks off":                    {cutAnswer(201, `{"id":7`), `{"body":"{\"id\":7","status":201,"truncated":true}`},
		"a whole value that breaks off": {cutAnswer(201, `{"id":7}`), `{"body":"{\"id\":7}","status":201,"truncated":true}`},
		"a no that breaks off":          {cutAnswer(409, `{"message":"there`), "conflict"},
		"neither, and breaks off":       {cutAnswer(502, `{`), "unknown_outcome"},
	} {
		w.api.answer(tc.fail)
		out := w.result("http_request", `{"service":"http","path":"x","method":"POST"}`)
		delete(out, "headers")
		got := string(types.Encode(out))
		if out["code"] != nil {
			got = out["code"].(string)
		}
		if asked := w.api.answer(nil); got != tc.want || len(asked) != 1 {
			t.Errorf("%s: got %s\nwant %s (asked %q)", name, got, tc.want, asked)
		}
	}
	w.api.fail = jsonAnswer(200, `{"a"`)
	if _, err := w.do("http_get", `{"service":"http","path":"x"}`); err == nil || err.Code != types.Unavailable || err.Details["body"] != `{"a"` {
		t.Errorf("the body of a read is lost: %v", err)
	}
}

// TestResolve: what a person found is read back; of a DELETE, that nothing is
// there. A path cannot leave the service.
func TestResolve(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ method, ref, want string }{
		{"POST", "things/a", `"status":200`},
		{"POST", "things/b", "not_found"},
		{"DELETE", "things/b", `"status":404`},
		{"DELETE", "things/a", "conflict"},
		{"POST", "../../admin", "invalid"},
		{"POST", "https://elsewhere.example.com/", "not_found"}, // below the service, as every path,
	} {
		raw, err := w.step("http_request").Resolve(t.Context(), c.ref, []byte(`{"service":"http","path":"things","method":"`+c.method+`"}`))
		if got := string(raw); err == nil && !strings.Contains(got, c.want) || err != nil && string(types.CodeOf(err)) != c.want {
			t.Errorf("%s %s: %s, %v", c.method, c.ref, got, err)
		}
	}
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	in := `{"service":"http","method":"PUT","path":"things/a","query":{"q":1},"headers":{"If-Match":"x"},"json":{"a":1}}`
	p, err := w.step("http_request").Preview(t.Context(), json.RawMessage(in), nil)
	want := step.Change{Title: "PUT things/a", Fields: []step.FieldChange{
		{Name: "service", Value: "http"}, {Name: "method", Value: "PUT"}, {Name: "path", Value: "things/a"},
		{Name: "query", Value: `{"q":1}`}, {Name: "headers", Value: `{"If-Match":"x"}`}, {Name: "json", Value: `{"a":1}`},
	}}
	if d := cmp.Diff(want, p.Change); d != "" || err != nil || !p.Unknown.Has("") || len(w.api.asked) > 0 {
		t.Error(d, err, w.api.asked)
	}
	p, err = w.step("http_request").Preview(t.Context(), json.RawMessage(`{"service":"http","method":"POST","path":"","body":"x"}`), step.UnknownPaths{"path"})
	if err != nil || p.Change.Title != "POST a path that is not known yet" || len(p.Change.Fields) != 3 {
		t.Error(p, err)
	}
}

func TestExamine(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	got := httpapi.Examine(map[string]httpapi.Service{"http": w.service, "bad": {}})(t.Context(), "http", nil, now)
	if len(got) != 3 || got[0].State() != "ok" || got[2].State() != "skipped" {
		t.Errorf("%+v", got)
	}
	got = httpapi.Examine(map[string]httpapi.Service{"bad": {}})(t.Context(), "bad", nil, now)
	if len(got) != 1 || got[0].State() != "failed" {
		t.Errorf("%+v", got)
	}
}
