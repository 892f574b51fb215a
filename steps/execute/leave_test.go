package execute_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// told lists a folder: what is where, with its content.
func told(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		content := ""
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			content, _ = os.Readlink(p)
		case info.Mode().IsRegular():
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			content = string(data)
		}
		out = append(out, strings.Join([]string{name, info.Mode().Type().String(), map[bool]string{true: "runs"}[info.Mode()&0o100 != 0], content}, " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// TestWhatAProgramLeftIsLost: what a program made, changed and deleted in a
// workspace is put into one that is made again, whether it did its work or not.
func TestWhatAProgramLeftIsLost(t *testing.T) {
	t.Parallel()
	steps := step.NewCatalogue(execute.Steps(execute.Options{Env: os.LookupEnv, Self: self}))
	made := func() string {
		base := t.TempDir()
		files := filepath.Join(base, "ws", "files")
		for name, text := range map[string]string{"kept": "k", "changed": "c", "runs": "r", "deleted": "d", "old/deleted": "d", "becomes/folder": "f", "becomes-link": "l"} {
			p := filepath.Join(files, name)
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return base
	}
	const script = `echo new > new; echo more >> changed; chmod 755 runs; rm deleted; rm -r old becomes; echo file > becomes
		mkdir -p deep/er empty; printf '\000\377' > deep/er/raw; ln -sf kept becomes-link; mv kept moved; printf x > "$(printf 'odd\351')"`
	for _, name := range []string{"exec", "exec_read"} {
		for _, code := range []string{"0", "3"} {
			here, there := made(), made()
			s, _ := steps.Lookup(name)
			in := types.Encode(map[string]any{"program": "sh", "args": []string{"-s"}, "stdin": script + "\nexit " + code, "dir": "ws"})
			raw, err := s.Do(step.WithCall(t.Context(), step.Call{Workspaces: here}), in)
			if (err == nil) != (code == "0") {
				t.Fatalf("%s: %v", name, err)
			}
			if err != nil {
				raw = types.Encode(types.AsError(err).Details)
			}
			if err := s.Restore(step.WithCall(t.Context(), step.Call{Workspaces: there}), in, raw); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if d := cmp.Diff(told(t, filepath.Join(here, "ws")), told(t, filepath.Join(there, "ws"))); d != "" {
				t.Errorf("%s, exit code %s: -as it was +as it is put there again\n%s", name, code, d)
			}
		}
	}
}

// TestTooMuchIsLeft: what is not kept is not forgotten in silence.
func TestTooMuchIsLeft(t *testing.T) {
	t.Parallel()
	steps := step.NewCatalogue(execute.Steps(execute.Options{Env: os.LookupEnv, Self: self}))
	s, _ := steps.Lookup("exec")
	base := t.TempDir()
	if err := os.MkdirAll(filepath.Join(base, "ws", "files"), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx := step.WithCall(t.Context(), step.Call{Workspaces: base})
	in := types.Encode(map[string]any{"program": "sh", "args": []string{"-s"}, "stdin": "head -c 17000000 /dev/zero > big; echo x > small", "dir": "ws"})
	raw, err := s.Do(ctx, in)
	if err != nil || len(raw) > 1<<20 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	err = s.Restore(ctx, in, raw)
	if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "of its workspace was too large to be kept, or unreadable") {
		t.Errorf("%v", err)
	}
	if err := s.Restore(ctx, in, json.RawMessage(`{"exit_code":0}`)); err != nil {
		t.Errorf("a result of a skillrun that kept nothing: %v", err)
	}
	for text, want := range map[string]string{
		`{"files":[{"path":"x","is":"file","content":"%"}]}`: "what a program left in the workspace ws cannot be put there again",
		`[]`: "what exec left does not decode",
	} {
		if err := s.Restore(ctx, in, json.RawMessage(text)); types.CodeOf(err) != types.Internal || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	err = s.Restore(step.WithCall(t.Context(), step.Call{Workspaces: t.TempDir()}), in, raw)
	if types.CodeOf(err) != types.NotFound {
		t.Errorf("without its workspace: %v", err)
	}
}

// TestFilesOfAnySize: a file that no memory holds is lost to a run and does not end
// it, whether the program made it or found it; and one that was there, and was not
// touched, is not what the program left.
func TestFilesOfAnySize(t *testing.T) {
	t.Parallel()
	s, _ := step.NewCatalogue(execute.Steps(execute.Options{Env: os.LookupEnv, Self: self})).Lookup("exec")
	for script, want := range map[string]string{
		"truncate -s 1T huge; echo x > small": "huge lost, small file", "truncate -s +1T found; echo x > small": "found lost, small file",
		"truncate -s 0 found": "found file", "echo x > small": "small file", "truncate -s 17M found": "",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			found := filepath.Join(base, "ws", "files", "found")
			if err := errors.Join(os.MkdirAll(filepath.Dir(found), 0o755), os.WriteFile(found, nil, 0o644), os.Truncate(found, 17<<20)); err != nil {
				t.Fatal(err)
			}
			ctx := step.WithCall(t.Context(), step.Call{Workspaces: base})
			raw, err := s.Do(ctx, types.Encode(map[string]any{"program": "sh", "args": []string{"-s"}, "stdin": script, "dir": "ws"}))
			if err != nil {
				t.Fatal(err)
			}
			var out struct{ Files []execute.ChangedPath }
			if err := json.Unmarshal(raw, &out); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range out.Files {
				got = append(got, f.Path+" "+f.Is)
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("it left %v, want %s", got, want)
			}
		})
	}
}

// TestNobodySawWhatWasLeft: whoever takes a person's word, or what a look finds,
// for a program that no one saw the end of, says what is not known.
func TestNobodySawWhatWasLeft(t *testing.T) {
	t.Parallel()
	s, _ := step.NewCatalogue(execute.Steps(execute.Options{Env: os.LookupEnv, Self: self})).Lookup("exec")
	base := t.TempDir()
	if err := os.MkdirAll(filepath.Join(base, "ws", "files"), 0o755); err != nil {
		t.Fatal(err)
	}
	var said []string
	call := step.Call{Workspaces: base, Tell: func(text string) { said = append(said, text) }}
	for _, dir := range []string{"", "ws"} {
		in := map[string]any{"program": "make-it", "find": map[string]any{"program": "true"}}
		if dir != "" {
			in["dir"] = dir
		}
		raw := types.Encode(s.In.Defaults(in))
		if _, err := s.Resolve(step.WithCall(t.Context(), call), "0", raw); err != nil {
			t.Fatal(err)
		}
		for _, after := range []bool{false, true} {
			call.AfterUnknown = after
			if f, err := s.Find(step.WithCall(t.Context(), call), step.Key{}, raw); err != nil || f.State != step.StateExists {
				t.Fatal(f, err)
			}
		}
	}
	const want = "what make-it left in the workspace ws is lost: a later commit lacks it"
	if d := cmp.Diff([]string{want, want}, said); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
