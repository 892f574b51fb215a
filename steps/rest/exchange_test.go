package rest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// TestBase: a service is at http or https, and its address names a host and no user.
func TestBase(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://HOST": true, "http://HOST:8080/jira/": true,
		"": false, "HOST": false, "https://": false, "ftp://HOST": false, "https://ann@HOST": false, "https://ann:x@HOST": false, "https://HO ST": false, "//HOST": false,
	} {
		_, err := rest.Base("jira", address, "write it as https://HOST")
		if ok != (err == nil) {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && err.Error() != `the service "jira" has an invalid URL (write it as https://HOST)` {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestNotFrom: an answer that is not the service's own leaves a write open.
func TestNotFrom(t *testing.T) {
	t.Parallel()
	why := errors.New("it has no list")
	for method, want := range map[string]types.Code{
		http.MethodGet: types.Unavailable, http.MethodHead: types.Unavailable, http.MethodPost: types.UnknownOutcome, http.MethodDelete: types.UnknownOutcome,
	} {
		err := rest.NotFrom("Jira", method, "look", why)
		if err.Code != want || !errors.Is(err, why) || err.Message != "look: the answer is not Jira's: it has no list" || err.Hint == "" {
			t.Errorf("%s: %s %v", method, err.Code, err)
		}
	}
}

// TestAsk: every status is an answer, and half an answer is none.
func TestAsk(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			w.Header().Set("Content-Length", "100")
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("tea"))
	}))
	defer s.Close()
	ask := func(path string) (int, string, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, body, err := rest.Ask(rest.Client(nil, 0), req, "ask")
		if err != nil {
			return 0, "", err
		}
		return resp.StatusCode, string(body), nil
	}
	if status, body, err := ask("/"); status != http.StatusTeapot || body != "tea" || err != nil {
		t.Error(status, body, err)
	}
	if _, _, err := ask("/half"); types.CodeOf(err) != types.Network || !strings.Contains(err.Error(), "ask: the connection broke") {
		t.Error(err)
	}
}
