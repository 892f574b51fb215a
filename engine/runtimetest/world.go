package runtimetest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// world is what the steps of the suite look at and change. It outlives processes.
type world struct {
	mu      sync.Mutex
	made    map[string]int      // by key and path: how often a write took effect
	args    map[string]string   // by key and path: what it was made from
	calls   map[string]int      // by path
	answers map[string][]string // by path; see the package
	order   []string            // paths of writes and of undos, as they came
	at      func(path string)   // called in the middle of each call, before and behind its work
	dark    bool                // it is unknown whether anything took effect
	late    time.Time           // until then no one sees what took effect
	beside  int                 // how many calls are under way
	most    int                 // at once
}

func newWorld() *world {
	return &world{made: map[string]int{}, args: map[string]string{}, calls: map[string]int{}, answers: map[string][]string{}}
}

// In is what steps take.
type In struct {
	Name string `json:"name,omitempty" doc:"Name."`
	Dir  string `json:"dir,omitempty" doc:"The workspace to work in." workspace:"true"`
	Kind string `json:"kind,omitempty" default:"plain" doc:"Kind."`
}

// Out is what steps give.
type Out struct {
	Name string `json:"name" doc:"The step's path."`
	N    int    `json:"n" doc:"How often it was performed."`
	Seen string `json:"seen,omitempty" doc:"What is in the workspace."`
}

func (w *world) pause(path string) {
	if at := w.at; at != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		at(path)
	}
}

// begin counts a call, and returns how it ends.
func (w *world) begin(ctx context.Context) (path, answer string, err error) {
	path = step.CallOf(ctx).Path
	w.pause(path)
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return path, "", types.Errorf(types.Cancelled, "cut: %w", ctx.Err())
	}
	w.calls[path]++
	if n, all := w.calls[path], w.answers[path]; n <= len(all) {
		answer = all[n-1]
	}
	switch answer {
	case "", "lost":
		return path, answer, nil
	case "unsent":
		return path, answer, types.Errorf(types.UnknownOutcome, "no answer")
	}
	return path, answer, types.Errorf(types.Code(answer), "%s failed", path)
}

func (w *world) look(ctx context.Context, in In) (Out, error) {
	path, _, err := w.begin(ctx)
	w.pause(path)
	w.mu.Lock()
	defer w.mu.Unlock()
	return Out{Name: path, N: w.calls[path]}, err
}

// nap takes a second.
func (w *world) nap(ctx context.Context, in In) (Out, error) {
	w.mu.Lock()
	w.beside++
	w.most = max(w.most, w.beside)
	w.mu.Unlock()
	defer func() { w.mu.Lock(); w.beside--; w.mu.Unlock() }()
	if err := step.CallOf(ctx).Sleep(ctx, time.Second); err != nil {
		return Out{}, types.Errorf(types.Cancelled, "cut: %w", err)
	}
	return w.look(ctx, in)
}

// hang answers when it is cut.
func (w *world) hang(ctx context.Context, _ In) (Out, error) {
	<-ctx.Done()
	return Out{}, types.Errorf(types.Network, "cut: %w", ctx.Err())
}

func (w *world) put(ctx context.Context, in In) (Out, error) {
	c := step.CallOf(ctx)
	path, answer, err := w.begin(ctx)
	if err != nil {
		return Out{}, err
	}
	w.mu.Lock()
	w.args[c.Key.String()+" "+path] = in.Name
	w.mu.Unlock()
	w.take(c.Key.String(), path)
	w.pause(path)
	if answer == "lost" || ctx.Err() != nil {
		return Out{}, types.Errorf(types.UnknownOutcome, "no answer")
	}
	return Out{Name: path}, nil
}

// take is a write that takes effect.
func (w *world) take(key, path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made[key+" "+path]++
	w.order = append(w.order, path)
}

func (w *world) find(ctx context.Context, key step.Key, in In) (step.Found[Out], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	path := step.CallOf(ctx).Path
	id := key.String() + " " + path
	switch {
	case w.dark:
		return step.Inconclusive[Out]("look yourself"), nil
	case w.made[id] == 0, time.Now().Before(w.late):
		return step.Absent[Out](), nil
	case w.args[id] != in.Name && w.args[id] != "":
		return step.Drifted(path, Out{Name: path}, "its name is "+w.args[id]), nil
	}
	return step.Exists(path, Out{Name: path}), nil
}

// edit makes a file in a workspace.
func (w *world) edit(ctx context.Context, in In) (Out, error) {
	path, _, err := w.begin(ctx)
	if err != nil {
		return Out{}, err
	}
	dir := filepath.Join(step.CallOf(ctx).Workspaces, in.Dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Out{}, types.Errorf(types.Internal, "%w", err)
	}
	w.pause(path)
	if err := os.WriteFile(filepath.Join(dir, in.Name), nil, 0o600); err != nil {
		return Out{}, types.Errorf(types.Internal, "%w", err)
	}
	return Out{Name: path}, nil
}

// list says which files are in a workspace.
func (w *world) list(ctx context.Context, in In) (Out, error) {
	path, _, err := w.begin(ctx)
	if err != nil {
		return Out{}, err
	}
	entries, err := os.ReadDir(filepath.Join(step.CallOf(ctx).Workspaces, in.Dir))
	if err != nil {
		return Out{}, types.Errorf(types.NotFound, "%w", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return Out{Name: path, Seen: strings.Join(names, " ")}, nil
}

func (w *world) catalogue() *step.Catalogue {
	undo := step.Undo(step.Undoing[In, Out]{
		Describe: func(_ In, out Out) string { return "take back " + out.Name },
		Do: func(ctx context.Context, key step.Key, _ In, out Out) error {
			w.pause(out.Name)
			w.mu.Lock()
			defer w.mu.Unlock()
			delete(w.made, key.String()+" "+out.Name)
			w.order = append(w.order, "undo "+out.Name)
			return nil
		},
	})
	resolve := step.Resolve("NAME", func(_ context.Context, ref string, _ In) (Out, error) {
		if ref == "nothing" {
			return Out{}, types.Errorf(types.NotFound, "there is no %s", ref)
		}
		return Out{Name: ref}, nil
	})
	failing := []types.Code{types.Auth, types.Forbidden, types.Conflict, types.Unavailable}
	return step.NewCatalogue([]step.Step{
		step.Read("look", "Look.", w.look).Errors(types.NotFound, types.Forbidden).Reaches(step.Nowhere), step.Read("list", "List a workspace.", w.list).Reaches(step.Nowhere),
		step.Read("nap", "Take a second.", w.nap).Reaches(step.Nowhere), step.Read("hang", "Hang.", w.hang).Reaches(step.Nowhere),
		step.Local("edit", "Make a file.", w.edit),
		step.Write("put", "Put.", w.put, step.Find(w.find), undo, resolve).Errors(failing...),
		step.Write("slow", "Put, and be seen later.", w.put, step.Find(w.find), step.EventuallyConsistent[In, Out]()).Errors(failing...),
		step.Write("blind", "Put, and never look.", w.put, resolve).Errors(failing...),
	})
}

// mayTake reports whether the next call of a step at a path could take effect.
func (w *world) mayTake(path string) bool {
	n, all := w.calls[path], w.answers[path]
	return n >= len(all) || all[n] == "lost"
}

// effects are the paths of the writes that took effect.
func (w *world) effects() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for id := range w.made {
		_, path, _ := strings.Cut(id, " ")
		out = append(out, path)
	}
	slices.Sort(out)
	return out
}

// twice are the writes that took effect more than once.
func (w *world) twice() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for id, n := range w.made {
		if n > 1 {
			out = append(out, id)
		}
	}
	return out
}

// recall puts the world where it was when a journal was written.
func (w *world) recall(records []journal.Record) {
	for _, r := range records {
		if r.Event == nil || r.Step == "" {
			continue
		}
		w.calls[r.Path]++
		if r.Effect == string(step.Writes) && r.Event.Kind == machine.Done {
			w.take(r.Key, r.Path)
		}
	}
}
