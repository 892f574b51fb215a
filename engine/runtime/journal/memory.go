package journal

import (
	"errors"
	"maps"
	"sync"
)

// Memory is a journal without a disk: the same lines, checked in the same
// way, that are gone with the process. It is for tests and for runs that
// no one will resume.
type Memory struct {
	mu      sync.Mutex
	end     chain
	data    []byte
	blobs   map[string][]byte
	ends    []int // of every line in data
	synced  int   // records that a power cut would leave
	appends int
	syncs   int
	failIn  int // 0: never
	failed  error
}

var _ Journal = (*Memory)(nil)

// NewMemory returns an empty journal.
func NewMemory() *Memory {
	return &Memory{end: newChain(), blobs: map[string][]byte{}}
}

// Append adds a record.
func (m *Memory) Append(r Record, sync bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed != nil {
		return m.failed
	}
	p, err := m.end.pack(r)
	if err == nil && m.failIn > 0 {
		if m.failIn--; m.failIn == 0 {
			err = disk("write the journal", errors.New("injected failure"))
		}
	}
	if err != nil {
		m.failed = poisoned(err)
		return err
	}
	m.keep(p, sync)
	return nil
}

func (m *Memory) keep(p packed, sync bool) {
	m.end = p.next
	m.data = append(m.data, p.line...)
	m.ends = append(m.ends, len(m.data))
	if p.blob != nil {
		m.blobs[p.record.Blob] = p.blob
	}
	m.appends++
	if sync {
		m.syncs++
		m.synced = len(m.ends)
	}
}

// Records returns everything appended so far.
func (m *Memory) Records() []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	records, _, torn, err := Parse(m.data)
	if err == nil {
		_, err = unpack(records, 0, func(d string) ([]byte, error) { return m.blobs[d], nil })
	}
	if err != nil || torn {
		panic("unreachable: the journal in memory is not what was written")
	}
	return records
}

// Close ends the journal: later appends fail.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = errClosed
	return nil
}

// FailAfter lets n more records in; the one after them fails, and every later
// one with it.
func (m *Memory) FailAfter(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failIn = n + 1
}

// Counters returns how many records were appended, and how many of them with
// sync.
func (m *Memory) Counters() (appends, syncs int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.appends, m.syncs
}

// Synced returns how many records are certain to outlive a power cut.
func (m *Memory) Synced() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.synced
}

// Prefix returns a journal of its own with the first n records, as a process
// would find it after a kill (n: all of them) or a power cut (n: Synced or
// more).
func (m *Memory) Prefix(n int) *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := NewMemory()
	p.blobs = maps.Clone(m.blobs)
	if n = min(n, len(m.ends)); n <= 0 {
		return p
	}
	start := 0
	if n > 1 {
		start = m.ends[n-2]
	}
	p.data = append(p.data, m.data[:m.ends[n-1]]...)
	p.ends = append(p.ends, m.ends[:n]...)
	p.end = chain{seq: n, prev: chainHash(p.data[start : len(p.data)-1])}
	p.synced = n
	return p
}

// Reopen returns a journal of its own with everything appended so far.
func (m *Memory) Reopen() *Memory {
	m.mu.Lock()
	n := len(m.ends)
	m.mu.Unlock()
	return m.Prefix(n)
}
