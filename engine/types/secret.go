package types

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Secret is text that must not be seen. It prints, formats and marshals as
// ‹secret›; only [Secret.Reveal] gives the text, at the one place that sends it.
//
// A run never has the text: its expressions, its journal and the arguments of its
// steps hold a handle, a Secret without a text that says where it is to be had. It
// prints and marshals as ‹secret NAME›. What gives the text for the name is asked
// when a step is performed, see [Reveal].
type Secret struct{ text, name string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text: text} }

// SecretNamed is the handle of a secret.
func SecretNamed(name string) Secret { return Secret{name: name} }

// SitePrefix is what the name of a secret of the site begins with, which the
// configuration knows. No name of another service or secret does.
const SitePrefix = "secrets."

// Reveal returns the text, "" of a handle. Call it only where the secret is sent.
func (s Secret) Reveal() string { return s.text }

// Name is where the text of a handle is to be had, "" for one that is no handle.
func (s Secret) Name() string { return s.name }

// IsZero reports whether there is neither a text nor a name.
func (s Secret) IsZero() bool { return s == Secret{} }

const (
	hidden                  = "‹secret›"
	handleOpens, handleEnds = "‹secret ", "›"
)

// String returns "‹secret›", or "‹secret NAME›".
func (s Secret) String() string {
	if s.name != "" {
		return handleOpens + s.name + handleEnds
	}
	return hidden
}

// GoString returns the same.
func (s Secret) GoString() string { return s.String() }

// MarshalText writes the same.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a handle. Any other text becomes one that leads to nothing.
func (s *Secret) UnmarshalText(text []byte) error {
	h, ok := handle(string(text))
	if !ok {
		h = SecretNamed("?")
	}
	*s = h
	return nil
}

func handle(text string) (Secret, bool) {
	name, opens := strings.CutPrefix(text, handleOpens)
	name, ends := strings.CutSuffix(name, handleEnds)
	return SecretNamed(name), opens && ends && name != ""
}

// isSecret reports whether a value is a secret, or the handle of one as it comes out
// of a journal. Which texts are handles is decided by their place: types let nothing
// but secrets get to where one is wanted.
func isSecret(v any) bool {
	switch v := v.(type) {
	case Secret:
		return true
	case string:
		_, ok := handle(v)
		return ok
	}
	return false
}

// HoldsHandle reports whether a value holds the handle of a secret whose name begins
// like that.
func HoldsHandle(v any, begins string) bool {
	found := false
	_, _ = MapTexts(v, func(text string) (any, error) {
		s, ok := handle(text)
		found = found || ok && strings.HasPrefix(s.name, begins)
		return text, nil
	})
	return found
}

// Format prints the same, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// SecretsIn returns the secrets that a value of Go holds, at any depth.
func SecretsIn(v any) []Secret {
	var out []Secret
	_ = eachSecret(reflect.ValueOf(v), func(s Secret) (Secret, error) { out = append(out, s); return s, nil })
	return out
}

// Reveal puts the secrets into a value of Go, which v points to, in the place of their
// handles. look returns the one of a name.
func Reveal(v any, look func(name string) (Secret, error)) error {
	return eachSecret(reflect.ValueOf(v), func(s Secret) (Secret, error) {
		if s.name == "" {
			return s, nil
		}
		return look(s.name)
	})
}

// Handles returns a copy of a value of Go in which what keep returns stands in the
// place of each secret; n counts them. Maps in v are changed.
func Handles(v any, keep func(n int, s Secret) Secret) any {
	out, n := reflect.New(reflect.TypeOf(v)).Elem(), 0
	out.Set(reflect.ValueOf(v))
	_ = eachSecret(out, func(s Secret) (Secret, error) { n++; return keep(n, s), nil })
	return out.Interface()
}

// eachSecret visits the secrets in a value, at any depth, and puts what f returns in
// their place, where it can be set.
func eachSecret(v reflect.Value, f func(Secret) (Secret, error)) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return eachSecret(v.Elem(), f)
	case reflect.Struct:
		s, ok := v.Interface().(Secret)
		if !ok {
			return eachField(v, f)
		}
		got, err := f(s)
		if err == nil && got != s && v.CanSet() {
			v.Set(reflect.ValueOf(got))
		}
		return err
	case reflect.Slice, reflect.Array:
		for i := 0; v.Type().Elem().Kind() != reflect.Uint8 && i < v.Len(); i++ {
			if err := eachSecret(v.Index(i), f); err != nil {
				return err
			}
		}
	case reflect.Map:
		return eachValue(v, f)
	}
	return nil
}

func eachField(v reflect.Value, f func(Secret) (Secret, error)) error {
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		if err := eachSecret(v.Field(i), f); err != nil {
			return err
		}
	}
	return nil
}

// eachValue visits the values of a map, each as a copy that can be set.
func eachValue(v reflect.Value, f func(Secret) (Secret, error)) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	for _, k := range keys {
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(v.MapIndex(k))
		if err := eachSecret(value, f); err != nil {
			return err
		}
		if v.Type().Elem() == secretType {
			v.SetMapIndex(k, value)
		}
	}
	return nil
}
