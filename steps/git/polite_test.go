package git_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReadsWait: a host that wants a read asked later is asked later.
func TestReadsWait(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	busy := 2
	r.through(func(req *http.Request) (*http.Response, error) {
		if busy == 0 {
			return http.DefaultTransport.RoundTrip(req)
		}
		busy--
		resp := answer(req, 429, "slow down")
		resp.Header.Set("Retry-After", "3")
		return resp, nil
	})
	var slept []time.Duration
	r.call.Sleep = func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		return nil
	}
	r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
	if d := cmp.Diff([]time.Duration{3 * time.Second, 3 * time.Second}, slept); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
}
