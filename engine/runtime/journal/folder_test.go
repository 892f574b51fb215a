package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/runtime/journal"
)

func TestLookAt(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	private, open, file := filepath.Join(base, "private"), filepath.Join(base, "open"), filepath.Join(base, "file")
	for _, err := range []error{os.Mkdir(private, 0o700), os.Mkdir(open, 0o700), os.Chmod(open, 0o755), os.WriteFile(file, nil, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		dir    string
		exists bool
		want   string // part of the error
	}{
		{private, true, ""},
		{filepath.Join(private, "not", "there"), false, ""},
		{open, true, "can be read by others (0755)"},
		{filepath.Join(open, "below"), false, ""},
		{file, true, "is not a folder"},
		{filepath.Join(file, "below"), false, "cannot be read: not a directory"},
	} {
		f := journal.LookAt(test.dir)
		got := ""
		if f.Err != nil {
			got = f.Err.Message
		}
		if f.Exists != test.exists && test.want == "" || !strings.Contains(got, test.want) || got != "" && (test.want == "" || f.Err.Hint == "") {
			t.Errorf("%s: %+v, error %q", test.dir, f, got)
		}
		if test.want == "" && f.Free == 0 {
			t.Errorf("%s: no word of the room that is left", test.dir)
		}
	}
}

// TestLookAtReadOnly needs a user that permissions hold for.
func TestLookAtReadOnly(t *testing.T) {
	t.Parallel()
	dir := "/sys"
	f := journal.LookAt(filepath.Join(dir, "skillrun"))
	if f.Err == nil || !strings.Contains(f.Err.Message, "cannot be written") && !strings.Contains(f.Err.Message, "MiB left") {
		t.Errorf("%+v", f)
	}
}
