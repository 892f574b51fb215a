package git_test

import (
	"context"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// TestWhatWasJustPushed is waited for, when this run pushed it: not every server
// of a host sees a branch and its commit at once.
func TestWhatWasJustPushed(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]func(commit string) map[string]any{
		"git_read_file": func(string) map[string]any { return map[string]any{"path": file, "ref": "release-1"} },
		"git_fetch":     func(string) map[string]any { return map[string]any{"ref": "release-1"} },
		"git_diff":      func(string) map[string]any { return map[string]any{"from": "main", "to": "release-1"} },
		"git_show":      func(commit string) map[string]any { return map[string]any{"commit": commit} },
		"git_log":       func(commit string) map[string]any { return map[string]any{"to": commit} },
		"git_checkout": func(commit string) map[string]any {
			return map[string]any{"commit": commit, "paths": []any{file}, "name": "again"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			commit := r.prepare("")["sha"].(string)
			with := in(commit)
			with["repo"] = r.url
			_, err := r.do(name, with)
			if types.CodeOf(err) != types.NotFound {
				t.Fatalf("pushed by nobody: %v", err)
			}
			slept := time.Duration(0)
			r.call.Made = func(thing string) bool { return thing == "release-1" || thing == commit }
			r.call.Sleep = func(_ context.Context, d time.Duration) error {
				if slept += d; slept > 5*time.Second {
					r.must("git_push", ws())
				}
				return nil
			}
			if _, err := r.do(name, with); err != nil || slept != 7*time.Second {
				t.Errorf("%v, slept %v", err, slept)
			}
			if name != "git_read_file" {
				return
			}
			slept = 0
			with["path"] = "none"
			if _, err := r.do(name, with); types.CodeOf(err) != types.NotFound || slept != 0 {
				t.Errorf("a file that it does not have: %v, slept %v", err, slept)
			}
			with["ref"] = "release-2"
			if _, err := r.do(name, with); types.CodeOf(err) != types.NotFound || slept != 0 {
				t.Errorf("a wrong name: %v, slept %v", err, slept)
			}
		})
	}
}
