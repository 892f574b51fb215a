package refdocs_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/skills"
	"github.com/skillrun/skillrun/steps"
)

// What a page says about the command line is run:
//
//	```console   the commands behind "$ " are run one after the other, in this
//	             process, in a home of the page's own, and print what stands
//	             below them
//	```sh        the commands of skillrun must have verbs and flags that exist;
//	             so must those in `backquotes`

// shell runs skillrun as a newcomer would.
type shell struct {
	t      *testing.T
	home   string
	dir    string // where it is called; "" is the module's folder
	random io.Reader
	code   int // of the last command
}

func newShell(t *testing.T) *shell {
	return &shell{t: t, home: t.TempDir(), random: rand.NewChaCha8([32]byte{})}
}

// clock stands still.
type clock struct{}

// Now returns a fixed time.
func (clock) Now() time.Time { return time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC) }

// Sleep does not.
func (clock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// run runs one command and returns what it printed on stdout, and on both.
func (s *shell) run(args ...string) (stdout, both string) {
	dir, err := filepath.Abs(cmp.Or(s.dir, root))
	if err != nil {
		s.t.Fatal(err)
	}
	var out, all bytes.Buffer
	p := &cli.Program{
		Build: cli.Build{Version: "v0.1.0"}, Stdin: strings.NewReader(""), Stdout: io.MultiWriter(&out, &all), Stderr: &all, Dir: dir,
		Env: s.env, Clock: clock{}, Random: s.random,
		Builtin: skills.FS,
		Kinds:   steps.Kinds(),
		Catalogue: func(cfg *config.Config, f cli.Folders) (*step.Catalogue, error) {
			return steps.All(cfg, steps.Options{Cache: f.Cache, State: f.State})
		},
		Examiners: func(cfg *config.Config, cache string) (map[string]step.Examine, error) {
			return steps.Examiners(cfg, steps.Options{Cache: cache})
		},
		Sandbox: func(ctx context.Context, o cli.SandboxOptions) (cli.World, error) {
			return sandbox.Open(ctx, sandbox.Options{Dir: o.Dir, Addr: o.Addr, Log: o.Log, Now: clock{}.Now})
		},
	}
	s.code = p.Run(s.t.Context(), args)
	return out.String(), all.String()
}

// env is the environment of someone who has nothing but a home.
func (s *shell) env(name string) (string, bool) {
	if name != "HOME" {
		return "", false
	}
	return s.home, true
}

// What differs from run to run: the sandbox's port and site, the zone of the
// machine, and the room on its disk.
var (
	room     = regexp.MustCompile(`[0-9]+ MiB free`)
	loopback = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)
	site     = regexp.MustCompile(`sandbox-[a-z2-7]{8}\b`)
	started  = regexp.MustCompile(`2026-01-1[456] [0-9:]{8}`)
)

// line runs a line of a console.
func (s *shell) line(line string) string {
	if line == "echo $?" {
		return strconv.Itoa(s.code) + "\n"
	}
	args, ok := command(line)
	if !ok {
		s.t.Fatalf("%q is no command of skillrun, so it cannot stand in a console block", line)
	}
	_, out := s.run(args...)
	out = started.ReplaceAllString(strings.ReplaceAll(out, s.home, "~"), "2026-01-15 10:00:00")
	out = site.ReplaceAllString(out, "sandbox-k3v9qx7m")
	return loopback.ReplaceAllString(room.ReplaceAllString(out, "71680 MiB free"), "127.0.0.1:40123")
}

// command returns the arguments of a command line that runs skillrun.
func command(line string) ([]string, bool) {
	line = strings.TrimPrefix(line, "go run ./cmd/")
	if !strings.HasPrefix(line, "skillrun") {
		return nil, false
	}
	words := shellWord.FindAllString(line, -1)
	if i := slices.IndexFunc(words, func(w string) bool { return slices.Contains([]string{"|", ">", "&&", "#", "&"}, w) }); i > 0 {
		words = words[:i]
	}
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, "'", "")
	}
	return words[1:], words[0] == "skillrun"
}

// shellWord is a word of a command, with its parts in single quotes.
var shellWord = regexp.MustCompile(`(?:[^\s']+|'[^']*')+`)

// TestConsole runs what the pages say was run.
func TestConsole(t *testing.T) {
	blocks := 0
	for _, page := range partPages(t) {
		text := read(t, page)
		if !strings.Contains(text, "```console\n") {
			continue
		}
		blocks++
		t.Run(page, func(t *testing.T) {
			s := newShell(t)
			hold(t, page, fence.ReplaceAllStringFunc(text, func(block string) string {
				body, ok := strings.CutPrefix(block, "```console\n")
				if !ok {
					return block
				}
				out := "```console\n"
				for line := range strings.Lines(body) {
					if cmd, ok := strings.CutPrefix(line, "$ "); ok {
						out += line + s.line(strings.TrimSpace(cmd))
					}
				}
				return out + "```"
			}))
		})
	}
	if blocks == 0 {
		t.Error("no page has a console block: does the pattern still find them?")
	}
}

var inline = regexp.MustCompile("`((?:go run ./cmd/)?skillrun [^`\n]+)`")

// TestCommands looks up the verbs and flags of every command that a page
// names.
func TestCommands(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	verbs := known(s)
	seen := 0
	for _, page := range pages(t) {
		for _, line := range commandLines(read(t, page)) {
			args, ok := command(line)
			if !ok || len(args) == 0 {
				continue
			}
			seen++
			if first := args[0]; !strings.HasPrefix(first, "-") && first != strings.ToUpper(first) && !slices.Contains(verbs, first) {
				t.Errorf("%s: %s: there is no verb and no skill %s", page, line, first)
				continue
			}
			if _, out := s.run(append(args, "--help")...); s.code != 0 {
				t.Errorf("%s: %s: %s", page, line, out)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d commands were found: does the pattern still find them?", seen)
	}
}

// commandLines are the lines of sh blocks, and what stands in backquotes.
func commandLines(page string) []string {
	var out []string
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		if m[1] == "sh" {
			for line := range strings.Lines(m[2]) {
				out = append(out, strings.TrimSpace(line))
			}
		}
	}
	for _, m := range inline.FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	return out
}

// known returns the verbs of the help, and the skills.
func known(s *shell) []string {
	var out []string
	_, help := s.run("--help")
	_, help, _ = strings.Cut(help, "Available Commands:\n")
	help, _, _ = strings.Cut(help, "\n\n")
	list, _ := s.run("list")
	for line := range strings.Lines(help + "\n" + list) {
		if words := strings.Fields(line); len(words) > 0 {
			out = append(out, words[0])
		}
	}
	return out
}

// TestTestsOfTheExamples runs all tests beside the examples and the skills with the program,
// those in the sandbox too.
func TestTestsOfTheExamples(t *testing.T) {
	t.Parallel()
	stdout, both := newShell(t).run("test", "examples", "skills", "--trust", "--output", "json")
	var report struct {
		OK     bool
		Suites []struct{ Cases []struct{} }
	}
	err := json.Unmarshal([]byte(stdout), &report)
	cases := 0
	for _, s := range report.Suites {
		cases += len(s.Cases)
	}
	if err != nil || !report.OK || cases < 500 {
		t.Errorf("%d cases, all passed: %v, %v\n%s", cases, report.OK, err, both)
	}
}
