package rest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// secure serves over TLS; trusted has its certificate.
func secure(t *testing.T) (s *httptest.Server, trusted *x509.CertPool) {
	t.Helper()
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { well(w) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	return s, trusted
}

// nobody is an address where no one listens, and no one can while the test runs: the port
// is the client's end of a connection.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
	return held.LocalAddr().String()
}

func proxied(to string) *http.Transport {
	return &http.Transport{
		Proxy:                  func(*http.Request) (*url.URL, error) { return url.Parse(to) },
		OnProxyConnectResponse: rest.ProxyAnswer,
	}
}

// refusing is a proxy that lets no one through.
func refusing(t *testing.T, status int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(s.Close)
	return s.URL
}

// TestNotSent: nothing reached the service, so it is the same for a write.
func TestNotSent(t *testing.T) {
	t.Parallel()
	tlsServer, trusted := secure(t)
	plain, _ := answers(t, well)
	clock := func() time.Time { return tlsServer.Certificate().NotAfter.Add(time.Hour) }
	for _, test := range []struct {
		name string
		rt   *http.Transport
		url  string
		want string // part of the message
		hint string // part of the hint
	}{
		{"nobody listens", &http.Transport{}, "http://" + nobody(t), "connection refused", "check the service's url"},
		{"no such name", &http.Transport{DialContext: noName}, "http://jira.invalid", "no such host", "the name is not known here"},
		{"nothing answers", &http.Transport{DialContext: silent}, "http://jira.invalid", "i/o timeout", "nothing answers there"},
		{"unknown authority", &http.Transport{}, tlsServer.URL, "its certificate is signed by “O=Acme Co”, which is not trusted here", "ca: FILE.pem"},
		{"another name", &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "other.invalid"}}, tlsServer.URL, "its certificate is for another name", "use the name"},
		{"expired", &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, Time: clock}}, tlsServer.URL, "its certificate is valid from 1970-01-01", "renewed"},
		{"no TLS", &http.Transport{}, strings.Replace(plain, "http:", "https:", 1), "it does not speak TLS there", "scheme and port"},
		{"proxy down", proxied("http://" + nobody(t)), tlsServer.URL, "connection refused", "check HTTPS_PROXY"},
		{"proxy wants a password", proxied(refusing(t, 407)), tlsServer.URL, "answered 407 Proxy Authentication Required", "requires a user and a password"},
		{"proxy refuses", proxied(refusing(t, 403)), tlsServer.URL, "answered 403 Forbidden", "let the service's host through"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{"GET", "POST"} {
				if method == "POST" && test.name == "no TLS" {
					continue // a box on the way may answer so when the request has gone out
				}
				req, err := http.NewRequestWithContext(t.Context(), method, test.url, strings.NewReader("x"))
				if err != nil {
					t.Fatal(err)
				}
				_, err = rest.Client(test.rt, 5*time.Second).Do(req)
				got := rest.Transport(method, "look", err)
				if got.Code != types.Network || !strings.Contains(got.Message, "look: cannot reach the service: ") ||
					!strings.Contains(got.Message, test.want) || !strings.Contains(got.Hint, test.hint) {
					t.Errorf("%s: %v\n  hint: %s", method, got, got.Hint)
				}
			}
		})
	}
}

func noName(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "jira.invalid", IsNotFound: true}}
}

func silent(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: late{}}
}

type late struct{}

// Error is what a dial that took too long says.
func (late) Error() string { return "i/o timeout" }

// Timeout is true.
func (late) Timeout() bool { return true }

// Temporary is true.
func (late) Temporary() bool { return true }

func TestCertificateThatFitsNoRule(t *testing.T) {
	t.Parallel()
	err := &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}}
	got := rest.Transport("POST", "look", err)
	if got.Code != types.Network || !strings.Contains(got.Hint, "check the service's certificate") {
		t.Errorf("got %v, hint %s", got, got.Hint)
	}
}

// TestLost: something may have reached the service.
func TestLost(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset by peer")
	for _, test := range []struct {
		method string
		err    error
		code   types.Code
		want   string
	}{
		{"GET", reset, types.Network, "look: the connection broke: connection reset"},
		{"POST", reset, types.UnknownOutcome, "look: the request was sent and the answer was lost: connection reset"},
		{"POST", context.Canceled, types.UnknownOutcome, "the answer was lost"},
		{"GET", context.Canceled, types.Cancelled, "look: stopped"},
		{"POST", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, types.UnknownOutcome, "the answer was lost"},
		{"POST", http.ErrSchemeMismatch, types.UnknownOutcome, "the answer was lost"},
		{"GET", &url.Error{Op: "Get", URL: "https://user:hunter2@example.com", Err: context.DeadlineExceeded}, types.Timeout, "look: no answer in time: context deadline exceeded"},
	} {
		got := rest.Transport(test.method, "look", test.err)
		if got.Code != test.code || !strings.Contains(got.Message, test.want) || got.Hint == "" || strings.Contains(got.Message, "hunter2") {
			t.Errorf("%s %v: got %v, hint %q", test.method, test.err, got, got.Hint)
		}
	}
}

// TestStatus: the four answers of the protocol, for each status.
func TestStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int][2]types.Code{ // of a read, of a write
		200: {"", ""}, 204: {"", ""}, 401: {types.Auth, types.Auth}, 403: {types.Forbidden, types.Forbidden},
		404: {types.NotFound, types.NotFound}, 410: {types.NotFound, types.NotFound}, 409: {types.Conflict, types.Conflict},
		400: {types.BadInput, types.BadInput}, 405: {types.BadInput, types.BadInput}, 413: {types.BadInput, types.BadInput},
		415: {types.BadInput, types.BadInput}, 422: {types.BadInput, types.BadInput}, 429: {types.RateLimited, types.RateLimited},
		302: {types.Unavailable, types.UnknownOutcome}, 308: {types.Unavailable, types.UnknownOutcome},
		408: {types.Unavailable, types.UnknownOutcome}, 425: {types.Unavailable, types.UnknownOutcome}, 504: {types.Unavailable, types.UnknownOutcome},
		500: {types.Unavailable, types.UnknownOutcome}, 502: {types.Unavailable, types.UnknownOutcome},
		418: {types.Unavailable, types.UnknownOutcome},
	} {
		for i, method := range []string{"GET", "POST"} {
			resp := &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"9"}}}
			got := rest.Status(method, "create issue", resp, " the service's own words ")
			if got == nil {
				if want[i] != "" {
					t.Errorf("%s %d gave no error", method, status)
				}
				continue
			}
			if got.Code != want[i] || got.Hint == "" || !strings.HasSuffix(got.Message, ": the service's own words") {
				t.Errorf("%s %d: got %v, hint %q, want %s", method, status, got, got.Hint, want[i])
			}
			if status == 429 && (got.Details["retry_after"] != "9" || !strings.Contains(got.Hint, "the service asks to wait: Retry-After 9")) {
				t.Errorf("429: %+v", got)
			}
		}
	}
}

// TestRetryAfterThatIsNone shows as much of it as makes sense to people.
func TestRetryAfterThatIsNone(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]string{"-7": "-7", strings.Repeat("9", 1000): strings.Repeat("9", 40) + "…", "\xff": "\uFFFD"} {
		resp := &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {after}}}
		got := rest.Status("POST", "create issue", resp, "")
		if got.Code != types.RateLimited || got.Hint != "the service asks to wait: Retry-After "+want {
			t.Errorf("%q: %v, hint %q", after, got, got.Hint)
		}
	}
}
