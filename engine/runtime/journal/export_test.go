package journal

import (
	"bytes"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/types"
)

// Reseal gives a line that was changed a checksum that fits.
func Reseal(line []byte) []byte {
	var parts struct {
		R    json.RawMessage
		Prev string
	}
	if err := json.Unmarshal(line, &parts); err != nil {
		panic(err)
	}
	return sealLine(parts.R, parts.Prev)
}

// ResealCache gives a run.json that was changed a checksum that fits.
func ResealCache(data []byte) []byte {
	var file sealed
	if err := json.Unmarshal(data, &file); err != nil {
		panic(err)
	}
	file.Sum = types.Digest(file.Of)
	data, err := encode(file)
	if err != nil {
		panic(err)
	}
	return data
}

// SealFirst makes a first line of any text.
func SealFirst(body string) []byte { return sealLine([]byte(body), noLine) }

// SealAfter makes a line of any text that follows another.
func SealAfter(line []byte, body string) []byte { return sealLine([]byte(body), chainHash(line)) }

// Bytes are the lines of a journal in memory.
func (m *Memory) Bytes() []byte { return bytes.Clone(m.data) }

// Swell makes a journal believe that its records take so many bytes.
func (f *File) Swell(weight int64) { f.weight = weight }
