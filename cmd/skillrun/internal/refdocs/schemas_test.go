package refdocs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/schemas"
	"github.com/skillrun/skillrun/steps"
)

// TestSchemas holds the published schemas, docs/schema/NAME.json: those that `skillrun
// schema NAME` prints where no file declares a step type.
func TestSchemas(t *testing.T) {
	t.Parallel()
	want := []string{}
	for _, d := range schemas.Documents() {
		file := "docs/schema/" + d.Name + ".json"
		want = append(want, filepath.Join(root, file))
		if *update {
			touch(t, filepath.Join(root, file))
		}
		var text bytes.Buffer
		render.JSON(&text, d.Make(schemas.World{Catalogue: catalogue(t), Kinds: steps.Kinds()}))
		hold(t, file, text.String())
	}
	slices.Sort(want)
	if got, err := filepath.Glob(filepath.Join(root, "docs/schema/*")); err != nil || !slices.Equal(got, want) {
		t.Errorf("docs/schema holds %q, want %q: %v", got, want, err)
	}
}

// touch makes a file that is not there.
func touch(t *testing.T, file string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
