package journal

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/skillrun/skillrun/engine/types"
)

// BlobLimit is the size in bytes above which an output is kept in a file of
// its own.
const BlobLimit = 256 << 10

// chain is the end of a journal: what the next line needs to know.
type chain struct {
	seq  int
	prev string
}

func newChain() chain { return chain{prev: noLine} }

// packed is a record ready to be written.
type packed struct {
	record Record // as it will be read back, without the output in the blob
	line   []byte
	blob   []byte // the output, when it is too large for the line
	weight int64
	next   chain
}

// pack makes the next line. It reads back what it wrote: a record that could
// not be read again must fail now, not when the run is resumed.
func (c chain) pack(r Record) (p packed, err error) {
	r.Seq, r.Blob = c.seq+1, ""
	body, err := encode(r)
	if err != nil {
		return packed{}, unfit(err)
	}
	if len(body) > BlobLimit && r.Event != nil {
		if p.blob, err = moveOutput(&r); err != nil {
			return packed{}, unfit(err)
		}
		if body, err = encode(r); err != nil {
			return packed{}, unfit(err)
		}
	}
	if p.record, err = decodeRecord(body); err == nil {
		err = checkRecord(&p.record, r.Seq)
	}
	if err != nil {
		return packed{}, unfit(err)
	}
	p.line = sealLine(body, c.prev)
	p.weight = weigh(p.line) + weigh(p.blob)
	p.next = chain{seq: r.Seq, prev: chainHash(p.line[:len(p.line)-1])}
	return p, nil
}

// moveOutput takes a large output out of r, whose event the caller still owns.
func moveOutput(r *Record) ([]byte, error) {
	out, err := encode(r.Event.Output)
	if err != nil || len(out) <= BlobLimit {
		return nil, err
	}
	var check types.Values
	if err := check.UnmarshalJSON(out); err != nil {
		return nil, err
	}
	event := *r.Event
	event.Output = nil
	r.Event, r.Blob = &event, types.Digest(out)
	return out, nil
}

// unpack puts outputs in blobs back into their records, and adds their weight.
func unpack(records []Record, weight int64, blob func(digest string) ([]byte, error)) (int64, error) {
	for i := range records {
		r := &records[i]
		if r.Blob == "" {
			continue
		}
		out, err := blob(r.Blob)
		if err != nil {
			return 0, err
		}
		weight += weigh(out)
		if err := checkWeight(weight); err != nil {
			return 0, err
		}
		if types.Digest(out) != r.Blob {
			return 0, badBlob(r)
		}
		if err := r.Event.Output.UnmarshalJSON(out); err != nil {
			return 0, badBlob(r)
		}
	}
	return weight, nil
}

func isDigest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

func badBlob(r *Record) *types.Error {
	return types.Errorf(types.Conflict, "the output of record %d is %w", r.Seq, ErrDamaged).
		WithHint("restore the run's folder from a backup, or move it away to start a new run")
}

func unfit(err error) *types.Error {
	return types.Errorf(types.Internal, "the record cannot be kept: %w", err)
}
