package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// verdict is how a case ended.
type verdict struct {
	processes int  // that it took
	resolved  bool // a person had to say what became of a write
	requests  []sandbox.Request
}

const maxProcesses = 5

// try lets a release meet a fault and continues with it until it is through. The
// error says which promise was broken.
func (a *arena) try(t testing.TB, c faultCase) (v verdict, err error) {
	if err := a.renew(c.warm); err != nil {
		return v, err
	}
	defer a.end()
	if c.lag > 0 {
		err = a.world.Arm(sandbox.Fault{Kind: sandbox.SearchLag, Seconds: c.lag})
	}
	f := c.fault
	if f.Nth = c.nth; err == nil && f.Kind != "" {
		err = a.world.Arm(f)
	}
	if err != nil {
		return v, err
	}
	args := a.command()
	for v.processes < maxProcesses {
		r := a.run(t, args...)
		v.processes++
		seen := a.view()
		v.requests = seen.Requests
		if err := met(a.world.Faults(), v.processes == 1 && r.code == 0); err != nil {
			return v, err
		}
		run, err := a.judge(r, c, seen)
		if err != nil {
			return v, fmt.Errorf("process %d: %w", v.processes, err)
		}
		if r.code == 0 {
			return v, a.complete(run, c, seen)
		}
		a.calm(c)
		args = []string{"resume", run.Run, "--output", "json"}
		if run.Run == "" {
			args = a.command()
		}
		if run.Reason == "unknown_outcome" && v.processes > 1 {
			if err := a.resolve(t, run); err != nil {
				return v, err
			}
			v.resolved = true
		}
	}
	return v, fmt.Errorf("not through after %d processes", v.processes)
}

// met checks the armed faults against what they did: one that met no request
// proves nothing when the release went through at once.
func met(faults []sandbox.Armed, atOnce bool) error {
	for _, f := range faults {
		if f.Greedy > 0 {
			return errors.New("it took all of an endless answer")
		}
		if atOnce && f.Kind != sandbox.SearchLag && f.Fired == 0 {
			return errors.New("there was no such request")
		}
	}
	return nil
}

// calm takes the faults away, but for the lag of the search.
func (a *arena) calm(c faultCase) {
	a.world.Disarm()
	if c.lag > 0 {
		_ = a.world.Arm(sandbox.Fault{Kind: sandbox.SearchLag, Seconds: c.lag}) // was armed before
	}
}

// judge checks a process that ended against what always holds.
func (a *arena) judge(r result, c faultCase, seen sight) (asJSON, error) {
	var run asJSON
	if err := json.Unmarshal([]byte(r.out), &run); err != nil {
		return run, fmt.Errorf("exit %d, and the result is no JSON: %s\n%s", r.code, r.out, r.log)
	}
	if !slices.Contains([]int{0, 1, 3}, r.code) {
		return run, fmt.Errorf("exit %d\n%s", r.code, r.log)
	}
	if r.code != 0 && (run.Error == nil || run.Error.Code == "" || run.Error.Message == "" || run.Error.Hint == "") && run.Reason != "confirm" {
		return run, fmt.Errorf("exit %d without an error that says what to do: %s", r.code, r.out)
	}
	if run.Error != nil && run.Error.Code == "internal" {
		return run, fmt.Errorf("internal: %s", run.Error.Message)
	}
	got := a.count(seen).above(a.seed)
	if c.fault.Kind == sandbox.Duplicate { // no one can help that Jira files an issue twice
		got.Issues = min(got.Issues, 1)
	}
	if !got.atMostOne() {
		return run, fmt.Errorf("exit %d, and there are %+v\n%s", r.code, got, r.log)
	}
	return run, nil
}

// complete checks a run that is through against what it promised.
func (a *arena) complete(run asJSON, c faultCase, seen sight) error {
	got := a.count(seen).above(a.seed)
	if c.fault.Kind == sandbox.Duplicate {
		got.Issues = min(got.Issues, 1)
	}
	if got != oneOfEach {
		return fmt.Errorf("it says that it is through, and there are %+v", got)
	}
	mr, issue := seen.Gitlab.MergeRequests[0], seen.Jira.Issues[0]
	switch {
	case run.Outputs["jira_key"] != issue.Key:
		return fmt.Errorf("it says %v, the issue is %s", run.Outputs["jira_key"], issue.Key)
	case run.Outputs["mr_url"] != mr.WebURL || issue.RemoteLinks[0].URL != mr.WebURL:
		return fmt.Errorf("it says %v and links %s, the merge request is %s", run.Outputs["mr_url"], issue.RemoteLinks[0].URL, mr.WebURL)
	case !strings.HasPrefix(mr.Title, issue.Key+" - chore(release): release "):
		return fmt.Errorf("the merge request is %q", mr.Title)
	}
	for _, s := range run.Steps {
		if s.State != "done" && s.State != "skipped" && s.ID != "approval" {
			return fmt.Errorf("step %s is %q at the end", s.ID, s.State)
		}
	}
	return nil
}
