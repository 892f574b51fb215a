package engine_test

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// TestFind: a run is found by its id, a part of it or as the last one, and nothing is
// read of runs that were not meant.
func TestFind(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state", "site")
	var opened []string
	disk := engine.Disk{Open: func(path string, flag int, mode fs.FileMode) (*os.File, error) {
		opened = append(opened, path)
		return os.OpenFile(path, flag, mode)
	}}
	e := engine.New(engine.Setup{
		Catalogue: tracker{}.steps(), State: state, Random: rand.Reader, Version: "test", Disk: disk,
		Clock: &ticking{time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)},
	})
	skill, _ := e.Check("release.yaml", []byte(awaiting))
	var ids []string
	for i := range 4 { // the last two began in one second
		b := binding(1)
		b.Now = b.Now.Add([]time.Duration{0, time.Hour, 2 * time.Hour, 2*time.Hour + time.Millisecond}[i])
		r, _, err := e.Start(t.Context(), bound(t, skill, b), engine.Options{Consent: engine.NotNeeded})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	for ref, want := range map[string]string{
		ids[1]: ids[1], ids[0][:len("20260115-10")]: ids[0], ids[2][len(ids[2])-6:]: ids[2], "last": ids[3],
	} {
		opened = nil
		s, err := e.Find(ref)
		if err != nil || s.ID != want {
			t.Errorf("%s: found %s, want %s: %v", ref, s.ID, want, err)
		}
		for _, path := range opened {
			other := ids[0]
			if want == ids[0] {
				other = ids[1]
			}
			if strings.Contains(path, other) {
				t.Errorf("%s: it opened %s", ref, path)
			}
		}
	}
	for ref, code := range map[string]types.Code{"": types.NotFound, "zzz": types.NotFound, "2026": types.BadInput} {
		if s, err := e.Find(ref); types.CodeOf(err) != code {
			t.Errorf("%q: found %s, %v, want %s", ref, s.ID, err, code)
		}
	}
	if _, err := ticked(t, nil).Find("last"); types.CodeOf(err) != types.NotFound {
		t.Error("a site without runs:", err)
	}
}
