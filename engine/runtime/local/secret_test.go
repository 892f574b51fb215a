package local_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// gate is where programs log in and use what they got, each in a new session.
type gate struct {
	logins int
	used   []string
	closed error
}

type loginIn struct {
	With types.Secret `json:"with,omitzero" doc:"Another secret."`
}

type loginOut struct {
	Token types.Secret `json:"token" doc:"The token."`
	Says  string       `json:"says" doc:"What it says."`
}

type useIn struct {
	Token types.Secret `json:"token" doc:"The token."`
}

func (g *gate) catalogue() *step.Catalogue {
	login := func(_ context.Context, in loginIn) (loginOut, error) {
		g.logins++
		token := fmt.Sprintf("token-number-%d%s", g.logins, in.With.Reveal())
		return loginOut{types.NewSecret(token), "welcome, " + token}, nil
	}
	use := func(_ context.Context, in useIn) (out, error) {
		g.used = append(g.used, in.Token.Reveal())
		return out{}, taken(&g.closed)
	}
	return step.NewCatalogue([]step.Step{
		step.Read("login", "Log in.", login), step.Write("use", "Use it.", use, step.Find(func(context.Context, step.Key, useIn) (step.Found[out], error) { return step.Absent[out](), nil })),
	}).Masked(mask.New())
}

func taken(err *error) error {
	e := *err
	*err = nil
	return e
}

// TestSecretIsReadAgain: the journal has handles, and a process that resumes the run
// makes the reads again whose secrets it needs, and those that they need, and no other.
func TestSecretIsReadAgain(t *testing.T) {
	t.Parallel()
	g := &gate{}
	b := newBench(
		node("other", "login", "read", nil),
		node("first", "login", "read", nil),
		node("second", "login", "read", types.Values{"with": "${{ steps.first.token }}"}),
		node("one", "use", "write", types.Values{"token": "${{ steps.second.token }}"}),
		node("two", "use", "write", types.Values{"token": "${{ steps.second.token }}"}),
	)
	b.o.Catalogue = g.catalogue()
	b.o.Program.Outputs = []program.Output{{Name: "says", Value: types.Dynamic{V: "${{ steps.second.says }}"}}}
	g.closed = types.Errorf(types.Auth, "closed").WithHint("wait")
	if o := b.run(t); o.State != runtime.Failed || g.logins != 3 || len(g.used) != 1 || g.used[0] != "token-number-3token-number-2" {
		t.Fatalf("%s, %d logins, used %q", o.State, g.logins, g.used)
	}
	text := string(types.Encode(b.j.Records()))
	if strings.Contains(text, "token-number") || !strings.Contains(text, "‹secret second#1›") || !strings.Contains(text, "welcome, ‹secret›") {
		t.Errorf("the journal has %s", text)
	}
	b.o.Catalogue = g.catalogue() // another process
	o := b.run(t)
	if d := cmp.Diff([]string{"token-number-3token-number-2", "token-number-5token-number-4", "token-number-5token-number-4"}, g.used); d != "" || o.State != runtime.Done || g.logins != 5 {
		t.Errorf("%s, %d logins\n%s", o.State, g.logins, d)
	}
	if o.Outputs["says"] != "welcome, ‹secret›" {
		t.Errorf("%v", o.Outputs)
	}
}
