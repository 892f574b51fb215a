package steps

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/execute"
	"github.com/skillrun/skillrun/steps/files"
	"github.com/skillrun/skillrun/steps/httpapi"
	"github.com/skillrun/skillrun/steps/state"
)

// site is a small world: a folder, remembered values, two HTTP services, one of
// which has a second name, a Jira, a GitLab, and a repository.
type site struct {
	engine *engine.Engine
	steps  *step.Catalogue
	state  string
	repo   string
}

type shelf struct {
	mu   sync.Mutex
	text map[string]string
}

// ServeHTTP keeps what is put, and gives it.
func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPut {
		body, _ := io.ReadAll(r.Body)
		s.text[r.URL.Path] = string(body)
	}
	io.WriteString(w, s.text[r.URL.Path])
}

func newSite(t *testing.T, called string) *site {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "files")
	for name, text := range map[string]string{"p": "old p", "q": "old q"} {
		if err := os.MkdirAll(root, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	hosts := map[string]string{}
	services := map[string]httpapi.Service{}
	for _, name := range []string{"a", "b"} {
		srv := httptest.NewServer(&shelf{text: map[string]string{"/k": "old " + name}})
		t.Cleanup(srv.Close)
		services[name], hosts[name] = httpapi.Service{URL: srv.URL}, strings.TrimPrefix(srv.URL, "http://")
	}
	services["again"], hosts["again"] = services["a"], hosts["a"]
	s := &site{state: filepath.Join(dir, "state")}
	hub := newForge(t, dir)
	s.repo = hub.repos.URL + "/team/app.git"
	for name, srv := range map[string]*httptest.Server{"jira": hub.tickets, "gitlab": hub.lab, "git": hub.repos} {
		hosts[name] = strings.TrimPrefix(srv.URL, "http://")
	}
	s.steps = step.NewCatalogue(httpapi.Steps(services), files.Steps(map[string]files.Service{"files": {Root: root}}, nil),
		execute.Steps(execute.Options{Env: os.LookupEnv}), state.Steps(filepath.Join(dir, "values")), hub.families(filepath.Join(dir, "cache")))
	s.engine = engine.New(engine.Setup{
		Catalogue: s.steps, State: s.state, Clock: wall{}, Random: rand.Reader, User: "ada", Version: "test",
		Hosts:  func(service string) string { return hosts[service] },
		Skills: func(string, string) (string, []byte, error) { return "called.yaml", []byte(called), nil },
	})
	return s
}

// wall is the machine's clock. A program that another skill starts at the wrong
// moment holds the lock of a run for that moment; whoever wants it waits.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

func (wall) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(d, 10*time.Millisecond)):
		return nil
	}
}
