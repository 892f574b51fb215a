package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// What a write cut short cannot leave behind the last record is damage, to
// whoever reads the run and to whoever would continue with it, and stays as it is.
func TestRubbishBehindTheLastRecord(t *testing.T) {
	t.Parallel()
	data := written(t)
	n := len(lines(data))
	start := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	last := data[start:]
	before, one := data[:start], last[:len(last)-1] // the last line, without its newline
	cut := one[:len(one)/2]
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	zeros := make([]byte, 2*sector)
	for name, bad := range map[string][]byte{
		"a word":                       join(data, []byte("x")),
		"a newline":                    join(data, []byte("\n")),
		"blanks":                       join(data, []byte("  ")),
		"one zero":                     join(data, []byte{0}),
		"an object":                    join(data, []byte("{}")),
		"an object on a line":          join(data, []byte("{}\n")),
		"the start of another line":    join(data, []byte(`{"r":{"seq":1,"kind":"ev`)),
		"a start that breaks off":      join(data, []byte(`{"r":{"seq":`), []byte("\n")),
		"the last line again, cut":     join(data, cut),
		"half a line on a line":        join(before, cut, []byte("\n")),
		"half a line, then words":      join(before, cut, []byte("\nwords")),
		"half a line and a zero":       join(before, cut, []byte{0}, one[len(cut)+1:], []byte("\n")),
		"a newline that became a tab":  join(before, one, []byte("\t")),
		"a newline that became a word": join(before, one, []byte("x")),
		"a flip, and no newline":       join(before, bytes.Replace(one, []byte(`"sum":"`), []byte(`"sum":"_`), 1)),
		"words before missing sectors": join(data, []byte("words"), zeros),
		"a line before them":           join(before, []byte("words\n"), zeros),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, torn, err := journal.Parse(bad); !errors.Is(err, journal.ErrDamaged) || torn {
				t.Errorf("torn %t, error %v", torn, err)
			}
			s, dir := planted(t, bad)
			f, _, err := s.Open(runID)
			if !errors.Is(err, journal.ErrDamaged) || f != nil {
				t.Errorf("opened: %v", err)
			}
			v := must(s.Verify(runID))(t)
			if v.Good() || v.State != journal.StateDamaged || v.Records < n-1 {
				t.Errorf("verdict %+v", v)
			}
			if list := must(s.List())(t); len(list) != 1 || list[0].State != journal.StateDamaged {
				t.Errorf("listed as %+v", list)
			}
			if now := must(os.ReadFile(filepath.Join(dir, "journal.jsonl")))(t); !bytes.Equal(now, bad) {
				t.Error("the journal was written")
			}
		})
	}
}

// What a write cut short does leave is cut off, and nothing else is.
func TestTornEnds(t *testing.T) {
	t.Parallel()
	data := written(t)
	start := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	m := journal.NewMemory()
	check(t, m.Append(journal.Record{Kind: journal.Header, Run: new(header(runID, "w"))}, true))
	check(t, m.Append(journal.Record{Kind: journal.Intent, Input: []byte(`"` + strings.Repeat("x", 4*sector) + `"`)}, true))
	long := m.Bytes() // its last line is of several sectors
	head := bytes.IndexByte(long, '\n') + 1
	m = journal.NewMemory()
	check(t, m.Append(journal.Record{Kind: journal.Header, Run: new(header(runID, "w"))}, true))
	short := sector - (len(m.Bytes())+len(long)-head-4*sector-1)%sector // fills a line to a sector's end
	check(t, m.Append(journal.Record{Kind: journal.Intent, Input: []byte(`"` + strings.Repeat("x", short) + `"`)}, true))
	alone := m.Bytes() // its last newline is the first byte of a sector
	if (len(alone)-1)%sector != 0 {
		t.Fatalf("the newline stands at %d", len(alone)-1)
	}
	alone[len(alone)-1] = 0
	hole := bytes.Clone(long)
	clear(hole[(head/sector+2)*sector : (head/sector+3)*sector])
	for name, bad := range map[string][]byte{
		"all but its newline":    data[:len(data)-1],
		"one byte":               data[:start+1],
		"a length, no content":   append(bytes.Clone(data[:start]), make([]byte, 300)...),
		"content, then a length": append(bytes.Clone(long[:(head/sector+2)*sector]), make([]byte, sector+9)...),
		"a later page first":     hole,
		"a newline alone":        alone,
	} {
		records, good, torn, err := journal.Parse(bad)
		whole := bytes.LastIndexByte(bad[:len(bad)-1], '\n') + 1
		if err != nil || !torn || good != whole || len(records) != bytes.Count(bad[:whole], []byte("\n")) {
			t.Errorf("%s: %d records, %d bytes of %d, torn %t, error %v", name, len(records), good, whole, torn, err)
		}
	}
}

// An input may hold what looks like a line. When the line that holds it is
// torn, it is torn like any other.
func TestTornLineThatQuotesALine(t *testing.T) {
	t.Parallel()
	m := journal.NewMemory()
	check(t, m.Append(journal.Record{Kind: journal.Header, Run: new(header(runID, "w"))}, true))
	line := lines(written(t))[1]
	check(t, m.Append(journal.Record{Kind: journal.Intent, Input: line[:len(line)-1]}, true))
	data := m.Bytes()
	for n := bytes.IndexByte(data, '\n') + 2; n < len(data); n++ {
		records, _, torn, err := journal.Parse(data[:n])
		if err != nil || !torn || len(records) != 1 {
			t.Fatalf("%d bytes: torn %t, %d records, error %v", n, torn, len(records), err)
		}
	}
}

// A run whose only record is damaged has begun all the same: it is listed, and
// is not taken for one that never started.
func TestDamagedHeaderIsNotAnEmptyRun(t *testing.T) {
	t.Parallel()
	m := journal.NewMemory()
	check(t, m.Append(journal.Record{Kind: journal.Header, Run: new(header(runID, "w"))}, true))
	bad := []byte(strings.Replace(string(m.Bytes()), "release", "relaese", 1))
	s, _ := planted(t, bad)
	if _, _, err := s.Read(runID); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("read: %v", err)
	}
	if list := must(s.List())(t); len(list) != 1 || list[0].State != journal.StateDamaged {
		t.Errorf("listed as %+v", list)
	}
}
