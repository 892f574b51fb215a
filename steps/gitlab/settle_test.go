package gitlab

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// settling is a call of a run that made some things, with a clock of its own.
type settling struct {
	step.Call
	slept time.Duration
	told  []string
}

func (s *settling) ctx(t *testing.T, of step.Step, a args, made ...string) context.Context {
	t.Helper()
	s.Key, s.Digest = step.Key{Work: "work1", Path: "path1"}, of.Digest(a.json())
	s.Made = func(thing string) bool { return slices.Contains(made, thing) }
	s.Tell = func(text string) { s.told = append(s.told, text) }
	s.Sleep = func(_ context.Context, d time.Duration) error {
		s.slept += d
		return nil
	}
	return step.WithCall(t.Context(), s.Call)
}

// TestABranchThatWasJustPushed is waited for, when this run pushed it: GitLab
// does not see it for up to a minute.
func TestABranchThatWasJustPushed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		hide  map[string]int
		made  []string
		want  string // the error
		waits time.Duration
		posts int
	}{
		"seen at once":    {nil, []string{"r1"}, "", 0, 1},
		"the source":      {map[string]int{"r1": 3}, []string{"r1"}, "", 7 * time.Second, 4},
		"the target":      {map[string]int{"master": 2}, []string{"r1", "master"}, "", 3 * time.Second, 3},
		"both":            {map[string]int{"master": 1, "r1": 1}, []string{"r1", "master"}, "", time.Second, 2},
		"for ever":        {map[string]int{"r1": 1000}, []string{"r1"}, "unavailable: branch r1 was created by this run, but is not visible yet", time.Minute, 8},
		"somebody else's": {map[string]int{"r1": 1}, []string{"r2"}, "invalid: open merge request in team/app: 400 Bad Request: source_branch does not exist", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for branch, n := range tc.hide {
				w.lab.HideBranch(branch, n)
			}
			s, call := w.step("gitlab_mr_create"), settling{}
			_, err := s.Do(call.ctx(t, s, release(), tc.made...), release().json())
			if tc.want != "" {
				wantError(t, err, tc.want)
			} else if err != nil {
				t.Fatal(err)
			}
			if call.slept != tc.waits || w.sent() != tc.posts || (len(call.told) > 0) != (tc.waits > 0) {
				t.Errorf("slept %v, %d posts, told %q", call.slept, w.sent(), call.told)
			}
		})
	}
}

// TestTheSentenceOfARefusedBranch: GitLab also says it in words.
func TestTheSentenceOfARefusedBranch(t *testing.T) {
	t.Parallel()
	w, refused := newWorld(t), 0
	w.skip = true
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		if r.Method != http.MethodPost || refused == 2 {
			return false
		}
		refused++
		return answer("POST", 400, `{"message":["Source branch \"r1\" does not exist"]}`)(rw, r, lab)
	})
	s, call := w.step("gitlab_mr_create"), settling{}
	if _, err := s.Do(call.ctx(t, s, release(), "r1"), release().json()); err != nil || call.slept != 3*time.Second {
		t.Errorf("%v, slept %v", err, call.slept)
	}
}

// TestAMergeRequestThatWasJustOpened is waited for by a note on it.
func TestAMergeRequestThatWasJustOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.mustCreate(release())
	unseen := 4
	w.skip = true
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		if unseen == 0 || !strings.Contains(r.URL.Path, "/merge_requests/1") {
			return false
		}
		unseen--
		return answer(r.Method, 404, `{"message":"404 Not found"}`)(rw, r, lab)
	})
	a := args{"project": app, "iid": m.IID, "body": "deployed"}
	s, call := w.step("gitlab_mr_note"), settling{}
	ctx := call.ctx(t, s, a, "!1")
	if got, err := s.Find(ctx, call.Key, a.json()); err != nil || got.State != step.StateAbsent || call.slept != 15*time.Second {
		t.Errorf("%+v, %v, slept %v", got, err, call.slept)
	}
	unseen = 1
	if _, err := s.Do(ctx, a.json()); err != nil || w.sent() != 1 {
		t.Errorf("%v, %d posts", err, w.sent())
	}
	unseen = 1
	if _, err := s.Do(call.ctx(t, s, a), a.json()); types.CodeOf(err) != types.NotFound {
		t.Errorf("one that this run did not open: %v", err)
	}
}

// TestReadsOfAMergeRequestThatWasJustOpened wait as a note does.
func TestReadsOfAMergeRequestThatWasJustOpened(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gitlab_mr_view", "gitlab_mr_diff"} {
		w := newWorld(t)
		m := w.mustCreate(release())
		unseen := 0
		w.skip = true
		w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
			if unseen == 0 {
				return false
			}
			unseen--
			return answer(r.Method, 404, `{"message":"404 Not found"}`)(rw, r, lab)
		})
		a := args{"project": app, "iid": m.IID}
		s, call := w.step(name), settling{}
		unseen = 2
		if _, err := s.Do(call.ctx(t, s, a, "!1"), a.json()); err != nil || call.slept != 3*time.Second {
			t.Errorf("%s: %v, slept %v", name, err, call.slept)
		}
		unseen = 1
		if _, err := s.Do(call.ctx(t, s, a, "1", "!11"), a.json()); types.CodeOf(err) != types.NotFound {
			t.Errorf("%s of one that this run did not open: %v", name, err)
		}
	}
}

// TestADiffThatIsBeingPrepared is waited for, of a merge request that this run
// opened; in the end, and of another one, it is taken as it is.
func TestADiffThatIsBeingPrepared(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		preparing int
		made      string
		waits     time.Duration
		files     int
	}{
		"later": {3, "!1", 3 * time.Second, 2}, "for ever": {99, "!1", time.Minute, 0}, "somebody else's": {99, "!2", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := w.mustCreate(release())
			w.skip = true
			preparing := tc.preparing
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
				switch {
				case preparing > 0 && strings.HasSuffix(r.URL.Path, "/merge_requests/1"):
					preparing--
					return answer(r.Method, 200, `{"iid":1,"state":"opened","detailed_merge_status":"preparing","changes_count":""}`)(rw, r, lab)
				case preparing > 0:
					return answer(r.Method, 200, `[]`)(rw, r, lab)
				}
				return false
			})
			a := args{"project": app, "iid": m.IID}
			s, call := w.step("gitlab_mr_diff"), settling{}
			raw, err := s.Do(call.ctx(t, s, a, tc.made), a.json())
			var out DiffOut
			if err != nil || json.Unmarshal(raw, &out) != nil {
				t.Fatal(err)
			}
			if call.slept != tc.waits || len(out.Files) != tc.files || out.Truncated != (tc.files == 0) {
				t.Errorf("slept %v, %d files, truncated %t", call.slept, len(out.Files), out.Truncated)
			}
		})
	}
}

// TestThePipelineOfWhatWasJustPushed comes some seconds after the push.
func TestThePipelineOfWhatWasJustPushed(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("ab", 20)
	for name, tc := range map[string]struct {
		a    args
		made string
		path string // of the answer that lacks it
		none string
	}{
		"branch":        {args{"ref": "r1"}, "r1", "/pipelines", `[]`},
		"commit":        {args{"sha": sha}, sha, "/pipelines", `[]`},
		"merge request": {args{"iid": 1}, "!1", "/merge_requests/1", `{"iid":1,"state":"opened"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mustCreate(release())
			w.skip = true
			a := tc.a.with("project", app)
			unseen := 0
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
				switch {
				case !strings.HasSuffix(r.URL.Path, tc.path) && !strings.HasSuffix(r.URL.Path, "/pipelines/5"):
					return answer(r.Method, 200, `[]`)(rw, r, lab)
				case unseen > 0:
					unseen--
					return answer(r.Method, 200, tc.none)(rw, r, lab)
				case strings.HasSuffix(r.URL.Path, "/pipelines"):
					return answer(r.Method, 200, `[{"id":5}]`)(rw, r, lab)
				case strings.HasSuffix(r.URL.Path, "/pipelines/5"):
					return answer(r.Method, 200, `{"id":5,"status":"running","created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}`)(rw, r, lab)
				}
				return answer(r.Method, 200, `{"iid":1,"state":"opened","head_pipeline":{"id":5,"status":"running"}}`)(rw, r, lab)
			})
			s, call := w.step("gitlab_pipeline_view"), settling{}
			unseen = 3
			if _, err := s.Do(call.ctx(t, s, a, tc.made), a.json()); err != nil || call.slept != 7*time.Second {
				t.Errorf("%v, slept %v", err, call.slept)
			}
			unseen, call.slept = 1, 0
			if _, err := s.Do(call.ctx(t, s, a), a.json()); types.CodeOf(err) != types.NotFound || call.slept != 0 {
				t.Errorf("of what this run did not make: %v, slept %v", err, call.slept)
			}
		})
	}
}
