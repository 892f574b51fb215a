package skilltest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/types"
)

// TestRecording: what is recorded of a run is a case that passes, and fails when it is
// recorded otherwise.
func TestRecording(t *testing.T) {
	base := read(t, "defaults: {inputs: {notify: true, items: [a, b/c]}, config: {limit: 7}}\ncases: [{name: base}]\n")
	b, diags := base.Bind(base.Cases[0])
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r := skilltest.Recording{
		Run: "r1", Program: b.Program, Now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Timezone: "Europe/Dublin", Command: "skillrun --sandbox", State: skilltest.Parked,
		Answers: []skilltest.Recorded{
			{Path: "image", Error: types.Errorf(types.RateLimited, "busy").With("retry_after", "3")},
			{Path: "image", Output: map[string]any{"digest": "yes", "size": 8, "note": nil}},
			{Path: "gate", Output: map[string]any{"by": "ada"}},
			{Path: "work/made", Write: true, Input: map[string]any{"title": "big plain", "body": "yes"}, Output: map[string]any{"key": "1e3"}},
			{Path: "work/each[a]", Write: true, Input: map[string]any{"title": "a"}, Output: map[string]any{"key": "two\nlines\n"}},
			{Path: "work/each[b%2Fc]", Write: true, Input: map[string]any{"title": "b/c"}, Output: map[string]any{"key": "~"}},
			{Path: "merged", Output: map[string]any{"digest": "", "size": 1}},
		},
		Outputs: map[string]any{"key": "1e3"},
	}
	r.Answers[0].Error.Code = types.Network // which is retried
	if failures := replay(t, r); len(failures) > 0 {
		t.Error(failures)
	}
	r.Answers[3].Input["title"] = "small plain"
	if failures := replay(t, r); len(failures) != 1 || !strings.Contains(failures[0].Message, "argument title of made") {
		t.Error(failures)
	}
}

func replay(t *testing.T, r skilltest.Recording) []skilltest.Failure {
	t.Helper()
	return replayOf(t, r, skill(t))
}

func replayOf(t *testing.T, r skilltest.Recording, s *check.Skill) []skilltest.Failure {
	t.Helper()
	text, err := r.Case()
	if err != nil {
		t.Fatal(err)
	}
	suite := readOf(t, text, s)
	return suite.Run(suite.Cases[0]).Failures
}

// TestRecordingOfAPoll: a run that parked behind the first poll of a step type parks there
// when its case is run, too.
func TestRecordingOfAPoll(t *testing.T) {
	s := skillOf(t, "polls.yaml")
	suite := readOf(t, "cases: [{name: base}]", s)
	b, _ := suite.Bind(suite.Cases[0])
	r := skilltest.Recording{Run: "r1", Program: b.Program, Now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Timezone: "UTC", State: skilltest.Parked}
	for _, path := range []string{"g/w/one", "g/w/two"} {
		r.Answers = append(r.Answers, skilltest.Recorded{Path: path, Output: map[string]any{"digest": "", "size": 1}})
	}
	if failures := replayOf(t, r, s); len(failures) > 0 {
		t.Error(failures)
	}
}
