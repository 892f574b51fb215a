package jiratest

import (
	"testing"
	"time"
)

// TestIndexLag: an issue is in the index when the lag is over by the server's
// clock; what a person filed is there at once.
func TestIndexLag(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{"cloud", "datacenter"} {
		now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
		s := New(Options{Deployment: deployment, IndexLag: time.Minute, Now: func() time.Time { return now }, Projects: []Project{{Key: "AAP"}}})
		s.File("AAP", "by a person")
		s.mu.Lock()
		s.add(&issue{Project: "AAP"})
		s.mu.Unlock()
		found := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			hits, refused := s.search("project = AAP", false, nil)
			if refused != nil {
				t.Fatalf("%+v", refused)
			}
			return len(hits)
		}
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}} {
			now = now.Add(step.after)
			if got := found(); got != step.want {
				t.Errorf("%s, %s later: %d issues, want %d", deployment, step.after, got, step.want)
			}
		}
		s.SetIndexLag(5 * time.Minute)
		if got := found(); got != 1 {
			t.Errorf("%s, with a longer lag: %d issues", deployment, got)
		}
		s.Reindex()
		if got := found(); got != 2 {
			t.Errorf("%s, indexed: %d issues", deployment, got)
		}
	}
}
