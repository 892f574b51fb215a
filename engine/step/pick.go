package step

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/types"
)

// secretField is the argument of a read that says which parts of its result are
// secrets, and the member of the result that has them.
const secretField = "secret"

// Picking gives a read the argument secret: names, and the part of the result that
// each stands for, such as {token: body.access_token}. A text on the way is read as
// JSON. The result has them as secrets, by name; all of it is masked, so nothing else
// in it shows them.
//
// A write has no such argument: its result cannot be had again.
func Picking(s Step) Step {
	if s.Effect != Reads {
		panic("step: " + s.Name + " is no read, and cannot return secrets")
	}
	s.In = s.In.With(types.Field{Name: secretField, Type: types.MapOf(types.OfKind(types.String)), Literal: true, Doc: "Parts of the result that are secrets: a name for each, and where it is, such as token: body.access_token. " +
		"Text on the way is parsed as JSON. They are read as steps.ID.secret.NAME, and given only to arguments that take a secret. Nothing shows or stores them."})
	s.Out = s.Out.With(types.Field{Name: secretField, Type: types.MapOf(types.OfKind(types.SecretKind)).Maybe(), Doc: "The secrets that the argument secret names."})
	do := s.do
	s.do = func(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
		rest, paths := withoutSecret(raw)
		out, err := do(ctx, rest)
		if err != nil || len(paths) == 0 {
			return out, withoutParts(err, paths)
		}
		return pick(ctx, out, paths)
	}
	s.check, s.guard = ignoring(s.check), ignoring(s.guard)
	if codes := s.codes; codes != nil {
		s.codes = func(raw json.RawMessage) []types.Code {
			rest, _ := withoutSecret(raw)
			return codes(rest)
		}
	}
	if restore := s.restore; restore != nil {
		s.restore = func(ctx context.Context, in, out json.RawMessage) error {
			rest, _ := withoutSecret(in)
			return restore(ctx, rest, out)
		}
	}
	return s
}

// Picks reports whether the step has the argument of [Picking].
func (s Step) Picks() bool {
	f, ok := s.Out.Field(secretField)
	return ok && f.Type.Kind == types.Map && f.Type.Elem.Kind == types.SecretKind
}

// PickedOut is the type of the result of a call that names these secrets.
func (s Step) PickedOut(names []string) types.Type {
	out := types.ObjectOf()
	for _, name := range names {
		out.Fields = append(out.Fields, types.Field{Name: name, Type: types.OfKind(types.SecretKind), Required: true})
	}
	return s.Out.With(types.Field{Name: secretField, Type: out, Required: true})
}

func ignoring(rule func(json.RawMessage, UnknownPaths) error) func(json.RawMessage, UnknownPaths) error {
	if rule == nil {
		return nil
	}
	return func(raw json.RawMessage, paths UnknownPaths) error {
		rest, _ := withoutSecret(raw)
		return rule(rest, paths)
	}
}

// withoutSecret takes the argument out of those that the step itself knows.
func withoutSecret(raw json.RawMessage) (rest json.RawMessage, paths map[string]string) {
	v, err := types.Decode(raw)
	in, ok := v.(map[string]any)
	named, given := in[secretField].(map[string]any)
	if err != nil || !ok || !given {
		return raw, nil
	}
	paths = map[string]string{}
	for name, path := range named {
		paths[name] = types.Show(path)
	}
	delete(in, secretField)
	return types.Encode(in), paths
}

// pick takes the secrets out of a result.
func pick(ctx context.Context, raw json.RawMessage, paths map[string]string) (json.RawMessage, error) {
	v, err := types.Decode(raw)
	out, ok := v.(map[string]any)
	if err != nil || !ok {
		return raw, err
	}
	secrets := map[string]any{}
	for _, name := range types.SortedKeys(paths) {
		s, err := partOf(out, name, paths[name])
		if err != nil {
			return nil, err
		}
		secrets[name] = kept(ctx, name, s)
	}
	out[secretField] = secrets
	return types.Encode(out), nil
}

func partOf(out map[string]any, name, path string) (types.Secret, error) {
	var at any = out
	for _, part := range strings.Split(path, ".") {
		if at = member(at, part); at == nil {
			return types.Secret{}, types.Errorf(types.BadInput, "the secret %s is not in the result: there is no %s", name, path).
				WithHint("name its place in the result, such as stdout, or body.data.token; a number counts the elements of a list from 0")
		}
	}
	text, ok := at.(string)
	text = strings.TrimRight(text, "\r\n")
	switch {
	case !ok:
		return types.Secret{}, types.Errorf(types.BadInput, "the secret %s is no text: %s is %s", name, path, types.Article(types.KindOf(at).String())).
			WithHint("name the member of it that is the secret")
	case mask.TooShort(types.NewSecret(text)), text == "":
		return types.Secret{}, types.Errorf(types.BadInput, "the secret %s has fewer than %d bytes, which is too short to mask it", name, mask.Shortest).
			WithHint("read it as no secret, or have it replaced by a longer one")
	}
	return types.NewSecret(text), nil
}

// member is a part of a value, nil for none. A text is JSON.
func member(v any, name string) any {
	if text, ok := v.(string); ok {
		v, _ = types.Read([]byte(text))
	}
	switch v := v.(type) {
	case map[string]any:
		return v[name]
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}

// withoutParts is an error without what may hold the secrets that a result would have
// had: a part of it can stand in the details under another name. How it ended stays.
func withoutParts(err error, paths map[string]string) error {
	if err == nil || len(paths) == 0 {
		return err
	}
	e := *types.AsError(err)
	details := map[string]any{}
	for k, v := range e.Details {
		switch v.(type) {
		case int, bool:
			details[k] = v
		}
	}
	e.Details = details
	return &e
}
