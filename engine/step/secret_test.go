package step_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type sentIn struct {
	Token types.Secret            `json:"token,omitzero" doc:"A secret."`
	Many  map[string]types.Secret `json:"many,omitempty" doc:"Secrets."`
	Text  string                  `json:"text,omitempty" doc:"No secret."`
}

type sentOut struct {
	Body string `json:"body" doc:"What came."`
	List []any  `json:"list" doc:"A list."`
}

// TestSecretsOfTheSite: a step gets the text for a handle, in the fields that are
// secrets and in no other, and never one of another name.
func TestSecretsOfTheSite(t *testing.T) {
	t.Parallel()
	var got sentIn
	s, _ := step.NewCatalogue([]step.Step{step.Read("send", "Send.", func(_ context.Context, in sentIn) (sentOut, error) { got = in; return sentOut{}, nil })}).
		WithSecrets(func(name string) (types.Secret, error) {
			if name != "secrets.db" {
				return types.Secret{}, types.Errorf(types.Auth, "no %s", name)
			}
			return types.NewSecret("sesame"), nil
		}).Lookup("send")
	do := func(in string) error { _, err := s.Do(t.Context(), json.RawMessage(in)); return err }
	if err := do(`{"token": "‹secret secrets.db›", "many": {"a": "‹secret secrets.db›"}, "text": "‹secret secrets.db›"}`); err != nil {
		t.Fatal(err)
	}
	if got.Token.Reveal() != "sesame" || got.Many["a"].Reveal() != "sesame" || got.Text != "‹secret secrets.db›" {
		t.Errorf("%q %q %q", got.Token.Reveal(), got.Many["a"].Reveal(), got.Text)
	}
	for _, in := range []string{`{"token": "‹secret secrets.other›"}`, `{"token": "‹secret db›"}`, `{"token": "sesame"}`, `{"token": "‹secret›"}`} {
		if err := do(in); err == nil {
			t.Errorf("%s gives a secret", in)
		}
	}
}

// picker is a read whose result has secrets, and what came of it with these parts
// named.
func picker(t *testing.T, body string, fail error) func(paths string) (string, *step.Vault, error) {
	do := func(context.Context, sentIn) (sentOut, error) {
		return sentOut{Body: body, List: []any{map[string]any{"k": "in-a-list-77"}, 1}}, fail
	}
	return func(paths string) (string, *step.Vault, error) {
		s, _ := step.NewCatalogue([]step.Step{step.Picking(step.Checked(step.Read("get", "Get.", do), func(sentIn, step.UnknownPaths) error { return nil }))}).
			Masked(mask.New()).Lookup("get")
		v := &step.Vault{}
		out, err := s.Do(step.WithCall(t.Context(), step.Call{Path: "a/b", Secrets: v}), json.RawMessage(`{"text": "x", "secret": `+paths+`}`))
		return string(out), v, err
	}
}

func TestPicking(t *testing.T) {
	t.Parallel()
	get := picker(t, `{"token": "tok-Zx81kQ77", "n": 3, "short": "abc", "again": "tok-Zx81kQ77"}`+"\n", nil)
	for paths, want := range map[string]string{
		`{}`:                                   `{"body":"{\"token\": \"tok-Zx81kQ77\", \"n\": 3, \"short\": \"abc\", \"again\": \"tok-Zx81kQ77\"}\n","list":[{"k":"in-a-list-77"},1]}`,
		`{"t": "body.token", "l": "list.0.k"}`: `{"body":"{\"token\": \"‹secret›\", \"n\": 3, \"short\": \"abc\", \"again\": \"‹secret›\"}\n","list":[{"k":"‹secret›"},1],"secret":{"l":"‹secret a/b#l›","t":"‹secret a/b#t›"}}`,
		`{"all": "body"}`:                      `{"body":"‹secret›\n","list":[{"k":"in-a-list-77"},1],"secret":{"all":"‹secret a/b#all›"}}`,
	} {
		got, _, err := get(paths)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v\n%s", paths, err, d)
		}
	}
	for paths, want := range map[string]string{
		`{"t": "body.none"}`:  "the secret t is not in the result: there is no body.none",
		`{"t": "list.7"}`:     "there is no list.7",
		`{"t": "list"}`:       "the secret t is no text: list is a list",
		`{"t": "body.n"}`:     "the secret t is no text: body.n is an integer",
		`{"t": "body.short"}`: "the secret t has fewer than 6 bytes, which is too short to mask it",
	} {
		if out, _, err := get(paths); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), want) || types.AsError(err).Hint == "" {
			t.Errorf("%s: %s %v", paths, out, err)
		}
	}
}

// TestPickingAfterAFailure: what fails has not told which part is the secret, so all of
// the parts that could hold one are left out.
func TestPickingAfterAFailure(t *testing.T) {
	t.Parallel()
	get := picker(t, "", types.Errorf(types.Auth, "no").With("body", "tok-Zx81kQ77").With("status", 401))
	_, _, err := get(`{"t": "body.token"}`)
	if d := cmp.Diff(map[string]any{"status": 401}, types.AsError(err).Details); d != "" {
		t.Error(d)
	}
}

// TestVault: a secret that this process has not made is had by its read, once.
func TestVault(t *testing.T) {
	t.Parallel()
	get := picker(t, `{"token": "tok-Zx81kQ77"}`, nil)
	var made sentIn
	use, _ := step.NewCatalogue([]step.Step{step.Read("use", "Use.", func(_ context.Context, in sentIn) (sentOut, error) { made = in; return sentOut{}, nil })}).Lookup("use")
	_, v, err := get(`{"t": "body.token"}`)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(v *step.Vault) error {
		made = sentIn{}
		_, err := use.Do(step.WithCall(t.Context(), step.Call{Path: "c", Secrets: v}), json.RawMessage(`{"token": "‹secret a/b#t›"}`))
		return err
	}
	if err := ask(v); err != nil || made.Token.Reveal() != "tok-Zx81kQ77" {
		t.Errorf("%q %v", made.Token.Reveal(), err)
	}
	fresh := &step.Vault{Again: func(_ context.Context, path string) error {
		return types.Errorf(types.Network, "%s is away", path).WithHint("wait")
	}}
	if err := ask(fresh); types.CodeOf(err) != types.Network || !strings.Contains(err.Error(), "the secret of a/b could not be read again: a/b is away") {
		t.Error(err)
	}
	if err := ask(&step.Vault{Again: func(context.Context, string) error { return nil }}); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "the secret a/b#t cannot be had any more") {
		t.Error(err)
	}
	if err := ask(nil); err == nil {
		t.Error("there is a secret without a vault")
	}
}
