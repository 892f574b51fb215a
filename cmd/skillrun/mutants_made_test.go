package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// corpus is a folder with what is mutated: KIND/NUMBER/FILE...
type corpus struct {
	b     *bench
	dir   string
	count int
}

// file puts a sample of one file.
func (c *corpus) file(kind, name string, text []byte) {
	c.b.t.Helper()
	c.count++
	path := filepath.Join(c.dir, kind, strconv.Itoa(c.count), name)
	c.b.must(os.MkdirAll(filepath.Dir(path), 0o700))
	c.b.must(os.WriteFile(path, text, 0o600))
}

// corpusOf collects the samples.
func corpusOf(b *bench) string {
	b.t.Helper()
	c := &corpus{b: b, dir: b.t.TempDir()}
	root := filepath.Join("..", "..")
	c.texts(root)
	conf, err := os.ReadFile(b.world.Config())
	b.must(err)
	for range 20 {
		c.file("config", "skillrun.yaml", conf)
	}
	c.made()
	c.golden(filepath.Join(root, "engine/runtime/journal/testdata/golden"))
	return c.dir
}

// texts puts all YAML of the project.
func (c *corpus) texts(root string) {
	c.b.t.Helper()
	c.b.must(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == ".git":
			return filepath.SkipDir
		case filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".txtar":
			return nil
		}
		text, err := os.ReadFile(path)
		if filepath.Ext(path) == ".yaml" {
			for _, one := range bytes.Split(text, []byte("---8<---\n")) {
				c.file(sampleKind(path, one), filepath.Base(path), one)
			}
			return err
		}
		for _, f := range txtar.Parse(text).Files {
			if filepath.Ext(f.Name) == ".yaml" {
				c.file(sampleKind(f.Name, f.Data), filepath.Base(f.Name), f.Data)
			}
		}
		return err
	}))
}

// sampleKind tells a configuration from a skill.
func sampleKind(path string, text []byte) string {
	if strings.Contains(path, "engine/config") || bytes.Contains(append([]byte("\n"), text...), []byte("\nservices:")) {
		return "config"
	}
	return "skill"
}

// made puts plans and runs that the program makes: of the release, and of a skill
// with other kinds of steps and an output that is kept beside the journal. They wait
// for consent, or were rejected.
func (c *corpus) made() {
	b := c.b
	b.t.Helper()
	file := b.skill("days", `name: days
identity: [inputs.day]
inputs:
  day: {type: string, format: date, default: "${{ today() }}", description: Day}
  teams: {type: array, items: {type: string}, default: [api, web], description: Teams}
steps:
  - {id: long, set: {text: "${{ join(map(1..9999, 'a line with the number ' + string(#)), ', ') }}"}}
  - {id: kept, set: {text: "${{ steps.long.text + steps.long.text }}"}}
  - {id: was, uses: state_get, with: {name: day, default: none}}
  - {id: each, for_each: inputs.teams, as: team, key: team, steps: [{id: say, uses: log, with: {message: "for ${{ team }}"}}]}
  - id: tried
    steps: [{id: no, assert: "len(steps.long.text) < 10", code: invalid, message: too long}]
    rescue: [{id: sorry, set: {code: "${{ error.code }}"}}]
  - {id: keep, uses: state_set, with: {name: day, value: "${{ inputs.day }}"}}
outputs: {was: "${{ steps.was.value }}", kept: "${{ steps.kept.text }}"}
`)
	for _, args := range [][]string{{"release_aa_backend_prod", "--input", b.sha()}, {file}} {
		b.on(append([]string{"plan", "--out", "plan.json"}, args...)...).want(b.t, 0)
		text, err := os.ReadFile(filepath.Join(b.dir, "plan.json"))
		b.must(err)
		c.file("plan", "plan.json", text)
		b.on(append([]string{"run"}, args...)...).want(b.t, 3)
		c.state()
		b.on("reject", "last").want(b.t, 0)
		c.state()
		b.forget()
	}
	b.must(b.world.MoveProduction(b.world.Fixtures().OlderSHA)) // so that the release's plan is carried out up to its first write
}

// state puts the run's folder as it is now.
func (c *corpus) state() {
	c.b.t.Helper()
	c.count++
	runs, err := filepath.Glob(filepath.Join(c.b.home, ".local/state/skillrun/*/runs/*"))
	c.b.must(err)
	to := filepath.Join(c.dir, "journal", strconv.Itoa(c.count), "site-"+c.b.world.Site(), "runs", filepath.Base(runs[0]))
	c.b.must(os.MkdirAll(filepath.Dir(to), 0o700))
	c.b.must(os.CopyFS(to, os.DirFS(runs[0])))
}

// golden puts the journals of earlier programs.
func (c *corpus) golden(dir string) {
	c.b.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "v*", "*.jsonl"))
	c.b.must(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		c.b.must(err)
		var first struct {
			R struct{ Run struct{ ID string } }
		}
		c.b.must(json.NewDecoder(bytes.NewReader(text)).Decode(&first))
		c.file("journal", filepath.Join("site-"+c.b.world.Site(), "runs", first.R.Run.ID, "journal.jsonl"), text)
	}
}
