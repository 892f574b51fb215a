package journal_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

var update = flag.Bool("update", false, "write golden journals that are missing, and what they come to")

// Golden journals are kept forever. Those of v1 were written by the last
// program of that format, releasing in the sandbox; those of v2 continue from
// them. None of them is ever written again: a program that cannot read one
// would leave someone's run behind.

// goldenStory is what a journal comes to: for a listing, and for the machine.
type goldenStory struct {
	Summary journal.Summary `json:"summary"`
	Records []string        `json:"records"`
	Machine goldenMachine   `json:"machine"`
}

type goldenMachine struct {
	Program string           `json:"program_digest"` // of the program as it is decoded today
	State   machine.State    `json:"state"`
	Current string           `json:"current,omitempty"`
	Failure *machine.Failure `json:"failure,omitempty"`
	Outputs map[string]any   `json:"outputs"`
	Missing []string         `json:"missing"`
}

func TestGoldenJournals(t *testing.T) {
	t.Parallel()
	if *update {
		makeGoldens(t)
	}
	want := map[string][]string{
		"v1": {"failed", "finished", "killed", "parked"},
		"v2": {"cancelled", "failed", "finished", "killed", "parked", "rejected", "resolved", "undone"},
		"v3": {"partly_undone", "refused", "repeated"},
		"v4": {"exported", "imported"},
	}
	for version, names := range want {
		for _, name := range names {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join("testdata", "golden", version, name)
				data := must(os.ReadFile(path + ".jsonl"))(t)
				text := append(must(json.MarshalIndent(tell(t, data), "", "  "))(t), '\n')
				if _, err := os.Stat(path + ".json"); *update && (version != "v1" || err != nil) {
					check(t, os.WriteFile(path+".json", text, 0o644))
				}
				if diff := cmp.Diff(string(must(os.ReadFile(path+".json"))(t)), string(text)); diff != "" {
					t.Errorf("it comes to something else than it did (-want +got):\n%s", diff)
				}
				goldenGoesOn(t, data)
			})
		}
	}
}

// tell reads a journal and folds it.
func tell(t *testing.T, data []byte) goldenStory {
	t.Helper()
	records, good, torn, err := journal.Parse(data)
	check(t, err)
	if torn || good != len(data) {
		t.Fatalf("torn %t, %d of %d bytes", torn, good, len(data))
	}
	s := goldenStory{Summary: journal.Summarize(records)}
	for _, r := range records {
		s.Records = append(s.Records, strings.TrimSpace(string(r.Kind)+" "+r.Path))
	}
	h := records[0].Run
	var p program.Program
	check(t, json.Unmarshal(h.Program, &p))
	if p.Digest() != h.Digest {
		t.Errorf("its program has the digest %s today, and had %s", p.Digest(), h.Digest)
	}
	start := machine.Start{Run: h.ID, StartedAt: h.StartedAt, Zone: time.UTC}
	m := machine.New(&p, start)
	for _, r := range records {
		if r.Kind == journal.Resumed && r.Reason == journal.Restart {
			m = machine.New(&p, start)
		}
		if r.Kind == journal.Event {
			m.Next()
			check(t, m.Apply(*r.Event))
		}
	}
	m.Next()
	res := m.Result()
	s.Machine = goldenMachine{Program: p.Digest(), State: m.State(), Current: m.Current(),
		Failure: m.Failure(), Outputs: res.Outputs, Missing: res.Missing}
	return s
}

// goldenGoesOn: whatever its format, a journal that was begun is resumed.
func goldenGoesOn(t *testing.T, data []byte) {
	t.Helper()
	records, _, _, err := journal.Parse(data)
	check(t, err)
	dir := newDir(t)
	s := journal.NewStore(dir, new(faults).options())
	h := *records[0].Run
	check(t, must(s.Create(h))(t).Close())
	check(t, os.WriteFile(filepath.Join(dir, "runs", h.ID, "journal.jsonl"), data, 0o600))
	f, report, err := s.Open(h.ID)
	if err != nil || report.Torn() {
		t.Fatalf("report %q, error %v", report, err)
	}
	check(t, f.Append(journal.Record{Kind: journal.Resolved, At: h.StartedAt, Path: "push"}, true))
	check(t, f.Append(journal.Record{Kind: journal.Finished, At: h.StartedAt, State: "undone"}, true))
	check(t, f.Close())
	again, _, err := s.Read(h.ID)
	check(t, err)
	if len(again) != len(records)+2 || again[0].Run.Versions.Journal != h.Versions.Journal {
		t.Errorf("%d records of format %d", len(again), again[0].Run.Versions.Journal)
	}
	if v := must(s.Verify(h.ID))(t); !v.Good() {
		t.Errorf("verify finds %q", v.Wrong)
	}
}

// makeGoldens writes the journals since v2 that are missing. Those of v1 cannot be
// made any more.
func makeGoldens(t *testing.T) {
	t.Helper()
	runs := map[string][]journal.Record{}
	for name, records := range goldenRuns(t) {
		runs["v2/"+name] = records
	}
	for name, records := range newestGoldenRuns(t) {
		runs["v3/"+name] = records
	}
	for name, records := range movedGoldenRuns(t) {
		runs["v4/"+name] = records
	}
	for name, records := range runs {
		path := filepath.Join("testdata", "golden", name+".jsonl")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		m := journal.NewMemory()
		for _, r := range records {
			check(t, m.Append(r, true))
		}
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, m.Bytes(), 0o644))
	}
}

// goldenRuns are runs of format 2: the releases of v1, and what people did about them.
func goldenRuns(t *testing.T) map[string][]journal.Record {
	t.Helper()
	read := func(name string) []journal.Record {
		records, _, _, err := journal.Parse(must(os.ReadFile("testdata/golden/v1/" + name + ".jsonl"))(t))
		check(t, err)
		records[0].Run.Versions.Journal = 2
		return records
	}
	finished, failed := read("finished"), read("failed")
	at := func(path string, kind journal.Kind) int {
		return slices.IndexFunc(finished, func(r journal.Record) bool { return r.Path == path && r.Kind == kind })
	}
	digest := strings.Repeat("5eed", 16)
	unknown := types.Errorf(types.UnknownOutcome, "the answer to the push was lost").WithHint("look at the branch on the remote")
	end := finished[len(finished)-1].At
	then := func(before []journal.Record, more ...journal.Record) []journal.Record {
		all := slices.Clone(before)
		for i, r := range more {
			r.At = end.Add(time.Duration(i+1) * time.Second)
			all = append(all, r)
		}
		return all
	}
	asked := journal.Record{Kind: journal.Parked, Reason: "confirm", Path: "jira", Plan: digest}
	agreed := journal.Record{Kind: journal.Approved, By: "ben", Plan: digest}
	resumed := journal.Record{Kind: journal.Resumed}

	undo := []journal.Record{}
	for _, path := range []string{"link", "mr", "push", "jira"} {
		undo = append(undo, journal.Record{Kind: journal.Undoing, Path: path, By: "ben"},
			journal.Record{Kind: journal.Undone, Path: path, By: "ben"})
	}
	undo = append(undo, journal.Record{Kind: journal.Finished, State: "undone", By: "ben"})
	intent, push := at("jira", journal.Intent), at("push", journal.Intent)
	found := finished[at("push", journal.Event)]
	found.Outcome = "resolved"
	return map[string][]journal.Record{
		"finished": append(then(finished[:intent], asked, agreed, resumed), finished[intent:]...),
		"parked":   finished[:len(finished)-3],
		"killed":   finished[:push+1],
		"failed":   failed,
		"resolved": append(then(finished[:push+1],
			journal.Record{Kind: journal.Parked, Reason: "unknown_outcome", Path: "push", Error: unknown}, resumed,
			journal.Record{Kind: journal.Resolved, Path: "push", By: "ben", Reason: "there is no such branch"}, resumed,
			finished[push], found), finished[push+2:]...),
		"undone":    then(finished, undo...),
		"cancelled": then(finished[:push], journal.Record{Kind: journal.Finished, State: "cancelled", By: "ben", Reason: "the freeze began"}),
		"rejected":  then(finished[:intent], asked, journal.Record{Kind: journal.Finished, State: "rejected", By: "ben", Reason: "not on a Friday", Plan: digest}),
	}
}

// newestGoldenRuns are what format 3 has and format 2 has not: a run that was
// refused, one whose undoing stopped, and one that parked before it did a write
// again.
func newestGoldenRuns(t *testing.T) map[string][]journal.Record {
	t.Helper()
	of := goldenRuns(t)
	then := func(records []journal.Record, more ...journal.Record) []journal.Record {
		all := slices.Clone(records)
		h := *all[0].Run
		h.Versions.Journal = 3
		all[0].Run = &h
		for _, r := range more {
			r.At = all[len(all)-1].At.Add(time.Second)
			all = append(all, r)
		}
		return all
	}
	merged := types.Errorf(types.Conflict, "!3 was merged").WithHint("revert it in a merge request of its own")
	moved := types.Errorf(types.Conflict, "the world is not as the plan saw it, so nothing is written").WithHint("look at it, and plan again")
	again := types.Errorf(types.UnknownOutcome, "exec was done before").WithHint("say --done or --not-done")
	done := len(of["undone"]) - 9
	parked := slices.IndexFunc(of["rejected"], func(r journal.Record) bool { return r.Kind == journal.Parked })
	return map[string][]journal.Record{
		"partly_undone": then(of["undone"][:done+2],
			journal.Record{Kind: journal.Undoing, Path: "mr", By: "ben"},
			journal.Record{Kind: journal.Undoing, Path: "mr", By: "ben", Error: merged},
			journal.Record{Kind: journal.Finished, State: "partly_undone", By: "ben", Error: merged}),
		"refused": then(of["rejected"][:parked], journal.Record{Kind: journal.Finished, State: "refused", Error: moved}),
		"repeated": then(of["killed"][:len(of["killed"])-1],
			journal.Record{Kind: journal.Parked, Reason: "repeat", Path: "jira", Key: "k-1", Step: "exec", Error: again},
			journal.Record{Kind: journal.Resolved, Path: "jira", Key: "k-1", Step: "exec", By: "ben", Reason: "stands"}),
	}
}

// movedGoldenRuns are what format 4 has and format 3 has not: a run that continues
// elsewhere, and one that came back.
func movedGoldenRuns(t *testing.T) map[string][]journal.Record {
	t.Helper()
	waits := slices.Clone(goldenRuns(t)["rejected"])
	parked := slices.IndexFunc(waits, func(r journal.Record) bool { return r.Kind == journal.Parked })
	h := *waits[0].Run
	h.Versions.Journal = 4
	waits[0].Run = &h
	end := waits[parked].At
	exported := append(waits[:parked+1:parked+1], journal.Record{
		Kind: journal.Exported, At: end.Add(time.Second), By: "ben", To: []string{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"},
	})
	return map[string][]journal.Record{
		"exported": exported,
		"imported": append(slices.Clone(exported), journal.Record{Kind: journal.Imported, At: end.Add(2 * time.Second), By: "ada"}),
	}
}

// No golden journal says what a credential is.
func TestGoldenJournalsHoldNoSecret(t *testing.T) {
	t.Parallel()
	files := must(filepath.Glob("testdata/golden/*/*.jsonl"))(t)
	if len(files) != 17 {
		t.Errorf("%d journals, want 17", len(files))
	}
	for _, file := range files {
		data := must(os.ReadFile(file))(t)
		for _, secret := range []string{"glpat-", "PRIVATE-TOKEN", "Authorization", "Bearer ", "password"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", file, secret)
			}
		}
	}
}
