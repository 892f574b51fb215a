// Package journaltest holds what every journal must do: one suite for the one
// on a disk, the one in memory and those of others.
package journaltest

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// Header returns a run's header to make journals with.
func Header() journal.RunHeader {
	return journal.RunHeader{
		ID:        "20260115-101530-k3f9q2",
		Work:      "release/widget 1.4.0",
		Skill:     "release",
		File:      "skills/release.yaml",
		Text:      "skill: release # <&> \u2028 ünï\n",
		Command:   "skillrun release --version 1.4.0",
		StartedAt: time.Date(2026, 1, 15, 10, 15, 30, 123456789, time.UTC),
		Zone:      "Europe/Rome",
		Versions:  journal.Versions{Journal: journal.Format, Language: 1, Program: "1.0.0"},
		Digest:    "d1",
		Program:   json.RawMessage(`{"steps":["<a>",1.0,null]}`),
	}
}

// Records returns a record of every kind but the header, as a run would
// append them: one that fails, is taken up by people, and is undone.
func Records() []journal.Record {
	at := func(s int) time.Time { return Header().StartedAt.Add(time.Duration(s) * time.Second) }
	event := func(s int, path string, out types.Values) journal.Record {
		return journal.Record{Kind: journal.Event, At: at(s), Path: path,
			Event: &machine.Event{Kind: machine.Done, Path: path, At: at(s), Output: out}}
	}
	failure := types.Errorf(types.Network, "no answer").WithHint("look").With("host", "example.org")
	made := event(4, "create", types.Values{"key": "W-1"})
	made.Outcome = "created"
	return []journal.Record{
		event(1, "look", types.Values{"n": 42, "big": 9007199254740993, "f": 1.5, "none": nil,
			"list": []any{1, "two", true}, "text": "a\nb <&> \u2028 \"é\""}),
		{Kind: journal.Intent, At: at(3), Path: "create", Step: "jira_create_issue", Effect: "write",
			Key: "k1", Digest: "d2", Input: json.RawMessage(`{"title":"<x>"}`)},
		made,
		{Kind: journal.Event, At: at(5), Path: "push",
			Event: &machine.Event{Kind: machine.Failed, Path: "push", At: at(5), Error: failure}},
		{Kind: journal.Parked, At: at(6), Reason: "confirm", Error: failure},
		{Kind: journal.Approved, At: at(7), By: "ann", Plan: "d3", Path: "gate"},
		{Kind: journal.Resumed, At: at(8), By: "ann"},
		{Kind: journal.Finished, At: at(9), State: "failed", Error: failure},
		{Kind: journal.Intent, At: at(10), Path: "push", Step: "git_push", Effect: "write", Key: "k2", Digest: "d4"},
		{Kind: journal.Resolved, At: at(11), Path: "push", By: "ben", Reason: "looked at the remote"},
		{Kind: journal.Undoing, At: at(12), Path: "create", By: "ben"},
		{Kind: journal.Undone, At: at(13), Path: "create", By: "ben"},
		{Kind: journal.Finished, At: at(14), State: "undone", By: "ben", Reason: "never mind"},
	}
}

// Large returns an event whose output is too large for a line.
func Large() journal.Record {
	r := Records()[0]
	r.Event.Output = types.Values{"text": strings.Repeat("0123456789 <&>\n", journal.BlobLimit/14)}
	return r
}

// Open makes a journal that holds [Header] and nothing else. reopen is called
// after the journal is closed, and opens it as another process would.
type Open func(t *testing.T) (j journal.Journal, reopen func() journal.Journal)

// Run is the suite.
func Run(t *testing.T, open func(t *testing.T) (j journal.Journal, reopen func() journal.Journal)) {
	for name, test := range map[string]func(*testing.T, Open){
		"keeps what it gets":       keeps,
		"goes on after reopening":  goesOn,
		"keeps large outputs":      keepsLarge,
		"is not changed by others": isOwn,
		"is poisoned by a failure": isPoisoned,
		"takes appends at once":    takesMany,
		"takes nothing when done":  closes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

func keeps(t *testing.T, open Open) {
	j, reopen := open(t)
	want := started()
	compare(t, want, j.Records())
	for i, r := range Records() {
		r.Seq = 99 // not the caller's to say
		appendTo(t, j, r, i%2 == 0)
		r.Seq = i + 2
		want = append(want, r)
		compare(t, want, j.Records())
	}
	compare(t, want, closeAndReopen(t, j, reopen).Records())
}

func goesOn(t *testing.T, open Open) {
	j, reopen := open(t)
	want := started()
	for i, r := range Records() {
		j = closeAndReopen(t, j, reopen)
		appendTo(t, j, r, false)
		r.Seq = i + 2
		want = append(want, r)
	}
	compare(t, want, closeAndReopen(t, j, reopen).Records())
}

func keepsLarge(t *testing.T, open Open) {
	j, reopen := open(t)
	r := Large()
	r.Blob = "of no meaning"
	appendTo(t, j, r, true)
	if r.Event.Output == nil {
		t.Error("Append took the output out of the caller's event")
	}
	appendTo(t, j, Records()[1], true)
	for _, records := range [][]journal.Record{j.Records(), closeAndReopen(t, j, reopen).Records()} {
		if len(records) != 3 {
			t.Fatalf("%d records, want 3", len(records))
		}
		if len(records[1].Blob) != 64 {
			t.Errorf("blob %q, want a digest", records[1].Blob)
		}
		if diff := cmp.Diff(r.Event, records[1].Event); diff != "" {
			t.Errorf("the event changed (-want +got):\n%.500s", diff)
		}
		if records[2].Blob != "" {
			t.Errorf("a small record has the blob %q", records[2].Blob)
		}
	}
}

func isOwn(t *testing.T, open Open) {
	j, reopen := open(t)
	r := Records()[0]
	appendTo(t, j, r, true)
	r.Event.Output["n"] = 1
	j.Records()[1].Event.Output["n"] = 2
	j.Records()[0].Run.Skill = "other"
	want := Records()[0]
	want.Seq = 2
	compare(t, append(started(), want), j.Records())
	compare(t, append(started(), want), closeAndReopen(t, j, reopen).Records())
}

func isPoisoned(t *testing.T, open Open) {
	bad := map[string]journal.Record{
		"a second header":         {Kind: journal.Header, Run: new(Header())},
		"an unknown kind":         {Kind: "strange"},
		"an event of nothing":     {Kind: journal.Event},
		"an intent with an event": {Kind: journal.Intent, Event: &machine.Event{}},
		"an end that is none":     {Kind: journal.Finished, State: "tired"},
		"a word on no step":       {Kind: journal.Resolved, By: "ann"},
		"undoing of nothing":      {Kind: journal.Undoing},
		"nothing that is undone":  {Kind: journal.Undone},
		"input that is not JSON":  {Kind: journal.Intent, Input: json.RawMessage(`{`)},
		"what JSON has not":       {Kind: journal.Event, Event: &machine.Event{Output: types.Values{"c": make(chan int)}}},
		"what cannot be read":     {Kind: journal.Event, Event: &machine.Event{Output: types.Values{"n": uint64(1 << 63)}}},
	}
	for name, r := range bad {
		t.Run(name, func(t *testing.T) {
			j, reopen := open(t)
			if err := j.Append(r, true); types.CodeOf(err) != types.Internal {
				t.Fatalf("got %v, want an internal error", err)
			}
			if err := j.Append(Records()[0], true); err == nil {
				t.Fatal("an append succeeded after one that failed")
			}
			compare(t, started(), j.Records())
			j = closeAndReopen(t, j, reopen)
			appendTo(t, j, Records()[0], true)
		})
	}
}

func takesMany(t *testing.T, open Open) {
	j, reopen := open(t)
	const writers, each = 8, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range each {
				if err := j.Append(Records()[0], i == 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	records := closeAndReopen(t, j, reopen).Records()
	if len(records) != 1+writers*each {
		t.Fatalf("%d records, want %d", len(records), 1+writers*each)
	}
	for i, r := range records {
		if r.Seq != i+1 {
			t.Fatalf("record %d has the number %d", i+1, r.Seq)
		}
	}
}

func closes(t *testing.T, open Open) {
	j, reopen := open(t)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(Records()[0], true); err == nil {
		t.Error("a closed journal took a record")
	}
	again := reopen()
	compare(t, started(), again.Records())
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// started is what every journal begins with.
func started() []journal.Record {
	h := Header()
	return []journal.Record{{Seq: 1, Kind: journal.Header, At: h.StartedAt, Run: &h}}
}

func appendTo(t *testing.T, j journal.Journal, r journal.Record, sync bool) {
	t.Helper()
	if err := j.Append(r, sync); err != nil {
		t.Fatal(err)
	}
}

func closeAndReopen(t *testing.T, j journal.Journal, reopen func() journal.Journal) journal.Journal {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again := reopen()
	t.Cleanup(func() { _ = again.Close() })
	return again
}

func compare(t *testing.T, want, got []journal.Record) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.Error{})); diff != "" {
		t.Fatalf("the records differ (-want +got):\n%s", diff)
	}
}
