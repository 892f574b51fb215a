package engine_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// kept makes a run with these records behind its header, a second apart.
func kept(t *testing.T, dir, id string, records ...journal.Record) {
	t.Helper()
	p := program.Program{Language: 1, Skill: "release", Inputs: types.Values{}, Steps: []program.Node{}}
	began := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	f, err := journal.NewStore(dir, journal.Options{}).Create(journal.RunHeader{
		ID: id, Skill: "release", User: "ana", StartedAt: began, Zone: "UTC", Program: types.Encode(p), Digest: p.Digest(),
	})
	for i, r := range records {
		r.At = began.Add(time.Duration(i+1) * time.Second)
		if err == nil {
			err = f.Append(r, false)
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func intent(path string) journal.Record {
	return journal.Record{Kind: journal.Intent, Path: path, Step: "create", Effect: "write", Key: "k", Digest: "d", Service: "tracker", Host: "t.example.com"}
}

func ended(path, outcome string, kind machine.EventKind, err *types.Error) journal.Record {
	r := intent(path)
	r.Kind, r.Outcome = journal.Event, outcome
	r.Event = &machine.Event{Kind: kind, Path: path, Error: err, Unsettled: outcome == "unknown"}
	if err == nil {
		r.Event.Output = types.Values{"key": "T-" + path, "url": "https://t.example.com/" + path}
	}
	return r
}

// TestAudit: each thing that can become of a write, and each word of a person, is
// one line; what is unknown is said to be so.
func TestAudit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "site")
	gone := types.Errorf(types.Forbidden, "no").With("body", "of no concern")
	kept(t, dir, "20260115-100000-aaaaaa",
		journal.Record{Kind: journal.Approved, By: "bob", Plan: "p1"},
		intent("made"), ended("made", "created", machine.Done, nil),
		intent("seen"), ended("seen", "confirmed", machine.Done, nil),
		intent("there"), ended("there", "adopted", machine.Done, nil),
		intent("changed"), ended("changed", "updated", machine.Done, nil),
		intent("refused"), ended("refused", "", machine.Failed, gone),
		intent("lost"), ended("lost", "unknown", machine.Failed, types.Errorf(types.UnknownOutcome, "lost")),
		intent("cut"),
		intent("dropped"), journal.Record{Kind: journal.Event, Path: "dropped", Event: &machine.Event{Kind: machine.Dropped, Path: "dropped"}},
		intent("never"), journal.Record{Kind: journal.Resolved, Path: "never", Step: "create", By: "cat"},
		intent("found"), journal.Record{Kind: journal.Resolved, Path: "found", Step: "create", By: "cat", Ref: "T-9"}, ended("found", "resolved", machine.Done, nil),
		journal.Record{Kind: journal.Resumed, By: "dan", Reach: []string{"tracker: elsewhere"}},
		journal.Record{Kind: journal.Resumed, Reason: journal.Restart},
		intent("second"), ended("second", "created", machine.Done, nil),
		journal.Record{Kind: journal.Undoing, Path: "made", Step: "create", By: "eve"}, journal.Record{Kind: journal.Undone, Path: "made", Step: "create", By: "eve"},
		journal.Record{Kind: journal.Undoing, Path: "seen", Step: "create", By: "eve"},
		journal.Record{Kind: journal.Undoing, Path: "second", Step: "create", By: "eve"},
		journal.Record{Kind: journal.Undoing, Path: "second", Step: "create", By: "eve", Error: gone},
		journal.Record{Kind: journal.Finished, State: "rejected", Reason: "enough"},
	)
	e := engine.New(engine.Setup{Catalogue: tracker{}.steps(), State: dir, Clock: stopped{}})
	var got []string
	for _, d := range e.Audit("20260115-100000-aaaaaa") {
		if d.Run != "20260115-100000-aaaaaa" || d.Skill != "release" || len(d.Program) != 64 || d.Version != 1 || d.At.IsZero() {
			t.Errorf("%+v", d)
		}
		d.Run, d.Skill, d.Program, d.Version, d.At = "", "", "", 0, time.Time{}
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimPrefix(string(line), `{"version":0,"run":"",`))
	}
	const of = `"type":"create","service":"tracker","host":"t.example.com",`
	const what, tail = `"what":"create thing",`, `"input_digest":"d","key":"k"}`
	at := func(path string) string {
		return `"object":"T-` + path + `","link":"https://t.example.com/` + path + `",`
	}
	by := func(kind, who, path string) string {
		return `"kind":"` + kind + `","by":"` + who + `","known_by":"machine","step":"` + path + `",` + of
	}
	want := []string{
		`"kind":"started","by":"ana","known_by":"machine","input_digest":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}`,
		`"kind":"approved","by":"bob","known_by":"machine","plan":"p1"}`,
		by("wrote", "ana", "made") + what + at("made") + tail,
		by("wrote", "ana", "seen") + what + at("seen") + tail,
		by("adopted", "ana", "there") + what + at("there") + tail,
		by("updated", "ana", "changed") + what + at("changed") + tail,
		by("failed", "ana", "refused") + what + `"input_digest":"d","key":"k","error":{"code":"forbidden","message":"no"}}`,
		by("unknown", "ana", "lost") + what + `"input_digest":"d","key":"k","error":{"code":"unknown_outcome","message":"lost"}}`,
		by("unknown", "ana", "cut") + what + tail,
		by("resolved", "cat", "never") + `"what":"did not happen: create thing","input_digest":"d"}`,
		by("resolved", "cat", "found") + `"what":"create thing","object":"T-9","input_digest":"d"}`,
		`"kind":"resumed","by":"dan","known_by":"machine","reach":["tracker: elsewhere"]}`,
		by("wrote", "dan", "second") + what + at("second") + tail,
		by("undone", "eve", "made") + what + at("made") + `"input_digest":"d"}`,
		by("unknown", "eve", "seen") + `"what":"undo: create thing",` + at("seen") + `"input_digest":"d"}`,
		by("failed", "eve", "second") + `"what":"undo: create thing",` + at("second") + `"input_digest":"d","error":{"code":"forbidden","message":"no"}}`,
		`"kind":"rejected","why":"enough"}`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error("(-want +got):", d)
	}
}

// TestAuditOfDamage: a journal that cannot be read, or is gone, is a line of its
// own beside the actions of others.
func TestAuditOfDamage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "site")
	ids := []string{"20260115-100000-aaaaaa", "20260115-100000-bbbbbb", "20260115-100000-cccccc", "20260115-100000-dddddd"}
	for _, id := range ids {
		kept(t, dir, id)
	}
	path := func(i int, name string) string { return filepath.Join(dir, "runs", ids[i], name) }
	text, err := os.ReadFile(path(1, "journal.jsonl"))
	text[len(text)/2] ^= 1
	if err := errors.Join(err, os.WriteFile(path(1, "journal.jsonl"), text, 0o600), os.Remove(path(2, "journal.jsonl")), os.RemoveAll(path(3, ""))); err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Setup{Catalogue: tracker{}.steps(), State: dir, Clock: stopped{}})
	var got []string
	for _, d := range e.Audit(ids...) {
		got = append(got, d.Run+" "+string(d.Kind))
		if (d.Error != nil) != (d.Kind == engine.ActionDamaged) {
			t.Errorf("%+v", d)
		}
	}
	if d := cmp.Diff([]string{ids[1] + " damaged", ids[2] + " damaged", ids[0] + " started"}, got); d != "" {
		t.Error("(-want +got):", d)
	}
}
