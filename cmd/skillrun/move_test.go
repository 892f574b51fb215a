package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

// elsewhere is another machine of the same world: it shares no folder.
func (b *bench) elsewhere() *bench {
	other := *b
	other.home, other.dir = b.t.TempDir(), b.t.TempDir()
	return &other
}

// made are the kinds of writes that came to something in the world.
func (b *bench) made() census {
	b.t.Helper()
	a := &arena{world: b.world}
	return a.count(a.view())
}

// exports exports the newest run, plain, and returns the file.
func (b *bench) exports(args ...string) string {
	b.t.Helper()
	file := filepath.Join(b.dir, "run"+string(rune('a'+len(args)))+".skillrun")
	b.on(append([]string{"export", "last", "--plain", "--out", file}, args...)...).want(b.t, 0, `is exported, and continues where this is imported`)
	return file
}

// TestMoveBeforeTheFirstWrite: a job without a terminal parks and exports; on
// another machine a person imports, approves and resumes. There is one of each,
// and the first machine does not continue.
func TestMoveBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	seed := b.made()
	b.release(b.sha()).want(t, 3, `needs consent`)
	file := b.exports()
	for _, args := range [][]string{{"resume", "last", "--yes"}, {"approve", "last"}, {"reject", "last"}, {"undo", "last", "--yes"}, {"resolve", "last", "jira", "--not-done"}} {
		r := b.on(args...)
		r.want(t, r.code, `was exported by ada at 2026-01-15 22:30:00: it continues where its archive is imported`, `skillrun import FILE`)
		if r.code != 2 && r.code != 1 {
			t.Errorf("%v: exit %d", args, r.code)
		}
	}
	b.release(b.sha(), "--yes").want(t, 2, `it continues where its archive is imported`)
	b.on("runs").want(t, 0, `  exported  `, `continues where its archive is imported; exported by ada`)
	b.on("runs", "last").want(t, 0, `: exported`, `exported by ada`)
	b.on("verify", "last").want(t, 0, `good: run`)
	if b.made() != seed {
		t.Fatal("it wrote")
	}

	c := b.elsewhere()
	c.on("import", file).want(t, 0, `is imported, and continues here`, `skill: release_aa_backend_prod`, `reaches: jira: `, `to continue: skillrun resume \S+ --config \S+ --yes`)
	c.on("import", file).want(t, 2, `this archive was imported here already`)
	c.on("approve", "last", "--digest", c.shown("last")).want(t, 0, `approved by ada`)
	c.on("resume", "last").want(t, 0, `created  mr`)
	if got := b.made().above(seed); got != oneOfEach {
		t.Errorf("there are %+v", got)
	}
	c.on("verify", "last").want(t, 0, `good: run`)
	c.on("import", file).want(t, 2, `this archive was imported here already`)
	c.on("undo", "last", "--yes").want(t, 0, `is undone`)
}

// TestMovedTwice: two machines import one archive, which neither can know. Both
// continue, and there is one of each.
func TestMovedTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	seed := b.made()
	b.configure("confirm: never", "confirm: always")
	b.release(b.sha()).want(t, 3)
	file := b.exports()
	for _, c := range []*bench{b.elsewhere(), b.elsewhere(), b} {
		c.on("import", file).want(t, 0)
		c.on("resume", "last", "--yes").want(t, 0, `mr`)
		if got := b.made().above(seed); got != oneOfEach {
			t.Errorf("there are %+v", got)
		}
	}
}

// asking writes, asks, and writes once more.
const asking = `name: asking
identity: ["'one'"]
steps:
  - {id: first, uses: jira_create_issue, with: {project: AAP, summary: first}}
  - {id: sure, approve: "Sure?", show: "${{ steps.first.key }}"}
  - {id: second, uses: jira_add_comment, with: {issue: "${{ steps.first.key }}", body: hello}}
`

// comments counts the comments of all issues.
func (b *bench) comments() (n int) {
	for _, i := range (&arena{world: b.world}).view().Jira.Issues {
		n += len(i.Comments)
	}
	return n
}

// TestMoveBetweenWrites: behind the first write a run moves, comes back with what
// was done elsewhere, and is done. What was agreed to on one machine counts on no
// other.
func TestMoveBetweenWrites(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	file := b.skill("asking", asking)
	seed, comments := b.made(), b.comments()
	b.on("run", file, "--yes").want(t, 3, `created  first`, `needs an approval`)
	b.on("approve", "last", "--digest", b.shown("last")).want(t, 0) // and moves before anybody hears it
	out := b.exports()

	c := b.elsewhere()
	c.on("import", out).want(t, 0)
	c.on("resume", "last").want(t, 3, `needs an approval`)
	c.on("resume", "last", "--yes").want(t, 3, `needs an approval`)
	c.on("approve", "last", "--digest", c.shown("last")).want(t, 0)
	back := c.exports()

	b.on("import", back).want(t, 0)
	b.on("import", out).want(t, 2, `this archive was imported here already|has continued here`)
	b.on("resume", "last").want(t, 3, `needs an approval`) // ada's word of elsewhere
	b.on("approve", "last", "--digest", b.shown("last")).want(t, 0)
	b.on("resume", "last").want(t, 0, `created  second`)
	c.on("resume", "last").want(t, 2, `it continues where its archive is imported`)
	if got := b.made().above(seed); got != (census{Issues: 1}) || b.comments() != comments+1 {
		t.Errorf("there are %+v, and %d comments", got, b.comments()-comments)
	}
	b.on("runs", "last").want(t, 0, `exported`, `imported`)
}

// TestMoveAsksAgain: consent that was given where a run was is not consent here.
func TestMoveAsksAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	file := b.skill("asking", strings.Replace(asking, "approve: \"Sure?\", show: \"${{ steps.first.key }}\"", `await: {uses: jira_get_issue, with: {issue: "${{ steps.first.key }}"}, until: "result.status == 'Done'"}`, 1))
	b.on("run", file, "--yes").want(t, 0, `created  first`, `parked, waiting`)
	out := b.exports()
	c := b.elsewhere()
	c.on("import", out).want(t, 0)
	comments := b.comments()
	b.must(b.world.CloseIssue("AAP-61250"))
	c.on("resume", "last").want(t, 3, `needs consent`)
	if b.comments() != comments {
		t.Fatal("it wrote without consent")
	}
	c.on("resume", "last", "--yes").want(t, 0, `created  second`)
}

// TestMoveOfAnAppliedPlan: a run that was begun with a plan asks where it comes to,
// instead of being refused for want of an approval that stayed behind.
func TestMoveOfAnAppliedPlan(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	file := b.skill("asking", strings.Replace(asking, "- {id: first", "- {id: before, approve: ok}\n  - {id: first", 1))
	b.on("plan", file, "--out", "plan.json").want(t, 0)
	b.on("apply", "plan.json").want(t, 3, `needs an approval`)
	out := b.exports()
	c := b.elsewhere()
	c.on("import", out).want(t, 0)
	c.on("approve", "last", "--digest", c.shown("last")).want(t, 0)
	c.on("resume", "last").want(t, 3, `needs consent`)
	c.on("resume", "last", "--yes").want(t, 3, `created  first`, `needs an approval`)
}

// TestExportEncrypted: an archive to a key is read with that key and no other, and
// nothing of the run stands in it.
func TestExportEncrypted(t *testing.T) {
	t.Parallel()
	mine, err := age.GenerateX25519Identity()
	other, err2 := age.GenerateX25519Identity()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	b := newBench(t).always()
	b.release(b.sha()).want(t, 3)
	c := b.elsewhere()
	for name, id := range map[string]*age.X25519Identity{"mine": mine, "other": other} {
		b.must(os.WriteFile(filepath.Join(c.dir, name), []byte(id.String()+"\n"), 0o600))
	}
	to := mine.Recipient().String()
	r := b.on("export", "last", "--to", to, "--out", "-")
	r.want(t, 0, `continues where this is imported`, `for: `+to)
	for _, never := range []string{"journal", "release_aa_backend_prod", b.world.Fixtures().ReleaseSHA, "commit_sha"} { // nothing short: chance writes that
		if strings.Contains(r.out, never) {
			t.Errorf("%s can be read in it", never)
		}
	}
	digest := regexp.MustCompile(`digest: (\S+)`).FindStringSubmatch(r.log)[1]
	again := b.on("export", "last", "--to", to, "--out", "-")
	if !strings.Contains(again.log, "digest: "+digest) {
		t.Errorf("said again, it is another archive:\n%s", again.log)
	}
	b.on("export", "last", "--to", other.Recipient().String()).want(t, 2, `was exported to `+to, `--instead`)
	b.on("export", "last", "--plain").want(t, 2, `was exported to `+to, `--instead`)

	c.stdin = r.out
	c.on("import", "-").want(t, 2, `the archive is encrypted`, `--identity FILE`)
	c.on("import", "-", "--identity", "other").want(t, 2, `the archive is not for this key`)
	c.on("import", "-", "--identity", "mine", "--digest", strings.Repeat("0", 64)).want(t, 2, `this archive has the digest `+digest)
	c.on("import", "-", "--identity", "other", "--identity", "mine", "--digest", digest).want(t, 0, `is imported`)

	b.on("export", "last", "--to", other.Recipient().String(), "--instead", "--out", filepath.Join(c.dir, "second")).want(t, 0)
	c.on("import", "second", "--identity", "other").want(t, 2, `it was resumed in two places`)
}

// TestExportRefusals: what is not exported, and what export is not told.
func TestExportRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.on("export", "last", "--plain").want(t, 2, `there is no run last`)
	b.release(b.sha(), "--yes").want(t, 0)
	b.on("export", "last").want(t, 2, `export needs one of --to and --plain`)
	b.on("export", "last", "--plain", "--to", "x").want(t, 2, `export needs one of --to and --plain`)
	b.on("export", "last", "--to", "age1x").want(t, 2, `--to "age1x" is not a public key`, `ssh-ed25519`)
	id, _ := age.GenerateX25519Identity()
	if r := b.on("export", "last", "--to", id.String()); r.code != 2 || strings.Contains(r.out+r.log, id.String()[20:]) {
		t.Errorf("exit %d, or it shows the key:\n%s", r.code, r.log)
	}
	b.on("export", "last", "--plain", "--out", "-", "--output", "json").want(t, 2, `both write to stdout`)
	b.must(os.WriteFile(filepath.Join(b.dir, "there"), nil, 0o600))
	b.on("export", "last", "--plain", "--out", "there").want(t, 2, `there exists already`)
	b.on("export", "last", "--plain", "--out", "no/folder").want(t, 1, `is exported, but its archive was not written`, `export it again with another --out`)
	b.on("export", "last", "--plain", "--out", "now", "--output", "json").want(t, 0, `"state": "exported"`, `"digest": "[0-9a-f]{64}"`, `"import": "skillrun import now --digest`)
	b.on("cancel", "last").want(t, 0, `is cancelled`)
	b.on("export", "last", "--plain", "--out", "more").want(t, 2, `is cancelled; only a parked run can be exported`, `to do its work again, start its skill there`)
	b.on("import", "now").want(t, 2, `has continued here since it was exported: it is cancelled`)
	b.on("undo", "last", "--yes").want(t, 1, `continues where its archive is imported`)
	b.release(b.sha(), "--yes").want(t, 0, `adopted  mr`)
}

// TestExportHoldsNoCredential: a run with what is a credential here, and was none
// when it began, is exported to a key only.
func TestExportHoldsNoCredential(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	const word = "c0rrect-h0rse-battery-staple"
	file := b.skill("leak", "name: leak\ninputs: {word: {type: string, required: true, description: x}}\nsteps:\n  - {id: ok, approve: \"${{ inputs.word }}\"}\n")
	b.on("run", file, "--input", "word="+word).want(t, 3)
	b.env["LATE"] = word
	b.configure("services:\n", "services:\n  late: {kind: http, url: \"http://127.0.0.1:1\", token: env:LATE}\n")
	b.on("export", "last", "--plain").want(t, 2, `the run's journal contains a credential of this site`, `--to KEY`)
	b.on("runs").want(t, 0, `parked, needs approval`)
}

// TestImportRefusals: another site's run, another work's, and files that are no
// archive.
func TestImportRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	b.release(b.sha()).want(t, 3)
	c := b.elsewhere()
	c.release(c.sha()).want(t, 3)
	file := b.exports()
	c.on("import", file).want(t, 2, `run \S+ of the same work is not finished here`)
	c.on("cancel", "last").want(t, 0)
	text, err := os.ReadFile(b.conf)
	b.must(err)
	c.conf = filepath.Join(filepath.Dir(b.conf), "site.yaml")
	b.must(os.WriteFile(c.conf, []byte(strings.Replace(string(text), "site: ", "site: another-", 1)), 0o600))
	c.on("import", file).want(t, 2, `is of the site "sandbox-\S+", and this is "another-sandbox-`)
	c.conf = b.conf
	data, err := os.ReadFile(file)
	b.must(err)
	for name, bad := range map[string][]byte{
		"empty": nil, "cut": data[:len(data)-600], "more": append(slices.Clone(data), "rubbish"...), "half": data[:len(data)/2], "text": []byte("hello"),
		"age": []byte("age-encryption.org/v1\nrubbish"), "flipped": func() []byte { x := slices.Clone(data); x[3000] ^= 1; return x }(),
	} {
		c.stdin = string(bad)
		c.on("import", "-", "--identity", "none").want(t, 2, `archive is damaged|does not decrypt|cannot be read`)
		c.on("import", "-").want(t, 2, `archive is damaged|archive is encrypted`)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	c.on("import", "/dev/zero").want(t, 2, `not a regular file`)
	c.on("import").want(t, 2, `import needs a file`)
	c.on("import", file, "--output", "json").want(t, 0, `"state": "imported"`, `"next": \{\s*"resume": "skillrun resume \S+ --config \S+ --yes`)
}
