package git_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// drip is a body that continues forever, a byte at a time.
type drip struct {
	text string
	at   int
}

// Read returns the next byte.
func (d *drip) Read(p []byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	p[0] = d.text[d.at%len(d.text)]
	d.at++
	return 1, nil
}

// TestDrip: a server that is never silent and never done is given up, after
// thirty times the time that it may be silent.
func TestDrip(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.service.Timeout = 10 * time.Second
	r.through(func(req *http.Request) (*http.Response, error) {
		resp := answer(req, http.StatusOK, "")
		resp.Body = io.NopCloser(&drip{text: "000eversion 2\n" + "000cability\n"})
		return resp, nil
	})
	synctest.Test(t, func(t *testing.T) {
		r.t = t
		begun := time.Now()
		r.fails("git_branch_list", map[string]any{"repo": r.url}, types.Timeout, "no answer in time")
		if took := time.Since(begun); took < 300*time.Second || took > 310*time.Second {
			t.Errorf("after %s", took)
		}
	})
}
