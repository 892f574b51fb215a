package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a bomb may take: the program itself takes some tens of megabytes. The
// time is of a machine that does nothing else, and the test allows for others.
const (
	bombMemory = 256 << 20
	bombTime   = 5 * time.Second
	bombToken  = "sesame-4711-abcdefgh" // which is looked for in every answer
)

// bomb is a command that someone else's file, link or stream goes into.
type bomb struct {
	name string
	args string
	file string // what is in FILE, or skill.yaml
	conf string // the configuration, when it is not empty
	make func(dir string) error
	says string // of its end
	done bool   // it is within the limits, and does its work
}

// skillOf is a skill that is named skill.
func skillOf(steps string) string { return "name: skill\n" + steps }

func many(n int, each func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(each(i))
	}
	return b.String()
}

func repeated(n int, text string) string { return strings.Repeat(text, n) }

func linked(name, to string) func(string) error {
	return func(dir string) error { return os.Symlink(to, filepath.Join(dir, name)) }
}

func piped(name string) func(string) error {
	return func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, name), 0o600) }
}

const simple = "steps:\n  - {id: a, set: {x: 1}}\n"

// bombs are texts of at most the size that is read, links, pipes and devices.
func bombs() []bomb {
	step := func(value string) string { return skillOf("steps:\n  - {id: a, set: {x: \"" + value + "\"}}\n") }
	inputs := func(kind string) string { return skillOf("inputs:\n  x: " + kind + "\n" + simple) }
	checks := []bomb{
		{name: "unknown keys on a line", file: "{" + many(4900, func(i int) string { return fmt.Sprintf("k%d: 1, ", i) }) + "z: 1}", says: "unknown key"},
		{name: "a key many times", file: "{" + many(4900, func(int) string { return "kk: 1, " }) + "z: 1}", says: "is here twice"},
		{name: "an expression a word", file: step(repeated(20000, "${{ y }}")), says: "there is no y"},
		{name: "a long expression", file: step("${{ " + repeated(9000, "inputs.x + ") + "1 }}"), says: "error"},
		{name: "a deep expression", file: step("${{ " + repeated(50000, "(") + " }}"), says: "error"},
		{name: "directives in directives", file: step(repeated(15000, "%{{ if true }}")), says: "nested deeper"},
		{name: "lists in lists", file: repeated(120000, "["), says: "error"},
		{name: "objects in objects", file: repeated(60000, "{a: "), says: "error"},
		{name: "a long key", file: repeated(250000, "k") + ": 1\n", says: "error"},
		{name: "a long name of a step type", file: skillOf("steps:\n  - {id: a, uses: " + repeated(250000, "k") + "}\n"), says: "error"},
		{name: "control characters", file: repeated(250000, "\x01"), says: "invisible"},
		{name: "bad escapes", file: "a: \"" + repeated(120000, `\q`) + "\"", says: "not YAML"},
		{name: "an end that is wrong", file: repeated(50000, "a: 1\n") + "x: [", says: "not YAML"},
		{name: "a billion laughs", file: "a: &a [1,1,1]\n" + many(20, func(i int) string { return fmt.Sprintf("%c: &%c [*%c,*%c,*%c]\n", 'b'+i, 'b'+i, 'a'+i, 'a'+i, 'a'+i) }), says: "anchor"},
		{name: "outputs of nothing", file: skillOf(simple + "outputs:\n" + many(4000, func(i int) string { return fmt.Sprintf("  o%d: \"${{ nope.z%d }}\"\n", i, i) })), says: "there is no nope"},
		{name: "types that double", file: skillOf("steps:\n  - {id: s0, set: {x: {k: 1}}}\n" + many(60, func(i int) string {
			return fmt.Sprintf("  - {id: s%d, set: {x: \"${{ {a: steps.s%d.x, b: steps.s%d.x} }}\"}}\n", i+1, i, i)
		})), says: "too many parts"},
		{name: "a pattern", file: inputs("{type: string, pattern: \"^(" + repeated(20, "(x{0,1000}|y{0,999}z)|") + "z)*$\"}"), says: "too large"},
		{name: "a pattern of repeats", file: inputs("{type: string, pattern: \"" + repeated(900, "x{1000}") + "\"}"), says: "too large"},
		{name: "a file too large", file: repeated(2<<20, "a"), says: "larger than"},
	}
	const costly = "string(len(filter(1..300, len(filter(1..300, # > len(inputs.x))) > 0)))" // nearly all that one expression may take
	checks = append(checks, bomb{name: "texts that are tried", done: true, says: "no mistakes", file: skillOf("inputs:\n  x: {type: string, required: true, enum: [" + many(100, func(i int) string { return fmt.Sprintf("v%d, ", i) }) + "z]}\nsteps:\n" + many(800, func(i int) string {
		return fmt.Sprintf("  - {id: s%d, uses: exec_read, with: {program: \"true\", timeout: \"${{ %s + 's' }}\"}}\n", i, costly)
	}))})
	for i := range checks {
		checks[i].args = "check ./skill.yaml"
	}
	runs := []bomb{
		{name: "lists that double", file: skillOf("steps:\n  - {id: s0, set: {x: [1]}}\n" + many(40, func(i int) string {
			return fmt.Sprintf("  - {id: s%d, set: {x: \"${{ [steps.s%d.x, steps.s%d.x] }}\"}}\n", i+1, i, i)
		}) + "outputs: {z: \"${{ json(steps.s40.x) }}\"}\n"), says: "too much text"},
		{name: "texts that double", file: skillOf("steps:\n  - {id: s0, set: {x: aaaaaaaa}}\n" + many(40, func(i int) string {
			return fmt.Sprintf("  - {id: s%d, set: {x: \"${{ steps.s%d.x + steps.s%d.x }}\"}}\n", i+1, i, i)
		})), says: "too much text"},
		{name: "a long range", file: step("${{ 1..100000000 }}"), says: "too many iterations"},
		{name: "a range in a range", file: step("${{ map(1..1000, map(1..1000, #)) }}"), says: "too many iterations"},
		{name: "a long loop", file: skillOf("steps:\n  - {id: l, for_each: \"1..1000000\", as: i, key: \"string(i)\", set: {x: 1}}\n"), says: "too many iterations"},
		{name: "a loop in a loop", file: skillOf("steps:\n  - {id: l, for_each: \"map(1..10000, #)\", as: i, key: \"string(i)\", steps: [{id: m, for_each: \"map(1..10000, #)\", as: j, key: \"string(j)\", set: {x: 1}}]}\n"), says: "without doing anything"},
	}
	plain := strings.ReplaceAll(costly, "inputs.x", "'x'")
	runs = append(runs,
		bomb{name: "defaults that compute", says: "too many iterations", file: skillOf("inputs:\n" + many(1500, func(i int) string {
			return fmt.Sprintf("  x%d: {type: string, default: \"${{ %s }}\"}\n", i, plain)
		}) + simple)},
		bomb{name: "arguments of a long loop", says: "stop here", file: skillOf("steps:\n  - {id: no, assert: 1 > 2, message: stop here}\n  - id: l\n    for_each: \"1..2500\"\n    as: i\n    steps:\n      - id: a\n        uses: log\n        with:\n          message: x\n          fields:\n" + many(60, func(i int) string {
			return fmt.Sprintf("            k%d: \"${{ %s }}\"\n", i, plain)
		}))})
	for i := range runs {
		runs[i].args = "run ./skill.yaml"
	}
	ask := inputs("{type: string, pattern: \"^(x{0,300}y|x{0,300}z)*$\"}")
	places := []bomb{
		{name: "a text for a pattern", args: "run ./skill.yaml --input x=@big", file: ask, make: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "big"), []byte(repeated(1<<20-1, "x")), 0o600)
		}, says: "too many to check against its pattern"},
		{name: "an input without an end", args: "run ./skill.yaml --input x=@zero", file: ask, make: linked("zero", "/dev/zero"), says: "not a regular file"},
		{name: "an input that is a pipe", args: "run ./skill.yaml --input x=@pipe", file: ask, make: piped("pipe"), says: "not a regular file"},
		{name: "inputs without an end", args: "run ./skill.yaml --input-file zero", file: ask, make: linked("zero", "/dev/zero"), says: "not a regular file"},
		{name: "a configuration without an end", args: "run ./skill.yaml", file: skillOf(simple), make: linked("skillrun.yaml", "/dev/zero"), says: "not a regular file"},
		{name: "a configuration that is a pipe", args: "run ./skill.yaml", file: skillOf(simple), make: piped("skillrun.yaml"), says: "not a regular file"},
		{name: "a configuration that leads to itself", args: "run ./skill.yaml", file: skillOf(simple), make: linked("skillrun.yaml", "skillrun.yaml"), says: "too many levels"},
		{name: "a skill without an end", args: "run ./zero.yaml --trust", make: linked("zero.yaml", "/dev/zero"), says: "not a regular file"},
		{name: "a skill that is a pipe", args: "check ./pipe.yaml", make: piped("pipe.yaml"), says: "not a regular file"},
		{name: "a plan without an end", args: "apply zero", make: linked("zero", "/dev/zero"), says: "not a regular file"},
		{name: "a plan that is a pipe", args: "apply pipe", make: piped("pipe"), says: "not a regular file"},
		{name: "a plan too large", args: "apply big", make: func(dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, "big"), nil, 0o600), os.Truncate(filepath.Join(dir, "big"), 1<<40))
		}, says: "larger than"},
		{name: "a plan of brackets", args: "apply deep", make: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "deep"), []byte(repeated(8<<20, "[")), 0o600)
		}, says: "not a plan"},
	}
	return append(append(checks, runs...), places...)
}

// TestBombs: what is made to take all memory, or forever, takes little of both,
// or ends at its limit and says so. All of them are SKILLRUN_SWEEP=ci, else some.
func TestBombs(t *testing.T) {
	t.Parallel()
	all := bombs()
	if len(all) < 30 {
		t.Errorf("%d bombs", len(all))
	}
	program, err := sweepable()
	if err != nil {
		t.Fatal(err)
	}
	host := bombServer(t)
	all = slices.Concat(all, servedBombs(host), listBombs(host), cloneBombs())
	every := 12
	if fullSweep() {
		every = 1
	}
	for i, b := range all { // one after another: each is measured
		if i%every != min(2, every-1) { // others take seconds each
			continue
		}
		t.Run(b.name, func(t *testing.T) { b.test(t, program) })
	}
}

func (b bomb) test(t *testing.T, program string) {
	dir, home := t.TempDir(), t.TempDir()
	if b.file != "" {
		if err := os.WriteFile(filepath.Join(dir, "skill.yaml"), []byte(b.file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if b.conf != "" {
		if err := os.WriteFile(filepath.Join(dir, "conf.yaml"), []byte(b.conf), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if b.make != nil {
		if err := b.make(dir); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*bombTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, strings.Fields(b.args)...)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TOKEN=" + bombToken}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if (err == nil) != b.done || ctx.Err() != nil || !strings.Contains(out.String(), b.says) {
		t.Errorf("%v, not %q:\n%.600s", err, b.says, out.String())
	}
	used, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	// A process begins with the figure of the one that started it.
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		t.Fatal(err)
	}
	if peak := maxResident(used); peak > bombMemory && peak > maxResident(&own) {
		t.Errorf("it took %d MiB", peak>>20)
	}
	if took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); took > bombTime {
		t.Errorf("it computed for %s", took)
	}
	if out.Len() > 1<<20 {
		t.Errorf("it said %d bytes", out.Len())
	}
}
