package execute

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestPolicyByPath: a name that the site allows is the file that PATH has for it,
// and not another one of that name.
func TestPolicyByPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a/tool", "b/tool"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	env := func(name string) (string, bool) { return dir + "/a:/usr/bin:/bin", name == "PATH" }
	for _, c := range []struct{ allowed, program, want string }{
		{"tool", "/usr/bin/env " + dir + "/a/tool", ""}, {dir + "/a/tool", "/usr/bin/env A=b tool", ""},
		{"tool", "/usr/bin/env " + dir + "/b/tool", "this site does not let skills run " + dir + "/b/tool"},
		{"tool", "/usr/bin/env nice " + dir + "/b/tool", "this site does not let skills run " + dir + "/b/tool"},
		{"tool", "/usr/bin/env ./tool", "this site does not let skills run ./tool"},
		{"tool", "/usr/bin/env -C " + dir + " b/tool", "this site does not let skills run b/tool"},
		{"tool", "tool", ""}, {"tool", dir + "/a/tool", ""}, {dir + "/a/tool", "tool", ""},
		{"tool", dir + "/b/tool", "this site does not let skills run " + dir + "/b/tool"},
		{dir + "/b/tool", "tool", "this site does not let skills run " + dir + "/a/tool"},
		{"other", "tool", "this site does not let skills run tool"},
	} {
		s, _ := step.NewCatalogue(Steps(Options{Env: env, Policy: &Policy{Listed: true, Programs: []string{c.allowed, "/usr/bin/env", "nice"}}})).Lookup("exec")
		program, args, _ := line(c.program)
		_, err := s.Do(step.WithCall(t.Context(), step.Call{Workspaces: t.TempDir()}), types.Encode(map[string]any{"program": program, "args": args}))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want+" (")) {
			t.Errorf("%s where %s is allowed: %v", c.program, c.allowed, err)
		}
	}
}
