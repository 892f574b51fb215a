package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
	"github.com/skillrun/skillrun/skills"
	"github.com/skillrun/skillrun/steps"
)

// mutants is a process that gives mutated files to the verbs that read them, in
// process: a panic in any goroutine, a stack that overflows and memory that is
// used up end it, and whoever started it knows at which case. A line of stdout is
// a [trial].
//
//	mutants CORPUS CONFIGURATION FROM STEP END
func mutants() {
	corpus, conf := os.Args[1], os.Args[2]
	var n [3]int
	for i, arg := range os.Args[3:6] {
		n[i], _ = strconv.Atoi(arg)
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	w := &mutating{corpus: corpus, conf: conf, dir: dir, asMade: map[string]string{}, out: json.NewEncoder(os.Stdout)}
	for c := n[0]; c < n[2]; c += n[1] {
		if err := w.one(c); err != nil {
			panic(err)
		}
	}
}

// trial is what became of a mutated file. It is said once before the file is
// tried, without a result, so that what ends the process is known.
type trial struct {
	Case     int
	File     string // in the corpus
	How      string // it was mutated
	Mutant   []byte `json:",omitempty"` // before it is tried
	Tried    bool
	Took     time.Duration
	Peak     int64 // of the process so far, in KiB
	Accepted bool
	Wrong    string
}

type mutating struct {
	corpus, conf, dir string
	asMade            map[string]string // what a verb says of a file that was not mutated
	out               *json.Encoder
}

// one tries one file.
func (w *mutating) one(n int) error {
	r := mathrand.New(mathrand.NewPCG(sweepSeed, uint64(n)))
	kind := pick(r, []string{"skill", "skill", "skill", "config", "plan", "journal", "journal"})
	samples, err := filepath.Glob(filepath.Join(w.corpus, kind, "*"))
	if err != nil || len(samples) == 0 {
		return fmt.Errorf("no sample of a %s: %w", kind, err)
	}
	sample := pick(r, samples)
	m, err := w.mutant(r, kind, sample)
	if err != nil {
		return err
	}
	v := trial{Case: n, File: strings.TrimPrefix(m.file, w.corpus+"/"), How: m.how}
	v.Mutant = m.text
	if err := w.out.Encode(v); err != nil {
		return err
	}
	v.Mutant, v.Tried = nil, true
	for range 3 { // a machine that is busy is no fault of ours
		begun, worked := time.Now(), processorTime()
		v.Accepted, v.Wrong, err = m.try(w)
		took := min(time.Since(begun), processorTime()-worked)
		if v.Took == 0 || took < v.Took {
			v.Took = took
		}
		if err != nil || v.Took < tooLong {
			break
		}
	}
	if err != nil {
		return err
	}
	v.Peak = peak()
	return w.out.Encode(v)
}

// mutant is a mutated file of a sample.
type mutant struct {
	kind, sample, file, how string
	was, text               []byte
	sealed                  bool // its checksums fit
}

func (w *mutating) mutant(r *mathrand.Rand, kind, sample string) (m mutant, err error) {
	var files []string
	err = filepath.WalkDir(sample, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return m, err
	}
	m = mutant{kind: kind, sample: sample, file: pick(r, files)}
	if kind == "journal" && r.IntN(3) > 0 { // most often the journal itself, of what is in a run's folder
		m.file = files[slices.IndexFunc(files, func(f string) bool { return filepath.Base(f) == "journal.jsonl" })]
	}
	if m.was, err = os.ReadFile(m.file); err != nil {
		return m, err
	}
	m.text = m.was
	all := mutations()
	switch {
	case filepath.Base(m.file) == "journal.jsonl":
		all = slices.Concat(all, slices.Repeat([]mutation{{"another value in a record", recordMutation}}, len(all)))
	case kind == "plan" || kind == "journal":
		all = slices.Concat(all, slices.Repeat([]mutation{{"another value in it", treeMutation}}, len(all)))
	}
	var how []string
	for range 1 + r.IntN(3) {
		do := pick(r, all)
		m.text, how = do.do(r, m.text), append(how, do.name)
	}
	if r.IntN(2) == 0 {
		switch {
		case kind == "plan":
			m.text, m.sealed = sealedPlan(m.text), true
		case filepath.Base(m.file) == "journal.jsonl":
			m.text, m.sealed = sealedJournal(m.text), true
		}
	}
	if m.sealed {
		how = append(how, "seal again")
	}
	m.how = strings.Join(how, ", ")
	return m, nil
}

// try gives the mutant to the verbs that read such a file.
func (m mutant) try(w *mutating) (accepted bool, wrong string, err error) {
	switch m.kind {
	case "skill":
		accepted = w.skill(m)
	case "config":
		accepted = w.config(m)
	case "plan":
		return w.plan(m)
	default:
		return w.journal(m)
	}
	return accepted, "", nil
}

// lay makes a new home and working directory, with the sample in it. text is what
// the mutated file is there.
func (w *mutating) lay(m mutant, text []byte, to string) (file string, err error) {
	if err := os.RemoveAll(w.dir); err != nil {
		return "", err
	}
	to = filepath.Join(w.dir, to)
	if err := os.MkdirAll(to, 0o700); err != nil {
		return "", err
	}
	if err := os.CopyFS(to, os.DirFS(m.sample)); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(m.sample, m.file)
	if err != nil {
		return "", err
	}
	file = filepath.Join(to, rel)
	return file, os.WriteFile(file, text, 0o600)
}

// run runs one command line in the home.
func (w *mutating) run(args ...string) result {
	var out, log bytes.Buffer
	p := &cli.Program{
		Build: cli.Build{Version: "test"}, User: "ada", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &log, Dir: w.dir,
		Env: func(name string) (string, bool) {
			if name == "HOME" {
				return w.dir, true
			}
			return "", false
		},
		Clock:  stopped{},
		Random: rand.Reader, Builtin: skills.FS, Catalogue: seams{}.catalogue, Examiners: examiners, Schemas: steps.Schemas, Kinds: steps.Kinds(), Locks: seams{}.lock, Sandbox: openSandbox,
	}
	code := p.Run(context.Background(), args)
	return result{code, out.String(), log.String()}
}

// stopped is a clock by which nothing can wait.
type stopped struct{}

// Now returns the time of the tests.
func (stopped) Now() time.Time { return fixed }

// Sleep ends what wants to wait.
func (stopped) Sleep(context.Context, time.Duration) error { return errors.New("nothing waits here") }

func (w *mutating) skill(m mutant) bool {
	file, err := w.lay(m, m.text, ".")
	if err != nil {
		panic(err)
	}
	ok := w.run("check", file).code == 0
	w.run("check", file, "--output", "json")
	w.run("show", file)
	w.run("show", file, "--output", "json")
	if !bytes.Contains(m.text, []byte("exec")) { // which runs programs that only look
		w.run("plan", file)
	}
	return ok
}

func (w *mutating) config(m mutant) bool {
	file, err := w.lay(m, m.text, ".")
	if err != nil {
		panic(err)
	}
	w.run("runs") // as the working directory's own
	w.run("check", "hello", "--config", file, "--output", "json")
	w.run("plan", "release_aa_backend_prod", "--config", file) // which lacks an input
	return w.run("check", "--config", file).code == 0
}

// plan applies it: what is not refused does what the plan did that was made.
func (w *mutating) plan(m mutant) (accepted bool, wrong string, err error) {
	apply := func(text []byte) (result, bool, error) {
		file, err := w.lay(m, text, ".")
		r := w.run("apply", file, "--config", w.conf, "--output", "json")
		begun, _ := filepath.Glob(filepath.Join(w.dir, ".local/state/skillrun/*/runs/*"))
		return r, len(begun) > 0, err
	}
	if w.asMade[m.file] == "" {
		r, begun, err := apply(m.was)
		if err != nil || !begun {
			return false, "the plan itself is refused: " + r.out + r.log, err
		}
		w.asMade[m.file] = r.out
	}
	r, accepted, err := apply(m.text)
	if accepted && !m.sealed && r.out != w.asMade[m.file] {
		wrong = "it is accepted, and does something else: " + r.out
	}
	return accepted, wrong, err
}

// journal continues with it: what is good is what was written, or its beginning.
func (w *mutating) journal(m mutant) (accepted bool, wrong string, err error) {
	file, err := w.lay(m, m.text, ".local/state/skillrun")
	if err != nil {
		return false, "", err
	}
	runs, err := filepath.Glob(filepath.Join(w.dir, ".local/state/skillrun/*/runs/*"))
	if err != nil || len(runs) != 1 {
		return false, "", fmt.Errorf("the runs are %q, %w", runs, err)
	}
	run := filepath.Base(runs[0])
	w.run("runs", "--config", w.conf)
	w.run("runs", run, "--config", w.conf)
	w.run("runs", run, "--config", w.conf, "--output", "json")
	var v struct{ Bytes int }
	r := w.run("verify", run, "--config", w.conf, "--output", "json")
	accepted = r.code == 0
	if accepted {
		if err := json.Unmarshal([]byte(r.out), &v); err != nil {
			wrong = "verify says no JSON: " + r.out
		}
	}
	whole := filepath.Base(file) == "journal.jsonl"
	switch {
	case !accepted || m.sealed:
	case whole && (v.Bytes == 0 || !bytes.HasPrefix(m.was, m.text[:v.Bytes])):
		wrong = "verify says that it is good: " + r.out
	case filepath.Base(filepath.Dir(file)) == "blobs" && !bytes.Equal(m.was, m.text):
		wrong = "verify says that the output is good: " + r.out
	}
	w.run("resume", run, "--config", w.conf)
	w.run("cancel", run, "--config", w.conf)
	return accepted, wrong, nil
}
