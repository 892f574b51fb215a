package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestTail: the end of what is too long, in whole lines and characters.
func TestTail(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		sent, body string
		cut        bool
	}{
		{"line 1\n2\n3\n", "2\n3\n", true},
		{"2\n3\nlast", "2\n3\nlast", false},
		{"one\nlonger\n", "longer\n", true},
		{"a very long line\n", "ng line\n", true},
		{"größenänderung", "nderung", true},
	} {
		w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(out, c.sent); return true }
		got := w.result("http_get", `{"service":"http","path":"log","max_body":8,"tail":true}`)
		if got["body"] != c.body || got["truncated"] != c.cut {
			t.Errorf("%q: %v", c.sent, got)
		}
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool {
		out.Header().Set("Content-Type", "application/json")
		fmt.Fprint(out, `["a","b","c"]`)
		return true
	}
	for most, want := range map[int]bool{8: false, 80: true} {
		got, err := w.do("http_get", fmt.Sprintf(`{"service":"http","path":"log","max_body":%d,"tail":true}`, most))
		if err != nil || strings.Contains(got, `"json"`) != want {
			t.Error(most, got, err)
		}
	}
	w.api.fail = func(out http.ResponseWriter, _ *http.Request) bool {
		fmt.Fprint(out, strings.Repeat("line\n", 11<<20/5))
		return true
	}
	if _, err := w.do("http_get", `{"service":"http","path":"log","max_body":8,"tail":true}`); err == nil || err.Code != types.Unavailable {
		t.Error(err)
	}
	if _, err := w.do("http_get", `{"service":"http","path":"log","tail":true,"pages":{"by":"link"}}`); err == nil || !strings.Contains(err.Error(), "tail does not go with pages") {
		t.Error(err)
	}
}
