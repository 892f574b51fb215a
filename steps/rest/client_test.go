package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// waits records how long a call was asked to wait.
type waits struct {
	slept []time.Duration
	told  []string
	err   error
}

func (w *waits) call(ctx context.Context) context.Context {
	return step.WithCall(ctx, step.Call{
		Tell: func(text string) { w.told = append(w.told, text) },
		Sleep: func(_ context.Context, d time.Duration) error {
			w.slept = append(w.slept, d)
			return w.err
		},
	})
}

// answers serves one answer after the other, the last one forever.
func answers(t *testing.T, all ...func(http.ResponseWriter)) (url string, asked *int) {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all[min(n, len(all)-1)](w)
		n++
	}))
	t.Cleanup(s.Close)
	return s.URL, &n
}

func busy(status int, after string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Date", "Thu, 15 Jan 2026 10:00:00 GMT")
		w.Header().Set("Retry-After", after)
		w.WriteHeader(status)
	}
}

func well(w http.ResponseWriter) { fmt.Fprint(w, "here") }

func send(ctx context.Context, t *testing.T, method, url string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rest.Client(http.DefaultTransport, time.Minute).Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func TestReadsWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		method string
		first  func(http.ResponseWriter)
		status int
		slept  []time.Duration
	}{
		{"seconds", "GET", busy(429, "7"), 200, []time.Duration{7 * time.Second}},
		{"a date, by the service's clock", "GET", busy(503, "Thu, 15 Jan 2026 10:00:20 GMT"), 200, []time.Duration{20 * time.Second}},
		{"at least a second", "GET", busy(429, "0"), 200, []time.Duration{time.Second}},
		{"too long to wait", "GET", busy(429, "3600"), 429, nil},
		{"a number that does not fit", "GET", busy(429, "99999999999999999999"), 429, nil},
		{"no word of when", "GET", busy(429, ""), 429, nil},
		{"a time that is over", "GET", busy(429, "-9223372036854775808"), 200, []time.Duration{time.Second}},
		{"a date that is over", "GET", busy(503, "Thu, 01 Jan 1970 00:00:00 GMT"), 200, []time.Duration{time.Second}},
		{"a date that never comes", "GET", busy(503, "Fri, 31 Dec 9999 23:59:59 GMT"), 503, nil},
		{"neither time nor date", "GET", busy(429, "1e3 or so"), 429, nil},
		{"another refusal", "GET", busy(500, "1"), 500, nil},
		{"a write is not repeated", "POST", busy(429, "7"), 429, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url, asked := answers(t, test.first, well)
			var w waits
			status, err := send(w.call(t.Context()), t, test.method, url)
			if err != nil || status != test.status {
				t.Errorf("got %d, %v; want %d", status, err, test.status)
			}
			if d := cmp.Diff(test.slept, w.slept); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
			if len(w.told) != len(test.slept) || *asked != 1+len(test.slept) {
				t.Errorf("told %q, asked %d times", w.told, *asked)
			}
		})
	}
}

func TestReadsGiveUp(t *testing.T) {
	t.Parallel()
	url, asked := answers(t, busy(429, "1"))
	var w waits
	if status, err := send(w.call(t.Context()), t, "GET", url); status != 429 || err != nil || *asked != 4 {
		t.Errorf("got %d, %v after %d times", status, err, *asked)
	}
	w = waits{err: context.Canceled}
	if _, err := send(w.call(t.Context()), t, "GET", url); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted wait gave %v", err)
	}
	*asked = 0
	if status, err := send(t.Context(), t, "GET", url); status != 429 || err != nil || *asked != 1 {
		t.Errorf("outside of a run: %d, %v after %d times", status, err, *asked)
	}
}

func TestTimeoutIsForEachExchange(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-stop }))
	defer s.Close()
	defer close(stop)
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = rest.Client(http.DefaultTransport, time.Millisecond).Do(req)
	if got := rest.Transport("GET", "look", err); got.Code != "timeout" || !strings.Contains(got.Message, "no answer in time") {
		t.Errorf("got %v", got)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method string
		status int
		same   bool // of origin
		want   int
	}{
		{"GET", 302, true, 200}, {"GET", 302, false, 302}, {"POST", 307, true, 307}, {"POST", 302, false, 302},
	} {
		elsewhere, strayed := answers(t, well)
		var s *httptest.Server
		s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/there" {
				well(w)
				return
			}
			to := elsewhere
			if test.same {
				to = s.URL + "/there"
			}
			http.Redirect(w, r, to, test.status)
		}))
		status, err := send(t.Context(), t, test.method, s.URL)
		s.Close()
		if err != nil || status != test.want || *strayed != 0 {
			t.Errorf("%+v: got %d, %v; the other host was asked %d times", test, status, err, *strayed)
		}
	}
}

// TestTooLarge: an answer that is cut off says so, and one that just fits is
// whole.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	for extra, want := range map[int]string{0: "", 1: "the answer is larger than 10 MiB"} {
		url, _ := answers(t, func(w http.ResponseWriter) { io.WriteString(w, strings.Repeat(" ", rest.MaxBody+extra)) })
		_, err := send(t.Context(), t, "GET", url)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%d bytes more: %v", extra, err)
		}
		if want == "" {
			continue
		}
		if got := rest.Transport("GET", "look", err); got.Code != types.Unavailable || got.Message != "look: "+want {
			t.Errorf("a read: %v", got)
		}
		if got := rest.Transport("POST", "file", err); got.Code != types.UnknownOutcome {
			t.Errorf("a write: %v", got)
		}
	}
}
