package cli

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
)

const writing = `name: writing
steps:
  - {id: look, uses: look, with: {}}
  - {id: post, name: Post it, uses: post, with: {text: "${{ steps.look.text }}"}}
`

type noArgs struct{}

type note struct {
	Text string `json:"text" doc:"What it says."`
}

// TestConsent: who was asked, and what became of each answer, is written down.
func TestConsent(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]struct {
		code, posted int
		history      string
		refused      []string // what is asked again after
	}{
		"yes\n":              {0, 1, " approved by ada (user of this machine): plan ", nil},
		"\nyes":              {3, 0, " parked", nil},
		"":                   {3, 0, " parked", nil},
		" yes \n":            {0, 1, " approved by ada (user of this machine): plan ", nil},
		"no\n":               {1, 0, " rejected by ada (user of this machine)", nil},
		"y\n":                {3, 0, " parked", []string{"y"}},
		"n\n":                {3, 0, " parked", []string{"n"}},
		"y\nyes\n":           {0, 1, " approved by ada (user of this machine): plan ", []string{"y"}},
		"n\nNo\nno\n":        {1, 0, " rejected by ada (user of this machine)", []string{"n", "No"}},
		"y\n\nyes\n":         {3, 0, " parked", []string{"y"}},
		"sure\x1b[2J\nyes\n": {0, 1, " approved by ada (user of this machine): plan ", []string{"sure\x1b[2J"}},
	} {
		posted := 0
		x := newPerson(t, strings.NewReader(typed))
		x.User = "ada"
		x.Catalogue = func(*config.Config, Folders) (*step.Catalogue, error) {
			return step.NewCatalogue([]step.Step{
				step.Read("look", "Look.", func(context.Context, noArgs) (note, error) { return note{"hello"}, nil }),
				step.Write("post", "Post.", func(_ context.Context, n note) (note, error) { posted++; return n, nil }),
			}), nil
		}
		x.Builtin = fstest.MapFS{"writing.yaml": {Data: []byte(writing)}}
		if code := x.Run(t.Context(), []string{"writing"}); code != want.code || posted != want.posted {
			t.Errorf("%q: exit %d, posted %d times\n%s", typed, code, posted, x.log.String())
		}
		x.wants(t, "one write is about to happen", "1. Post it", "text: hello", `Write this? Type "yes" to continue, "no" to end the run, Enter to wait: `)
		for line := range strings.Lines(x.log.String()) {
			if room := 80 - len(" yes") - len("Approve") + len("Write"); strings.HasPrefix(line, "Write this?") && len(strings.SplitAfter(line, ": ")[0]) > room {
				t.Errorf("there is no room for an answer on 80 columns behind %q", line)
			}
		}
		for _, refused := range want.refused {
			x.wants(t, fmt.Sprintf("  %q is not an answer: type yes or no in full\n", refused))
		}
		x.out.Reset()
		x.Run(t.Context(), []string{"runs", "last"})
		if !strings.Contains(x.out.String(), want.history) {
			t.Errorf("%q: no %q in\n%s", typed, want.history, x.out.String())
		}
		x.out.Reset()
		x.Run(t.Context(), []string{"runs"})
		for _, says := range []string{"parked, needs consent", "waits for consent before the first write, Post it, since", "to continue: skillrun resume "} {
			if strings.Contains(x.out.String(), says) != (want.code == 3) {
				t.Errorf("%q: runs says\n%s", typed, x.out.String())
			}
		}
	}
}
