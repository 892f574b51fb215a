package examples_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// What stands between the two marks is the worked example of CONTRIBUTING.md,
// which a test of cmd/skillrun/internal/refdocs copies there.

// begin: a step

// board is the other system: a folder that others read, one file a notice.
type board struct{ dir string }

type noticeIn struct {
	Text string `json:"text" doc:"What the notice says."`
}

type noticeOut struct {
	Ref string `json:"ref" doc:"How the notice is called on the board."`
}

// Steps returns the family. Nothing is registered anywhere else.
func (b board) Steps() []step.Step {
	return []step.Step{
		step.Write("board_post", "Post a notice.", b.post, step.Find(b.find)).
			Touches("", "notice", "post").
			Errors(types.Conflict, types.Unavailable),
	}
}

func (b board) open() (*os.Root, error) {
	folder, err := os.OpenRoot(b.dir)
	if err != nil {
		return nil, types.Errorf(types.Unavailable, "the board is not there: %w", err).WithHint("is it mounted?")
	}
	return folder, nil
}

// post sends once, create-only. The key is the notice's name, so that a later
// run can find it.
func (b board) post(ctx context.Context, in noticeIn) (noticeOut, error) {
	folder, err := b.open()
	if err != nil {
		return noticeOut{}, err
	}
	defer folder.Close()
	ref := step.CallOf(ctx).Key.String()
	f, err := folder.OpenFile(ref, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return noticeOut{}, types.Errorf(types.Conflict, "there is a notice %s already", ref)
	case err != nil: // surely not posted
		return noticeOut{}, types.Errorf(types.Unavailable, "post a notice: %w", err)
	}
	_, err = f.WriteString(in.Text)
	if err = errors.Join(err, f.Close()); err != nil { // perhaps posted: say so, and find is asked
		return noticeOut{}, types.Errorf(types.UnknownOutcome, "post a notice: %w", err)
	}
	return noticeOut{Ref: ref}, nil
}

// find is asked before every post: is the effect of this key there already?
func (b board) find(_ context.Context, key step.Key, in noticeIn) (step.Found[noticeOut], error) {
	folder, err := b.open() // without the board, a notice that is not found proves nothing
	if err != nil {
		return step.Found[noticeOut]{}, err
	}
	defer folder.Close()
	text, err := folder.ReadFile(key.String())
	switch out := (noticeOut{Ref: key.String()}); {
	case errors.Is(err, fs.ErrNotExist):
		return step.Absent[noticeOut](), nil // a proof
	case err != nil:
		return step.Found[noticeOut]{}, types.Errorf(types.Unavailable, "look at the board: %w", err)
	case string(text) != in.Text:
		return step.Drifted(out.Ref, out, "the notice says something else"), nil
	default:
		return step.Exists(out.Ref, out), nil
	}
}

// end: a step

const postSkill = `name: post
identity: [inputs.text]
inputs:
  text: {type: string, required: true}
steps:
  - {id: notice, uses: board_post, with: {text: "${{ inputs.text }}"}}
outputs:
  ref: ${{ steps.notice.ref }}
`

// TestStep checks the worked example against what it claims: two runs of the
// same piece of work, which know nothing of each other, post one notice.
func TestStep(t *testing.T) {
	t.Parallel()
	b := board{t.TempDir()}
	post := func() engine.Report {
		e := engine.New(engine.Setup{
			Catalogue: step.NewCatalogue(b.Steps()), State: filepath.Join(t.TempDir(), "state", "site"), Clock: &clock{now: began}, Random: rand.Reader,
		})
		skill, diags := e.Check("post.yaml", []byte(postSkill))
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		bound, diags := skill.Bind(engine.Binding{
			Inputs: map[string]any{"text": "the lift is broken"}, Now: began, Zone: time.UTC,
		})
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		r, diags, err := e.Start(t.Context(), bound, engine.Options{Consent: engine.NotNeeded})
		if err != nil || len(diags) > 0 {
			t.Fatal(err, diags)
		}
		return r
	}
	first, second := post(), post()
	if first.State != engine.Done || first.Effects[0].Outcome != "created" || second.Effects[0].Outcome != "adopted" {
		t.Errorf("first %s %+v\nthen %s %+v", first.State, first.Effects, second.State, second.Effects)
	}
	if d := cmp.Diff(first.Outputs, second.Outputs); d != "" {
		t.Error(d)
	}
	entries, err := os.ReadDir(b.dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d notices, want 1: %v", len(entries), err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, entries[0].Name()), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if third := post(); third.Failure == nil || third.Failure.Error.Code != types.Conflict {
		t.Errorf("a notice that was changed: %s %+v", third.State, third.Failure)
	}
	b.dir = filepath.Join(b.dir, "gone")
	if fourth := post(); fourth.Failure == nil || fourth.Failure.Error.Code != types.Unavailable {
		t.Errorf("no board: %s %+v", fourth.State, fourth.Failure)
	}
}
