package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

var sameRequest = cmpopts.IgnoreUnexported(journal.Request{})

func request(kind journal.RequestKind, after time.Duration) journal.Request {
	return journal.Request{Kind: kind, By: "ann", At: journaltest.Header().StartedAt.Add(after)}
}

// What is asked while a run is held reaches its holder in order, and stays
// until it is answered.
func TestInbox(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	f := create(t, s)
	defer f.Close()
	approve := request(journal.Approve, time.Second)
	approve.Plan, approve.Path = "d1", "gate"
	reject := request(journal.Reject, 2*time.Second)
	reject.Reason = "not on a friday"
	cancel := request(journal.Cancel, 3*time.Second)
	for _, r := range []journal.Request{cancel, approve, reject} {
		check(t, s.Ask(runID, r))
	}
	want := []journal.Request{approve, reject, cancel}
	for len(want) > 0 {
		got := must(f.Requests())(t)
		if diff := cmp.Diff(want, got, sameRequest); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if diff := cmp.Diff(got, must(s.Requests(runID))(t), sameRequest); diff != "" {
			t.Errorf("others see (-want +got):\n%s", diff)
		}
		for range 2 { // a second answer changes nothing
			check(t, f.Answered(got[0]))
		}
		want = want[1:]
	}
	if got := must(f.Requests())(t); len(got) != 0 {
		t.Errorf("answered, and still there: %+v", got)
	}
}

// Two people may ask for the same at the same moment.
func TestInboxKeepsTwins(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	f := create(t, s)
	defer f.Close()
	for range 2 {
		check(t, s.Ask(runID, request(journal.Cancel, 0)))
	}
	if got := must(f.Requests())(t); len(got) != 2 {
		t.Errorf("%d requests, want 2", len(got))
	}
}

func TestAskRefuses(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	wantError(t, s.Ask(runID, request(journal.Cancel, 0)), nil, types.NotFound, "there is no run "+runID+noRunHint)
	check(t, create(t, s).Close())
	long := request(journal.Reject, 0)
	long.Reason = strings.Repeat("no ", 30_000)
	for _, test := range []struct {
		r    journal.Request
		want string
	}{
		{request("delete", 0), `there is no request to "delete" (ask to approve, reject or cancel)`},
		{journal.Request{Kind: journal.Cancel}, "a request without a time (say when it was made)"},
		{long, "the request takes 90078 bytes, more than 65536 (give a shorter reason)"},
	} {
		wantError(t, s.Ask(runID, test.r), nil, types.BadInput, test.want)
	}
	wantError(t, s.Ask("../x", request(journal.Cancel, 0)), nil, types.BadInput,
		`"../x" is not the id of a run (an id looks like 20260115-101530-k3f9q2)`)
	check(t, os.Chmod(filepath.Join(dir, "inbox"), 0o777))
	wantError(t, s.Ask(runID, request(journal.Cancel, 0)), journal.ErrUnsafe, types.Conflict,
		"unsafe: "+dir+"/inbox can be written by others (run chmod go-w on it)")
}

// Files that are no requests are told of once and hold nothing up.
func TestInboxLeavesOutWhatIsNone(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	f := create(t, s)
	defer f.Close()
	inbox := filepath.Join(dir, "inbox")
	const good = `{"kind":"cancel","by":"ann","at":"2026-01-15T10:15:30Z"}`
	for name, text := range map[string]string{
		"1.json":     "{",
		"2.json":     `{"kind":"cancel","by":"ann","at":"2026-01-15T10:15:30Z","force":true}`,
		"3.json":     good + good,
		"4.txt":      good,
		"5.json.tmp": good[:20],
		"6.json":     strings.Repeat(" ", 70_000) + good,
		"7.json":     `{"kind":"cancel"}`,
	} {
		check(t, os.WriteFile(filepath.Join(inbox, name), []byte(text), 0o600))
	}
	check(t, os.WriteFile(filepath.Join(inbox, "8.json"), []byte(good), 0o644))
	check(t, os.Symlink(filepath.Join(inbox, "9.json"), filepath.Join(inbox, "0.json")))
	check(t, os.Mkdir(filepath.Join(inbox, "a.json"), 0o700))
	check(t, os.WriteFile(filepath.Join(inbox, "9.json"), []byte(good), 0o600))
	got, err := f.Requests()
	if len(got) != 1 || got[0].Kind != journal.Cancel {
		t.Errorf("got %+v, want the one that is good", got)
	}
	if err == nil {
		t.Fatal("nothing is told of the others")
	}
	for _, name := range []string{"0.json", "1.json", "2.json", "3.json", "4.txt", "6.json", "7.json", "8.json", "a.json"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("nothing is told of %s in\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), ".tmp") {
		t.Errorf("a file in the making is told of: %v", err)
	}
	for _, want := range []string{"1.json is not a request (remove it)",
		"unsafe: " + inbox + "/8.json is open to others (check that no other user changed it, then run chmod 600 on it)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	if got, err := f.Requests(); len(got) != 1 || err != nil {
		t.Errorf("the second time: %+v, %v", got, err)
	}
	wantError(t, f.Answered(journal.Request{}), nil, types.Internal, "the request is not of an inbox")
}
