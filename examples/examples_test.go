// Package examples_test runs the examples. What a run has to give stands at the
// end of each example's own file, as comments, so that a new example needs no
// Go:
//
//	# runs:
//	#   - inputs: {name: Ada}
//	#     outputs: {greeting: "Hello, Ada!"}
//	#   - inputs: {name: ""}
//	#     error: {code: invalid, message: …}
//
// What stands under "# sandbox:" instead needs services, and is run by the test
// of cmd/skillrun/internal/refdocs, with the whole program.
package examples_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/steps"
)

// clock stands still.
type clock struct{}

// Now returns a fixed time.
func (clock) Now() time.Time { return time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC) }

// Sleep does not.
func (clock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func newEngine(t *testing.T) *engine.Engine {
	t.Helper()
	cat, err := steps.All(&config.Config{}, steps.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return engine.New(engine.Setup{
		Catalogue: cat, State: filepath.Join(t.TempDir(), "state", "site"), Clock: clock{}, Random: rand.Reader, Version: "test",
	})
}

func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			skill, diags := newEngine(t).Check(file, text)
			if len(diags) > 0 {
				t.Fatalf("does not check: %v", diags)
			}
			want := expected(t, file, string(text))
			runs, _ := want["runs"].([]any)
			if len(runs) == 0 && want["sandbox"] == nil {
				t.Fatal("an example ends with comments that say what its runs give")
			}
			for i, r := range runs {
				t.Run(strconv.Itoa(i), func(t *testing.T) { runExample(t, skill, r) })
			}
		})
	}
}

// expected reads the comments at the end of an example.
func expected(t *testing.T, file, text string) map[string]any {
	t.Helper()
	var block strings.Builder
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "#")
		switch comment = strings.TrimPrefix(comment, " "); {
		case !ok:
			block.Reset()
		case block.Len() > 0, comment == "runs:\n", comment == "sandbox:\n":
			block.WriteString(comment)
		}
	}
	if block.Len() == 0 {
		return nil
	}
	values, diags := config.Values(file, []byte(block.String()))
	if len(diags) > 0 {
		t.Fatalf("the comments at the end: %v", diags)
	}
	return values
}

// runExample runs a skill and holds what came of it against one entry.
func runExample(t *testing.T, skill *engine.Skill, entry any) {
	want, _ := entry.(map[string]any)
	inputs, _ := want["inputs"].(map[string]any)
	b := engine.Binding{Inputs: inputs, Now: clock{}.Now(), Zone: time.UTC}
	r, diags, err := newEngine(t).Start(t.Context(), skill, b, engine.Options{Consent: engine.NotNeeded})
	if err != nil || len(diags) > 0 {
		t.Fatal(err, diags)
	}
	got := map[string]any{"inputs": want["inputs"]}
	if r.State == engine.Done {
		got["outputs"] = r.Outputs
	} else {
		got["state"] = string(r.State)
	}
	if r.Failure != nil {
		delete(got, "state")
		got["error"] = map[string]any{"code": string(r.Failure.Error.Code), "message": r.Failure.Error.Message}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the run gave something else (-want +got):\n%s", d)
	}
}
