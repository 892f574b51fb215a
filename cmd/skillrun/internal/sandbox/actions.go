package sandbox

import (
	"fmt"
	"strings"

	"github.com/skillrun/skillrun/steps/git/gittest"
)

// What people do between two runs, as methods. A script does the same over the
// services' own APIs with the token of alice, who is no release bot: close,
// reopen, approve and merge a merge request, delete a branch and write a file
// to one at /gitlab; move an issue at /jira, or push to /git, with the tokens
// of those.
const alice = "alice"

// CloseMR closes a merge request.
func (w *World) CloseMR(iid int) error {
	return w.persist(w.gitlab.Close(deployProject, iid, alice))
}

// ReopenMR opens it again.
func (w *World) ReopenMR(iid int) error {
	return w.persist(w.gitlab.Reopen(deployProject, iid, alice))
}

// ApproveMR approves it.
func (w *World) ApproveMR(iid int) error {
	return w.persist(w.gitlab.Approve(deployProject, iid, alice))
}

// MergeMR merges it, whatever the approvals say: the target branch gets the
// change.
func (w *World) MergeMR(iid int) error {
	return w.persist(w.gitlab.Merge(deployProject, iid, alice))
}

// CloseIssue moves an issue to Done.
func (w *World) CloseIssue(key string) error {
	return w.persist(w.jira.Transition(key, "Done"))
}

// ReopenIssue moves it back to To Do.
func (w *World) ReopenIssue(key string) error {
	return w.persist(w.jira.Transition(key, "To Do"))
}

// DeleteBranch deletes a branch of a project.
func (w *World) DeleteBranch(project, name string) error {
	return w.persist(w.git.SetBranch(project, name, ""))
}

// MoveBranch puts a commit of a person on top of a branch.
func (w *World) MoveBranch(project, name string) error {
	_, err := w.git.Put(gittest.Edit{
		Repository: project, Branch: name, Path: "notes/by-alice.md", Text: "One more thing.\n",
		Author: alice, When: w.o.Now(), Message: "Add a note\n",
	})
	return w.persist(err)
}

// MoveProduction lets production run another commit, by a commit to the
// default branch of the GitOps repository that changes the main target's ref
// alone.
func (w *World) MoveProduction(sha string) error {
	master := w.git.Branches(deployProject)["master"]
	text, err := w.git.ReadFile(deployProject, master, deployFile)
	if err != nil {
		return err
	}
	if len(sha) != 40 {
		return fmt.Errorf("%q is not a full SHA", sha)
	}
	at := strings.Index(text, "tower-analytics-prod.yml\n    ref: ")
	if at < 0 {
		return fmt.Errorf("there is no production target in %s", deployFile)
	}
	ref := at + len("tower-analytics-prod.yml\n    ref: ")
	_, err = w.git.Put(gittest.Edit{
		Repository: deployProject, Branch: "master", Path: deployFile, Text: text[:ref] + sha + text[ref+40:],
		Author: alice, When: w.o.Now(), Message: "Move production\n",
	})
	return w.persist(err)
}

// persist keeps what a person did.
func (w *World) persist(err error) error {
	if err == nil {
		w.save()
	}
	return err
}

// ReadFile returns a file at the tip of a branch.
func (w *World) ReadFile(project, branch, path string) (string, error) {
	return w.git.ReadFile(project, w.git.Branches(project)[branch], path)
}

// Ahead counts the commits of a project, from one on, that its seeded branches
// do not have.
func (w *World) Ahead(project, sha string) int {
	return w.git.Ahead(project, sha, w.opened.branches[project])
}

func (w *World) remember() memento {
	m := memento{w.jira.Snapshot(), w.gitlab.Snapshot(), w.slack.Snapshot(), map[string]map[string]string{}, map[string]map[string]string{}, len(w.requests)}
	for _, name := range []string{backendProject, deployProject, forkProject} {
		m.branches[name], m.tags[name] = w.git.Branches(name), w.git.Tags(name)
	}
	return m
}

// Rewind puts the world back to what it was when it was opened, without faults.
// Tests that run a thousand times in a new world are quick by it.
func (w *World) Rewind() error {
	w.Disarm()
	m := w.opened
	w.mu.Lock()
	w.requests = w.requests[:min(m.requests, len(w.requests))]
	w.mu.Unlock()
	if err := w.jira.Restore(m.jira); err != nil {
		return err
	}
	if err := w.gitlab.Restore(m.gitlab); err != nil {
		return err
	}
	if err := w.slack.Restore(m.slack); err != nil {
		return err
	}
	for name, was := range m.branches {
		err := rewind(was, w.git.Branches(name), func(branch, sha string) error { return w.git.SetBranch(name, branch, sha) })
		if err == nil {
			err = rewind(m.tags[name], w.git.Tags(name), func(tag, sha string) error { return w.git.SetTag(name, tag, sha) })
		}
		if err != nil {
			return err
		}
	}
	return w.persist(nil)
}

// rewind puts references back to where they were; one that is nowhere is deleted.
func rewind(was, is map[string]string, set func(name, sha string) error) error {
	for name := range is {
		if was[name] == "" {
			if err := set(name, ""); err != nil {
				return err
			}
		}
	}
	for name, sha := range was {
		if is[name] != sha {
			if err := set(name, sha); err != nil {
				return err
			}
		}
	}
	return nil
}
