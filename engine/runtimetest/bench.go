package runtimetest

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// bench is a skill, a world and a journal, for one process after the other.
type bench struct {
	made  func() runtime.Runtime
	world *world
	id    string // of the run
	text  string
	dir   string
	want  struct{ state, effects, outputs string }
	j     *journal.Memory
	o     runtime.Options // but for the journal
}

// wall is the clock of the bubble.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

func (wall) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newBench(t *testing.T, made func() runtime.Runtime, dir, text string) *bench {
	t.Helper()
	b := &bench{made: made, id: "20260115-100000-aaaaaa", world: newWorld(), text: text, dir: dir}
	b.expect()
	b.o = runtime.Options{
		Program: b.program(t), Clock: wall{}, Wait: true, User: "ada", Decide: says(yes), Workspaces: filepath.Join(dir, "w"), Settle: time.Minute,
	}
	b.start(t)
	return b
}

// start begins a run of the skill, now.
func (b *bench) start(t *testing.T) {
	t.Helper()
	p := b.o.Program
	h := journal.RunHeader{
		ID: b.id, Work: "work", Skill: p.Skill, StartedAt: time.Now(), Zone: "UTC", Digest: p.Digest(), Program: types.Encode(p),
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language},
	}
	b.j = journal.NewMemory()
	if err := b.j.Append(journal.Record{Kind: journal.Header, Run: &h}, true); err != nil {
		t.Fatal(err)
	}
	b.o.Header, b.o.Start, b.o.Catalogue = h, machine.Start{Run: h.ID, StartedAt: h.StartedAt, Zone: time.UTC}, b.world.catalogue()
}

// expect reads what the skill's comments say.
func (b *bench) expect() {
	b.want.state, b.want.outputs = string(runtime.Done), "{}"
	for line := range strings.Lines(b.text) {
		what, is, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), ": ")
		switch {
		case !strings.HasPrefix(line, "# "):
			return
		case what == "state":
			b.want.state = is
		case what == "effects":
			b.want.effects = is
		case what == "outputs":
			b.want.outputs = is
		case what == "answers":
			words := strings.Fields(is)
			b.world.answers[words[0]] = words[1:]
		}
	}
}

func (b *bench) program(t *testing.T) *program.Program {
	t.Helper()
	called := func(_, name string) (string, []byte, error) {
		text, err := files.ReadFile("constructs/" + name + ".yaml")
		return name + ".yaml", text, err
	}
	declared := func(_, name string) (string, []byte, error) {
		text, err := files.ReadFile("constructs/steps/" + name + ".yaml")
		if err != nil {
			err = types.Errorf(types.NotFound, "there is no step type %s", name)
		}
		return "steps/" + name + ".yaml", text, err
	}
	s, diags := check.File("skill.yaml", []byte(b.text), check.World{Catalogue: b.world.catalogue(), Skill: called, StepType: declared})
	if diags.HasErrors() {
		t.Fatalf("%+v", diags)
	}
	p, diags := s.Bind(check.Binding{Inputs: map[string]any{}, Now: time.Now(), Zone: time.UTC})
	if p == nil {
		t.Fatalf("%+v", diags)
	}
	return p.Program
}

// fresh is the same skill in a world where nothing has happened.
func (b *bench) fresh(t *testing.T) *bench {
	t.Helper()
	out := *b
	out.world = newWorld()
	out.world.answers = b.world.answers
	out.start(t)
	return &out
}

// run performs the run in a process of its own.
func (b *bench) run(t *testing.T) runtime.Outcome {
	t.Helper()
	return b.runIn(t, t.Context())
}

// resume has another process take the run up.
func (b *bench) resume(t *testing.T) runtime.Outcome {
	t.Helper()
	b.resumed(t)
	return b.run(t)
}

// resumed writes down what the engine does when a process takes a run up.
func (b *bench) resumed(t *testing.T) {
	t.Helper()
	if err := b.j.Append(journal.Record{Kind: journal.Resumed, At: time.Now().UTC(), By: "ada"}, false); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) runIn(t *testing.T, ctx context.Context) runtime.Outcome {
	t.Helper()
	out, err := b.made().Run(ctx, b.options())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// options are those of a process of its own that works on the run.
func (b *bench) options() runtime.Options {
	o := b.o
	o.Journal = b.j
	return o
}

// announced reports whether an intent of its path stands before a record.
func (b *bench) announced(i int) bool {
	records := b.j.Records()
	for _, r := range records[:i] {
		if r.Kind == journal.Intent && r.Path == records[i].Path {
			return true
		}
	}
	return false
}

// yes, no and nothing are what a person says.
var (
	yes     = runtime.Decision{Yes: true, By: "ada", Plan: "plan"}
	no      = runtime.Decision{No: true, By: "ada", Plan: "plan"}
	nothing = runtime.Decision{Plan: "plan"}
)

func says(d runtime.Decision) func(context.Context, runtime.Question) (runtime.Decision, error) {
	return func(_ context.Context, q runtime.Question) (runtime.Decision, error) {
		if by, ok := q.Approved(d.Plan); ok {
			return runtime.Decision{Yes: true, By: by, Plan: d.Plan}, nil
		}
		return d, nil
	}
}
