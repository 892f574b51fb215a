package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

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

// TestFind: the skill's own question decides.
func TestFind(t *testing.T) {
	w := newWorld(t)
	const post = `{"service":"http","method":"POST","path":"things","find":`
	for _, c := range []struct {
		in   string
		want step.FoundState
	}{
		{post + `{"path":"things/a"}}`, step.StateExists},
		{post + `{"path":"things/b"}}`, step.StateAbsent},
		{post + `{"path":"things/a","pointer":"/n","equals":9007199254740993}}`, step.StateExists},
		{post + `{"path":"things/a","pointer":"/n","equals":9007199254740992}}`, step.StateAbsent},
		{post + `{"path":"things/a","pointer":"/tags/1/y~1z","equals":"~"}}`, step.StateExists},
		{post + `{"path":"things/a","pointer":"/tags/2","equals":"x"}}`, step.StateAbsent},
		{post + `{"path":"things/a","pointer":"/n/m","equals":1}}`, step.StateAbsent},
		{post + `{"path":"things/a","pointer":"","equals":{"tags":["x",{"y/z":"~"}],"n":9007199254740993}}}`, step.StateExists},
		{post + `{"path":"things/b","gone":true}}`, step.StateExists},
		{post + `{"path":"things/a","gone":true}}`, step.StateAbsent},
		{post + `{"path":"things/a","gone":true,"pointer":"/n","equals":0}}`, step.StateExists},
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
	if !w.step("http_request").IsEventuallyConsistent() {
		t.Error("a request that was lost may still be carried out")
	}
}

// TestLostAnswerWithoutFind: it is unknown, but for a DELETE, and of that only
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
		if got := find(method, "things/a", true); method != "DELETE" && (got.State != step.StateInconclusive || got.Why != "check things/a of service http; with find, the step checks that itself") {
			t.Errorf("%s: %+v", method, got)
		}
	}
	if got := find("DELETE", "things/typo", false); got.State != step.StateAbsent {
		t.Errorf("what never was there counts as deleted: %+v", got)
	}
	if got := find("DELETE", "things/a", true); got.State != step.StateAbsent {
		t.Errorf("it is still there: %+v", got)
	}
	if got := find("DELETE", "things/b", true); got.State != step.StateExists {
		t.Errorf("it is gone: %+v", got)
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool { out.WriteHeader(405); return true }
	if got := find("DELETE", "things/b", true); got.State != step.StateInconclusive {
		t.Errorf("it cannot be asked: %+v", got)
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
