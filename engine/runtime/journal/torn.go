package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// sectorSize is what a disk writes as a whole.
const sectorSize = 512

// isTorn reports whether what stands behind the last good record, from an offset
// of the file on, is what a write cut short can leave. It may then be thrown
// away, because whoever wrote it was not told that it was kept. All else is
// damage. There are two ways:
//
//   - A kill, or a full disk, leaves the first bytes of the next line: no newline,
//     and text that becomes a record when it is continued.
//   - A power cut keeps any sectors of what was not brought to the disk yet. A
//     file's length can get there before its content, and later pages before
//     earlier ones: the sectors that are missing read as zeros, from their first
//     byte to their last or to the end of the file. Text has no zeros. A flipped
//     bit makes one at most, and none of what may be alone in a sector: the first
//     byte of a line, and the newline of the last. One zero and nothing else
//     counts as damage: a file's length moves by whole writes and sectors.
//
// So a line that has its newline, no missing sector and does not verify was whole
// once, and was changed since.
func isTorn(end []byte, offset int64, at chain) bool {
	text, rest := cutAtHole(end, offset)
	return startsLine(text, at) && !keptBehind(rest)
}

// startsLine reports whether text is a beginning of the line behind at.
func startsLine(text []byte, at chain) bool {
	head := fmt.Appendf(nil, `%s%d,"kind":"`, recHead, at.seq+1)
	if len(text) < len(head) {
		return bytes.HasPrefix(head, text)
	}
	if !bytes.HasPrefix(text, head) || bytes.IndexByte(text, '\n') >= 0 {
		return false
	}
	if _, err := parseLine(text, at.prev, at.seq+1); err == nil {
		return true
	}
	// A line that ends and does not verify, or has something behind its end, was
	// not cut short: what is missing was only its newline.
	var more json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(text)).Decode(&more), io.ErrUnexpectedEOF)
}

// cutAtHole divides bytes at an offset of the file at the first sector that is missing.
func cutAtHole(end []byte, offset int64) (text, rest []byte) {
	for at := 0; at < len(end); {
		next := min(len(end), at+sectorSize-int((offset+int64(at))%sectorSize))
		if len(end) > 1 && len(bytes.Trim(end[at:next], "\x00")) == 0 {
			return end[:at], end[at:]
		}
		at = next
	}
	return end, nil
}

// keptBehind reports whether a line behind a hole was appended with sync. Its
// writer was told that all before it is on the disk, so the hole came later.
func keptBehind(rest []byte) bool {
	for line := range bytes.Lines(rest) {
		body, _, err := openLine(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			continue
		}
		r, err := decodeRecord(body)
		if err != nil || r.Kind != Event && r.Kind != Resumed || r.Effect == "write" {
			return true
		}
	}
	return false
}
