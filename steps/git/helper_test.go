package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestCredentialHelper takes the credential that the user's own configuration
// gives for the host; a repository that happens to be around gives none. It
// changes the environment, so it is not parallel.
func TestCredentialHelper(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	r := newRemote(t)
	r.service.User, r.service.Token, r.service.Helper = "", types.Secret{}, true
	r.connect()
	helper := func(path, password string) {
		t.Helper()
		r.write(path, "[credential]\n\thelper = \"!f() { cat >>"+path+".asked; echo username=bot; echo password="+password+"; }; f\"\n")
	}
	around := t.TempDir()
	if out, err := exec.Command("git", "init", "-q", around).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	helper(filepath.Join(around, ".git", "config"), "wrong")
	own := filepath.Join(t.TempDir(), "config")
	r.write(own, "")
	t.Setenv("TMPDIR", around)
	t.Setenv("GIT_CONFIG_GLOBAL", own)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	r.fails("git_branch_list", map[string]any{"repo": r.url}, types.Auth, "git's credential helper has nothing for 127.0.0.1")
	helper(own, "wrong")
	r.prepare("")
	r.fails("git_push", ws(), types.Forbidden, "the credential lacks permission")
	helper(own, "hunter22")
	r.must("git_push", ws())
	r.service.User = "deployer"
	r.connect()
	r.must("git_branch_list", map[string]any{"repo": r.url})
	if asked, _ := os.ReadFile(own + ".asked"); !strings.Contains(string(asked), "\nusername=deployer\n") {
		t.Errorf("the helper was not asked for the user: %s", asked)
	}
	if _, err := os.Stat(filepath.Join(around, ".git", "config.asked")); err == nil {
		t.Error("the helper of a repository that is around was asked")
	}
}
