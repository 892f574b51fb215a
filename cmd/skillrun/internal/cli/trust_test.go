package cli

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrustIsOffered: whoever runs a skill of a folder that is not trusted is shown
// what its skills do, and asked, once. Without a yes nothing is run.
func TestTrustIsOffered(t *testing.T) {
	t.Parallel()
	const skill = "name: probe\ndescription: Probes\nsteps: [{id: a, set: {x: 1}}]\noutputs: {x: \"${{ steps.a.x }}\"}\n"
	for typed, code := range map[string]int{"yes\n": 0, "no\n": 3, "\n": 3} {
		x := newPerson(t, strings.NewReader(typed))
		x.Random = rand.Reader
		x.Env = func(name string) (string, bool) {
			if name == "HOME" {
				return x.Dir, true
			}
			return "", false
		}
		if err := os.Mkdir(filepath.Join(x.Dir, "skills"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(x.Dir, "skills", "probe.yaml"), []byte(skill), 0o600); err != nil {
			t.Fatal(err)
		}
		got := x.Run(t.Context(), []string{"probe"})
		if got != code || strings.Contains(x.out.String(), "x: 1") != (code == 0) || !strings.Contains(x.out.String(), "skills/probe.yaml: Probes") {
			t.Errorf("%q: exit %d, %s", typed, got, x.out.String())
		}
		x.wants(t, "the folder of skills/probe.yaml is not trusted", "Trust "+x.Dir+"?")
		asked := strings.Count(x.log.String(), "Trust ")
		if again := x.Run(t.Context(), []string{"probe"}); code == 0 && (again != 0 || strings.Count(x.log.String(), "Trust ") != asked) {
			t.Errorf("asked again, or exit %d: %s", again, x.log.String())
		}
	}
}
