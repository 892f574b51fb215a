package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
)

// sector is what a disk writes as a whole.
const sector = 512

// release returns the journal of a release, 24 records and 50 KB.
func release(t testing.TB) []byte {
	t.Helper()
	return must(os.ReadFile("testdata/golden/v1/finished.jsonl"))(t)
}

// lean is the journal of a release without its program, 20 KB: reading the
// header takes most of the time, and here it is read often.
func lean(t testing.TB) []byte {
	t.Helper()
	records, _, _, err := journal.Parse(release(t))
	check(t, err)
	records[0].Run.Program, records[0].Run.Text = []byte(`{}`), ""
	m := journal.NewMemory()
	for _, r := range records {
		check(t, m.Append(r, true))
	}
	return m.Bytes()
}

// Two thousand flipped bits in the journal of a release are all found, and the
// journal is refused.
func TestReleaseBitFlips(t *testing.T) {
	t.Parallel()
	data := lean(t)
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		bit := random.IntN(len(data) * 8)
		if why := flipped(data, bit); why != "" {
			t.Errorf("bit %d: %s", bit, why)
		}
	}
}

// A flipped bit in a run's folder, outputs in blobs too, is found by whoever
// reads it, and by whoever verifies it.
func TestFolderBitFlips(t *testing.T) {
	t.Parallel()
	s, dir, _ := verified(t)
	blobs := must(filepath.Glob(dir + "/blobs/*"))(t)
	files := []string{filepath.Join(dir, "journal.jsonl"), blobs[0]}
	random := rand.New(rand.NewPCG(5, 6))
	times := 30
	if whole() {
		times = 2000
	}
	for n := range times {
		path := files[n%2]
		data := must(os.ReadFile(path))(t)
		bit := random.IntN(len(data) * 8)
		bad := bytes.Clone(data)
		bad[bit/8] ^= 1 << (bit % 8)
		check(t, os.WriteFile(path, bad, 0o600))
		_, _, err := s.Read(runID)
		v, wrong := s.Verify(runID)
		damaged := errors.Is(err, journal.ErrDamaged) && !v.Good()
		if !damaged && !(errors.Is(err, journal.ErrNewer) && errors.Is(wrong, journal.ErrNewer)) {
			t.Errorf("bit %d of %s: %v, verdict %+v, %v", bit, filepath.Base(path), err, v, wrong)
		}
		check(t, os.WriteFile(path, data, 0o600))
	}
	if v := must(s.Verify(runID))(t); !v.Good() {
		t.Errorf("after all was put right: %q", v.Wrong)
	}
}

// The journal of a release cut at any byte gives the records that are whole.
func TestReleaseTruncations(t *testing.T) {
	t.Parallel()
	data := release(t)
	step := 211
	if whole() {
		step = 1
	}
	for n := 0; n < len(data); n += step {
		records, good, torn, err := journal.Parse(data[:n])
		end := bytes.LastIndexByte(data[:n], '\n') + 1
		if err != nil || good != end || torn != (end < n) || len(records) != bytes.Count(data[:n], []byte("\n")) {
			t.Fatalf("%d bytes: good %d want %d, torn %t, %d records, error %v", n, good, end, torn, len(records), err)
		}
	}
}

// synced reports whether a record is on the disk before its writer continues.
func synced(r journal.Record) bool {
	return r.Kind != journal.Resumed && (r.Kind != journal.Event || r.Effect == "write")
}

// A power cut keeps of what was not synced any sectors, in any order, and the
// rest reads as zeros. What was synced is there, what is not whole is cut, and
// nothing is made up. Only when the last sync had written a line and not the
// ones before it is the journal refused.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	data := lean(t)
	all, _, _, err := journal.Parse(data)
	check(t, err)
	random := rand.New(rand.NewPCG(7, 8))
	times, cuts, refused := 15, 0, 0
	if whole() {
		times = 1000
	}
	kept, safe, end := 0, 0, 0 // records and bytes that are synced; bytes that are written
	for i, line := range lines(data) {
		end += len(line)
		for range times {
			cuts++
			bad := powerCut(random, data[:end], safe)
			records, good, _, err := journal.Parse(bad)
			switch {
			case err != nil && errors.Is(err, journal.ErrDamaged) && synced(all[i]):
				refused++
			case err != nil:
				t.Fatalf("after record %d: %v", i+1, err)
			case len(records) < kept || good < safe || !bytes.Equal(bad[:good], data[:good]):
				t.Fatalf("after record %d: %d records of %d that are synced", i+1, len(records), kept)
			}
		}
		if synced(all[i]) {
			kept, safe = i+1, end
		}
	}
	t.Logf("%d power cuts, %d of them refused as damage", cuts, refused)
	if refused > cuts/10 {
		t.Errorf("%d of %d power cuts end in a journal that is refused", refused, cuts)
	}
}

// powerCut returns what a disk may hold of data, of which the first safe bytes
// are synced.
func powerCut(random *rand.Rand, data []byte, safe int) []byte {
	end := len(data)
	if random.IntN(2) == 0 {
		end = safe + random.IntN(end-safe+1)
	}
	if end == safe+1 {
		end = safe // no file system lets a write of more begin with a length of one byte
	}
	bad := bytes.Clone(data[:end])
	for at := safe; at < len(bad); at = (at/sector + 1) * sector {
		if random.IntN(2) == 0 {
			clear(bad[at:min(len(bad), (at/sector+1)*sector)])
		}
	}
	return bad
}

// Zeros in the middle of what was synced are damage, not a power cut.
func TestZeroedSectors(t *testing.T) {
	t.Parallel()
	data := release(t)
	for at := 0; at < len(data)-sector; at += sector {
		bad := bytes.Clone(data)
		clear(bad[at : at+sector])
		if last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1; at+sector > last {
			continue // the last line is cut, see TestPowerCut
		}
		if _, _, _, err := journal.Parse(bad); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("zeros at %d: %v", at, err)
		}
	}
}

// The runs that a disk cut short in every way are opened, resumed, and
// whole again.
func TestPowerCutGoesOn(t *testing.T) {
	t.Parallel()
	m := startedMemory(t)
	for _, r := range journaltest.Records()[:1] {
		for range 20 {
			check(t, m.Append(r, false))
		}
	}
	data := m.Bytes()
	safe := bytes.IndexByte(data, '\n') + 1
	random := rand.New(rand.NewPCG(9, 10))
	s, dir := planted(t, data)
	for range 50 {
		check(t, os.WriteFile(filepath.Join(dir, "journal.jsonl"), powerCut(random, data, safe), 0o600))
		f, _, err := s.Open(runID)
		check(t, err)
		n := len(f.Records())
		check(t, f.Append(event("later"), false))
		check(t, f.Close())
		records, report, err := s.Read(runID)
		if err != nil || report.Torn() || len(records) != n+1 {
			t.Fatal(fmt.Sprint(len(records), n+1, report, err))
		}
	}
}
