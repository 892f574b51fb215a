// Package outcome sorts the end of an HTTP exchange into the four answers the
// engine's protocol knows: not sent, definitely no, definitely yes, unknown.
// Every family that speaks HTTP uses it, so that the rule stands in one place.
//
// The rule (docs: facts about Jira, GitLab and net/http, measured): a dial,
// DNS or TLS error means the request was not sent; 400, 401, 403, 404, 405,
// 409, 410, 413, 415, 422 and 429 mean it was not carried out; on a write,
// everything else that is not a good 2xx answer is unknown: a reset, a
// time-out, an empty answer, a redirect, a 5xx, a body that does not decode.
package outcome

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// MaxBody is the largest answer a client reads, in bytes after decompression.
const MaxBody = 10 << 20

// Client returns a client for one service: no redirects at all on writes, only
// to the same origin on reads, no cookies, answers cut off at MaxBody. The
// time-out is for the whole exchange.
func Client(rt http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{Transport: limited{rt}, Timeout: timeout, CheckRedirect: sameOriginReads}
}

func sameOriginReads(req *http.Request, via []*http.Request) error {
	first := via[0]
	if !isRead(first.Method) || req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme || len(via) > 5 {
		return http.ErrUseLastResponse
	}
	return nil
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// limited cuts bodies off, and takes away GetBody so that net/http never sends
// a write twice by itself.
type limited struct{ next http.RoundTripper }

// RoundTrip sends one request.
func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	if !isRead(req.Method) {
		req = req.Clone(req.Context())
		req.GetBody = nil
	}
	resp, err := l.next.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, MaxBody), resp.Body}
	}
	return resp, err
}

// Transport turns the error of an exchange that brought no answer into a coded
// one. what says what was asked, e.g. "create issue".
func Transport(method, what string, err error) *types.Error {
	if errors.Is(err, context.Canceled) && isRead(method) {
		return types.Errorf(types.Cancelled, "%s: stopped", what)
	}
	if notSent(err) {
		return types.Errorf(types.Network, "%s: cannot reach the service: %w", what, bare(err)).
			WithHint("check the service's url in skillrun.yaml, and that this machine reaches it")
	}
	if !isRead(method) {
		return types.Errorf(types.UnknownOutcome, "%s: the request was sent and the answer was lost: %w", what, bare(err))
	}
	if isTimeout(err) {
		return types.Errorf(types.Timeout, "%s: no answer in time: %w", what, bare(err))
	}
	return types.Errorf(types.Network, "%s: the connection broke: %w", what, bare(err))
}

func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err // the url may hold credentials; the caller names the service
	}
	return err
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func notSent(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &dns) || errors.As(err, &cert) || errors.As(err, &record) || errors.As(err, &unknown)
}

// Status turns an answer that is not 2xx into a coded error, nil for 2xx. said
// is the service's own message, shown as it is.
func Status(method, what string, resp *http.Response, said string) *types.Error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	code := codeOf(method, resp.StatusCode)
	msg := what + ": " + strconv.Itoa(resp.StatusCode) + " " + http.StatusText(resp.StatusCode)
	if said = strings.TrimSpace(said); said != "" {
		msg += ": " + said
	}
	err := types.Errorf(code, "%s", msg).With("status", resp.StatusCode)
	switch code {
	case types.Auth:
		return err.WithHint("the credential was refused: check the service's token in skillrun.yaml, and that it has not expired")
	case types.RateLimited:
		if after := resp.Header.Get("Retry-After"); after != "" {
			return err.With("retry_after", after).WithHint("the service asks to wait: Retry-After %s", after)
		}
	}
	return err
}

func codeOf(method string, status int) types.Code {
	switch status {
	case 401:
		return types.Auth
	case 403:
		return types.Forbidden
	case 404, 410:
		return types.NotFound
	case 409:
		return types.Conflict
	case 400, 405, 413, 415, 422:
		return types.BadInput
	case 429:
		return types.RateLimited
	}
	if !isRead(method) {
		return types.UnknownOutcome
	}
	return types.Unavailable
}
