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
		if err == nil || err.Error() != "the header "+name+" cannot be set by a step (set the credential under the service in skillrun.yaml; skillrun sets the others)" {
			t.Errorf("%s: %v", name, err)
		}
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
