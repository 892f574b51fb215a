package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestWritesOfOneFileTogether: of steps side by side that write one file none
// fails, and the file is what one of them wrote, whole.
func TestWritesOfOneFileTogether(t *testing.T) {
	w := newWorld(t)
	s, ok := w.steps.Lookup("file_write")
	if !ok {
		t.Fatal("no step")
	}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			ctx := step.WithCall(t.Context(), step.Call{Key: step.Key{Work: "w", Path: fmt.Sprint(n)}})
			for range 20 {
				if _, err := s.Do(ctx, types.Encode(types.Values{"service": "files", "path": "x", "text": fmt.Sprint("text ", n)})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	data, err := os.ReadFile(filepath.Join(w.root, "x"))
	if err != nil || len(data) != len("text 0") {
		t.Errorf("%q %v", data, err)
	}
	if left, _ := filepath.Glob(filepath.Join(w.root, ".*.skillrun-new")); len(left) > 0 {
		t.Error(left)
	}
}
