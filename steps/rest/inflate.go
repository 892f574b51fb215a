package rest

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
)

// Inflating is a transport that asks for compressed answers and inflates them, in
// the place of net/http, which would continue forever with an answer that inflates
// to nothing.
type Inflating struct{ Next http.RoundTripper }

// RoundTrip sends one request.
func (i Inflating) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Accept-Encoding") != "" || req.Header.Get("Range") != "" || req.Method == http.MethodHead {
		return i.Next.RoundTrip(req)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := i.Next.RoundTrip(req)
	if err == nil && resp.Header.Get("Content-Encoding") == "gzip" {
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Uncompressed = -1, true
		resp.Body = &inflated{Closer: resp.Body, from: resp.Body}
	}
	return resp, err
}

// hollow is how many bytes more than it inflates to an answer may have: what does
// not compress has a few more in a thousand.
const hollow = 1 << 20

// ErrHollow ends an answer that is larger than what it inflates to.
var ErrHollow = errors.New("the answer is larger compressed than decompressed")

type inflated struct {
	io.Closer
	from io.Reader
	gzip *gzip.Reader
	left int // bytes that may still come
}

// Read inflates what is next.
func (i *inflated) Read(p []byte) (n int, err error) {
	if i.gzip == nil {
		i.left = hollow
		if i.gzip, err = gzip.NewReader(compressed{i}); err != nil {
			return 0, err
		}
	}
	n, err = i.gzip.Read(p)
	i.left += n
	return n, err
}

type compressed struct{ *inflated }

// Read reads what comes.
func (c compressed) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, ErrHollow
	}
	n, err := c.from.Read(p)
	c.left -= n
	return n, err
}
