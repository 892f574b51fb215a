package git_test

import (
	"fmt"
	"path/filepath"
	"testing"

	gogit "github.com/go-git/go-git/v5"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git/gittest"
)

// BenchmarkLog lists the last five of twenty thousand commits: from nothing,
// from a cache that has them, and by a clone that lends them.
func BenchmarkLog(b *testing.B) {
	const n = 20_000
	var commits []gittest.Commit
	for i := range n {
		c := gittest.Commit{Name: fmt.Sprint(i), Author: "Ada", Email: "ada@example.com", When: at(int64(i)), Message: fmt.Sprint("commit ", i, "\n"), Files: map[string]*string{"f": text(fmt.Sprint(i))}}
		if i > 0 {
			c.Parents = []string{fmt.Sprint(i - 1)}
		}
		commits = append(commits, c)
	}
	r := newRemoteBehind(b, backend(b, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"))
	shas, err := r.Create("service/long", "main", commits, map[string]string{"main": fmt.Sprint(n - 1)})
	if err != nil {
		b.Fatal(err)
	}
	url := r.url[:len(r.url)-len("app-interface.git")] + "long.git"
	clone := filepath.Join(b.TempDir(), "clone")
	if _, err := gogit.PlainClone(clone, true, &gogit.CloneOptions{URL: url}); err != nil {
		b.Fatal(err)
	}
	log := func(b *testing.B, repo string) {
		s, _ := r.steps.Lookup("git_log")
		in := map[string]any{"repo": repo, "from": shas[fmt.Sprint(n-6)], "to": shas[fmt.Sprint(n-1)]}
		if _, err := s.Do(step.WithCall(b.Context(), r.call), types.Encode(s.In.Defaults(in))); err != nil {
			b.Fatal(err)
		}
	}
	forget := func() {
		r.cache = b.TempDir()
		r.connect()
	}
	b.Run("nothing", func(b *testing.B) {
		for b.Loop() {
			forget()
			log(b, url)
		}
	})
	b.Run("cache", func(b *testing.B) {
		for b.Loop() {
			log(b, url)
		}
	})
	b.Run("clone", func(b *testing.B) {
		for b.Loop() {
			forget()
			log(b, clone)
		}
	})
}
