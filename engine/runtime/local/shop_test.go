package local_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/local"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// shop is a world that many steps work on at once.
type shop struct {
	mu    sync.Mutex
	made  map[string]int // path of a write -> how often it took effect
	calls map[string]int // path -> how often it was performed
	fail  map[string][]types.Code
	at    func(path string) // called in each step, before it does its work
	lost  map[string]string // path -> when the answer of an out is lost: before or after it took effect
	dark  []string          // paths of which it is unknown whether they took effect
}

type thing struct {
	Name string `json:"name,omitempty" doc:"Name."`
	Dir  string `json:"dir,omitempty" doc:"The workspace to work in." workspace:"true"`
}

// rt is the runtime under test.
var rt local.Runtime

func newShop() *shop {
	return &shop{made: map[string]int{}, calls: map[string]int{}, fail: map[string][]types.Code{"g/r/r1": {types.Conflict, types.Conflict, types.Conflict, types.Conflict}}}
}

// begin counts a call; its error is what was asked for.
func (s *shop) begin(ctx context.Context) (string, error) {
	path := step.CallOf(ctx).Path
	if s.at != nil {
		s.at(path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.calls[path]
	s.calls[path]++
	if path == "g/w" && !slices.Contains(s.effects(), "g/w/before.1/login") {
		return path, types.Errorf(types.Auth, "not logged in")
	}
	if codes := s.fail[path]; n < len(codes) {
		return path, types.Errorf(codes[n], "%s failed", path)
	}
	if err := ctx.Err(); err != nil {
		return path, types.Errorf(types.Cancelled, "cut: %w", err)
	}
	return path, nil
}

func (s *shop) look(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	return thing{Name: path}, err
}

// count says how often it was performed, with so many x.
func (s *shop) count(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	return thing{Name: strings.Repeat("x", s.calls[path])}, err
}

func (s *shop) put(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	if err != nil {
		return thing{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[step.CallOf(ctx).Key.String()+" "+path]++
	return thing{Name: path}, nil
}

func (s *shop) there(ctx context.Context, key step.Key, _ thing) (step.Found[thing], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := step.CallOf(ctx).Path
	if s.made[key.String()+" "+path] == 0 {
		return step.Absent[thing](), nil
	}
	return step.Exists(path, thing{Name: path}), nil
}

func (s *shop) nap(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	if err == nil {
		err = step.CallOf(ctx).Sleep(ctx, 100*time.Millisecond)
	}
	return thing{Name: path}, err
}

// hang answers when it is cut.
func (s *shop) hang(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	if err != nil {
		return thing{}, err
	}
	<-ctx.Done()
	return thing{Name: path}, types.Errorf(types.Network, "cut: %w", ctx.Err())
}

// lose does its work and answers when it is cut.
func (s *shop) lose(ctx context.Context, t thing) (thing, error) {
	if _, err := s.put(ctx, t); err != nil {
		return thing{}, err
	}
	<-ctx.Done()
	return thing{}, types.Errorf(types.UnknownOutcome, "no answer: %w", ctx.Err())
}

// never sends nothing, and answers when it is cut.
func (s *shop) never(ctx context.Context, _ thing) (thing, error) {
	<-ctx.Done()
	return thing{}, types.Errorf(types.UnknownOutcome, "no answer: %w", ctx.Err())
}

func (s *shop) steps() []step.Step {
	return []step.Step{
		step.Read("look", "Look.", s.look).Reaches(step.Nowhere), step.Read("file", "Look into a file.", s.look).Reaches(step.Nowhere), step.Local("edit", "Edit.", s.look), step.Read("nap", "Nap.", s.nap).Reaches(step.Nowhere), step.Read("hang", "Hang.", s.hang),
		step.Read("count", "Count.", s.count).Reaches(step.Nowhere),
		step.Write("put", "Put.", s.put, step.Find(s.there)), step.Write("lose", "Lose.", s.lose, step.Find(s.there)),
		step.Write("never", "Never.", s.never, step.Find(s.there)), s.goods(),
	}
}

// twice lists what took effect more than once.
func (s *shop) twice() []string {
	var out []string
	for _, k := range types.SortedKeys(s.made) {
		if s.made[k] > 1 {
			out = append(out, k)
		}
	}
	return out
}

// wall is the clock on the wall; in a bubble of synctest it is turned by hand.
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

func (s *shop) options(j journal.Journal, nodes ...program.Node) runtime.Options {
	h := journal.RunHeader{ID: "20260115-100000-aaaaaa", Work: "work", StartedAt: time.Now(), Zone: "UTC",
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language}, Program: []byte("{}")}
	if len(j.Records()) == 0 {
		if err := j.Append(journal.Record{Kind: journal.Header, Run: &h}, true); err != nil {
			panic(err)
		}
	} else {
		h = *j.Records()[0].Run
	}
	p := &program.Program{Skill: "t", Inputs: types.Values{}, Config: types.Values{}, Steps: nodes}
	p.Outputs = []program.Output{{Name: "o", Value: types.Dynamic{V: "${{ steps.z.name }}"}}}
	return runtime.Options{
		Program: p, Header: h, Start: machine.Start{Run: h.ID, StartedAt: h.StartedAt}, Catalogue: step.NewCatalogue(s.steps()),
		Journal: j, Clock: wall{}, Wait: true,
	}
}

func run(t *testing.T, ctx context.Context, o runtime.Options) runtime.Outcome {
	t.Helper()
	out, err := rt.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func act(id, name string) program.Node {
	effect := "read"
	switch name {
	case "put", "lose", "never", "out":
		effect = "write"
	case "edit":
		effect = "local"
	}
	return program.Node{ID: id, Kind: program.Uses, Step: name, Effect: effect}
}

func groupOf(id string, steps ...program.Node) program.Node {
	return program.Node{ID: id, Kind: program.Group, Steps: steps}
}

// everything is a skill of all constructs, each with writes.
func everything(parallel int) []program.Node {
	loop := groupOf("l", act("lput", "put"), act("llook", "look"))
	loop.ForEach, loop.MaxParallel, loop.Always = `["x", "y", "z"]`, parallel, []program.Node{act("la", "put")}
	side := groupOf("p", act("p1", "look"), groupOf("h", act("p2", "put"), act("p3", "edit")))
	side.Parallel, side.MaxParallel, side.Always = true, parallel, []program.Node{act("pa", "put")}
	cured := act("w", "put")
	cured.Retry = &program.Retry{Attempts: 2, Delay: "1s", Before: []program.Node{act("login", "put")}}
	saved := groupOf("r", act("r1", "put"))
	saved.Rescue, saved.Always = []program.Node{act("r2", "put")}, []program.Node{act("ra", "put")}
	all := groupOf("g", side, loop, cured, saved)
	all.Always = []program.Node{act("ga", "put"), act("gb", "look")}
	return []program.Node{act("a", "look"), all, act("z", "look")}
}

// effects of [everything]: each once.
var effects = []string{
	"g/ga", "g/l[x]/la", "g/l[x]/lput", "g/l[y]/la", "g/l[y]/lput", "g/l[z]/la", "g/l[z]/lput",
	"g/p/h/p2", "g/p/pa", "g/r/r2", "g/r/ra", "g/w", "g/w/before.1/login",
}

func (s *shop) effects() []string {
	var out []string
	for k := range s.made {
		_, path, _ := strings.Cut(k, " ")
		out = append(out, path)
	}
	slices.Sort(out)
	return out
}
