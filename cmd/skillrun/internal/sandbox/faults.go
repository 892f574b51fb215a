package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault says which request is spoilt, and how. Of the requests that match it is
// the nth, from when the fault was armed.
type Fault struct {
	Service string `json:"service,omitempty"` // git, quay, jira or gitlab; "" is each
	Method  string `json:"method,omitempty"`  // "" is each
	Path    string `json:"path,omitempty"`    // a regular expression, looked for in path and query as /_state shows them
	Nth     int    `json:"nth,omitempty"`     // 1 is the first that matches, 0 is every one
	Kind    string `json:"kind"`

	// When is "before" or "after" the stand-in carries the request out; each
	// kind has its own that holds without it.
	When       string  `json:"when,omitempty"`
	Status     int     `json:"status,omitempty"`      // of status and redirect
	RetryAfter string  `json:"retry_after,omitempty"` // of status: the header, word for word
	Location   string  `json:"location,omitempty"`    // of redirect: another path, or another host's url
	Seconds    float64 `json:"seconds,omitempty"`     // of search_lag: the lag; of slow: how long the answer takes
}

// The kinds of a [Fault].
const (
	Refuse      = "refuse"       // the connection is closed before the request is read
	Reset       = "reset"        // the connection breaks, before or after
	Timeout     = "timeout"      // no answer until the client gives up, after (or before)
	Status      = "status"       // another status, before or after
	Redirect    = "redirect"     // the client is sent elsewhere, before or after
	Truncated   = "truncated"    // half of the body, and then the connection ends
	Stalled     = "stalled"      // half of the body, and then nothing
	Endless     = "endless"      // a body that does not end; after [Enough] the connection breaks
	Slow        = "slow"         // the body byte by byte
	InvalidJSON = "invalid_json" // a body that is no JSON, with the good status
	LoginPage   = "login_page"   // HTML with the status 200
	OtherObject = "other_object" // the good answer about something else
	Duplicate   = "duplicate"    // carried out twice; the client sees the first answer
	SearchLag   = "search_lag"   // of Jira's index; it spoils no request of its own
)

// Enough is how many bytes of an endless body there are. A client that takes all
// of them is greedy: it would fill the memory, or the disk.
const Enough = 64 << 20

// before and after are the times of a fault.
const (
	before = "before"
	after  = "after"
)

// times are when each kind can happen; the first is what holds when nothing is
// said.
func times(kind string) []string {
	switch kind {
	case Refuse:
		return []string{before}
	case Reset, Status, Redirect:
		return []string{before, after}
	case Timeout:
		return []string{after, before}
	case Truncated, Stalled, Endless, Slow, InvalidJSON, LoginPage, OtherObject, Duplicate, SearchLag:
		return []string{after}
	}
	return nil
}

// Armed is a fault that waits for its request, and how often it had one.
type Armed struct {
	Fault
	Seen   int `json:"seen"`             // requests that matched
	Fired  int `json:"fired"`            // how many of them were spoilt
	Greedy int `json:"greedy,omitempty"` // clients that took all of an endless body
}

// faults are what is armed. They end with the process.
type faults struct {
	mu   sync.Mutex
	list []*armed
}

type armed struct {
	Armed
	pattern *regexp.Regexp
}

// Arm makes a fault wait for its request. Several may wait; each counts for
// itself, and of those whose turn it is the one that was armed first counts.
func (w *World) Arm(f Fault) error {
	pattern, err := f.check()
	if err != nil {
		return err
	}
	if f.When == "" {
		f.When = times(f.Kind)[0]
	}
	if f.Kind == SearchLag {
		w.jira.SetIndexLag(time.Duration(f.Seconds * float64(time.Second)))
	}
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.list = append(w.faults.list, &armed{Armed{Fault: f}, pattern})
	return nil
}

// check refuses a fault that could never happen.
func (f Fault) check() (*regexp.Regexp, error) {
	pattern, err := regexp.Compile(f.Path)
	when := times(f.Kind)
	switch {
	case when == nil:
		return nil, fmt.Errorf("there is no fault %q; there are %s", f.Kind, strings.Join(kinds(), ", "))
	case f.When != "" && !slices.Contains(when, f.When):
		return nil, fmt.Errorf("%s does not happen %q; it happens %s", f.Kind, f.When, strings.Join(when, " or "))
	case !slices.Contains([]string{"", "git", "quay", "jira", "gitlab"}, f.Service):
		return nil, fmt.Errorf("there is no service %q; there are git, quay, jira and gitlab", f.Service)
	case err != nil:
		return nil, fmt.Errorf("the path is not a regular expression: %w", err)
	case f.Nth < 0:
		return nil, fmt.Errorf("nth is %d; it counts from 1, and 0 is every request", f.Nth)
	case f.Kind == Status && (f.Status < 400 || f.Status > 599):
		return nil, fmt.Errorf("the status is %d; a fault has one from 400 to 599", f.Status)
	case f.Kind == Redirect && f.Status != 0 && !slices.Contains([]int{301, 302, 303, 307, 308}, f.Status):
		return nil, fmt.Errorf("the status is %d; a redirect has 301, 302, 303, 307 or 308", f.Status)
	case f.Seconds < 0:
		return nil, fmt.Errorf("it cannot take %g seconds", f.Seconds)
	}
	return pattern, nil
}

func kinds() []string {
	return []string{Refuse, Reset, Timeout, Status, Redirect, Truncated, Stalled, Endless, Slow, InvalidJSON, LoginPage, OtherObject, Duplicate, SearchLag}
}

// Disarm takes every fault away.
func (w *World) Disarm() {
	w.jira.SetIndexLag(0)
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.list = nil
}

// Faults are those that are armed, with what became of them.
func (w *World) Faults() []Armed {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	out := make([]Armed, len(w.faults.list))
	for i, a := range w.faults.list {
		out[i] = a.Armed
	}
	return out
}

// hit lets every armed fault count a request, and returns the one whose turn it
// is, nil when the request stays whole.
func (f *faults) hit(service string, r *http.Request) *armed {
	f.mu.Lock()
	defer f.mu.Unlock()
	var hit *armed
	for _, a := range f.list {
		if !a.matches(service, r) {
			continue
		}
		if a.Seen++; hit == nil && (a.Nth == 0 || a.Nth == a.Seen) {
			hit = a
		}
	}
	if hit == nil {
		return nil
	}
	hit.Fired++
	return hit
}

// greedy notes that a client took all of an endless body.
func (f *faults) greedy(a *armed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a.Greedy++
}

func (a *armed) matches(service string, r *http.Request) bool {
	return a.Kind != SearchLag && (a.Service == "" || a.Service == service) &&
		(a.Method == "" || strings.EqualFold(a.Method, r.Method)) && a.pattern.MatchString(r.URL.RequestURI())
}

// serveFaults answers /_faults.
func (w *World) serveFaults(out http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		w.Disarm()
	case http.MethodPost:
		var f Fault
		d := json.NewDecoder(http.MaxBytesReader(out, r.Body, 1<<16))
		d.DisallowUnknownFields()
		err := d.Decode(&f)
		if err == nil {
			err = w.Arm(f)
		}
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
	default:
		http.Error(out, "only GET, POST and DELETE", http.StatusMethodNotAllowed)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(out).Encode(map[string]any{"faults": w.Faults()})
}
