package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
)

const asking = `name: asking
inputs:
  word: {type: string, pattern: "^[a-z]+$", required: true, description: What to say}
  mood: {type: string, enum: [glad, sad], required: true, description: How to say it}
  loud: {type: boolean, required: true}
  times: {type: integer, minimum: 1, required: true, description: How often}
  tags: {type: array, items: {type: string}, required: true}
  day: {type: string, format: date, default: "2026-01-15"}
steps:
  - {id: a, set: {told: "${{ inputs.times }} ${{ inputs.mood }} ${{ inputs.word }}"}}
outputs:
  told: ${{ steps.a.told }}
`

// person is a program with someone at its terminal who types a text.
type person struct {
	*Program
	out, log bytes.Buffer
}

func newPerson(t *testing.T, typed io.Reader) *person {
	home := t.TempDir()
	x := &person{}
	x.Program = &Program{
		Stdin: typed, Stdout: &x.out, Stderr: &x.log, Terminal: true, Dir: home,
		Env:     func(name string) (string, bool) { return home, name == "HOME" || name == "NO_COLOR" },
		Clock:   &handClock{time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)},
		Random:  zeros{},
		Builtin: fstest.MapFS{"asking.yaml": {Data: []byte(asking)}},
		Catalogue: func(*config.Config, Folders) (*step.Catalogue, error) {
			return step.NewCatalogue(), nil
		},
		Examiners: func(*config.Config, string) (map[string]step.Examine, error) { return nil, nil },
	}
	return x
}

// zeros is as random as a test needs it.
type zeros struct{}

// Read gives zeros.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func (x *person) wants(t *testing.T, texts ...string) {
	t.Helper()
	rest := x.log.String()
	for _, want := range texts {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("want, in this order, %q in:\n%s", want, x.log.String())
		}
		rest = after
	}
}

func (x *person) ranNothing(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(x.Dir, ".local")); err == nil || x.out.Len() > 0 {
		t.Errorf("something was run: %s", x.out.String())
	}
}

// TestPrompt: what is missing is asked for, until it fits; what was given is not.
func TestPrompt(t *testing.T) {
	t.Parallel()
	x := newPerson(t, strings.NewReader("Hello\nhello\n3\n2\nyes\ntrue\n0\n\n2\n[\"a\"]\nnever read"))
	if code := x.Run(t.Context(), []string{"asking"}); code != exitDone {
		t.Fatalf("exit %d:\n%s", code, x.log.String())
	}
	x.wants(t,
		"word: What to say\n", "word (matching ^[a-z]+$): ",
		`error: input word is "Hello", which does not match ^[a-z]+$ [bad-input]`, "asking.yaml:3:3: word is declared here",
		"word (matching ^[a-z]+$): ",
		"mood: How to say it\n  1. glad\n  2. sad\nmood (a number or the value): ",
		`input mood is "3", not one of glad, sad`,
		"loud: \n  1. true\n  2. false\n", `input loud is "yes", not true or false`,
		"times: How often\ntimes (integer): ", "input times is 0, less than 1", "input times is missing; Ctrl-C cancels", "times (integer): ",
		`tags (list<string> as JSON): `,
		"skillrun asking --input word=hello --input mood=sad --input loud=true --input times=2 --input 'tags=[\"a\"]' --input day=2026-01-15\n",
	)
	if got := x.out.String(); got != "told: 2 sad hello\n" {
		t.Errorf("got %q", got)
	}
}

// TestPromptAsksForWhatIsMissing: and for nothing else.
func TestPromptAsksForWhatIsMissing(t *testing.T) {
	t.Parallel()
	x := newPerson(t, strings.NewReader("4\n"))
	args := []string{"asking", "--input", "word=a", "--input", "mood=glad", "--input", "loud=false", "--input", "tags=[]"}
	if code := x.Run(t.Context(), args); code != exitDone {
		t.Fatalf("exit %d:\n%s", code, x.log.String())
	}
	if got := x.out.String(); got != "told: 4 glad a\n" || strings.Contains(x.log.String(), "word:") {
		t.Errorf("got %q\n%s", got, x.log.String())
	}
}

// TestPromptGivenUp: the end of what is typed refuses, and so does a signal.
func TestPromptGivenUp(t *testing.T) {
	t.Parallel()
	ended, stop := context.WithCancel(t.Context())
	stop()
	never, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	for _, test := range []struct {
		name  string
		ctx   context.Context
		typed io.Reader
	}{
		{"end of input", t.Context(), strings.NewReader("hello\n")},
		{"signal", ended, never},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := newPerson(t, test.typed)
			if code := x.Run(test.ctx, []string{"asking"}); code != exitRefused {
				t.Errorf("exit %d", code)
			}
			x.wants(t, "was not given; nothing was run [cancelled]\n", "give it on the command line: --input ")
			x.ranNothing(t)
		})
	}
}

// TestPromptNobody: where the answer is read by a program, or no one sits,
// no one is asked.
func TestPromptNobody(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		terminal bool
		output   string
		want     string
	}{
		{"json", true, "json", `"code": "missing-input"`},
		{"events", true, "events", `"code":"missing-input"`},
		{"no terminal", false, "text", "5 mistakes; nothing was run"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := newPerson(t, strings.NewReader("hello\n"))
			x.Terminal = test.terminal
			if code := x.Run(t.Context(), []string{"asking", "--output", test.output}); code != exitRefused {
				t.Errorf("exit %d", code)
			}
			if all := x.out.String() + x.log.String(); !strings.Contains(all, test.want) || strings.Contains(all, "What to say\n") && test.terminal {
				t.Errorf("want %q and no question in:\n%s", test.want, all)
			}
			x.out.Reset()
			x.ranNothing(t)
		})
	}
}

// TestPromptMistakesFirst: no one is asked for the rest of a call that is wrong.
func TestPromptMistakesFirst(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{
		"times=many": `--input times=many: error: input times is "many", not an integer`,
		"wrd=a":      `--input wrd=a: error: asking has no input wrd`,
	} {
		x := newPerson(t, strings.NewReader("hello\n"))
		if code := x.Run(t.Context(), []string{"asking", "--input", arg}); code != exitRefused {
			t.Errorf("exit %d", code)
		}
		x.wants(t, want)
		if strings.Contains(x.log.String(), "What to say\n") && strings.Contains(x.log.String(), "(matching") {
			t.Errorf("asked:\n%s", x.log.String())
		}
		x.ranNothing(t)
	}
}

// listener keeps what a person has seen each time they are to type.
type listener struct {
	io.Reader
	x    *person
	seen []string
}

// Read types what is left.
func (l *listener) Read(p []byte) (int, error) {
	l.seen = append(l.seen, l.x.log.String())
	return l.Reader.Read(p)
}

// TestQuestionIsThereBeforeTheAnswer: the end of a question may be the beginning
// of a credential, and is on the screen all the same when the answer is typed.
func TestQuestionIsThereBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	l := &listener{Reader: strings.NewReader("hello\n")}
	x := newPerson(t, l)
	l.x = x
	for name, text := range map[string]string{
		"skillrun.yaml": "site: s\nservices:\n  gitlab: {url: https://gl.example.com, token: \"file:token\"}\n", "token": "): 8f2d61c0b9",
	} {
		if err := os.WriteFile(filepath.Join(x.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	x.Run(t.Context(), []string{"asking", "--config", "skillrun.yaml"})
	if len(l.seen) == 0 || !strings.HasSuffix(l.seen[0], "\nword (matching ^[a-z]+$): ") {
		t.Errorf("when the first answer is typed, there is %q\n%s", l.seen, x.log.String())
	}
}
