package journal

import (
	"bytes"
	"os"

	"github.com/skillrun/skillrun/engine/types"
)

// maxWeight is about how many bytes of memory the records of a run may take, with
// the outputs that are kept in blobs: whatever was written has to be read again.
// Small objects take many times what they are in a line. A file of a run has no
// more bytes than that either.
const maxWeight int64 = 128 << 20

// ending is what is left free for the records that end what was begun.
const ending = 8 << 20

// weigh is about how many bytes of memory a line or an output takes when it is read.
func weigh(text []byte) int64 {
	const record, value, object = 256, 16, 48
	if len(text) == 0 {
		return 0
	}
	return int64(record + len(text) + value*bytes.Count(text, []byte(",")) + object*bytes.Count(text, []byte("{")))
}

func checkWeight(weight int64) error {
	if weight <= maxWeight {
		return nil
	}
	return types.Errorf(types.Conflict, "the records of the run take more than %d MiB of memory, and no more are read", maxWeight>>20).
		WithHint("check what wrote them; restore the run's folder from a backup, or move it away to start a new run")
}

func checkSize(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() <= maxWeight {
		return err
	}
	return types.Errorf(types.Conflict, "%s has %d MiB, and at most %d are read", f.Name(), info.Size()>>20, maxWeight>>20).
		WithHint("check what wrote it; restore the run's folder from a backup, or move it away to start a new run")
}

// checkRoom refuses a record that would make a run of such a weight that it could
// not be read again: first what begins something, so that what was sent can still
// be told.
func checkRoom(weight int64, r *Record) error {
	limit := maxWeight - ending
	switch {
	case r.Kind == Parked, r.Kind == Finished, r.Kind == Resolved, r.Kind == Undone, r.Kind == Event && r.Effect == "write":
		limit = maxWeight
	}
	if weight <= limit {
		return nil
	}
	return types.Errorf(types.Conflict, "the journal is full: its records take %d MiB of memory, and more than %d could not be read again", weight>>20, limit>>20).
		WithHint("cancel the run, and let a skill do its work in several runs")
}
