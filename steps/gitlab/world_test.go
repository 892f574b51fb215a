package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

const app = "team/app"

// rules are an instance's own, with the texts of whoever runs it.
var rules = []gitlabtest.Rule{
	{Field: "title", Pattern: `^[A-Z]+-\d+ `, Text: "Title must begin with an issue key.\nSee https://wiki.example.com/rules for what that is, and ask #scm when in doubt."},
	{Field: "description", Pattern: `(?m)^Risk: `, Text: "Description needs a line \"Risk: ...\""},
}

// changes is a Git in which every branch but "gone" is there; the value is
// what a branch changes.
type changes map[string][]gitlabtest.Change

func (changes) Branch(project, name string) (string, bool) {
	return fmt.Sprintf("%040x", len(project)+len(name)), name != "gone"
}

func (c changes) Changes(_, branch, _, _ string) ([]gitlabtest.Change, error) { return c[branch], nil }

// world is a GitLab, the steps, and a place to break things in between.
type world struct {
	t      *testing.T
	lab    *gitlabtest.Server
	steps  *step.Catalogue
	url    string
	mu     sync.Mutex
	fault  func(w http.ResponseWriter, r *http.Request, lab http.Handler) bool // true: it has answered
	posts  int
	secret string
	routes map[string]bool // of the client, that were asked for
	skip   bool            // do not check what is exchanged against the contract
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, secret: "bot-token", routes: map[string]bool{}}
	w.lab = gitlabtest.New(gitlabtest.Options{
		URL: "https://gitlab.test", Token: "bot-token", User: "bot",
		People: map[string]string{"guest-token": "guest", "look-token": "bot", "late-token": "bot"}, Users: []string{"ann", "zoe"},
		Scopes: map[string][]string{"look-token": {"read_api"}}, Expires: map[string]string{"late-token": "2026-03-06", "look-token": "2027-01-01"},
		Projects: []gitlabtest.Project{
			{Path: app, ID: 7, DefaultBranch: "master", RequiredApprovals: 2, Readers: []string{"guest"}, Formerly: []string{"old/app"}},
			{Path: "bot/app", ID: 8, ForkedFrom: app},
			{Path: "team/shared", ID: 9, Invited: []string{"bot"}},
			{Path: "team/old", ID: 10, Archived: true, NoMergeRequests: true, NoPipelines: true},
			{Path: "team/open", ID: 11, Visibility: "public", Roles: map[string]int{"bot": 0}},
			{Path: "team/closed", ID: 12, Roles: map[string]int{"bot": gitlabtest.Guest}},
			{Path: "guest/app", ID: 13, ForkedFrom: "bot/app"},
			{Path: "team/ruled", ID: 14, Rules: rules},
		},
		Groups: []gitlabtest.Group{{Path: "team/releases", ID: 20, Members: []string{"zoe"}}, {Path: "crew", ID: 21, Members: []string{"bot", "ann"}}},
		Git: changes{
			"r1": {{OldPath: "deploy.yml", NewPath: "deploy.yml", Diff: "@@ -1 +1 @@\n-a\n+b\n"}, {OldPath: "x", NewPath: "y"}},
			"r2": {{NewPath: "other.yml"}}, "r3": {{OldPath: "deploy.yml"}},
		},
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	})
	srv := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.connect(Service{URL: srv.URL, Token: types.NewSecret(w.secret), Transport: srv.Client().Transport, Timeout: 10 * time.Second})
	return w
}

func (w *world) connect(s Service) {
	w.steps = step.NewCatalogue(Steps(map[string]Service{"gitlab": s}))
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Method == http.MethodPost {
		w.posts++
	}
	if w.fault != nil && w.fault(rw, r, w.lab) {
		return
	}
	w.judged(rw, r)
}

// breakWith sets what happens to requests; posts are counted from then on.
func (w *world) breakWith(fault func(http.ResponseWriter, *http.Request, http.Handler) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.posts = fault, 0
}

func (w *world) sent() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.posts
}

var testKey = step.Key{Work: "wwww", Path: "pppp"}

// args are arguments by name.
type args map[string]any

// with returns a copy with one more.
func (a args) with(name string, v any) args {
	out := args{name: v}
	for k, old := range a {
		if k != name {
			out[k] = old
		}
	}
	return out
}

func (a args) json() json.RawMessage { return types.Encode(map[string]any(a)) }

func (w *world) step(name string) step.Step {
	w.t.Helper()
	s, ok := w.steps.Lookup(name)
	if !ok {
		w.t.Fatalf("there is no step %s", name)
	}
	return s
}

func (w *world) ctx(s step.Step, key step.Key, a args) context.Context {
	return step.WithCall(w.t.Context(), step.Call{Key: key, Digest: s.Digest(a.json())})
}

// do performs a step, after checking arguments and result against its types.
func do[Out any](w *world, name string, a args) (Out, error) {
	w.t.Helper()
	var out Out
	s := w.step(name)
	v, err := types.Decode(a.json())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.In.Check(s.In.Defaults(v.(map[string]any))); err != nil {
		w.t.Fatalf("arguments: %v", err)
	}
	raw, err := s.Do(w.ctx(s, testKey, a), a.json())
	if err != nil {
		if !s.CanFail(types.CodeOf(err)) {
			w.t.Errorf("%s returns %s, which it does not declare", name, types.CodeOf(err))
		}
		return out, err
	}
	if v, err = types.Decode(raw); err == nil {
		err = s.Out.Check(v)
	}
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		w.t.Fatalf("result: %v", err)
	}
	return out, nil
}

func (w *world) create(a args) (CreateOut, error) {
	w.t.Helper()
	return do[CreateOut](w, "gitlab_mr_create", a)
}

func (w *world) mustCreate(a args) CreateOut {
	w.t.Helper()
	out, err := w.create(a)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) find(key step.Key, a args) step.Found[json.RawMessage] {
	w.t.Helper()
	s := w.step("gitlab_mr_create")
	found, err := s.Find(w.ctx(s, key, a), key, a.json())
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// wantError compares code and text; want is "code: message (hint)".
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = string(types.CodeOf(err)) + ": " + err.Error()
	}
	if err != nil && types.AsError(err).Hint == "" {
		t.Errorf("there is no remedy for %s", got)
	}
	if !strings.HasPrefix(got, want) || want == "" && err != nil {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func release() args {
	return args{"project": app, "source_branch": "r1", "title": "Release 1"}
}

// answer is a fault that answers writes with a fixed status and body.
func answer(method string, status int, body string) func(http.ResponseWriter, *http.Request, http.Handler) bool {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.Method != method {
			return false
		}
		if status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		if status == 429 {
			w.Header().Set("Retry-After", "30")
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
		return true
	}
}
