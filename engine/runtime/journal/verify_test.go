package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

var sameVerdict = cmpopts.IgnoreFields(journal.Verdict{}, "Header")

// verified returns a run with records of every kind and an output in a blob,
// and the verdict on it.
func verified(t *testing.T) (s *journal.Store, dir string, v journal.Verdict) {
	t.Helper()
	s, dir = newStore(t)
	f := create(t, s)
	for _, r := range append([]journal.Record{journaltest.Large(), journaltest.Large()}, journaltest.Records()...) {
		check(t, f.Append(r, false))
	}
	check(t, f.Close())
	return s, dir, must(s.Verify(runID))(t)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	s, dir, v := verified(t)
	size := must(os.Stat(filepath.Join(dir, "journal.jsonl")))(t).Size()
	want := journal.Verdict{ID: runID, State: journal.StateUndone, Records: 16, Bytes: size, Blobs: 1, Head: v.Head,
		Wrong: []string{}, Notes: []string{}}
	if diff := cmp.Diff(want, v, sameVerdict); diff != "" || !v.Good() || v.Header.ID != runID || len(v.Head) != 32 {
		t.Errorf("head %q, header %v (-want +got):\n%s", v.Head, v.Header, diff)
	}
	// Who noted the head sees that lines were cut off, which nothing else tells.
	path := filepath.Join(dir, "journal.jsonl")
	data := must(os.ReadFile(path))(t)
	check(t, os.WriteFile(path, data[:bytes.LastIndexByte(data[:len(data)-1], '\n')+1], 0o600))
	if cut := must(s.Verify(runID))(t); !cut.Good() || cut.Head == v.Head || cut.Records != 15 {
		t.Errorf("a line was cut off: %+v", cut)
	}
	_, err := s.Verify(id(1))
	wantError(t, err, nil, types.NotFound, "there is no run "+id(1)+noRunHint)
}

func TestVerifyFinds(t *testing.T) {
	t.Parallel()
	edit := func(name, from, to string) func(string) error {
		return func(dir string) error {
			files, err := filepath.Glob(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				return err
			}
			return os.WriteFile(files[0], []byte(strings.Replace(string(data), from, to, 1)), 0o600)
		}
	}
	remove := func(name string) func(string) error {
		return func(dir string) error {
			files, err := filepath.Glob(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			return os.Remove(files[0])
		}
	}
	write := func(name, text string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	for name, test := range map[string]struct {
		spoil   func(dir string) error
		wrong   string // all of it, without the hint
		note    string // all of them
		records int
		blobs   int
	}{
		"an edited line":         {edit("journal.jsonl", "jira_create_issue", "jira_delete_issue"), "the journal is damaged at line 5: the line is cut short or its checksum does not fit", "", 4, 1},
		"a line that is gone":    {edit("journal.jsonl", "\n", ""), "the journal is damaged at line 1: the line is cut short or its checksum does not fit", "blobs/DIGEST belongs to no record: a kill left it", 0, 0},
		"no journal":             {remove("journal.jsonl"), "the journal is damaged at line 1: what was there is gone", "blobs/DIGEST belongs to no record: a kill left it", 0, 0},
		"an edited output":       {edit("blobs/*", "5", "6"), "the output of record 2 is damaged", "", 16, 0},
		"an output that is gone": {remove("blobs/*"), "the output of record 2 is damaged", "", 16, 0},
		"a journal open to others": {func(dir string) error { return os.Chmod(dir+"/journal.jsonl", 0o644) },
			"unsafe: DIR/journal.jsonl is open to others", "blobs/DIGEST belongs to no record: a kill left it", 0, 0},
		"an output open to others": {func(dir string) error {
			files, _ := filepath.Glob(dir + "/blobs/*")
			return os.Chmod(files[0], 0o644)
		}, "the output of record 2: unsafe: DIR/blobs/DIGEST is open to others", "", 16, 0},
		"an orphan":    {write("blobs/x", "y"), "", "blobs/x belongs to no record: a kill left it", 16, 1},
		"half a blob":  {write("blobs/x.tmp", "y"), "", "blobs/x.tmp was never finished: a kill left it", 16, 1},
		"half a cache": {write("run.json.tmp", "{"), "", "run.json.tmp was never finished: a kill left it", 16, 1},
		"a request":    {write("inbox/1.json", "{}"), "", "inbox/1.json waits for an answer", 16, 1},
		"a stranger":   {write("README", "hello"), "", "README is not ours", 16, 1},
		"a cache of its own mind": {edit("run.json", `"release"`, `"another"`), "",
			"run.json contradicts the journal; it is only used for listings: remove it", 16, 1},
		"a cache that is none": {write("run.json", "{"), "",
			"run.json contradicts the journal; it is only used for listings: remove it", 16, 1},
		"no cache": {remove("run.json"), "", "", 16, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir, before := verified(t)
			blobs := must(filepath.Glob(dir + "/blobs/*"))(t)
			check(t, test.spoil(dir))
			v := must(s.Verify(runID))(t)
			plain := strings.NewReplacer(dir, "DIR", filepath.Base(blobs[0]), "DIGEST")
			wrong, notes := plain.Replace(strings.Join(v.Wrong, "; ")), plain.Replace(strings.Join(v.Notes, "; "))
			// A second record names the same output.
			wrong = strings.Split(wrong, "; the output of record 3")[0]
			if wrong != test.wrong || notes != test.note || v.Records != test.records || v.Blobs != test.blobs {
				t.Errorf("wrong %q\nnotes %q\n%d records, %d blobs", wrong, notes, v.Records, v.Blobs)
			}
			if v.Good() != (test.wrong == "") || v.Good() && v.Head != before.Head {
				t.Errorf("good %t, head %s", v.Good(), v.Head)
			}
		})
	}
}

// A write cut short is what a kill leaves; nothing is wrong with it.
func TestVerifyTornTail(t *testing.T) {
	t.Parallel()
	s, dir, before := verified(t)
	tear(t, dir)
	v := must(s.Verify(runID))(t)
	want := "the last record was cut short: line 17 of " + dir + "/journal.jsonl, 9 bytes; it is left out, as its write never ended"
	if diff := cmp.Diff([]string{want}, v.Notes); diff != "" || !v.Good() || v.Head != before.Head {
		t.Errorf("%+v\n%s", v, diff)
	}
}

// Looking changes nothing, also in a folder that cannot be written.
func TestVerifyWritesNothing(t *testing.T) {
	t.Parallel()
	_, dir, _ := verified(t)
	disk := &faults{at: 1}
	s := journal.NewStore(filepath.Dir(filepath.Dir(dir)), disk.options())
	must(s.Verify(runID))(t)
	must(s.List())(t)
	if _, _, err := s.After(runID, journal.Position{}); err != nil {
		t.Error(err)
	}
	if disk.fired != "" {
		t.Errorf("it did %s", disk.fired)
	}
}
