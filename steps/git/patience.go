package git

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// defaultTimeout is how long a server may be silent when nothing is configured. One
// that is busy with a large pack or a slow hook shows a sign of life every few seconds.
const defaultTimeout = 2 * time.Minute

// idleTimeout waits so long for the head of an answer, and as long again whenever
// the request or the answer pauses. The whole may take longer, as a first fetch
// and the push of a large pack do.
type idleTimeout struct {
	next  http.RoundTripper
	limit time.Duration
}

func (p idleTimeout) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	w := newWatch(ctx, cancel, p.limit)
	req = req.WithContext(ctx)
	var resp *http.Response
	err := w.whileMoving(func(moved func()) (err error) {
		if req.Body != nil {
			req.Body = sending{req.Body, moved}
		}
		resp, err = p.next.RoundTrip(req)
		return err
	})
	if err != nil {
		cancel(nil)
		return nil, err
	}
	resp.Body = &watched{resp.Body, w}
	return resp, nil
}

// watch ends the context of one exchange when nothing happens for too long.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	limit  time.Duration
	begun  time.Time
	came   *atomic.Int64 // bytes
}

func newWatch(ctx context.Context, cancel context.CancelCauseFunc, limit time.Duration) watch {
	return watch{ctx, cancel, limit, time.Now(), new(atomic.Int64)}
}

// A server that is never silent, and never done, gets so many times the limit,
// and a second more for each KiB that comes.
const (
	longest = 30
	slowest = 1 << 10
)

// counted counts what came, and ends an exchange that has no end.
func (w watch) counted(n int, err error) error {
	came := w.came.Add(int64(n))
	if err == nil && time.Since(w.begun) > longest*w.limit+time.Duration(came/slowest)*time.Second {
		w.cancel(context.DeadlineExceeded)
		return context.DeadlineExceeded
	}
	return err
}

// while performs one piece of the exchange.
func (w watch) while(f func() error) error {
	return w.whileMoving(func(func()) error { return f() })
}

// whileMoving does so for a piece that tells when something moved.
func (w watch) whileMoving(f func(moved func()) error) error {
	timer := time.AfterFunc(w.limit, func() { w.cancel(context.DeadlineExceeded) })
	defer timer.Stop()
	err := f(func() { timer.Reset(w.limit) })
	if err != nil && err != io.EOF && errors.Is(context.Cause(w.ctx), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}

func (w watch) read(from io.Reader, p []byte) (n int, err error) {
	err = w.while(func() (err error) {
		n, err = from.Read(p)
		return w.counted(n, err)
	})
	return n, err
}

// sending is a request's body, whose progress counts as a sign of life.
type sending struct {
	io.ReadCloser
	moved func()
}

func (s sending) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.moved()
	return n, err
}

// written is a stream that is written to, in the same way.
type written struct {
	io.Writer
	moved func()
}

func (w written) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.moved()
	return n, err
}

// watched is a body that is read under watch.
type watched struct {
	body  io.ReadCloser
	watch watch
}

func (b *watched) Read(p []byte) (int, error) { return b.watch.read(b.body, p) }

func (b *watched) Close() error {
	defer b.watch.cancel(nil)
	return b.body.Close()
}
