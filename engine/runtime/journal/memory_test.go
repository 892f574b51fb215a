package journal_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

func startedMemory(t testing.TB) *journal.Memory {
	m := journal.NewMemory()
	check(t, m.Append(journal.Record{Kind: journal.Header, At: journaltest.Header().StartedAt,
		Run: new(journaltest.Header())}, true))
	return m
}

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(t *testing.T) (journal.Journal, func() journal.Journal) {
		m := startedMemory(t)
		return m, func() journal.Journal { m = m.Reopen(); return m }
	})
}

func TestMemoryFailAfter(t *testing.T) {
	t.Parallel()
	m := startedMemory(t)
	m.FailAfter(2)
	check(t, m.Append(event("a"), false))
	check(t, m.Append(event("b"), true))
	wantError(t, m.Append(event("c"), true), nil, types.Unavailable, "cannot write the journal: injected failure"+seeDisk)
	for range 3 {
		wantError(t, m.Append(event("d"), true), journal.ErrPoisoned, types.Unavailable,
			"an earlier record could not be kept: cannot write the journal: injected failure"+seeDisk)
	}
	if n := len(m.Records()); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
	check(t, m.Reopen().Append(event("c"), true))
}

func TestMemoryCounts(t *testing.T) {
	t.Parallel()
	m := startedMemory(t)
	check(t, m.Append(event("a"), true))
	check(t, m.Append(event("b"), false))
	if a, s := m.Counters(); a != 3 || s != 2 || m.Synced() != 2 {
		t.Errorf("%d appends, %d syncs, %d synced; want 3, 2, 2", a, s, m.Synced())
	}
}

// A prefix is a journal of its own, whatever becomes of the whole.
func TestMemoryPrefix(t *testing.T) {
	t.Parallel()
	m := startedMemory(t)
	for _, r := range journaltest.Records() {
		check(t, m.Append(r, false))
	}
	all := m.Records()
	for n := range len(all) + 2 {
		p := m.Prefix(n)
		got := p.Records()
		if want := all[:min(n, len(all))]; len(got) != len(want) || n > 0 && !cmp.Equal(want, got, sameRecord) {
			t.Fatalf("prefix of %d has %d records", n, len(got))
		}
		if n > 0 {
			check(t, p.Append(event("later"), true))
		}
		if len(m.Records()) != len(all) {
			t.Fatal("the prefix wrote into the whole")
		}
	}
}
