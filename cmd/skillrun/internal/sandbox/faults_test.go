package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// inMemory is a world that is reached by its transport only.
func inMemory(t *testing.T) client {
	t.Helper()
	dir := t.TempDir()
	w, err := sandbox.Open(t.Context(), sandbox.Options{Dir: dir, InMemory: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return client{t, dir, w, &http.Client{Transport: w.Transport()}}
}

// end is what a client sees of an answer.
type end struct {
	Status int
	Error  string // how it ended, in one word
	Body   bool   // some of the body came
}

// try sends a request and says how it ended. Only what is expected not to come is
// waited for with a time-out: a busy machine answers late.
func (c client) try(method, path, body string, want end) end {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	giveUp := func() { time.AfterFunc(300*time.Millisecond, cancel) }
	if want.Error == "time-out" && want.Status == 0 {
		giveUp()
	}
	r, err := http.NewRequestWithContext(ctx, method, c.w.URL()+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(c.jiraUser(), c.token("jira"))
	web := *c.web
	web.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := web.Do(r)
	if err != nil {
		return end{Error: word(err)}
	}
	defer answer.Body.Close()
	if want.Error == "time-out" {
		giveUp()
	}
	got, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return end{answer.StatusCode, word(err), len(got) > 0}
}

// word sorts errors as those who go by them do.
func word(err error) string {
	var op *net.OpError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded): // the world in memory says the latter
		return "time-out"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "cut"
	case errors.As(err, &op) && op.Op == "dial":
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	}
	return err.Error()
}

// TestFaults spoils the filing of an issue in every way, over a socket and in
// memory: a client sees the same, and the issue is there or not.
func TestFaults(t *testing.T) {
	t.Parallel()
	worlds := map[string]client{"socket": open(t, t.TempDir()), "memory": inMemory(t)}
	for _, tt := range []struct {
		fault string
		want  end
		made  int
	}{
		{`{"kind":"refuse"}`, end{0, "refused", false}, 0},
		{`{"kind":"reset"}`, end{0, "reset", false}, 0},
		{`{"kind":"reset","when":"after"}`, end{0, "reset", false}, 1},
		{`{"kind":"timeout"}`, end{0, "time-out", false}, 1},
		{`{"kind":"timeout","when":"before"}`, end{0, "time-out", false}, 0},
		{`{"kind":"status","status":502}`, end{502, "", true}, 0},
		{`{"kind":"status","status":502,"when":"after"}`, end{502, "", true}, 1},
		{`{"kind":"redirect"}`, end{302, "", true}, 0},
		{`{"kind":"redirect","status":307,"when":"after"}`, end{307, "", true}, 1},
		{`{"kind":"truncated"}`, end{201, "cut", true}, 1},
		{`{"kind":"stalled"}`, end{201, "time-out", true}, 1},
		{`{"kind":"endless"}`, end{201, "", true}, 1},
		{`{"kind":"slow","seconds":0.01}`, end{201, "", true}, 1},
		{`{"kind":"invalid_json"}`, end{201, "", true}, 1},
		{`{"kind":"login_page"}`, end{200, "", true}, 1},
		{`{"kind":"other_object"}`, end{201, "", true}, 1},
		{`{"kind":"duplicate"}`, end{201, "", true}, 2},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			for name, c := range worlds {
				c.T = t
				if err := c.w.Rewind(); err != nil {
					t.Fatal(err)
				}
				c.do("", "POST", "/_faults", strings.Replace(tt.fault, "{", `{"service":"jira","path":"issue$",`, 1), 200)
				want := tt.want
				if got := c.try("POST", issues, anIssue, want); want.Error == "refused" && name == "socket" && got.Error == "reset" {
					// as near as a server that listens comes to it
				} else if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				if got := len(c.state().Jira.Issues); got != tt.made {
					t.Errorf("%s: %d issues, want %d", name, got, tt.made)
				}
				c.do("", "DELETE", "/_faults", "", 200)
				if got := c.try("POST", issues, anIssue, end{Status: 201}); got.Status != 201 {
					t.Errorf("%s: without the fault %+v", name, got)
				}
			}
		})
	}
}

// TestFaultsAreCounted: a fault meets the request it was armed for, and no
// other.
func TestFaultsAreCounted(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	c.do("", "POST", "/_faults", `{"service":"jira","method":"post","path":"/issue$","nth":2,"kind":"status","status":429,"retry_after":"7"}`, 200)
	c.do("jira", "GET", issues+"/AAP-61249", "", 200)
	c.do("jira", "POST", issues, anIssue, 201)
	c.do("jira", "POST", issues, anIssue, 429)
	c.do("jira", "POST", issues, anIssue, 201)
	var list struct{ Faults []sandbox.Armed }
	if err := json.Unmarshal(c.do("", "GET", "/_faults", "", 200), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Faults) != 1 || list.Faults[0].Seen != 3 || list.Faults[0].Fired != 1 || list.Faults[0].When != "before" {
		t.Errorf("faults %+v", list.Faults)
	}
	requests := c.w.Requests()
	if r := requests[2]; r.Status != 429 || r.Fault != sandbox.Status || requests[1].Fault != "" {
		t.Errorf("requests %+v", requests)
	}
}

// TestFaultsAreChecked: a fault that could never happen is refused.
func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	c := inMemory(t)
	for body, want := range map[string]string{
		`{`:                                    "unexpected EOF",
		`{"kind":"flood"}`:                     `there is no fault "flood"; there are refuse, reset,`,
		`{"kind":"reset","x":1}`:               `unknown field "x"`,
		`{"kind":"refuse","when":"after"}`:     `refuse does not happen "after"; it happens before`,
		`{"kind":"reset","service":"slack"}`:   `there is no service "slack"`,
		`{"kind":"reset","path":"("}`:          "not a regular expression",
		`{"kind":"reset","nth":-1}`:            "counts from 1",
		`{"kind":"status"}`:                    "from 400 to 599",
		`{"kind":"redirect","status":200}`:     "a redirect has 301",
		`{"kind":"search_lag","seconds":-0.5}`: "cannot take -0.5 seconds",
	} {
		if got := c.do("", "POST", "/_faults", body, 400); !strings.Contains(string(got), want) {
			t.Errorf("%s: %s", body, got)
		}
	}
	c.do("", "PUT", "/_faults", "", http.StatusMethodNotAllowed)
	if got := c.w.Faults(); len(got) != 0 {
		t.Errorf("armed: %+v", got)
	}
}

// TestSearchLag: while the search lags a new issue is found by its key only.
func TestSearchLag(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	found := func() int {
		var page struct{ Issues []struct{} }
		if err := json.Unmarshal(c.do("jira", "GET", "/jira/rest/api/2/search/jql?jql=project%3DAAP", "", 200), &page); err != nil {
			t.Fatal(err)
		}
		return len(page.Issues)
	}
	c.do("", "POST", "/_faults", `{"kind":"search_lag","seconds":300}`, 200)
	c.do("jira", "POST", issues, anIssue, 201)
	if got := found(); got != 1 {
		t.Errorf("%d issues are found, and one was there before", got)
	}
	c.do("jira", "GET", issues+"/AAP-61250", "", 200)
	c.do("", "DELETE", "/_faults", "", 200)
	if got := found(); got != 2 {
		t.Errorf("%d issues are found", got)
	}
}

// TestOtherHosts: nothing leaves a world in memory.
func TestOtherHosts(t *testing.T) {
	t.Parallel()
	c := inMemory(t)
	if _, err := c.web.Get("http://127.0.0.2:1/"); word(err) != "refused" {
		t.Errorf("another host: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", c.w.URL()+"/_state", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.web.Do(r); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that was given up: %v", err)
	}
}
