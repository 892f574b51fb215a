package step

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/engine/types"
)

// Secrets reach a step by a field of the type [types.Secret], and nowhere else. What a
// run hands on is a handle: [types.SitePrefix] and a name for one that the site has, and
// PATH#NAME for one that the read at a path of the run has made. The text is looked up
// when the step is performed; it is not journaled, and a process that resumes the run
// makes the read again.

// SecretKind is the kind of service that a secret of the site is to a configuration.
// Its name there begins with [types.SitePrefix].
const SecretKind = "secret"

// SecretsOf looks up a secret of the site, by its name with [types.SitePrefix].
type SecretsOf func(name string) (types.Secret, error)

// WithSecrets returns the catalogue with steps that are given secrets of the site.
func (c *Catalogue) WithSecrets(of SecretsOf) *Catalogue {
	out := &Catalogue{byName: map[string]Step{}, mask: c.mask}
	for name, s := range c.byName {
		s.secrets = of
		out.byName[name] = s
	}
	return out
}

type secretsKey struct{}

// inside is the context in which the step is performed.
func (s Step) inside(ctx context.Context) context.Context {
	return context.WithValue(WithMask(ctx, s.mask), secretsKey{}, s.secrets)
}

// revealed reads what a step is performed with: arguments with their secrets.
func revealed[In any](s Step) func(ctx context.Context, raw json.RawMessage) (In, error) {
	read := arguments[In](s)
	return func(ctx context.Context, raw json.RawMessage) (In, error) {
		in, err := read(raw, nil)
		if err == nil {
			err = reveal(ctx, &in)
		}
		return in, err
	}
}

func reveal(ctx context.Context, in any) error {
	return types.Reveal(in, func(name string) (types.Secret, error) {
		if !strings.HasPrefix(name, types.SitePrefix) {
			return CallOf(ctx).Secrets.get(ctx, name)
		}
		of, _ := ctx.Value(secretsKey{}).(SecretsOf)
		if of == nil {
			return types.Secret{}, missing(name)
		}
		return of(name)
	})
}

// kept hands a secret that a step has made to the run, and returns its handle. It is
// masked from then on.
func kept(ctx context.Context, name string, s types.Secret) types.Secret {
	Learn(ctx, s)
	c := CallOf(ctx)
	if c.Secrets == nil || s.IsZero() {
		return s
	}
	return c.Secrets.put(Handles(c.Path)+name, s)
}

// Handles is what the names of the secrets begin with that a read at a path has made.
func Handles(path string) string { return path + "#" }

// Vault holds the secrets that reads of a run have made, for as long as a process is
// at the run.
type Vault struct {
	// Again performs the read at a path of the run again, with a context whose [Call]
	// has this vault. It may be nil.
	Again func(ctx context.Context, path string) error

	mu   sync.Mutex
	held map[string]types.Secret
}

func (v *Vault) put(name string, s types.Secret) types.Secret {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held == nil {
		v.held = map[string]types.Secret{}
	}
	v.held[name] = s
	return types.SecretNamed(name)
}

func (v *Vault) look(name string) (types.Secret, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, ok := v.held[name]
	return s, ok
}

// get returns a secret; the read that made it is done again where this process has
// not done it.
func (v *Vault) get(ctx context.Context, name string) (types.Secret, error) {
	if v == nil {
		return types.Secret{}, missing(name)
	}
	s, ok := v.look(name)
	if ok {
		return s, nil
	}
	if v.Again == nil {
		return s, missing(name)
	}
	path, _, _ := strings.Cut(name, "#")
	if err := v.Again(ctx, path); err != nil {
		e := types.AsError(err)
		return types.Secret{}, types.Errorf(e.Code, "the secret of %s could not be read again: %s", path, e.Message).WithHint("%s", cmp.Or(e.Hint, "resume the run when it can be"))
	}
	if s, ok = v.look(name); !ok {
		return s, missing(name)
	}
	return s, nil
}

func missing(name string) error {
	return types.Errorf(types.Conflict, "the secret %s cannot be had any more", name).WithHint("start a new run: skillrun run SKILL --anew")
}
