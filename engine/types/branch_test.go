package types_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// branchNames are names for branches, of which git takes some.
var branchNames = []string{
	"main", "release-2026-01-15-0a1b2c", "feat/a+b", "fix/#12", "dependabot/npm/@types/node", "a@b", "@", "a@", "@a", "ü/ä", "日本",
	"+x", "#x", "x{", "{x}", "a}b", "refs/heads/x", "head", "HEAD/x", "x/HEAD", "a./b", "a/b.", "a.", ".", "..", "a..b", "a...b", "a/..b", "a/.b", ".a",
	"a.lock", "a.lock/b", "a.lockx", "a.LOCK", ".lock", "lock", "a/b.lock", "-", "-x", "--upload-pack=x", "a/-x", "a-", "@{", "a@{b", "@{-1}", "a@b{", "HEAD",
	"a b", "a\tb", "a\nb", "a\x7fb", "a\x01b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a]b", `a\b`, "", "/", "/a", "a/", "a//b",
	"a'b", `a"b`, "a$b", "a;b", "a&b", "a|b", "a<b>", "a(b)", "a!b", "a%b", "a=b", "a,b", "_x", "\u200b", "a\u00a0b", "a\u0085b",
	strings.Repeat("x", 250), strings.Repeat("x/", 200) + "x",
}

// TestBranchNamesAsGit checks the names that are taken against git's own check.
func TestBranchNamesAsGit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	for _, name := range branchNames {
		if got, want := types.IsBranch(name), gitTakes(t, name); got != want {
			t.Errorf("%q: %v, git says %v", name, got, want)
		}
	}
}

// gitTakes asks git, outside of a repository, where @{-1} is no branch.
func gitTakes(t *testing.T, name string) bool {
	t.Helper()
	cmd := exec.Command("git", "check-ref-format", "--branch", name)
	cmd.Dir = t.TempDir()
	return cmd.Run() == nil
}

// FuzzBranchNames holds what can be told without git, which takes most names.
func FuzzBranchNames(f *testing.F) {
	for _, name := range branchNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !types.IsBranch(name) {
			return
		}
		if strings.HasPrefix(name, "-") || strings.ContainsAny(name, "\x00\n\r\t ~^:?*[\\\x7f") || strings.Contains("/"+name+"/", "/../") {
			t.Errorf("%q is taken for a branch", name)
		}
	})
}
