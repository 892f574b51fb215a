package git_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// hook lays a pre-receive hook into a served repository.
func (r *remote) hook(repo, script string) {
	r.t.Helper()
	path := filepath.Join(r.dir(repo), "hooks", "pre-receive")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		r.t.Fatal(err)
	}
}

// TestRealHook is refused by a hook of git's own: what the hook says to people
// reaches them, and cannot do anything to their terminal.
func TestRealHook(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t))
	r.hook("service/app-interface", `
printf 'no releases\n\033[2J\033]0;x\007\r\n  on Friday  \n' >&2
exit 1
`)
	r.prepare("")
	_, err := r.do("git_push", ws())
	const want = "the server refused it: pre-receive hook declined: no releases; [2J]0;x; on Friday (a hook,"
	if types.CodeOf(err) != types.Forbidden || !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("%q %v, want %q", types.CodeOf(err), err, want)
	}
	if _, there := r.Branches("service/app-interface")["release-1"]; there {
		t.Error("the branch is there all the same")
	}
	if d := cmp.Diff([]string{"no releases", "[2J]0;x", "on Friday"}, types.AsError(err).Details["remote"]); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	// Push rules of real hosts speak in many lines: all of them are shown.
	r.hook("service/app-interface", `for i in $(seq 100); do echo "GitLab: rule $i"; done >&2; exit 1`)
	_, err = r.do("git_push", ws())
	if text := fmt.Sprint(err); !strings.Contains(text, "declined: GitLab: rule 1; GitLab: rule 2;") || !strings.Contains(text, "; GitLab: rule 100 (") {
		t.Errorf("not all is shown: %s", text)
	}
	r.hook("service/app-interface", `yes 'the same again' | head -c 100000 >&2; exit 1`)
	_, err = r.do("git_push", ws())
	if text := fmt.Sprint(err); types.CodeOf(err) != types.Forbidden || len(text) > 20<<10 || !strings.Contains(text, "… and 83616 bytes more") {
		t.Errorf("a talkative hook: %q, %d bytes", types.CodeOf(err), len(text))
	}
	r.hook("service/app-interface", `echo welcome >&2; exit 0`)
	r.must("git_push", ws())
}
