package git_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	r.hook("service/app-interface", `yes 'the same again' | head -c 100000 >&2; exit 1`)
	if _, err := r.do("git_push", ws()); types.CodeOf(err) != types.Forbidden || len(fmt.Sprint(err)) > 5<<10 {
		t.Errorf("a talkative hook: %q, %d bytes", types.CodeOf(err), len(fmt.Sprint(err)))
	}
	r.hook("service/app-interface", `echo welcome >&2; exit 0`)
	r.must("git_push", ws())
}
