package rest_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/steps/rest"
)

// TestInflating: an answer comes inflated, whether or not the service compresses
// it, also one that does not get smaller; one that inflates to nothing ends.
func TestInflating(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("text that repeats; ", 100_000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("it asks for %q", req.Header.Get("Accept-Encoding"))
		}
		switch req.URL.Path {
		case "/plain":
			io.WriteString(w, long)
		case "/nothing":
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(http.StatusNoContent)
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, long)
			z.Close()
		case "/hollow":
			w.Header().Set("Content-Encoding", "gzip")
			for z := gzip.NewWriter(w); req.Context().Err() == nil; {
				z.Reset(w)
				z.Close()
			}
		}
	}))
	t.Cleanup(s.Close)
	c := rest.Client(rest.Inflating{Next: &http.Transport{DisableCompression: true}}, 0)
	for path, want := range map[string]string{"/plain": long, "/packed": long, "/nothing": "", "/hollow": ""} {
		resp, err := c.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if string(got) != want || errors.Is(err, rest.ErrHollow) != (path == "/hollow") || err != nil && path != "/hollow" {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestAnswersAltogether: a client reads a list only so far, however short its
// pages are.
func TestAnswersAltogether(t *testing.T) {
	t.Parallel()
	page := strings.Repeat(" ", 8<<20)
	c := rest.Client(body(page), 0)
	for n := 1; ; n++ {
		resp, err := c.Get("https://x.example.com")
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if more := n*len(page) > rest.MaxRead; (err != nil) != more {
			t.Fatalf("page %d: %v", n, err)
		} else if more {
			return
		}
	}
}
