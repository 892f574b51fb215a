package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
	conf "github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
)

// state is /_state, as far as the tests read it.
type state struct {
	Fixtures map[string]string `json:"fixtures"`
	Jira     struct {
		Issues, Seeded []struct {
			Key, Project, Summary string
			Labels                []string
		}
	} `json:"jira"`
	GitLab struct {
		MergeRequests []mr `json:"merge_requests"`
		Seeded        []mr `json:"seeded"`
	} `json:"gitlab"`
	Git map[string]struct {
		Branches map[string]string `json:"branches"`
	} `json:"git"`
	Requests []request `json:"requests"`
}

type mr struct {
	IID          int    `json:"iid"`
	Title        string `json:"title"`
	SourceBranch string `json:"source_branch"`
	TargetBranch string `json:"target_branch"`
	State        string `json:"state"`
	WebURL       string `json:"web_url"`
}

type request struct {
	Service, Method, Path string
	Status                int
}

// client talks to a world over its address only.
type client struct {
	*testing.T
	dir string
	w   *sandbox.World
	web *http.Client
}

func open(t *testing.T, dir string) client {
	t.Helper()
	w, err := sandbox.Open(t.Context(), sandbox.Options{Dir: dir, Log: io.Discard, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	pool := &http.Transport{}
	t.Cleanup(func() {
		pool.CloseIdleConnections()
		w.Close()
	})
	return client{t, dir, w, &http.Client{Transport: pool}}
}

func (c client) token(name string) string {
	c.Helper()
	data, err := os.ReadFile(filepath.Join(c.dir, "tokens", name))
	if err != nil {
		c.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// do sends a request as who, a name of a token, and wants a status.
func (c client) do(who, method, path, body string, want int) []byte {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.w.URL()+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	switch {
	case who == "jira":
		r.SetBasicAuth(c.jiraUser(), c.token(who))
	case who != "":
		r.Header.Set("PRIVATE-TOKEN", c.token(who))
	}
	answer, err := c.web.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != want {
		c.Fatalf("%s %s: %d %s %v, want %d", method, path, answer.StatusCode, got, err, want)
	}
	return got
}

// missing is what the configuration lacks of these services.
func (c client) missing(kinds ...string) diag.List {
	var needs []conf.Need
	for _, kind := range kinds {
		needs = append(needs, conf.Need{Service: kind, Kind: kind})
	}
	return c.config().Missing(needs)
}

func (c client) config() *conf.Config {
	c.Helper()
	cfg, diags := conf.Load(conf.Options{
		Explicit: c.w.Config(), Dir: c.dir, UserDir: c.dir, ReadFile: os.ReadFile,
		Env: func(string) (string, bool) { return "", false },
	})
	if diags.HasErrors() {
		c.Fatalf("%v", diags)
	}
	return cfg
}

func (c client) jiraUser() string {
	user, err := c.config().User("jira")
	if err != nil {
		c.Fatal(err)
	}
	return user
}

func (c client) state() state {
	c.Helper()
	var s state
	if err := json.Unmarshal(c.do("", "GET", "/_state", "", 200), &s); err != nil {
		c.Fatal(err)
	}
	return s
}

func (c client) clone(name string) (*git.Repository, string) {
	c.Helper()
	url := c.w.URL() + "/git/" + name + ".git"
	r, err := git.CloneContext(c.Context(), memory.NewStorage(), nil, &git.CloneOptions{URL: url, NoCheckout: true, Tags: git.NoTags})
	if err != nil {
		c.Fatal(err)
	}
	return r, url
}

// between counts the commits that to reaches and from does not.
func between(t *testing.T, repo *git.Repository, from, to string) int {
	t.Helper()
	known := map[plumbing.Hash]bool{}
	count := func(sha string) (n int) {
		tip, err := repo.CommitObject(plumbing.NewHash(sha))
		if err != nil {
			t.Fatal(err)
		}
		err = object.NewCommitPreorderIter(tip, nil, nil).ForEach(func(c *object.Commit) error {
			if !known[c.Hash] {
				known[c.Hash] = true
				n++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if from != "" {
		count(from)
	}
	return count(to)
}
