package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/marks
var marks embed.FS

// ledger is a service that makes whatever it is asked for as often as it is asked,
// but for payments whose request it has seen before.
type ledger struct {
	mu     sync.Mutex
	things []string
	paid   map[string]string // by key
}

// ServeHTTP answers.
func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch r.Method + " " + r.URL.Path {
	case "GET /things": // two pages: the second has what was asked for
		found := []map[string]string{}
		for _, name := range l.things {
			if r.URL.Query().Has("more") && strings.Contains(name, r.URL.Query().Get("like")) {
				found = append(found, map[string]string{"name": name})
			}
		}
		if !r.URL.Query().Has("more") {
			w.Header().Set("Link", fmt.Sprintf(`</things?like=%s&more=1>; rel="next"`, r.URL.Query().Get("like")))
		}
		_ = json.NewEncoder(w).Encode(found)
	case "POST /things":
		var in struct{ Name string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		l.things = append(l.things, in.Name)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"name": in.Name})
	case "POST /payments":
		key := r.Header.Get("Idempotency-Key")
		if key == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		l.paid[key] = r.FormValue("name")
		w.WriteHeader(http.StatusCreated)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// mark has the killer run the marks against a ledger and a folder of its own, and
// returns what was written, one line each.
func (k *killer) mark(t *testing.T) (written func() []string, end func()) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, marks); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "testdata", "marks")
	l := &ledger{paid: map[string]string{}}
	srv := httptest.NewServer(l)
	k.conf = filepath.Join(dir, "skillrun.yaml")
	conf := fmt.Sprintf("services: {http: {url: %q}}\nconfig: {marks: %q}\npolicy: {confirm: never, settle: 1s}\n", srv.URL, dir)
	if err := os.WriteFile(k.conf, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	k.args = []string{"run", filepath.Join(dir, "marks.yaml"), "--input", "name=a", "--output", "json"}
	return func() []string {
		l.mu.Lock()
		defer l.mu.Unlock()
		lines, _ := os.ReadFile(filepath.Join(dir, "lines"))
		out := strings.Fields(string(lines))
		for i := range out {
			out[i] = "line " + out[i]
		}
		for _, name := range l.things {
			out = append(out, "thing "+name)
		}
		for _, name := range l.paid {
			out = append(out, "payment "+name)
		}
		slices.Sort(out)
		return out
	}, srv.Close
}

// oneOfEachMark is what the marks write when nothing happens to them.
var oneOfEachMark = []string{"line a", "line atoo", "payment a", "payment atoo", "thing a", "thing atoo"}

// TestStepTypesKillSweep kills, at every point, a run whose writes are step types of
// files: a program with a find, requests that are found by a search and known by a
// key, and all of them in one. Resumed, or begun again without the run's folder,
// there is one of each.
func TestStepTypesKillSweep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	first := newKiller(t)
	written, end := first.mark(t)
	defer end()
	points := first.points(t)
	if diff := cmp.Diff(oneOfEachMark, written()); diff != "" {
		t.Fatal(diff)
	}
	for _, v := range []struct {
		variant
		ci, short int
	}{
		{variant{name: "resumed"}, 2, 40},
		{variant{name: "the run's folder removed", lost: true}, 4, 70},
		{variant{name: "killed again while it resumes", then: true}, 8, 55},
	} {
		chosen, began := smoke(points, v.short), time.Now()
		if every := map[string]int{"full": 1, "ci": v.ci}[sweeping()]; every > 0 {
			chosen = sample(points, every)
		}
		swept(t, chosen, func(k *killer, n int) error {
			written, end := k.mark(t)
			defer end()
			k.whole = func() error {
				if diff := cmp.Diff(oneOfEachMark, written()); diff != "" {
					return fmt.Errorf("what was written:\n%s", diff)
				}
				return nil
			}
			return k.kill(t, v.variant, n, 1+n*7%20)
		})
		t.Logf("%s: %d of %d points in %s", v.name, number(chosen), len(points), time.Since(began).Round(100*time.Millisecond))
	}
}
