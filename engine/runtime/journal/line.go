package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// A line is
//
//	{"r":RECORD,"prev":"PREV","sum":"SUM"}
//
// and a newline. RECORD is the record as encoding/json writes it, without
// spaces and without escaping < > &. PREV is the first 16 bytes, in hex, of
// the SHA-256 of the line before without its newline; zeros in the first line.
// SUM is the CRC-32C, in hex, of everything before `"sum"`. There is one way
// to write a record, and a line can be checked without reading its JSON.
//
// Whatever becomes of the format, the first line stays a JSON object with the
// format's number at r.run.versions.journal: that is how a program knows that
// a journal is of a later one.
const (
	lineHead = `{"r":`
	prevHead = `,"prev":"`
	sumHead  = `","sum":"`
	lineTail = `"}`
	prevLen  = 32
	sumLen   = 8
	frameLen = len(prevHead) + prevLen + len(sumHead) + sumLen + len(lineTail)
	noLine   = "00000000000000000000000000000000"
	recHead  = lineHead + `{"seq":` // how every line begins
)

// sealLine makes a line, with its newline, of an encoded record.
func sealLine(body []byte, prev string) []byte {
	line := make([]byte, 0, len(lineHead)+len(body)+frameLen+1)
	line = append(line, lineHead...)
	line = append(line, body...)
	line = append(line, prevHead...)
	line = append(line, prev...)
	sum := checksum(line)
	line = append(line, sumHead...)
	line = append(line, sum...)
	line = append(line, lineTail...)
	return append(line, '\n')
}

// openLine takes a line apart. An error means that it is not as it was written.
func openLine(line []byte) (body []byte, prev string, err error) {
	at := len(line) - frameLen
	if at < len(lineHead) || !bytes.HasPrefix(line, []byte(lineHead)) {
		return nil, "", errTorn
	}
	end := line[at:]
	summed := at + len(prevHead) + prevLen
	if string(end[:len(prevHead)]) != prevHead ||
		string(line[summed:]) != sumHead+checksum(line[:summed])+lineTail {
		return nil, "", errTorn
	}
	return line[len(lineHead):at], string(line[summed-prevLen : summed]), nil
}

func checksum(b []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// chainHash is what the next line holds of this one.
func chainHash(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:prevLen/2])
}

// Parse reads a journal's bytes. It returns the records, without the outputs
// that are in blobs, and how many bytes they take. torn says that what follows
// is what a write cut short leaves: see isTorn. Everything else that is not as
// it was written is an error, beside the records before it.
func Parse(data []byte) (records []Record, good int, torn bool, err error) {
	p := parse(bytes.NewReader(data), 0, newChain())
	return p.records, int(p.good), p.cut > 0, p.err
}

// parsed is what [Parse] returns, and where the journal stands behind it.
type parsed struct {
	records []Record
	weight  int64
	good    int64 // bytes
	cut     int   // bytes behind them that are torn
	err     error
	end     chain
}

// parse reads what stands behind a part of a journal, at an offset, line by line.
func parse(from io.Reader, offset int64, at chain) parsed {
	p := parsed{end: at}
	for lines := bufio.NewReader(from); ; {
		text, failed := lines.ReadBytes('\n')
		if failed != nil && !errors.Is(failed, io.EOF) {
			p.err = disk("read the journal", failed)
			return p
		}
		if len(text) == 0 {
			return p
		}
		line, whole := bytes.CutSuffix(text, []byte("\n"))
		record, err := parseLine(line, p.end.prev, p.end.seq+1)
		if !whole || err != nil {
			p.stop(text, lines, offset, err)
			return p
		}
		if p.weight += weigh(line); p.weight > maxWeight {
			p.err = checkWeight(p.weight)
			return p
		}
		p.records = append(p.records, record)
		p.end = chain{seq: record.Seq, prev: chainHash(line)}
		p.good += int64(len(text))
	}
}

// stop says why text, and the rest behind it, is no line.
func (p *parsed) stop(text []byte, rest io.Reader, offset int64, why error) {
	if p.end.seq == 0 && isNewer(bytes.TrimSuffix(text, []byte("\n"))) {
		p.err = newer()
		return
	}
	behind, err := io.ReadAll(io.LimitReader(rest, maxWeight))
	if text = append(text, behind...); err == nil && isTorn(text, offset+p.good, p.end) {
		p.cut = len(text)
		return
	}
	p.err = damaged(p.end.seq+1, why)
}

func parseLine(line []byte, prev string, seq int) (Record, error) {
	body, linked, err := openLine(line)
	if err != nil {
		return Record{}, err
	}
	if linked != prev {
		return Record{}, errors.New("it does not follow the line before")
	}
	record, err := decodeRecord(body)
	if err != nil {
		return Record{}, err
	}
	return record, checkRecord(&record, seq)
}

func isNewer(line []byte) bool {
	var first struct {
		R struct {
			Run struct {
				Versions struct {
					Journal int `json:"journal"`
				} `json:"versions"`
			} `json:"run"`
		} `json:"r"`
	}
	return json.Unmarshal(line, &first) == nil && first.R.Run.Versions.Journal > Format
}

func newer() *types.Error {
	return types.Errorf(types.Conflict, "the journal was %w", ErrNewer).
		WithHint("update skillrun to resume this run")
}

func damaged(line int, cause error) *types.Error {
	why := "a line is missing its end"
	if cause != nil {
		why = cause.Error()
	}
	return types.Errorf(types.Conflict, "the journal is %w at line %d: %s", ErrDamaged, line, why).
		WithHint("restore the run's folder from a backup, or move it away to start a new run")
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeRecord refuses what this program does not know: within one format
// nothing may be dropped in silence.
func decodeRecord(body []byte) (r Record, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Record{}, err
	}
	if int(d.InputOffset()) != len(body) {
		return Record{}, errors.New("text after the record")
	}
	return r, nil
}

func checkRecord(r *Record, seq int) error {
	kinds := []Kind{Header, Intent, Event, Parked, Resumed, Approved, Resolved, Undoing, Undone, Finished, Exported, Imported}
	ends := []State{StateDone, StateFailed, StateCancelled, StateRejected, StateRefused, StateUndone, StatePartlyUndone}
	ofStep := []Kind{Resolved, Undoing, Undone}
	switch {
	case r.Seq != seq:
		return fmt.Errorf("record %d is where %d should be", r.Seq, seq)
	case !slices.Contains(kinds, r.Kind):
		return fmt.Errorf("unknown kind of record %q", r.Kind)
	case (seq == 1) != (r.Kind == Header):
		return errors.New("a journal has one header, in its first record")
	case (r.Kind == Header) != (r.Run != nil):
		return errors.New("what runs belongs into the header, and only there")
	case (r.Kind == Event) != (r.Event != nil):
		return errors.New("an event belongs into the record of an event, and only there")
	case r.Blob != "" && (r.Kind != Event || !isDigest(r.Blob)):
		return fmt.Errorf("%q is not where an output is kept", r.Blob)
	case slices.Contains(ofStep, r.Kind) && r.Path == "":
		return fmt.Errorf("a record of the kind %s needs a step", r.Kind)
	case r.Kind == Finished && !slices.Contains(ends, State(r.State)):
		return fmt.Errorf("a run does not finish %q", r.State)
	case r.Run != nil && (r.Run.Versions.Journal < 1 || r.Run.Versions.Journal > Format):
		return fmt.Errorf("the header is of format %d, not 1 to %d", r.Run.Versions.Journal, Format)
	case r.Run != nil && !ValidID(r.Run.ID):
		return fmt.Errorf("the header names a run %q", r.Run.ID)
	}
	return nil
}
