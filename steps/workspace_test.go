package steps

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWorkspaceArgumentsAreDeclared: every argument that takes the name of a
// workspace says so, whatever it is called, or a run that is resumed would not
// make it first. Of the names that git_checkout and its kin give, that is told by
// the pattern.
func TestWorkspaceArgumentsAreDeclared(t *testing.T) {
	t.Parallel()
	all, err := All(load(t, "site: t\n", nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const pattern = "^[a-z0-9][a-z0-9._-]{0,63}$"
	var made, marked []string
	for _, name := range all.Names() {
		s, _ := all.Lookup(name)
		for _, f := range s.In.Fields {
			names := f.Type.Pattern == pattern
			if marked := f.Workspace || f.Makes; names != marked {
				t.Errorf("%s.%s: names a workspace %t, is marked %t", name, f.Name, names, marked)
			}
			if f.Makes {
				made = append(made, name+"."+f.Name)
			}
			if f.Workspace {
				marked = append(marked, name+"."+f.Name)
			}
		}
	}
	want := []string{
		"exec.dir", "exec_read.dir", "file_exists.workspace", "file_glob.workspace", "file_read.workspace", "git_branch_create.workspace", "git_branch_update.workspace",
		"git_commit.workspace", "git_push.workspace", "workspace_write.workspace", "yaml_get.workspace", "yaml_set.workspace",
	}
	if diff := cmp.Diff(want, marked); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"git_checkout.name", "git_cherry_pick.name", "git_rebase.name"}, made); diff != "" {
		t.Error(diff)
	}
}
