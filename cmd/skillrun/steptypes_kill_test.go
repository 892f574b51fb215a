package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
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
	gone   []string          // the things that were deleted
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
	case "DELETE /things/" + path.Base(r.URL.Path):
		at := slices.Index(l.things, path.Base(r.URL.Path))
		if at < 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		l.gone, l.things = append(l.gone, l.things[at]), slices.Delete(l.things, at, at+1)
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
		for _, name := range l.gone {
			out = append(out, "gone "+name)
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

// noneLeft is what is left of the marks when they are undone: a payment has no undo, and
// what was deleted was deleted once.
var noneLeft = []string{"gone a", "gone atoo", "payment a", "payment atoo"}

// TestStepTypesUndoKillSweep kills, at every point, an undo of writes whose step types say
// what takes them back. Undone once more, nothing is left, and nothing was sent twice.
func TestStepTypesUndoKillSweep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	first := newKiller(t)
	written, end := first.mark(t)
	defer end()
	first.points(t)
	file := filepath.Join(first.home, "undoing")
	r := first.exec(t.Context(), "list:"+file, "undo", "last", "--yes")
	r.want(t, 0, `both/side/line/exec: run sh .*remove.sh .* atoo`, `thing/http: DELETE things/a \(.*path: things/a`, `payment/http: stays; http_request cannot be undone from here`)
	if diff := cmp.Diff(noneLeft, written()); diff != "" {
		t.Fatal(diff)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	points := strings.Split(strings.TrimSpace(string(text)), "\n")
	chosen := smoke(points, 40, 75)
	if every := map[string]int{"full": 1, "ci": 4}[sweeping()]; every > 0 {
		chosen = sample(points, every)
	}
	swept(t, chosen, func(k *killer, n int) error {
		written, end := k.mark(t)
		defer end()
		if err := k.renew(false); err != nil {
			return err
		}
		if r := k.exec(t.Context(), "", k.args...); r.code != 0 {
			return fmt.Errorf("exit %d\n%s", r.code, r.log)
		}
		if r := k.exec(t.Context(), fmt.Sprintf("kill:%d", n), "undo", "last", "--yes"); r.code != -1 {
			return fmt.Errorf("not killed: exit %d\n%s", r.code, r.log)
		}
		if r := k.exec(t.Context(), "", "undo", "last", "--yes"); r.code != 0 {
			return fmt.Errorf("exit %d\n%s\n%s", r.code, r.out, r.log)
		}
		if diff := cmp.Diff(noneLeft, written()); diff != "" {
			return fmt.Errorf("what is left:\n%s", diff)
		}
		return nil
	})
	t.Logf("%d of %d points", number(chosen), len(points))
}
