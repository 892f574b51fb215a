// Package examples_test runs the examples. Their tests stand beside them, as NAME_test.yaml.
// What runs of them give with the built-in step types, where steps write, read and wait
// for real, is in testdata/runs/NAME.yaml:
//
//	runs:
//	  - inputs: {name: Ada}
//	    outputs: {greeting: "Hello, Ada!"}
//	  - inputs: {name: ""}
//	    error: {code: invalid, message: …}
//
// Each is also planned, and killed after each record of its journal and resumed. What is
// outside of a skill answers from testdata/world.
package examples_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// began is when every run begins.
var began = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// clock is turned by who waits.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// skillFiles are the examples, and the skills under rewritten.
func skillFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.yaml", "rewritten/*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no skills %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	return slices.DeleteFunc(files, isTests)
}

func isTests(file string) bool { return strings.HasSuffix(file, skilltest.Suffix) }

func newEngine(t *testing.T, cat *step.Catalogue) *engine.Engine {
	t.Helper()
	return engine.New(engine.Setup{
		Catalogue: cat, State: filepath.Join(t.TempDir(), "state", "site"), Clock: &clock{now: began}, Random: rand.Reader, User: "ada", Version: "test",
		Skills: func(beside, name string) (string, []byte, error) {
			file := filepath.Join(filepath.Dir(beside), name+".yaml")
			text, err := os.ReadFile(file)
			return file, text, err
		},
		StepTypes: func(beside, name string) (string, []byte, error) {
			dir := filepath.Dir(beside)
			if !engine.IsStepType(beside) {
				dir = filepath.Join(dir, "steps")
			}
			file := filepath.Join(dir, name+".yaml")
			text, err := os.ReadFile(file)
			if err != nil {
				err = types.Errorf(types.NotFound, "%w", err)
			}
			return file, text, err
		},
	})
}

// checked is the skill, or the step type, of a file.
func checked(t *testing.T, cat *step.Catalogue, file string) *engine.Skill {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, cat)
	e.Lint = true // what people copy has no warnings either
	skill, diags := e.Check(file, text)
	if len(diags) > 0 {
		t.Fatalf("does not check: %v", diags)
	}
	return skill
}

func TestExamples(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t)
	for _, file := range skillFiles(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			checked(t, c.base, file)
			for i, s := range scenes(t, file) {
				t.Run(strconv.Itoa(i), func(t *testing.T) { s.run(t, c) })
			}
		})
	}
}

// scene is one run: what a run gets, and what it gives.
type scene struct {
	Inputs types.Values `json:"inputs"`
	Config types.Values `json:"config"`
	World  string       `json:"world"`  // of testdata/world; without it the one that is called like the skill
	Agreed bool         `json:"agreed"` // a person says yes to what approve steps ask
	Wait   bool         `json:"wait"`   // the run waits instead of parking
	result

	file  string
	rules map[string][]rule
	dir   string // for what its runs keep on the disk
}

// result is what a run gives.
type result struct {
	State   string         `json:"state,omitempty"` // without it done, or failed with an error
	Outputs types.Values   `json:"outputs,omitempty"`
	Error   *failure       `json:"error,omitempty"`
	Effects map[string]int `json:"effects,omitempty"` // step type -> how many there are in the world
}

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// scenes reads the runs of a skill; some have none.
func scenes(t *testing.T, file string) []*scene {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(file), ".yaml")
	runs := filepath.Join("testdata", "runs", name+".yaml")
	if !exists(runs) {
		return nil
	}
	var block struct {
		Runs []*scene `json:"runs"`
	}
	readYAML(t, runs, &block)
	for _, s := range block.Runs {
		s.file = file
		if s.World == "" {
			s.World = name
		}
		s.rules = readRules(t, s.World)
	}
	return block.Runs
}

// run runs the skill, and checks what comes of it against the scene.
func (s *scene) run(t *testing.T, c catalogue) {
	w := c.world(t, s.rules)
	cat := c.steps(t, w)
	o := engine.Options{Consent: engine.NotNeeded, Wait: s.Wait}
	if s.Agreed {
		o.Confirm = func(context.Context, engine.Run, engine.Question) (engine.Answer, error) { return engine.Yes, nil }
	}
	r, diags, err := newEngine(t, cat).Start(t.Context(), s.bind(t, cat), o)
	if err != nil || len(diags) > 0 {
		t.Fatal(err, diags)
	}
	if d := cmp.Diff(s.result, given(r.Outcome, w)); d != "" {
		t.Errorf("the run gave something else (-want +got):\n%s", d)
	}
}

// bind is the skill with what the scene gives it, in a world's catalogue.
func (s *scene) bind(t *testing.T, cat *step.Catalogue) *engine.Bound {
	t.Helper()
	b, diags := checked(t, cat, s.file).Bind(engine.Binding{Inputs: s.Inputs, Config: s.Config, Now: began, Zone: time.UTC})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return b
}

// given is what a run and its world came to.
func given(o engine.Outcome, w *world) result {
	r := result{Outputs: o.Outputs, Effects: w.count()}
	switch {
	case o.Failure != nil:
		e := o.Failure.Error
		r.Outputs, r.Error = nil, &failure{string(e.Code), e.Message}
	case o.State != engine.Done:
		r.State = string(o.State)
	}
	return r
}
