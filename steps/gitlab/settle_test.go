package gitlab

import (
	"context"
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
		"for ever":        {map[string]int{"r1": 1000}, []string{"r1"}, "unavailable: branch r1 was made by this run, and is not seen yet", time.Minute, 8},
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
	ctx := call.ctx(t, s, a, "1")
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
