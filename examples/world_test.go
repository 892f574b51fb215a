package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps"
)

// world is what is outside of a skill, read from testdata/world: step types
// that answer from data. Its reads say what the file has for their arguments;
// its writes are kept by their key, so that they can be looked for and counted.
// The types of a step stay its own: those of the built-in step, or of its file in
// rewritten/steps. A step type of a file is answered as a whole: what is in it is
// for the tests beside it, and for TestWritesOnce.
type world struct {
	defs  map[string]step.Definition // of the step types that the world answers for
	rules map[string][]rule

	mu      sync.Mutex
	asked   map[string]int    // rule and arguments -> how often it was given
	effects map[string]action // by key
	sends   map[string]int    // by key
	dead    bool              // the process was killed: nothing reaches the world any more
}

// rule is one answer. The first whose conditions hold is given.
type rule struct {
	When   types.Values            `json:"when"`  // arguments; the others may be anything
	After  map[string]types.Values `json:"after"` // only when there are such effects: step type to arguments
	Times  int                     `json:"times"` // only so often for the same arguments; 0 is always
	Answer types.Values            `json:"answer"`
	Error  *types.Error            `json:"error"`
}

// action is what a write has done.
type action struct {
	Step string
	Args types.Values
	Out  string
}

// readRules reads testdata/world/NAME.yaml: step types to their answers. There
// are none for a skill that needs no world.
func readRules(t *testing.T, name string) map[string][]rule {
	t.Helper()
	var rules map[string][]rule
	file := filepath.Join("testdata", "world", name+".yaml")
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		readYAML(t, file, &rules)
	}
	return rules
}

// readYAML reads a file strictly: what v has no place for is an error.
func readYAML(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values, diags := config.Values(file, text)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	strict(t, file, values, v)
}

func strict(t *testing.T, what string, values, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(types.Encode(values)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// catalogue holds every built-in step type, and makes worlds.
type catalogue struct {
	base     *step.Catalogue
	declared *sync.Map // what the step types of files say of themselves, by their names
}

func newCatalogue(t *testing.T) catalogue {
	t.Helper()
	base, err := steps.All(&config.Config{}, steps.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return catalogue{base, &sync.Map{}}
}

// world is a new world with these answers. A step type without an answer there
// is what it is without a world.
func (c catalogue) world(t *testing.T, rules map[string][]rule) *world {
	t.Helper()
	w := &world{rules: rules, defs: map[string]step.Definition{}, asked: map[string]int{}, effects: map[string]action{}, sends: map[string]int{}}
	for name := range rules {
		w.defs[name] = c.definition(t, name)
	}
	return w
}

// definition is what a step type says of itself: a built-in one, or one of a file.
func (c catalogue) definition(t *testing.T, name string) step.Definition {
	t.Helper()
	if s, ok := c.base.Lookup(name); ok {
		return step.Definition{Name: name, Doc: s.Doc, Effect: s.Effect, In: s.In, Out: s.Out, Codes: s.Codes, Touch: s.Touch}
	}
	file := filepath.Join("rewritten", "steps", name+".yaml")
	if !exists(file) {
		t.Fatalf("the world answers for %s, which is no step type", name)
	}
	known, ok := c.declared.Load(name)
	if !ok {
		known, _ = c.declared.LoadOrStore(name, checked(t, c.base, file).Definition())
	}
	return known.(step.Definition)
}

// steps is the catalogue with the world in the place of its step types.
func (c catalogue) steps(t *testing.T, w *world) *step.Catalogue {
	t.Helper()
	var all []step.Step
	for _, name := range c.base.Names() {
		if _, ok := w.defs[name]; !ok {
			s, _ := c.base.Lookup(name)
			all = append(all, s)
		}
	}
	for _, d := range w.defs {
		all = append(all, w.step(t, d))
	}
	return step.NewCatalogue(all)
}

// step is a step type of the world.
func (w *world) step(t *testing.T, d step.Definition) step.Step {
	t.Helper()
	do := func(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) { return w.do(ctx, d, raw) }
	var abilities []step.Ability
	if d.Effect == step.Writes {
		abilities = []step.Ability{step.Find(w.find), step.Preview(preview(d))}
	}
	s, err := step.Dynamic(d, do, abilities...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var errDead = types.Errorf(types.Internal, "the process is dead")

func (w *world) do(ctx context.Context, d step.Definition, raw json.RawMessage) (json.RawMessage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return nil, errDead
	}
	args, err := object(raw)
	if err != nil {
		return nil, err
	}
	r := w.match(d.Name, args)
	switch {
	case r == nil:
		return nil, types.Errorf(types.Internal, "the world has no answer for %s with %s", d.Name, raw)
	case r.Error != nil:
		return nil, r.Error
	}
	out := types.Encode(fill(d.Out, map[string]any(r.Answer), args))
	if d.Effect == step.Writes {
		key := step.CallOf(ctx).Key.String()
		w.effects[key] = action{Step: d.Name, Args: args, Out: string(out)}
		w.sends[key]++
	}
	return out, nil
}

func (w *world) match(name string, args types.Values) *rule {
	for i, r := range w.rules[name] {
		call := fmt.Sprint(name, i, string(types.Encode(args)))
		if within(r.When, args) && w.happened(r.After) && (r.Times == 0 || w.asked[call] < r.Times) {
			w.asked[call]++
			return &r
		}
	}
	return nil
}

func (w *world) happened(after map[string]types.Values) bool {
	for name, args := range after {
		there := false
		for _, e := range w.effects {
			there = there || e.Step == name && within(args, e.Args)
		}
		if !there {
			return false
		}
	}
	return true
}

// within reports whether all of part stands in the whole.
func within(part, whole types.Values) bool {
	for name, v := range part {
		if !reflect.DeepEqual(v, whole[name]) {
			return false
		}
	}
	return true
}

// find looks for the effect of a key.
func (w *world) find(_ context.Context, key step.Key, raw json.RawMessage) (step.Found[json.RawMessage], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return step.Found[json.RawMessage]{}, errDead
	}
	e, ok := w.effects[key.String()]
	if !ok {
		return step.Absent[json.RawMessage](), nil
	}
	out := json.RawMessage(e.Out)
	if args, err := object(raw); err != nil || !reflect.DeepEqual(args, e.Args) {
		return step.Drifted(e.Step, out, "it was "+string(types.Encode(e.Args))), err
	}
	return step.Exists(e.Step, out), nil
}

// preview shows the arguments.
func preview(d step.Definition) func(context.Context, json.RawMessage, step.UnknownPaths) (step.Prediction[json.RawMessage], error) {
	return func(_ context.Context, raw json.RawMessage, _ step.UnknownPaths) (step.Prediction[json.RawMessage], error) {
		args, err := object(raw)
		p := step.Prediction[json.RawMessage]{Change: step.Change{Title: d.Name}, Unknown: step.UnknownPaths{""}}
		for _, name := range types.SortedKeys(args) {
			p.Change.Fields = append(p.Change.Fields, step.FieldChange{Name: name, Value: types.Show(args[name])})
		}
		return p, err
	}
}

func object(raw json.RawMessage) (types.Values, error) {
	var v types.Values
	err := json.Unmarshal(raw, &v)
	return v, err
}

// fill completes an answer, so that a file says only what matters: what it
// leaves out is the argument of the same name, else absent where it may be,
// else empty.
func fill(t types.Type, v any, args types.Values) any {
	switch t.Kind {
	case types.Object:
		given, _ := v.(map[string]any)
		out := map[string]any{}
		for name, x := range given {
			f, _ := t.Field(name) // of a name that is not there, the type says so
			out[name] = fill(f.Type, x, nil)
		}
		for _, f := range t.Fields {
			_, ok := given[f.Name]
			arg, same := args[f.Name]
			switch {
			case ok:
			case same && f.Type.Check(arg) == nil:
				out[f.Name] = arg
			case !f.Type.Optional && f.Required:
				out[f.Name] = fill(f.Type, nil, nil)
			}
		}
		return out
	case types.List:
		given, _ := v.([]any)
		out := make([]any, len(given))
		for i, x := range given {
			out[i] = fill(*t.Elem, x, nil)
		}
		return out
	}
	if v != nil {
		return v
	}
	if len(t.Enum) > 0 {
		return t.Enum[0]
	}
	if t.Kind == types.String {
		return map[string]string{"date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z", "uri": "https://example.com/", "duration": "1s", "git-branch": "main"}[t.Format]
	}
	return map[types.Kind]any{types.Integer: 0, types.Number: 0, types.Boolean: false, types.Map: map[string]any{}}[t.Kind]
}

// count tells how many effects of each step type there are; nil for none.
func (w *world) count() map[string]int {
	var n map[string]int
	for _, e := range w.effects {
		if n == nil {
			n = map[string]int{}
		}
		n[e.Step]++
	}
	return n
}
