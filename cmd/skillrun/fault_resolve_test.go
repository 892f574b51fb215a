package main

import (
	"fmt"
	"strings"
	"testing"
)

// resolve looks into the world as a person would, and says what is there.
func (a *arena) resolve(t testing.TB, run asJSON) error {
	ref := a.reference(run.Error.Step)
	args := []string{"resolve", run.Run, run.Error.Step, "--not-done"}
	if ref != "" {
		args = []string{"resolve", run.Run, run.Error.Step, "--found", ref}
	}
	if r := a.run(t, args...); r.code != 0 {
		return fmt.Errorf("%s: exit %d\n%s", strings.Join(args, " "), r.code, r.log)
	}
	return nil
}

// reference is what a person finds that a step made, "" when there is nothing.
func (a *arena) reference(step string) string {
	s := a.view()
	switch {
	case step == "jira" && len(s.Jira.Issues) > 0:
		return s.Jira.Issues[0].Key
	case step == "push":
		for branch, sha := range s.Git[forkProject].Branches {
			if strings.HasPrefix(branch, "release-") {
				return sha
			}
		}
	case step == "mr" && len(s.Gitlab.MergeRequests) > 0:
		return fmt.Sprintf("!%d", s.Gitlab.MergeRequests[0].IID)
	case step == "link" && len(s.Jira.Issues) > 0 && len(s.Jira.Issues[0].RemoteLinks) > 0:
		return s.Jira.Issues[0].RemoteLinks[0].URL
	}
	return ""
}
