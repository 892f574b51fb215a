package step

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Key is the identity of an effect. It stands in the other system (a label, a
// trailer, a marker), so that the effect is found again even when the journal
// is lost. Work is the same for all effects of one piece of work (skill,
// identity, --again); Path tells the effects of one piece of work apart. Both
// are lower-case letters and digits.
type Key struct{ Work, Path string }

// String returns "work-path".
func (k Key) String() string { return k.Work + "-" + k.Path }

// KeyOf is the key of the effect at a path of a piece of work. Identity is that
// of the called skills which the path stands in; see machine.Action.
func KeyOf(work, path string, identity []string) Key {
	return Key{Work: work, Path: Hash(10, append([]string{path}, identity...)...)}
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k == Key{} }

// Hash returns n base32 characters of the SHA-256 of the parts, kept apart.
func Hash(n int, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(types.Encode(p))
		h.Write([]byte{'\n'})
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)))[:n]
}

// Digest returns the argument digest of in: the hash of its JSON without the
// cosmetic arguments, and without those that are what they are by default, so that
// a default that is written out is no other argument. The marker in the other
// system holds it beside the key.
func (s Step) Digest(in json.RawMessage) string {
	v, err := types.Decode(in)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return Hash(16, string(in))
	}
	for _, f := range s.In.Fields {
		if f.Cosmetic || f.Default != nil && types.Show(m[f.Name]) == types.Show(f.Default) {
			delete(m, f.Name)
		}
	}
	return Hash(16, string(types.Encode(m)))
}

// Call is what the engine tells a step about the call it is in.
type Call struct {
	Run    string // the run's id
	Path   string // the structural path of the step in the skill
	Key    Key
	Digest string // the argument digest
	// StartedAt is when the run started: the only clock a step may put into
	// what it makes, so that a resumed run makes the same.
	StartedAt time.Time
	// Workspaces is the run's own folder for workspaces, "" when it has none.
	Workspaces string
	// Programs is the run's folder in which a step notes what it started on this
	// machine and may outlive it, "" when it has none. Each file in it is locked as
	// long as that runs.
	Programs string
	// AfterUnknown is set when Find is asked, or the write is sent, after a request
	// whose outcome is unknown: look harder. UnknownFor is how long ago the first
	// such request was announced.
	AfterUnknown bool
	UnknownFor   time.Duration
	// Unprepared is set when Preview is asked after a plan has left out a step
	// that changes the files of the workspace: what they come to is not known.
	Unprepared bool
	// Presumed is set when Preview is asked of an effect that was not looked for,
	// since a write before it has not happened: a plan takes it to be absent, and
	// whether the call makes it or finds it is not known.
	Presumed bool
	// Tell shows people a line about the call while it runs, such as why it
	// waits; nil drops it.
	Tell func(text string)
	// Made reports whether an effect of this run names the thing in its result.
	// It is there then, though another service, or another server of the same
	// one, may not see it yet. Without it it is unknown.
	Made func(thing string) bool
	// Results are the results of the effects of this run by a step, the earliest
	// first. Without it it is unknown.
	Results func(step string) []Result
	// Secrets are those that reads of this run have made. A call without it has
	// none.
	Secrets *Vault
	// Sleep waits on the run's clock, or returns the context's error. Without
	// it a step does not wait.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Say tells people a line about the call, see Tell.
func (c Call) Say(text string) {
	if c.Tell != nil {
		c.Tell(text)
	}
}

// Result is what an effect of the run came to: made, or found done.
type Result struct {
	Key string // [Key.String] of the effect
	Out types.Values
}

type callKey struct{}

// WithCall returns a context that carries c.
func WithCall(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// CallOf returns the call that ctx carries, or the zero Call.
func CallOf(ctx context.Context) Call {
	c, _ := ctx.Value(callKey{}).(Call)
	return c
}

// Pick returns the service that a step's argument names, and its name; kind is
// the name when there is no argument. Families keep their services in a map
// of their own type.
func Pick[S any](services map[string]S, kind, name string) (S, string, error) {
	name = cmp.Or(name, kind)
	s, ok := services[name]
	if !ok {
		known := cmp.Or(strings.Join(types.SortedKeys(services), ", "), "none")
		return s, name, types.Errorf(types.BadInput, "there is no service %q", name).
			WithHint("add it under services in skillrun.yaml; configured are: %s", known)
	}
	return s, name, nil
}
