package gittest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/steps/git/gittest"
)

// TestMerge merges a fork's branch, and refuses what both sides changed.
func TestMerge(t *testing.T) {
	t.Parallel()
	for _, memory := range []bool{false, true} {
		one, two, three := "one\n", "two\n", "three\n"
		when := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
		commit := func(name string, files map[string]*string, parents ...string) gittest.Commit {
			return gittest.Commit{Name: name, Parents: parents, Author: "A", Email: "a@example.com", When: when, Message: name + "\n", Files: files}
		}
		s := gittest.New(gittest.Options{Dir: t.TempDir(), Memory: memory})
		_, err := s.Create("up", "main", []gittest.Commit{
			commit("base", map[string]*string{"a/b/file": &one, "a/gone": &one, "other": &one}),
			commit("main", map[string]*string{"other": &two}, "base"),
			commit("good", map[string]*string{"a/b/file": &two, "a/new": &two, "a/gone": nil}, "base"),
			commit("bad", map[string]*string{"other": &three}, "base"),
		}, map[string]string{"main": "main", "good": "good", "bad": "bad"})
		if err == nil {
			err = s.Fork("up", "fork")
		}
		if err != nil {
			t.Fatal(err)
		}
		m := gittest.Merge{From: "fork", Source: "good", To: "up", Target: "main", Author: "alice", When: when, Message: "Merge\n"}
		sha, err := s.Merge(m)
		if err != nil || s.Branches("up")["main"] != sha {
			t.Fatalf("merged to %s: %v", sha, err)
		}
		for path, want := range map[string]string{"a/b/file": two, "a/new": two, "other": two, "a/gone": "file not found"} {
			text, err := s.ReadFile("up", sha, path)
			if err != nil {
				text = err.Error()
			}
			if text != want {
				t.Errorf("%s is %q", path, text)
			}
		}
		if c, err := s.Commit("up", sha); err != nil || c.NumParents() != 2 {
			t.Errorf("the merge commit: %v %v", c, err)
		}
		if m.Source = "bad"; func() bool {
			_, err := s.Merge(m)
			return err == nil || !strings.Contains(err.Error(), "conflict in other")
		}() {
			t.Error("merged what both sides changed")
		}
		if m.Source = "nowhere"; func() bool { _, err := s.Merge(m); return err == nil }() {
			t.Error("merged a branch that is not there")
		}
	}
}

// TestPut commits a file to a branch, in a folder that is not there too.
func TestPut(t *testing.T) {
	t.Parallel()
	one := "one\n"
	s := gittest.New(gittest.Options{Dir: t.TempDir(), Memory: true})
	shas, err := s.Create("up", "main", []gittest.Commit{{Name: "c", Author: "A", Email: "a@example.com", Message: "c\n", Files: map[string]*string{"a/file": &one}}},
		map[string]string{"main": "c"})
	if err != nil {
		t.Fatal(err)
	}
	e := gittest.Edit{Repository: "up", Branch: "main", Path: "b/c/new", Text: "new\n", Author: "alice", Message: "More\n"}
	sha, err := s.Put(e)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"b/c/new": "new\n", "a/file": "one\n"} {
		if got, err := s.ReadFile("up", sha, path); err != nil || got != want {
			t.Errorf("%s is %q, %v", path, got, err)
		}
	}
	if n := s.Ahead("up", sha, map[string]string{"main": shas["c"]}); n != 1 {
		t.Errorf("%d commits ahead", n)
	}
	for _, bad := range []string{"../x", "/x", "a/../x", "a/file/below"} {
		if e.Path = bad; func() bool { _, err := s.Put(e); return err == nil }() {
			t.Errorf("written to %s", bad)
		}
	}
}
