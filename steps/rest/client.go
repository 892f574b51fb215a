package rest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skillrun/skillrun/engine/step"
)

// MaxBody is the largest answer a client reads, in bytes after decompression.
const MaxBody = 10 << 20

// MaxRead is how many bytes of answers a client reads altogether: a list can have
// pages without an end.
const MaxRead = 64 << 20

// maxAsked is how often a read is sent, and maxWait the longest wait that a
// service is granted between two times.
const (
	maxAsked = 4
	maxWait  = time.Minute
)

// Client returns a client for one service: no redirects at all on writes, only
// to the same origin on reads, no cookies, answers cut off at MaxBody, those of
// too many parts refused, and no more than MaxRead of them: a client is for one call
// of a step. A read that the service wants asked later (429 or 503 with Retry-After)
// is asked later, when the call may wait: see [step.Call]. A write is sent once. The
// time-out is for each exchange, not for the waits; 0 is none.
func Client(rt http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{Transport: readRetrier{limited{cmp.Or(rt, http.DefaultTransport), timeout, new(atomic.Int64)}}, CheckRedirect: sameOriginReads}
}

// RetryReads is the part of [Client] that asks a read again later when the service
// wants that, for protocols that need a client of their own.
func RetryReads(rt http.RoundTripper) http.RoundTripper { return readRetrier{rt} }

// sameOriginReads is the rule for being sent elsewhere: a read may be, within
// its origin; a write never, for net/http would make a read of it.
func sameOriginReads(req *http.Request, via []*http.Request) error {
	first := via[0]
	if !isRead(first.Method) || req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme || len(via) > 5 {
		return http.ErrUseLastResponse
	}
	return nil
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// readRetrier asks again when the service asks for it.
type readRetrier struct{ next http.RoundTripper }

// RoundTrip sends a read up to maxAsked times, a write once.
func (p readRetrier) RoundTrip(req *http.Request) (*http.Response, error) {
	call := step.CallOf(req.Context())
	for asked := 1; ; asked++ {
		resp, err := p.next.RoundTrip(req)
		if err != nil || !isRead(req.Method) || call.Sleep == nil || asked == maxAsked {
			return resp, err
		}
		wait, ok := retryAfter(resp)
		if !ok {
			return resp, nil
		}
		_ = resp.Body.Close()
		call.Say(req.URL.Host + " asks to wait (" + strconv.Itoa(resp.StatusCode) + "): asking again in " + wait.String())
		if err := call.Sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// retryAfter is how long the service wants to be left alone. It gives seconds or a
// date, which is checked against the service's own clock (RFC 9110, 10.2.3).
func retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0, false
	}
	after := strings.TrimSpace(resp.Header.Get("Retry-After"))
	wait := maxWait + 1
	if seconds, err := strconv.Atoi(after); err == nil && seconds <= int(maxWait.Seconds()) {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		if now, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			wait = at.Sub(now)
		}
	}
	return max(wait, time.Second), wait <= maxWait
}

// limited ends an exchange that takes too long, cuts bodies off, and takes away
// GetBody so that net/http never sends a write twice by itself.
type limited struct {
	next    http.RoundTripper
	timeout time.Duration
	read    *atomic.Int64 // bytes of all answers
}

// RoundTrip sends one request.
func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := req.Context(), context.CancelFunc(func() {})
	if l.timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, l.timeout)
	}
	req = req.Clone(ctx)
	if !isRead(req.Method) {
		req.GetBody = nil
	}
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = body{&jsonLimiter{Reader: &capped{counted{resp.Body, l.read}, MaxBody}}, resp.Body, cancel}
	return resp, nil
}

// errTooLarge ends an answer that is cut off.
var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", MaxBody>>20)

// errMuch ends a list of pages.
var errMuch = fmt.Errorf("the answers are more than %d MiB in total", MaxRead>>20)

// counted reads as long as all that is read is not too much.
type counted struct {
	io.Reader
	all *atomic.Int64
}

// Read reads what is next.
func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.all.Add(int64(n)) > MaxRead {
		return 0, errMuch
	}
	return n, err
}

// capped reads at most so many bytes, and says when there are more.
type capped struct {
	io.Reader
	left int
}

// Read reads what is left.
func (c *capped) Read(p []byte) (int, error) {
	if c.left == 0 {
		if n, err := c.Reader.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, errTooLarge
	}
	n, err := c.Reader.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// body is an answer's body, limited in size and time.
type body struct {
	io.Reader
	under  io.Closer
	cancel context.CancelFunc
}

// Close ends the exchange.
func (b body) Close() error {
	defer b.cancel()
	return b.under.Close()
}
