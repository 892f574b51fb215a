package step

import (
	"context"
	"encoding/json"
	"time"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/types"
)

// Masked returns the catalogue with steps of which nothing that the mask knows
// comes out: not in results, predictions, errors or remarks. A step that is given
// a credential refuses. A run sees the masked values only, so that it continues
// from its journal with the same ones.
func (c *Catalogue) Masked(m *mask.Mask) *Catalogue {
	out := &Catalogue{byName: map[string]Step{}, mask: m}
	for name, s := range c.byName {
		s.mask = m
		out.byName[name] = s
	}
	return out
}

// Hide returns JSON without what the mask of the catalogue knows.
func (c *Catalogue) Hide(data []byte) []byte { return c.mask.JSON(data) }

// masked is a result, and an error, of a step without what its mask knows.
func (s Step) masked(out json.RawMessage, err error) (json.RawMessage, error) {
	return s.mask.JSON(out), MaskedError(s.mask, err)
}

// checkNoCredential refuses arguments that hold a credential. No step's result has one, so
// someone put it together of parts; where it goes, it would stay.
func (s Step) checkNoCredential(in json.RawMessage) error {
	if !s.mask.Finds(string(in)) {
		return nil
	}
	return types.Errorf(types.BadInput, "the step's arguments contain the credential of a service").
		WithHint("remove the expression that builds it; steps name a service, and the configuration names its credential")
}

func (c Change) masked(m *mask.Mask) Change {
	fields := c.Fields
	c.Title, c.Diff, c.Fields = m.Text(c.Title), m.Text(c.Diff), nil
	for _, f := range fields {
		c.Fields = append(c.Fields, FieldChange{Name: m.Text(f.Name), Value: m.Text(f.Value)})
	}
	return c
}

// MaskedError returns the error without what the mask knows. One that holds
// nothing of it stays the same.
func MaskedError(m *mask.Mask, err error) error {
	if err == nil || m == nil {
		return err
	}
	return types.Rewritten(err, m.Text, m.JSON)
}

// Masked returns an examination of which nothing that the mask knows comes out.
func (e Examine) Masked(m *mask.Mask) Examine {
	return func(ctx context.Context, service string, uses []Use, now time.Time) []Finding {
		found := e(WithMask(ctx, m), service, uses, now)
		for i, f := range found {
			f.Subject, f.Detail, f.Skipped = m.Text(f.Subject), m.Text(f.Detail), m.Text(f.Skipped)
			if f.Err != nil {
				f.Err = types.AsError(MaskedError(m, f.Err))
			}
			found[i] = f
		}
		return found
	}
}

type learnKey struct{}

// WithMask returns a context in which [Learn] teaches the mask, and in which what
// steps remark is masked.
func WithMask(ctx context.Context, m *mask.Mask) context.Context {
	if m == nil {
		return ctx
	}
	if c := CallOf(ctx); c.Tell != nil {
		tell := c.Tell
		c.Tell = func(text string) { tell(m.Text(text)) }
		ctx = WithCall(ctx, c)
	}
	return context.WithValue(ctx, learnKey{}, m)
}

// Learn is called by a step that was given a credential on its way, such as by a
// helper or by whoever gives tokens, before it uses it: no text holds it from
// then on.
func Learn(ctx context.Context, secret types.Secret) {
	m, _ := ctx.Value(learnKey{}).(*mask.Mask)
	m.Learn(secret)
}

// Hide masks a text in the context of a step that is about to cut it: of what is cut
// through, no one could tell later what it was.
func Hide(ctx context.Context, text string) string {
	m, _ := ctx.Value(learnKey{}).(*mask.Mask)
	return m.Text(text)
}

// maskedLock is a lock of which nothing that the mask knows comes out.
type maskedLock struct {
	Lock
	m *mask.Mask
}

// MaskedLock returns such a lock.
func MaskedLock(l Lock, m *mask.Mask) Lock { return maskedLock{l, m} }

// Take takes the lock, or says who has it.
func (l maskedLock) Take(ctx context.Context, name string, h Holder) (*Holder, error) {
	other, err := l.Lock.Take(WithMask(ctx, l.m), name, h)
	if other != nil {
		other.Work, other.Run, other.Machine, other.User = l.m.Text(other.Work), l.m.Text(other.Run), l.m.Text(other.Machine), l.m.Text(other.User)
	}
	return other, MaskedError(l.m, err)
}

// Release releases it.
func (l maskedLock) Release(ctx context.Context, name string, h Holder) error {
	return MaskedError(l.m, l.Lock.Release(WithMask(ctx, l.m), name, h))
}
