package execute_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// withSecret is the world of a site whose secret db is "sesame-open".
func withSecret(t *testing.T) world {
	w := newWorld(t)
	w.steps = w.steps.Masked(mask.New(types.NewSecret("sesame-open"))).WithSecrets(func(name string) (types.Secret, error) {
		if name != "secrets.db" {
			t.Errorf("asked for %s", name)
		}
		return types.NewSecret("sesame-open"), nil
	})
	return w
}

// TestExecSecrets: a program gets secrets in variables and on stdin, also when it is
// asked whether its effect is there, and what it says of them is masked.
func TestExecSecrets(t *testing.T) {
	w := withSecret(t)
	w.script("login", `[ "$PW" = sesame-open ] && [ "$(cat)" = sesame-open ] && echo "in with $PW"`)
	w.script("is-in", `[ "$PW" = sesame-open ] && [ -z "$(cat)" ]`)
	const db = "‹secret secrets.db›"
	in := map[string]any{"program": "login", "secret_env": map[string]any{"PW": db}, "secret_stdin": db}
	for _, name := range []string{"exec_read", "exec"} {
		if out, err := w.do(t.Context(), name, in); err != nil || out.Stdout != "in with ‹secret›\n" {
			t.Errorf("%s: %q %v", name, out.Stdout, err)
		}
	}
	in["find"] = map[string]any{"program": "is-in"}
	if f, err := w.find(in, false); err != nil || f.State != step.StateExists {
		t.Errorf("%+v %v", f, err)
	}
	p, err := w.step("exec").Preview(w.calling(t.Context()), types.Encode(in), nil)
	if text := string(types.Encode(p.Change)); err != nil || !strings.Contains(text, `{\"PW\":\"`+db+`\"}`) || strings.Contains(text, "sesame") {
		t.Errorf("%s %v", text, err)
	}
}

// TestExecSecretsRefused: a secret stands in nobody's place, and decides nothing.
func TestExecSecretsRefused(t *testing.T) {
	w := withSecret(t)
	const db = "‹secret secrets.db›"
	for want, in := range map[string]map[string]any{
		"both stdin and secret_stdin are given":                                              {"stdin": "x", "secret_stdin": db},
		"the variable A stands in both env and secret_env":                                   {"env": map[string]any{"A": "x"}, "secret_env": map[string]any{"A": db}},
		"the variable LD_PRELOAD would decide which code runs, and a secret may be anything": {"secret_env": map[string]any{"LD_PRELOAD": db}},
		"the variable HOME would decide which code runs, and a secret may be anything":       {"secret_env": map[string]any{"HOME": db}},
		"the variable \"A B\" cannot be set":                                                 {"secret_env": map[string]any{"A B": db}},
	} {
		in["program"] = "true"
		if _, err := w.do(t.Context(), "exec_read", in); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
