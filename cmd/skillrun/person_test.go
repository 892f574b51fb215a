package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// always lets the site's policy ask a person before the first write.
func (b *bench) always() *bench {
	b.configure("confirm: never", "confirm: always")
	return b
}

func (b *bench) on(args ...string) result {
	b.t.Helper()
	return b.run(append(args, "--config", b.conf)...)
}

// shown is the digest of what approve shows without a terminal.
func (b *bench) shown(run string) string {
	b.t.Helper()
	r := b.on("approve", run)
	r.want(b.t, 3, `cannot prompt here; to approve this: skillrun approve .* --digest [0-9a-f]+`)
	m := regexp.MustCompile(`--digest ([0-9a-f]+)`).FindStringSubmatch(r.log)
	if m == nil {
		b.t.Fatalf("no digest in\n%s", r.log)
	}
	return m[1]
}

// TestApprove: a run that asks parks; approved, it continues, and who agreed to
// what is written down. When the world moved in between it asks again.
func TestApprove(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	b.release(b.sha()).want(t, 3, `needs consent`, `approve: skillrun approve `, `4 writes`)
	b.on("runs").want(t, 0, `parked, needs consent`, `waits for consent before the first write, Create Jira issue`)
	b.on("runs", "last").want(t, 0, `(?m)^  waiting +\S+ +Create Jira issue +for consent$`)
	digest := b.shown("last")
	b.on("approve", "last", "--digest", "0000").want(t, 3, `what would be written now has the digest `+digest)
	b.on("approve", "last", "--digest", digest).want(t, 0, `approved by \S+ \(user of this machine\): `+digest, `to continue: skillrun resume`)
	b.on("runs", "last").want(t, 0, `approved .*\(user of this machine\): plan `+digest)

	b.must(b.world.MoveProduction(b.world.Fixtures().OlderSHA)) // other commits are in the release now
	b.on("resume", "last").want(t, 3, `what was approved is not what would be written now`)
	if w := b.state().writes(); len(w) != 0 {
		t.Fatalf("it wrote: %+v", w)
	}
	next := b.shown("last")
	if next == digest {
		t.Error("another plan has the same digest")
	}
	b.on("approve", "last", "--digest", next).want(t, 0)
	b.on("resume", "last").want(t, 0, `created  jira`, `created  mr`)
	b.on("approve", "last").want(t, 2, `has nothing to approve`)
}

// TestYesIsWrittenDown: whoever starts a run with --yes is who agreed.
func TestYesIsWrittenDown(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	b.release(b.sha(), "--yes").want(t, 0)
	b.on("runs", "last").want(t, 0, `approved .*\(--yes\)`)
}

// TestRejectAndCancel: both end a run for good; its command begins again.
func TestRejectAndCancel(t *testing.T) {
	t.Parallel()
	for verb, state := range map[string]string{"reject": "rejected", "cancel": "cancelled"} {
		b := newBench(t).always()
		b.release(b.sha()).want(t, 3)
		b.on(verb, "last", "--reason", "not today").want(t, 0, `is `+state)
		b.on("runs").want(t, 0, state)
		shown := b.on("runs", "last")
		shown.want(t, 0, state+` .*\(not today\)`)
		if strings.Contains(shown.out, "to continue: ") {
			t.Errorf("%s, and yet:\n%s", state, shown.out)
		}
		b.on("resume", "last").want(t, 2, `was `+state, `start a new run: skillrun release_aa_backend_prod`)
		b.on(verb, "last").want(t, 2, `was `+state)
		if w := b.state().writes(); len(w) != 0 {
			t.Errorf("it wrote: %+v", w)
		}
		b.release(b.sha(), "--yes").want(t, 0, `created  mr`)
	}
}

// TestUndo takes a release back, the latest effect first, and only what is
// ours; a second time there is nothing left.
func TestUndo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0, `undo: skillrun undo `)
	r := b.on("undo", "last")
	r.want(t, 3, `cannot prompt here; to undo this: skillrun undo .* --yes`)
	order := []string{"link: ", "mr: ", "push: ", "jira: "}
	rest := r.out
	for _, name := range order {
		_, after, ok := strings.Cut(rest, name)
		if !ok {
			t.Fatalf("want %q in this order in\n%s", order, r.out)
		}
		rest = after
	}
	before := len(b.state().writes())
	r = b.on("undo", "last", "--yes")
	r.want(t, 0, `is undone`)
	for _, name := range order { // each is told once: as what was done
		if n := strings.Count(r.out, name); n != 1 || !strings.Contains(r.out, "undone   "+name) {
			t.Errorf("%q is told %d times in\n%s", name, n, r.out)
		}
	}
	s := b.state()
	if len(s.Jira.Issues[0].RemoteLinks) != 0 || s.Gitlab.MergeRequests[0].State != "closed" || s.Git[forkProject].Branches[b.branch()] != "" {
		t.Errorf("links %v, merge request %s, branches %v", s.Jira.Issues[0].RemoteLinks, s.Gitlab.MergeRequests[0].State, s.Git[forkProject].Branches)
	}
	if after := len(s.writes()); after != before+4 {
		t.Errorf("%d writes undid four effects", after-before)
	}
	b.on("runs", "last").want(t, 0, `: undone`)
	b.on("undo", "last", "--yes").want(t, 0, `nothing to undo`)
	b.on("resume", "last").want(t, 2, `was undone`)
	b.beginsAnew()
}

// beginsAnew: what an undo ended is no obstacle, and the new work is adopted by the
// next run, here and where the first is not known.
func (b *bench) beginsAnew() {
	b.t.Helper()
	before := len(b.state().writes())
	b.release(b.sha()).want(b.t, 0, `created  jira: .*AAP-61251`, `created  push`, `created  mr`, `created  link`)
	b.forget()
	b.release(b.sha()).want(b.t, 0, `adopted  jira: .*AAP-61251`, `adopted  mr`, `adopted  link`)
	if n := len(b.state().writes()) - before; n != 4 {
		b.t.Errorf("%d writes made four effects", n)
	}
}

// TestUndoAfterMerge: every effect is looked at before the first is taken back.
// When one cannot be, nothing is, and the run stays what it was; told to, undo
// takes back the rest, and the run is partly undone until undo has continued.
func TestUndoAfterMerge(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0)
	b.must(b.world.ApproveMR(3))
	b.on("resume", "last").want(t, 0, `done: run`)
	b.must(b.world.MergeMR(3))
	before := len(b.state().writes())
	b.on("undo", "last", "--yes").want(t, 1, `mr: cannot close merge request .*merged .*\[conflict\]`, `link: remove the link`, `1 of the effects cannot be undone, so none is`, `--partly`)
	b.on("runs", "last").want(t, 0, `: done`)
	b.on("verify", "last").want(t, 0, `good: run`)
	if n := len(b.state().writes()) - before; n != 0 {
		t.Fatalf("it wrote %d times", n)
	}
	b.on("undo", "last", "--partly").want(t, 3, `cannot prompt here; to undo this: skillrun undo .* --partly --yes`)
	b.on("undo", "last", "--partly", "--yes").want(t, 1, `undone   link`, `undone   push`, `undone   jira`, `what is undone stays undone; to continue: skillrun undo`)
	s := b.state()
	if len(s.Jira.Issues[0].RemoteLinks) != 0 || s.Gitlab.MergeRequests[0].State != "merged" || s.Git[forkProject].Branches[b.branch()] != "" {
		t.Errorf("links %v, merge request %s", s.Jira.Issues[0].RemoteLinks, s.Gitlab.MergeRequests[0].State)
	}
	b.on("runs").want(t, 0, `partly undone`, `to continue: skillrun undo `)
	b.on("runs", "last").want(t, 0, `: partly undone`, `link +undone`, `to continue: skillrun undo `)
	b.on("runs", "--state", "partly_undone", "--output", "json").want(t, 0, `"state": "partly_undone"`, `"next": \{\s*"undo": "skillrun undo `)
	b.on("verify", "last").want(t, 0, `good: run`)
	for _, verb := range [][]string{{"resume", "last"}, {"approve", "last"}, {"cancel", "last"}} {
		b.on(verb...).want(t, 2, `is partly undone`, `continue undoing it: skillrun undo \S+ --config `)
	}
	b.release(b.sha()).want(t, 2, `is partly undone`, `continue undoing it: skillrun undo \S+ --config `)
	b.on("undo", "last", "--yes").want(t, 1, `link: already undone`, `nothing can be undone`)
	b.on("runs", "prune", "--older-than", "0s", "--keep", "0", "--yes").want(t, 0, `0 runs`)
}

// TestUndoOfTheSameWork: what a run adopted belongs to the run that made it. Undoing
// the second leaves it and says so; told to, it takes it back, and undoing the first
// then finds nothing to do, and its command begins again all the same.
func TestUndoOfTheSameWork(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0)
	first := b.on("runs", "--output", "json")
	id := regexp.MustCompile(`"id": "([^"]+)"`).FindStringSubmatch(first.out)[1]
	b.must(b.world.ApproveMR(3))
	b.on("resume", id).want(t, 0)
	again := b.release(b.sha())
	again.want(t, 0, `adopted  mr`)
	second := regexp.MustCompile(`done: run (\S+)`).FindStringSubmatch(again.log)[1] // they began in the same second, so "last" is either
	before := len(b.state().writes())
	b.on("undo", second, "--yes").want(t, 0, `jira: stays; run `+id+` made it; to undo it: skillrun undo `+id+` --config `, `mr: stays; `, `nothing to undo`)
	b.on("runs", second).want(t, 0, `: done`)
	if n := len(b.state().writes()) - before; n != 0 {
		t.Errorf("what the first run made was written to %d times", n)
	}
	b.on("undo", second, "--adopted", "--yes").want(t, 0, `jira: close issue \S+ \(run `+id+` made it\)`, `is undone`)
	before = len(b.state().writes())
	b.on("undo", id, "--yes").want(t, 0, `is undone`)
	if n := len(b.state().writes()) - before; n != 0 {
		t.Errorf("the second undo wrote %d times", n)
	}
	b.beginsAnew()
}

// TestUndoLeavesADoneRun: the same work again fails behind the issue that a done run
// made. Undoing the failed run leaves that issue, here and where nothing is known of the
// done run.
func TestUndoLeavesADoneRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	file := b.skill("again", `name: again
description: Fails behind its issue
identity: [inputs.day]
inputs:
  day: {type: string, default: monday, description: What it is for}
  ok: {type: boolean, default: true, description: Whether there is something to commit}
steps:
  - {id: jira, uses: jira_create_issue, with: {project: AAP, type: Task, summary: "Release ${{ inputs.day }}"}}
  - {id: commit, assert: inputs.ok, code: invalid, message: nothing to commit}
`)
	b.run("run", file, "--config", b.conf).want(t, 0, `created  jira`)
	for _, why := range []string{`run \S+ made it; to undo it: skillrun undo \S+ --config `, `another run of the same work made it; to undo it too: skillrun undo \S+ --config \S+ --adopted`} {
		r := b.run("run", file, "--config", b.conf, "--input", "ok=false")
		r.want(t, 1, `adopted  jira`, `nothing to commit`)
		if strings.Contains(r.log, "undo: ") {
			t.Errorf("it offers to undo what it did not make:\n%s", r.log)
		}
		id := regexp.MustCompile(`failed: run (\S+)`).FindStringSubmatch(r.log)[1]
		before := len(b.state().writes())
		b.on("undo", id, "--yes").want(t, 0, `jira: stays; `+why, `nothing to undo`)
		if n := len(b.state().writes()) - before; n != 0 {
			t.Errorf("the issue of the done run was written to %d times", n)
		}
		b.forget()
	}
}

// TestVerifyAll: a line for each damaged run and for no other, whatever became of
// it: a flipped bit, a lost output, a journal that is gone.
func TestVerifyAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.on("verify", "--all").want(t, 0, `^0 runs verified, 0 damaged`)
	b.skill("small", "name: small\nsteps: [{id: a, set: {x: 1}}]\n")
	var journals []string
	for range 4 {
		journals = append(journals, b.on("run", "./small.yaml", "--output", "json").json(t).Journal)
	}
	b.on("verify", "--all").want(t, 0, `^4 runs verified, 0 damaged`)
	flip(t, journals[1]+"/journal.jsonl")
	b.must(os.Remove(journals[2] + "/journal.jsonl"))
	r := b.on("verify", "--all")
	r.want(t, 1, `damaged: run `+filepath.Base(journals[1])+`: the journal is damaged at line `,
		`damaged: run `+filepath.Base(journals[2])+`: `, `4 runs verified, 2 damaged`)
	if n := strings.Count(r.out, "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, r.out)
	}
	b.on("verify", "--all", "--output", "json").want(t, 1, `"verified": 4`, `"id": "`+filepath.Base(journals[1])+`"`)
	b.on("verify", "--all", "last").want(t, 2, `"last" is an unexpected argument`)
	b.on("verify").want(t, 2, `verify needs a run, or --all`)
}

// TestVerify: a flipped bit is found, whoever asks.
func TestVerify(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.release(b.sha(), "--output json").json(t)
	b.on("verify", "last").want(t, 0, `good: run `+r.Run, `head: [0-9a-f]{32}`)
	flip(t, r.Journal+"/journal.jsonl")
	b.on("verify", "last").want(t, 1, `damaged: run `, `wrong: `)
	b.on("resume", "last").want(t, 2, `damaged`)
	b.on("runs").want(t, 0, `damaged`)
	b.on("runs", "prune", "--older-than", "0s", "--keep", "0", "--yes").want(t, 0, `0 runs`)
}

// TestPrune removes what is finished and old, when told to.
func TestPrune(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	b.release(b.sha()).want(t, 3)
	b.on("cancel", "last").want(t, 0)
	b.on("runs", "prune", "--older-than", "0s", "--keep", "0").want(t, 0, `1 runs, \d+ KiB would be removed; --yes`)
	b.on("runs", "prune", "--older-than", "1d", "--keep", "0", "--yes").want(t, 0, `0 runs`)
	b.on("runs", "prune", "--older-than", "0s", "--keep", "0", "--yes").want(t, 0, `1 runs, \d+ KiB removed`)
	b.on("runs").want(t, 0, `^this site has no runs`)
	b.on("runs", "prune", "--older-than", "soon").want(t, 2, `not a duration`)
}

// flip changes one bit in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
