package journal_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// TestApprovalIsInvisible: what a person said to a parked run stands in its
// summary, as long as it is an answer to what the run waits for.
func TestApprovalIsInvisible(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	parked := func(reason, path string) journal.Record {
		return journal.Record{Kind: journal.Parked, At: at, Reason: reason, Path: path, Plan: "p"}
	}
	approved := func(path string) journal.Record {
		return journal.Record{Kind: journal.Approved, At: at, By: "ada", Path: path, Plan: "p"}
	}
	resolved := journal.Record{Kind: journal.Resolved, At: at, By: "ada", Path: "w"}
	for name, tt := range map[string]struct {
		records []journal.Record
		want    journal.Kind
	}{
		"the writes":         {[]journal.Record{parked("confirm", "w"), approved("")}, journal.Approved},
		"an approve step":    {[]journal.Record{parked("approve", "ask"), approved("ask")}, journal.Approved},
		"another step":       {[]journal.Record{parked("approve", "ask"), approved("other")}, ""},
		"before it parked":   {[]journal.Record{approved(""), parked("confirm", "w")}, ""},
		"outdated":           {[]journal.Record{parked("confirm", "w"), approved(""), {Kind: journal.Resumed, At: at}, parked("confirm", "w")}, ""},
		"an unknown end":     {[]journal.Record{parked("unknown_outcome", "w"), resolved}, journal.Resolved},
		"a repeated write":   {[]journal.Record{parked("repeat", "w"), resolved}, journal.Resolved},
		"nobody said a word": {[]journal.Record{parked("confirm", "w")}, ""},
	} {
		s := journal.Summarize(tt.records)
		var got journal.Kind
		if s.Answer != nil {
			got = s.Answer.What
			if s.Answer.By != "ada" || !s.Answer.At.Equal(at) {
				t.Errorf("%s: %+v", name, s.Answer)
			}
		}
		if got != tt.want || s.State != journal.StateParked {
			t.Errorf("%s: %q of a run that is %s, want %q", name, got, s.State, tt.want)
		}
	}
}

// TestPartlyUndone: a run of which something was reversed, or may have been, is
// nothing else any more; one of which surely nothing was stays what it was.
func TestPartlyUndone(t *testing.T) {
	t.Parallel()
	done := journal.Record{Kind: journal.Finished, State: "done"}
	undoing, undone := journal.Record{Kind: journal.Undoing, Path: "w"}, journal.Record{Kind: journal.Undone, Path: "w"}
	no := journal.Record{Kind: journal.Undoing, Path: "w", Error: types.Errorf(types.Conflict, "merged")}
	for name, tt := range map[string]struct {
		records []journal.Record
		want    journal.State
	}{
		"killed in the first":   {[]journal.Record{done, undoing}, journal.StatePartlyUndone},
		"killed between":        {[]journal.Record{done, undoing, undone}, journal.StatePartlyUndone},
		"refused at the first":  {[]journal.Record{done, undoing, no}, journal.StateDone},
		"and killed later":      {[]journal.Record{done, undoing, no, undoing}, journal.StatePartlyUndone},
		"refused at the second": {[]journal.Record{done, undoing, undone, undoing, no}, journal.StatePartlyUndone},
		"stopped":               {[]journal.Record{done, undoing, undone, {Kind: journal.Finished, State: "partly_undone"}}, journal.StatePartlyUndone},
		"gone on with":          {[]journal.Record{done, undoing, undone, undoing, undone, {Kind: journal.Finished, State: "undone"}}, journal.StateUndone},
		"of a parked run":       {[]journal.Record{{Kind: journal.Parked, Reason: "await"}, undoing, no}, journal.StateParked},
	} {
		s := journal.Summarize(tt.records)
		if diff := cmp.Diff(tt.want, s.State); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if s.Finished() != (tt.want == journal.StateDone || tt.want == journal.StateUndone) {
			t.Errorf("%s: finished is %v of a run that is %s", name, s.Finished(), s.State)
		}
		if s.Records != len(tt.records) {
			t.Errorf("%s: %d of %d records", name, s.Records, len(tt.records))
		}
	}
}
