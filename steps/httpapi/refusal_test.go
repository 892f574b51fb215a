package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

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

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	const write = `http_request {"service":"http","path":"things/a",`
	for in, want := range map[string]string{
		`http_get {"service":"other","path":"x"}`:                               `there is no service "other"`,
		`http_get {"service":"http","path":"../x"}`:                             `"../x" is not a path below the url of the service (write it percent-encoded, without . or .. in it, and give the part after ? as query)`,
		`http_get {"service":"http","path":"x","query":{"a":{"b":1}}}`:          "a of the query is not a string, number or boolean (give a default with ??, or make it a string)",
		`http_get {"service":"http","path":"x","query":{"a":1e999}}`:            "a of the query cannot be sent: number 1e999 does not fit (make it a string)",
		`http_get {"service":"http","path":"x","query":{"a":null}}`:             "a of the query is not a string, number or boolean",
		`http_get {"service":"http","path":"x","headers":{"a b":"x"}}`:          `the header "a b" cannot be sent (a name has letters, digits and dashes; a value has no line break, and no space at its ends)`,
		`http_get {"service":"http","path":"x","headers":{"a":"x\r\ny"}}`:       `the header "a" cannot be sent`,
		write + `"method":"GET"}`:                                               `the method is "GET" (use POST, PUT, PATCH, DELETE, or http_get to look)`,
		write + `"method":"POST","json":1,"body":"x"}`:                          "2 of body, form, json and multipart are given (give one of them, or none)",
		write + `"method":"POST","find":{"path":"x","pointer":"/a"}}`:           "find.pointer is given without find.equals (give both, or neither)",
		write + `"method":"POST","find":{"path":"x","pointer":"a","equals":1}}`: `"a" is not a JSON pointer (begin it with /, as in /items/0/name)`,
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
		if _, err := w.do("http_get", `{"service":"http","path":"x"}`); err == nil || err.Error() != `the service "http" has an invalid URL (write it in skillrun.yaml as https://HOST/PATH)` {
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
		err.Error() != `GET HOST/v1/x: the answer should be JSON, but is broken or cut off (check for a proxy before service "http", then resume the run)` {
		t.Error(err)
	}
	in := `{"service":"http","path":"x","method":"POST","expect":[201]}`
	if _, err := w.do("http_request", in); err == nil || err.Code != types.UnknownOutcome ||
		err.Error() != "POST HOST/v1/x: 202 Accepted, which is not expected (see what it means there, and add it to expect if it means success)" {
		t.Error(err)
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool {
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusPreconditionFailed)
		fmt.Fprintf(out, `{"detail":%q}`, strings.Repeat("é", 300))
		return true
	}
	if _, err := w.do("http_request", in); err == nil || err.Error() != "POST HOST/v1/x: 412 Precondition Failed: "+strings.Repeat("é", 200)+"… (it was changed or locked by someone else: look at it, then resume the run)" {
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
