package examples_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// TestEveryKey: each key of the language stands in an example.
func TestEveryKey(t *testing.T) {
	t.Parallel()
	s := seen{}
	for _, file := range examples(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		root, diags := syntax.Parse(file, text)
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		s.skill(root)
	}
	for _, file := range stepTypes(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		root, _ := syntax.Parse(file, text)
		s.keys(root, "step type")
		s.keys(root.Get("preview"), "preview")
		s.declarations(root.Get("outputs"))
		s.each(root.Get("outputs"), "output")
	}
	all := check.Keys()
	delete(all, "argument") // a declaration
	delete(all, "approve")  // its page shows one that a service answers; here people do
	all["output"] = all["output"].Without(all["declaration"].Names()...)
	for place, keys := range all {
		for _, key := range keys.Names() {
			if !s[place+" "+key] {
				t.Errorf("no example has %s in a %s", key, place)
			}
		}
	}
}

// TestEnoughExamples: one idea each, and all of them.
func TestEnoughExamples(t *testing.T) {
	t.Parallel()
	if n := len(examples(t)); n < 20 {
		t.Errorf("there are %d examples", n)
	}
}

// examples are the skills that show one idea each.
func examples(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(skillFiles(t), func(file string) bool { return strings.HasPrefix(file, "rewritten") })
}

// stepTypes are the step types of the examples.
func stepTypes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("steps/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("step types %v: %v", files, err)
	}
	return slices.DeleteFunc(files, isTests)
}

// seen are the keys that examples have, as "place key".
type seen map[string]bool

func (s seen) keys(n *syntax.Node, place string) {
	if n == nil {
		return
	}
	for _, p := range n.Pairs {
		s[place+" "+p.Key.Value] = true
	}
}

// each notes the keys of all members of a mapping.
func (s seen) each(n *syntax.Node, place string) {
	if n == nil {
		return
	}
	for _, p := range n.Pairs {
		s.keys(p.Value, place)
	}
}

func (s seen) skill(n *syntax.Node) {
	s.keys(n, "skill")
	s.keys(n.Get("concurrency"), "concurrency")
	s.keys(n.Get("concurrency").Get("lock"), "lock")
	s.declarations(n.Get("inputs"))
	s.declarations(n.Get("config"))
	s.each(n.Get("secrets"), "secret")
	s.steps(n.Get("steps"))
}

func (s seen) declarations(n *syntax.Node) {
	if n == nil {
		return
	}
	for _, p := range n.Pairs {
		s.declaration(p.Value)
	}
}

func (s seen) declaration(n *syntax.Node) {
	s.keys(n, "declaration")
	s.declarations(n.Get("properties"))
	if items := n.Get("items"); items != nil {
		s.declaration(items)
	}
}

func (s seen) steps(n *syntax.Node) {
	if n == nil {
		return
	}
	for _, step := range n.Items {
		s.keys(step, "step")
		s.keys(step.Get("await"), "await")
		s.keys(step.Get("approve"), "approve")
		s.keys(step.Get("retry"), "retry")
		for _, inner := range []*syntax.Node{step.Get("steps"), step.Get("rescue"), step.Get("always"), step.Get("retry").Get("before")} {
			s.steps(inner)
		}
	}
}
