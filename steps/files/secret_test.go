package files_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestFileWriteSecret: a file with a secret is the user's alone, and neither the result
// nor the preview tells anything of it.
func TestFileWriteSecret(t *testing.T) {
	w := newWorld(t)
	w.steps = w.steps.WithSecrets(func(string) (types.Secret, error) { return types.NewSecret("sesame-open"), nil })
	const in = `{"service":"files","path":"key","secret_text":"‹secret secrets.key›"}`
	file := filepath.Join(w.root, "key")
	find := func() step.FoundState {
		t.Helper()
		f, err := w.step("file_write").Find(w.ctx(), step.Key{Work: "w", Path: "p"}, json.RawMessage(in))
		if err != nil {
			t.Fatal(err)
		}
		return f.State
	}
	for _, before := range []string{"", "other", "sesame-open"} { // none, another, and the same that others can read
		if before != "" {
			w.put(file, before)
			if err := os.Chmod(file, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if find() != step.StateAbsent {
			t.Errorf("after %q it is there", before)
		}
		if got, err := w.do("file_write", in); err != nil || got != `{"path":"key","digest":"","bytes":0}` {
			t.Errorf("%s %v", got, err)
		}
		data, err := os.ReadFile(file)
		info, _ := os.Stat(file)
		if err != nil || string(data) != "sesame-open" || info.Mode().Perm() != 0o600 {
			t.Errorf("%q %s %v", data, info.Mode(), err)
		}
		if find() != step.StateExists {
			t.Errorf("after %q it is not there", before)
		}
	}
	p, err := w.step("file_write").Preview(w.ctx(), json.RawMessage(in), nil)
	if text := string(types.Encode(p)); err != nil || !strings.Contains(text, "‹secret secrets.key›") || strings.Contains(text, "sesame") {
		t.Errorf("%s %v", text, err)
	}
	for in, want := range map[string]string{
		`{"path":"a.txt"}`: "0 of secret_text and text are given", `{"path":"a.txt","text":"x","secret_text":"‹secret secrets.key›"}`: "both secret_text and text are given",
	} {
		if _, err := w.do("file_write", in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
}
