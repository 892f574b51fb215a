package sandbox

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// Transport is the whole world without a network: a request goes to its
// stand-in directly, and the faults that are armed act as they do on a socket,
// with the errors that net/http has there. Where a client would have to wait it
// is told at once that its time is over. Any other host refuses the connection.
func (w *World) Transport() http.RoundTripper { return memory{w} }

type memory struct{ w *World }

// RoundTrip answers one request.
func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req = req.Clone(req.Context())
		req.Body = http.NoBody
	}
	defer req.Body.Close()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if req.URL.Host != m.w.host() {
		return nil, broken("dial", syscall.ECONNREFUSED)
	}
	out := &handed{answer: answer{header: http.Header{}, status: http.StatusOK}}
	m.w.handler.ServeHTTP(out, served(req))
	if out.held == nil { // it was not for a stand-in
		out.held = &out.answer
	}
	return out.deliver(req)
}

// served is a client's request as a server sees it.
func served(req *http.Request) *http.Request {
	r := req.Clone(req.Context())
	r.URL.Scheme, r.URL.Host, r.URL.User = "", "", nil
	r.RequestURI, r.Host, r.RemoteAddr = r.URL.RequestURI(), req.URL.Host, "127.0.0.1:0"
	r.Header.Del("Accept-Encoding")
	return r
}

// handed takes an answer over from a stand-in instead of sending it.
type handed struct {
	answer
	held *answer
}

// deliver gives the client what it would have got over a socket.
func (h *handed) deliver(req *http.Request) (*http.Response, error) {
	a, kind := h.held, ""
	if a.fault != nil {
		kind = a.fault.Kind
	}
	for name, values := range h.header {
		if a.header.Get(name) == "" {
			a.header[name] = values
		}
	}
	body, half := a.body.Bytes(), bytes.NewReader(a.body.Bytes()[:a.body.Len()/2])
	resp := &http.Response{
		Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), StatusCode: a.status, Header: a.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: -1,
	}
	var reader io.Reader
	switch kind {
	case Refuse:
		return nil, broken("dial", syscall.ECONNREFUSED)
	case Reset:
		return nil, broken("read", syscall.ECONNRESET)
	case Timeout:
		return nil, context.DeadlineExceeded
	case Truncated:
		reader = io.MultiReader(half, failing{io.ErrUnexpectedEOF})
	case Stalled:
		reader = io.MultiReader(half, failing{context.DeadlineExceeded})
	case Endless:
		reader = io.MultiReader(half, &endless{left: Enough, greedy: a.greedy}, failing{io.ErrUnexpectedEOF})
	case Slow:
		reader = single{bytes.NewReader(body)}
	default:
		reader, resp.ContentLength = bytes.NewReader(body), int64(len(body))
	}
	resp.Body = io.NopCloser(reader)
	if req.Method == http.MethodHead {
		resp.Body = http.NoBody
	}
	return resp, nil
}

// broken is the error of a connection as the standard library makes it.
func broken(op string, why syscall.Errno) error {
	call := map[string]string{"dial": "connect", "read": "read"}[op]
	return &net.OpError{Op: op, Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, Err: os.NewSyscallError(call, why)}
}

func lengthOf(body []byte) string { return strconv.Itoa(len(body)) }

// failing is a body that breaks.
type failing struct{ err error }

// Read fails.
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// endless is what an endless body continues with. It is white space, because who
// reads JSON reads on then.
type endless struct {
	left   int
	greedy func()
}

// Read fills p.
func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		e.greedy()
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	e.left -= n
	for i := range p[:n] {
		p[i] = ' '
	}
	return n, nil
}

// single is a body that comes byte by byte.
type single struct{ io.Reader }

// Read reads one byte.
func (s single) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), 1)]) }
