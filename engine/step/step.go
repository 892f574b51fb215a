// Package step says what a step type is: a typed Go function with a name, a
// sentence and an effect.
//
//	step.Read ("quay_get_tag", "Look up an image tag.", c.getTag)
//	step.Local("yaml_set", "Set a scalar in a file of the workspace.", set)
//	step.Write("jira_create_issue", "Create an issue.", c.createIssue,
//		step.Find(c.findIssue), step.Preview(c.previewIssue))
//
// The function takes a context and a struct and returns a struct and an error.
// [types.Of] reads both structs once, so that the checker, the reference and
// the JSON Schema know every field; then the generics are erased: a [Step] is
// a plain value that takes and gives JSON. Steps are listed in slices and
// gathered in a [Catalogue]; there is no registry and no init.
//
// # Effects
//
// A Read looks. A Local changes only the run's own workspace, which can be
// thrown away and made again: it is repeated freely, and must give the same
// result from the same arguments. A Write changes what others see, and happens
// once: before it is sent, its [Find] looks whether the effect is already
// there (see [Found]); it sends one request and says honestly how that ended:
// an error with the code unknown_outcome when it cannot know, any other error
// only when the effect surely did not happen.
//
// # What a step may use
//
// Everything a step needs is in its arguments, in the receiver it was built
// with (clients), and in the [Call] that its context carries. It does not read
// the environment, the clock or the working directory.
package step

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/types"
)

// Effect says what a step does to the world. The zero Effect is invalid.
type Effect string

// The effects.
const (
	Reads  Effect = "read"
	Locals Effect = "local"
	Writes Effect = "write"
)

// Func is the shape of every step.
type Func[In, Out any] func(context.Context, In) (Out, error)

// Step is a step type. Build one with [Read], [Local] or [Write].
type Step struct {
	Name   string // snake_case, as in `uses:`
	Doc    string // a sentence
	Effect Effect
	In     types.Type // an object: the arguments
	Out    types.Type // an object: the result
	Codes  []types.Code
	Touch  Touch
	File   string     // the one that declares it, "" of one that is written in Go
	Config types.Type // what one that a file declares reads of the configuration
	// RefFormat is how people name an effect of the step in `skillrun resolve`,
	// such as "the key of the issue, AAP-7"; "" when it cannot be read back.
	RefFormat string
	// Needs are what an examination asks of the service; see [Step.Requires].
	Needs []Need
	// Look and Make are what an effect costs in requests; see [Step.Costs].
	Look, Make Cost

	do           func(context.Context, json.RawMessage) (json.RawMessage, error)
	find         func(context.Context, Key, json.RawMessage) (Found[json.RawMessage], error)
	preview      func(context.Context, json.RawMessage, UnknownPaths) (Prediction[json.RawMessage], error)
	update       func(ctx context.Context, key Key, in, out json.RawMessage) (json.RawMessage, error)
	resolve      func(ctx context.Context, ref string, in json.RawMessage) (json.RawMessage, error)
	describeUndo func(in, out json.RawMessage) (string, error)
	undo         func(ctx context.Context, key Key, in, out json.RawMessage) error
	// checkUndo looks whether undo could be done now; nil when there is nothing to
	// look at.
	checkUndo            func(ctx context.Context, key Key, in, out json.RawMessage) error
	restore              func(ctx context.Context, in, out json.RawMessage) error
	eventuallyConsistent bool
	approves             bool
	reach                func(context.Context, Use) Reach
	check                func(json.RawMessage, UnknownPaths) error
	guard                func(json.RawMessage, UnknownPaths) error
	codes                func(json.RawMessage) []types.Code
	pin                  func(json.RawMessage) Pin
	mask                 *mask.Mask // hides what comes out; nil hides nothing
	secrets              SecretsOf  // nil has none
}

// Touch says what a step reaches: the service it needs by default, and the
// object and verb of the effect, e.g. {jira, issue, create}. Service "" means
// it needs none.
type Touch struct {
	Service string `json:"service,omitempty"`
	Object  string `json:"object"`
	Verb    string `json:"verb"`
	// Kind is the kind of service that the argument "service" has to name, where
	// that is not Service; see [Touch.Reaches].
	Kind string `json:"-"`
}

// Reaches is the kind of service that the step reaches, "" when it reaches none.
func (t Touch) Reaches() string { return cmp.Or(t.Service, t.Kind) }

// Option adds an ability to a Write, or the preview to a Local. It is typed so that the compiler refuses
// a Find or Preview of other structs than the step's.
type Option[In, Out any] struct{ apply func(*Step) }

// Read declares a step that only looks. Its one option is [Restore].
func Read[In, Out any](name, doc string, do Func[In, Out], opts ...Option[In, Out]) Step {
	return build(name, doc, Reads, do, opts)
}

// Local declares a step that changes only the run's own workspace. Its one
// option is [Preview], for a plan in which its arguments are not all known.
func Local[In, Out any](name, doc string, do Func[In, Out], opts ...Option[In, Out]) Step {
	return build(name, doc, Locals, do, opts)
}

// Write declares a step that changes what others see. Without a [Find] a run
// that was killed during it stops and asks a person.
func Write[In, Out any](name, doc string, do Func[In, Out], opts ...Option[In, Out]) Step {
	return build(name, doc, Writes, do, opts)
}

var namePattern = types.Pattern(`^[a-z][a-z0-9_]*$`)

func build[In, Out any](name, doc string, effect Effect, do Func[In, Out], opts []Option[In, Out]) Step {
	if !namePattern().MatchString(name) {
		panic(fmt.Sprintf("step: name %q is not snake_case", name))
	}
	if !strings.HasSuffix(doc, ".") {
		panic("step: " + name + " needs a sentence that ends in a full stop")
	}
	s := Step{
		Name: name, Doc: doc, Effect: effect,
		In: types.Of[In](), Out: types.Of[Out]().Result(),
	}
	read := revealed[In](s)
	s.do = func(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
		in, err := read(ctx, raw)
		if err != nil {
			return nil, err
		}
		out, err := do(ctx, in)
		if err != nil {
			return nil, err
		}
		return encoded(ctx, out), nil
	}
	for _, o := range opts {
		o.apply(&s)
	}
	return s
}

// encoded is a result as JSON, with handles of its secrets. What it marks as secret is
// masked from then on wherever it comes back, also elsewhere in the same result.
func encoded(ctx context.Context, out any) json.RawMessage {
	return types.Encode(types.Handles(out, func(n int, s types.Secret) types.Secret {
		return kept(ctx, strconv.Itoa(n), s)
	}))
}

// decode reads texts over each other. It is strict: the checker and the machine have
// already checked the arguments against In, so what does not fit here is a bug.
func decode[T any](texts ...json.RawMessage) (T, error) {
	var v T
	for _, raw := range texts {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			return v, types.Errorf(types.Internal, "arguments do not decode: %w", err)
		}
	}
	return v, nil
}

// arguments reads what a step is called with. What is left out has its declared
// default: a checked skill leaves nothing out, but journals of earlier programs do.
// What a plan does not know yet is not left out: it is zero.
func arguments[In any](s Step) func(raw json.RawMessage, unknown UnknownPaths) (In, error) {
	defaults := s.Defaults()
	whole := types.Encode(defaults)
	return func(raw json.RawMessage, unknown UnknownPaths) (In, error) {
		left := whole
		if len(unknown) > 0 {
			known := maps.Clone(defaults)
			maps.DeleteFunc(known, func(name string, _ any) bool { return unknown.Has(name) })
			left = types.Encode(known)
		}
		return decode[In](left, raw)
	}
}

// Defaults are the declared defaults of the arguments.
func (s Step) Defaults() types.Values {
	out := types.Values{}
	for _, f := range s.In.Fields {
		if f.Default != nil {
			out[f.Name] = f.Default
		}
	}
	return out
}

// Touches says which service the step needs and what it does there.
func (s Step) Touches(service, object, verb string) Step {
	s.Touch = Touch{Service: service, Object: object, Verb: verb}
	return s
}

// MayReach says which kind of service a step reaches that needs none unless its
// argument "service" names one. It comes after Touches.
func (s Step) MayReach(kind string) Step {
	s.Touch.Kind = kind
	return s
}

// Errors declares the error codes the step can return besides those every
// step can (invalid, cancelled, internal).
func (s Step) Errors(codes ...types.Code) Step {
	s.Codes = append(slices.Clone(s.Codes), codes...)
	return s
}

// CanFail reports whether the step may return code.
func (s Step) CanFail(code types.Code) bool {
	return slices.Contains(s.AllCodes(), code)
}

// AllCodes returns every code the step may return.
func (s Step) AllCodes() []types.Code {
	all := append(slices.Clone(s.Codes), types.BadInput, types.Cancelled, types.Internal)
	if s.Effect == Writes && !slices.Contains(all, types.UnknownOutcome) {
		all = append(all, types.UnknownOutcome)
	}
	return all
}

// Do performs the step. The result is an object of type Out.
func (s Step) Do(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
	if err := s.CheckArguments(in, nil); err != nil {
		return nil, err
	}
	if err := s.checkNoCredential(in); err != nil {
		return nil, err
	}
	return s.masked(s.do(s.inside(ctx), in))
}

// Cost is what a part of a write costs where the service answers at once with
// what is expected: how many requests, and how many of them have to wait for one
// before, since the rest are sent side by side.
type Cost struct{ Requests, Trips int }
