package check_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/program"
)

const grouped = `name: x
concurrency:
  group: aa-${{ inputs.env }}-${{ config.place ?? "here" }}
  lock: {repo: "${{ config.lock_repo }}", service: git-locks}
inputs:
  env: {type: string, default: prod}
config:
  place: {type: string}
  lock_repo: {type: string}
steps:
  - {id: a, set: {x: 1}}
`

// TestBindConcurrency: the program holds the values, and a lock that no
// repository is configured for stays on the machine.
func TestBindConcurrency(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text   string
		config map[string]any
		want   *program.Concurrency
	}{
		"none":            {"name: x\nsteps:\n  - {id: a, set: {x: 1}}\n", nil, nil},
		"short":           {"name: x\nconcurrency: aa\nsteps:\n  - {id: a, set: {x: 1}}\n", nil, &program.Concurrency{Group: "aa"}},
		"lock":            {grouped, map[string]any{"lock_repo": "https://g/locks.git", "place": "p_1"}, &program.Concurrency{Group: "aa-prod-p_1", Repo: "https://g/locks.git", Service: "git-locks"}},
		"absent repo":     {grouped, nil, &program.Concurrency{Group: "aa-prod-here"}},
		"empty repo":      {grouped, map[string]any{"lock_repo": ""}, &program.Concurrency{Group: "aa-prod-here"}},
		"default service": {strings.Replace(grouped, ", service: git-locks", "", 1), map[string]any{"lock_repo": "r"}, &program.Concurrency{Group: "aa-prod-here", Repo: "r"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skill, diags := check.File("x.yaml", []byte(tt.text), world())
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			p, diags := skill.Bind(check.Binding{Config: tt.config, Now: time.Unix(0, 0), Zone: time.UTC})
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			if d := cmp.Diff(tt.want, p.Concurrency); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestBadGroups: a name that no file or no branch may have is refused where it
// is written, before anything runs.
func TestBadGroups(t *testing.T) {
	t.Parallel()
	skill, diags := check.File("x.yaml", []byte(grouped), world())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for env, want := range map[string]string{
		"Prod":                  "does not match",
		"a/b":                   "does not match",
		"a b":                   "does not match",
		"a\n":                   "does not match",
		"ä":                     "does not match",
		strings.Repeat("a", 64): "does not match",
		"a..b":                  "cannot be the name of a branch",
	} {
		_, diags := skill.Bind(check.Binding{Inputs: map[string]any{"env": env}, Now: time.Unix(0, 0), Zone: time.UTC})
		if len(diags) != 1 || diags[0].Code != "bad-concurrency" || diags[0].At.Start.Line != 3 ||
			!strings.Contains(diags[0].Message, want) || !strings.Contains(diags[0].Hint, "at most 64") {
			t.Errorf("%q: %v", env, diags)
		}
	}
	for _, end := range []string{"x.", "x.lock"} {
		_, diags := skill.Bind(check.Binding{Config: map[string]any{"place": end}, Now: time.Unix(0, 0), Zone: time.UTC})
		if len(diags) != 1 || !strings.Contains(diags[0].Message, "cannot be the name of a branch") {
			t.Errorf("%q: %v", end, diags)
		}
	}
}

// TestLockServices: the service of a lock is needed by the skill, unless the
// repository is left to the site.
func TestLockServices(t *testing.T) {
	t.Parallel()
	always := strings.Replace(grouped, "lock_repo: {type: string}", "lock_repo: {type: string, required: true}", 1)
	for text, want := range map[string][]string{grouped: nil, always: {"git-locks"}, strings.Replace(always, ", service: git-locks", "", 1): {"git"}} {
		skill, diags := check.File("x.yaml", []byte(text), world())
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		if d := cmp.Diff(want, skill.Services); d != "" {
			t.Error(d)
		}
	}
}
