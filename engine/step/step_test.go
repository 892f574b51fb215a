package step_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type in struct {
	Title string `json:"title" doc:"Title."`
	Note  string `json:"note,omitempty" cosmetic:"true" doc:"Note."`
}

type out struct {
	Key string `json:"key" doc:"Key."`
}

func make(_ context.Context, i in) (out, error) { return out{"K-" + i.Title}, nil }

// TestErased: the generics are gone, the types are not.
func TestErased(t *testing.T) {
	t.Parallel()
	s := step.Write("make", "Make.", make).Touches("tracker", "issue", "create").Errors(types.Auth)
	got, err := s.Do(t.Context(), json.RawMessage(`{"title": "x"}`))
	if err != nil || string(got) != `{"key":"K-x"}` {
		t.Errorf("got %s, %v", got, err)
	}
	want := []types.Code{types.Auth, types.BadInput, types.Cancelled, types.Internal, types.UnknownOutcome}
	if d := cmp.Diff(want, s.AllCodes()); d != "" {
		t.Error(d)
	}
	if s.CanFind() || s.CanFail(types.NotFound) {
		t.Error("it can more than was said")
	}
	p, err := s.Preview(t.Context(), nil, nil)
	if err != nil || !p.Unknown.Has("") {
		t.Errorf("a step without a preview predicts %+v, %v", p, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	s := step.Write("make", "Make.", make)
	_, decode := s.Do(t.Context(), json.RawMessage(`{"titel": "x"}`))
	_, name, pick := step.Pick(map[string]int{"jira": 1, "jira-eu": 2}, "jira", "gira")
	_, _, none := step.Pick(map[string]int{}, "jira", "")
	for _, test := range []struct {
		err  error
		code types.Code
		want string
	}{
		{decode, types.Internal, `arguments do not decode: json: unknown field "titel"`},
		{pick, types.BadInput, `there is no service "gira" (add it under services in skillrun.yaml; configured are: jira, jira-eu)`},
		{none, types.BadInput, `there is no service "jira" (add it under services in skillrun.yaml; configured are: none)`},
	} {
		if types.CodeOf(test.err) != test.code || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("got %v, want %s: %s", test.err, test.code, test.want)
		}
	}
	if got, kind, err := step.Pick(map[string]int{"jira": 1}, "jira", ""); got != 1 || kind != "jira" || err != nil || name != "gira" {
		t.Errorf("picked %d, %s, %v", got, kind, err)
	}
}

// TestDigest leaves out what is cosmetic, and does not hang on the order.
func TestDigest(t *testing.T) {
	t.Parallel()
	s := step.Write("make", "Make.", make)
	digest := func(raw string) string { return s.Digest(json.RawMessage(raw)) }
	if digest(`{"title":"x","note":"a"}`) != digest(`{"note":"b", "title":"x"}`) || digest(`{"title":"x"}`) == digest(`{"title":"y"}`) {
		t.Error("the digest is not one of what matters")
	}
}

func TestFinding(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]step.Finding{
		`{"subject":"a","state":"ok","detail":"well"}`:                                             {Subject: "a", Detail: "well"},
		`{"subject":"a","state":"skipped","skipped":"no"}`:                                         {Subject: "a", Skipped: "no"},
		`{"subject":"a","state":"failed","error":{"code":"auth","message":"wrong","hint":"mend"}}`: {Subject: "a", Err: types.Errorf(types.Auth, "wrong").WithHint("mend")},
	} {
		if got, err := json.Marshal(f); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	if u := (step.Use{Args: types.Values{"a": "x", "n": 1}}); u.Text("a") != "x" || u.Text("n") != "" || u.Text("none") != "" {
		t.Error("Text does not tell texts from others")
	}
}

// TestDefaults: what is left out has its declared default, in every ability;
// what a plan does not know yet is not left out.
func TestDefaults(t *testing.T) {
	t.Parallel()
	type args struct {
		By   int    `json:"by,omitempty" doc:"By." default:"1"`
		Name string `json:"name,omitempty" doc:"Name."`
	}
	type result struct {
		By int `json:"by" doc:"By."`
	}
	echo := func(_ context.Context, a args) (result, error) { return result{a.By}, nil }
	s := step.Write("count", "Count.", echo,
		step.Find(func(_ context.Context, _ step.Key, a args) (step.Found[result], error) {
			return step.Exists("x", result{a.By}), nil
		}),
		step.Preview(func(_ context.Context, a args, _ step.UnknownPaths) (step.Prediction[result], error) {
			return step.Prediction[result]{Out: result{a.By}}, nil
		}))
	for in, want := range map[string]string{`{}`: `{"by":1}`, `{"name":"x"}`: `{"by":1}`, `{"by":0}`: `{"by":0}`, `{"by":7}`: `{"by":7}`} {
		out, err := s.Do(t.Context(), []byte(in))
		if err != nil || string(out) != want {
			t.Errorf("%s: %s %v, want %s", in, out, err, want)
		}
		f, err := s.Find(t.Context(), step.Key{}, []byte(in))
		if err != nil || string(f.Out) != want {
			t.Errorf("find %s: %s %v, want %s", in, f.Out, err, want)
		}
	}
	p, err := s.Preview(t.Context(), []byte(`{}`), step.UnknownPaths{"by"})
	if err != nil || string(p.Out) != `{"by":0}` {
		t.Errorf("preview of what is not known: %s %v", p.Out, err)
	}
}

// TestDefaultsOfArguments: what is left out has its default, also in the journals of
// programs that did not write it down; written out it is no other argument.
func TestDefaultsOfArguments(t *testing.T) {
	t.Parallel()
	type in struct {
		Title string `json:"title" doc:"Title."`
		Kind  string `json:"kind,omitempty" default:"plain" doc:"Kind."`
	}
	s := step.Read("echo", "Echo.", func(_ context.Context, i in) (in, error) { return i, nil })
	for given, want := range map[string]string{
		`{"title":"x"}`:                `{"title":"x","kind":"plain"}`,
		`{"title":"x","kind":"fancy"}`: `{"title":"x","kind":"fancy"}`,
	} {
		if got, err := s.Do(t.Context(), json.RawMessage(given)); err != nil || string(got) != want {
			t.Errorf("%s gives %s, %v; want %s", given, got, err, want)
		}
	}
	left, written, other := s.Digest([]byte(`{"title":"x"}`)), s.Digest([]byte(`{"title":"x","kind":"plain"}`)), s.Digest([]byte(`{"title":"x","kind":"fancy"}`))
	if left != written || left == other {
		t.Errorf("digests: left out %s, written out %s, another %s", left, written, other)
	}
}
