package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

var sameRecord = cmpopts.IgnoreUnexported(types.Error{})

func lines(data []byte) [][]byte { return slices.Collect(bytes.Lines(data)) }

func TestParse(t *testing.T) {
	t.Parallel()
	data := written(t)
	records, good, torn, err := journal.Parse(data)
	check(t, err)
	if good != len(data) || torn || len(records) != len(lines(data)) {
		t.Errorf("good %d of %d, torn %t, %d records of %d", good, len(data), torn, len(records), len(lines(data)))
	}
}

// Every prefix gives the records that are whole in it, and says what is not.
func TestEveryPrefix(t *testing.T) {
	t.Parallel()
	data := written(t)
	all, _, _, err := journal.Parse(data)
	check(t, err)
	for n := range data {
		whole := bytes.Count(data[:n], []byte("\n"))
		end := bytes.LastIndexByte(data[:n], '\n') + 1
		records, good, torn, err := journal.Parse(data[:n])
		if err != nil || good != end || torn != (end < n) || len(records) != whole {
			t.Fatalf("%d bytes: good %d want %d, torn %t, %d records want %d, error %v",
				n, good, end, torn, len(records), whole, err)
		}
		// The JSON of the records is compared once a line; in between only how many there are.
		if end == n && !cmp.Equal(all[:whole], records, cmpopts.EquateEmpty(), sameRecord) {
			t.Fatalf("%d bytes: other records than were written", n)
		}
	}
}

func TestEveryBitFlip(t *testing.T) {
	t.Parallel()
	data := written(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 400 { // TestReleaseBitFlips has more
		bit := random.IntN(len(data) * 8)
		if why := flipped(data, bit); why != "" {
			t.Errorf("bit %d: %s", bit, why)
		}
	}
	// The newlines and the last line are where a flip looks most like a torn write.
	last := bytes.LastIndexByte(data[:len(data)-1], '\n')
	for i, c := range data {
		if c != '\n' && i < last {
			continue
		}
		for bit := range 8 {
			if why := flipped(data, i*8+bit); why != "" {
				t.Errorf("bit %d of byte %d: %s", bit, i, why)
			}
		}
	}
}

// flipped says what is wrong with how a flipped bit was found: as damage, in the
// last line too, or as a format of a later program.
func flipped(data []byte, bit int) string {
	bad := bytes.Clone(data)
	bad[bit/8] ^= 1 << (bit % 8)
	_, good, torn, err := journal.Parse(bad)
	switch {
	case !errors.Is(err, journal.ErrDamaged) && !errors.Is(err, journal.ErrNewer):
		return fmt.Sprintf("torn %t, error %v", torn, err)
	case !bytes.Equal(data[:good], bad[:good]):
		return "took something for a record that was not written"
	}
	return ""
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	data := written(t)
	l := lines(data)
	join := func(ls ...[]byte) []byte { return bytes.Join(ls, nil) }
	other := slices.Clone(l)
	other[2] = bytes.Replace(l[2], []byte("create"), []byte("remove"), 1)
	resealed := slices.Clone(l)
	resealed[2] = journal.Reseal(other[2])
	seal := func(body string) []byte { return journal.SealFirst(body) }
	const head = `{"seq":1,"kind":"header","at":"2026-01-15T10:15:30Z","run":`
	tests := map[string]struct {
		data []byte
		good int // lines
		want string
	}{
		"missing line":      {join(slices.Delete(slices.Clone(l), 2, 3)...), 2, "line 3: it does not follow the line before"},
		"missing header":    {join(l[1:]...), 0, "line 1: it does not follow the line before"},
		"doubled line":      {join(slices.Insert(slices.Clone(l), 2, l[2])...), 3, "line 4: it does not follow the line before"},
		"doubled at end":    {join(append(slices.Clone(l), l[len(l)-1])...), len(l), fmt.Sprintf("line %d: it does not follow the line before", len(l)+1)},
		"swapped lines":     {join(l[0], l[2], l[1]), 1, "line 2: it does not follow the line before"},
		"changed line":      {join(other...), 2, "line 3: the line is cut short or its checksum does not fit"},
		"changed and sums":  {join(resealed...), 3, "line 4: it does not follow the line before"},
		"empty line":        {join(l[0], []byte("\n"), l[1]), 1, "line 2: the line is cut short or its checksum does not fit"},
		"lost newline":      {join(l[0], l[1][:len(l[1])-1], []byte("x"), l[2]), 1, "line 2: the line is cut short or its checksum does not fit"},
		"wrong number":      {seal(`{"seq":2,"kind":"header","at":"2026-01-15T10:15:30Z"}`), 0, "line 1: record 2 is where 1 should be"},
		"no header":         {seal(`{"seq":1,"kind":"parked","at":"2026-01-15T10:15:30Z"}`), 0, "line 1: a journal has one header, in its first record"},
		"nothing runs":      {seal(`{"seq":1,"kind":"header","at":"2026-01-15T10:15:30Z"}`), 0, "line 1: what runs belongs into the header, and only there"},
		"unknown kind":      {seal(`{"seq":1,"kind":"x","at":"2026-01-15T10:15:30Z"}`), 0, `line 1: unknown kind of record "x"`},
		"unknown field":     {seal(`{"seq":1,"new":1}`), 0, `line 1: json: unknown field "new"`},
		"text after":        {seal(`{"seq":1} {}`), 0, "line 1: text after the record"},
		"no format":         {seal(head + `{"id":"` + runID + `"}}`), 0, "line 1: the header is of format 0, not 1 to 5"},
		"a format below 1":  {seal(head + `{"id":"` + runID + `","versions":{"journal":-1}}}`), 0, "line 1: the header is of format -1, not 1 to 5"},
		"an unknown end":    {join(l[0], second(l, `{"seq":2,"kind":"finished","at":"2026-01-15T10:15:30Z","state":"tired"}`)), 1, `line 2: a run does not finish "tired"`},
		"a word on no step": {join(l[0], second(l, `{"seq":2,"kind":"resolved","at":"2026-01-15T10:15:30Z","by":"ann"}`)), 1, "line 2: a record of the kind resolved needs a step"},
		"undoing nothing":   {join(l[0], second(l, `{"seq":2,"kind":"undoing","at":"2026-01-15T10:15:30Z"}`)), 1, "line 2: a record of the kind undoing needs a step"},
		"nothing undone":    {join(l[0], second(l, `{"seq":2,"kind":"undone","at":"2026-01-15T10:15:30Z"}`)), 1, "line 2: a record of the kind undone needs a step"},
		"a foreign id":      {seal(head + `{"id":"../x","versions":{"journal":1}}}`), 0, `line 1: the header names a run "../x"`},
		"a blob elsewhere":  {seal(`{"seq":1,"kind":"header","blob":"../x","at":"2026-01-15T10:15:30Z","run":{}}`), 0, `line 1: "../x" is not where an output is kept`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, good, torn, err := journal.Parse(test.data)
			wantError(t, err, journal.ErrDamaged, types.Conflict, "the journal is damaged at "+test.want+restore)
			if torn || len(records) != test.good || good > len(test.data) {
				t.Errorf("torn %t, %d records, want %d", torn, len(records), test.good)
			}
		})
	}
}

// second makes a second line of any text.
func second(l [][]byte, body string) []byte {
	return journal.SealAfter(bytes.TrimSuffix(l[0], []byte("\n")), body)
}

func TestParseRefusesLaterFormats(t *testing.T) {
	t.Parallel()
	const want = "the journal was written by a later skillrun (update skillrun to resume this run)"
	header := `{"seq":1,"kind":"header","new":true,"run":{"versions":{"journal":6}}}`
	for _, data := range []string{
		string(journal.SealFirst(header)),
		`{"r":` + header + `,"blake3":"00"}` + "\nanything",
	} {
		_, _, _, err := journal.Parse([]byte(data))
		wantError(t, err, journal.ErrNewer, types.Conflict, want)
	}
}

func FuzzParse(f *testing.F) {
	data := written(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(strings.Repeat("\n", 3)))
	f.Add(journal.SealFirst(`{"seq":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, good, torn, err := journal.Parse(data)
		if good > len(data) || good < 0 || torn && err != nil {
			t.Fatalf("good %d of %d, torn %t, error %v", good, len(data), torn, err)
		}
		if err == nil && !torn && good != len(data) {
			t.Fatal("bytes were left out and nothing was said")
		}
		again, end, torn, err := journal.Parse(data[:good])
		if err != nil || torn || end != good || len(again) != len(records) {
			t.Fatalf("what was good is no longer: %d of %d, %v", end, good, err)
		}
		for i, r := range records {
			if r.Seq != i+1 || (r.Kind == journal.Header) != (i == 0) {
				t.Fatalf("record %d is a %s with the number %d", i+1, r.Kind, r.Seq)
			}
		}
	})
}
