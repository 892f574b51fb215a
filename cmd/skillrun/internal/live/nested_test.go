package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// nested has every way in which steps stand inside of others.
func nested() []Step {
	look := Step{ID: "look", Name: "Look at the pipeline", Kind: "uses", Type: "gitlab_pipeline", Effect: step.Reads}
	merge := Step{ID: "merge", Name: "Merge !${{ mr.iid }}", Kind: "uses", Type: "gitlab_mr_merge", Effect: step.Writes}
	read := func(id, name string) Step {
		return Step{ID: id, Name: name, Kind: "uses", Type: "git_log", Effect: step.Reads}
	}
	return []Step{
		read("list", "List open merge requests"),
		{ID: "facts", Name: "Gather facts", Kind: "steps", Steps: []Step{
			read("commits", "Read the commits"), read("tags", "Read the tags"), {ID: "n", Kind: "set", Loop: true}, read("issues", "Read the issues"),
		}},
		{ID: "review", Name: "Review what is open", Kind: "steps", Loop: true, Steps: []Step{look, merge}},
		{ID: "push", Name: "Push the branch", Kind: "uses", Type: "git_push", Effect: step.Writes, Before: []Step{read("login", "Log in again")}},
		{ID: "deploy", Name: "Deploy", Kind: "steps",
			Steps:  []Step{{ID: "roll", Name: "Roll out", Kind: "uses", Type: "kube_apply", Effect: step.Writes}},
			Rescue: []Step{{ID: "back", Name: "Roll back", Kind: "uses", Type: "kube_undo", Effect: step.Writes}},
			Always: []Step{{ID: "tell", Name: "Tell the team", Kind: "uses", Type: "slack_post_message", Effect: step.Writes}}},
		{ID: "ticket", Name: "Close the ticket", Kind: "skill", Steps: []Step{read("find", "Find the ticket"), read("close", "Close it")}},
		{ID: "early", Kind: "return"},
		read("last", "Look once more"),
	}
}

// script plays events on a run of [nested], one each second.
type script struct {
	m   *model
	now time.Time
}

func newScript(steps []Step, colour bool) *script {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	return &script{newModel(steps, start, colour), start}
}

// play takes lines such as "started facts/tags" and "failed push: no route".
func (s *script) play(lines string) {
	for l := range strings.Lines(lines) {
		words, message, wrong := strings.Cut(strings.TrimSpace(l), ": ")
		word, path, _ := strings.Cut(words, " ")
		if word == "" {
			continue
		}
		e := engine.Event{Type: engine.EventType("step_" + word), At: s.now, Path: path, ID: path[strings.LastIndexByte(path, '/')+1:]}
		if wrong {
			e.Error, e.Text = types.Errorf(types.Unavailable, "%s", message), message
		}
		switch word {
		case "begun": // a loop of 40
			e.Type, e.Items = engine.EventStepStarted, 40
		case "waiting", "notice":
			e.Type = engine.EventType(word)
		case "wrote":
			e = engine.Event{Type: engine.EventEffect, Effect: &engine.Effect{Path: path, ID: path, Outcome: "created"}}
		case "retry":
			e.Attempt, e.Attempts = 1, 3
		case "passed":
			e.Type, e.Handled = engine.EventStepFailed, true
		}
		s.m.apply(e)
		s.now = s.now.Add(time.Second)
	}
}

const firstGroup = `
started list
done list
started facts
started facts/commits
started facts/tags
started facts/issues
begun facts/n
started facts/n[1]
done facts/tags
`

const review = `
done facts/commits
done facts/issues
done facts
begun review
`

// items plays items of the review: the first ones done, every tenth of them
// failed, and the others under way.
func (s *script) items(from, over, active int) {
	for i := from; i < from+over+active; i++ {
		at := fmt.Sprintf("review[%d]", i)
		s.play("started " + at + "\nstarted " + at + "/look")
		if i >= from+over {
			continue
		}
		s.play("done " + at + "/look\nstarted " + at + "/merge\nwrote " + at + "/merge\ndone " + at + "/merge")
		if i%10 == 9 {
			s.play("passed " + at + ": the pipeline of !9 failed")
		} else {
			s.play("done " + at)
		}
	}
}

func nestedMoments() []struct {
	name   string
	record bool
	events func(*script)
} {
	type moment = struct {
		name   string
		record bool
		events func(*script)
	}
	loop := func(s *script) { s.play(firstGroup + review); s.items(0, 40, 0); s.play("done review") }
	return []moment{
		{"to come", false, func(*script) {}},
		{"side by side", false, func(s *script) { s.play(firstGroup) }},
		{"a loop, one item", false, func(s *script) { s.play(firstGroup + review); s.items(0, 0, 1) }},
		{"a loop, twelve items", false, func(s *script) {
			s.play(firstGroup + review)
			s.items(0, 12, 12)
			s.play("done review[13]/look\nstarted review[13]/merge\nretry review[13]/merge: gateway time-out\nwaiting review[14]/look\nnotice review[15]/look: waiting 5s: rate limited by gitlab.com")
		}},
		{"a cure", false, func(s *script) {
			loop(s)
			s.play("started push\nretry push: the token has expired\nstarted push/before.1/login")
		}},
		{"the next attempt", false, func(s *script) {
			loop(s)
			s.play("started push\nretry push: the token has expired\nstarted push/before.1/login\ndone push/before.1/login\nstarted push")
		}},
		{"a rescue", false, func(s *script) {
			loop(s)
			s.play("skipped push\nstarted deploy\nstarted deploy/roll\nfailed deploy/roll: no healthy pod after 5m\nstarted deploy/back")
		}},
		{"rescued, and a call", false, func(s *script) {
			loop(s)
			s.play("passed push: the branch is protected\nstarted deploy\nstarted deploy/roll\nfailed deploy/roll: no healthy pod after 5m\nstarted deploy/back\nwrote deploy/back\ndone deploy/back\nstarted deploy/tell\nstopped deploy/tell\ndone deploy: no healthy pod after 5m\nstarted ticket\nstarted ticket/find")
		}},
		{"record, returned", true, func(s *script) {
			loop(s)
			s.play("started push\ndone push\nskipped deploy\nskipped ticket\ndone early")
		}},
		{"record, a failed item", true, func(s *script) {
			s.play(firstGroup + review)
			s.items(0, 5, 3)
			s.play("done review[5]/look\nstarted review[5]/merge\nfailed review[5]/merge: !5 has conflicts\nfailed review[5]: !5 has conflicts\nstopped review[6]/look\nstopped review[6]\nstopped review[7]/look\nstopped review[7]\nfailed review: !5 has conflicts")
		}},
		{"record, interrupted in a loop", true, func(s *script) { s.play(firstGroup + review); s.items(0, 12, 10) }},
		{"record, a failed group", true, func(s *script) {
			loop(s)
			s.play("started push\ndone push\nstarted deploy\nstarted deploy/roll\nfailed deploy/roll: no healthy pod after 5m\nstarted deploy/back\nfailed deploy/back: nothing to go back to\nstarted deploy/tell\ndone deploy/tell\nfailed deploy: nothing to go back to")
		}},
		{"record, parked in a group", true, func(s *script) {
			s.play("started list\ndone list\nstarted facts\nstarted facts/commits\ndone facts/commits\nwaiting facts/tags")
		}},
	}
}

// TestNestedFrames checks the frames of steps inside of others against the
// golden files.
func TestNestedFrames(t *testing.T) {
	t.Parallel()
	for _, size := range []struct{ width, height int }{{100, 30}, {40, 10}} {
		name := fmt.Sprintf("nested-%dx%d", size.width, size.height)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			for _, x := range nestedMoments() {
				s := newScript(nested(), false)
				x.events(s)
				text := s.m.frame(size.width, size.height, s.now)
				if x.record {
					text = s.m.record(size.width, s.now)
				}
				fmt.Fprintf(&b, "== %s\n%s\n", x.name, text)
			}
			golden(t, name+".golden", b.String())
		})
	}
}

// TestLoopStaysSmall: what ended well leaves nothing behind.
func TestLoopStaysSmall(t *testing.T) {
	t.Parallel()
	s := newScript(nested(), false)
	s.play("begun review")
	before := len(s.m.rows)
	s.items(0, 1000, 0)
	s.play("wrote review[1]/merge\nwrote review[2]")
	if got := len(s.m.rows) - before; got != 0 {
		t.Errorf("%d rows are left of 1000 items", got)
	}
	if got := s.m.rows["review"].remarkNow(); got != "1000 of 40, 100 failed" {
		t.Errorf("the loop tells %q", got)
	}
}

func (r *row) remarkNow() string { text, _ := r.goesOn(80, time.Time{}); return text }

// TestLoopGoesOn: items that failed begin once more when the run is resumed, and count once.
func TestLoopGoesOn(t *testing.T) {
	t.Parallel()
	s := newScript(nested(), false)
	s.play("begun review\nstarted review[a]\nfailed review[a]: no\nstarted review[b]\nstopped review[b]\nfailed review: no")
	got := []string{s.m.rows["review"].with("failed")}
	s.play("started review[a]/look")
	got = append(got, s.m.rows["review"].remarkNow())
	s.play("done review[a]\nstarted review[b]\ndone review[b]\ndone review")
	text, _ := s.m.rows["review"].came(80)
	if diff := cmp.Diff([]string{"failed: 1 of 40, 1 failed, 1 stopped", "0 of 40, 1 stopped", "2 done"}, append(got, text)); diff != "" {
		t.Error(diff)
	}
}

// TestGroupBegunAnew: a group that cleaned up and is resumed begins at its
// first step, and its loops at their first item.
func TestGroupBegunAnew(t *testing.T) {
	t.Parallel()
	s := newScript(nested(), false)
	s.play("started facts\nstarted facts/commits\ndone facts/commits\nfailed facts/tags: no\nfailed facts: no\nstarted facts")
	if frame := s.m.frame(60, 30, s.now); !strings.Contains(frame, "  · Read the commits") || !strings.Contains(frame, "  · Read the tags") {
		t.Errorf("the group has done something:\n%s", frame)
	}
	s.play("done facts\nbegun review\nstarted review[a]\ndone review[a]\nstopped review\nbegun review\nstarted review[a]\ndone review[a]\nstarted review[b]")
	if got := s.m.rows["review"].remarkNow(); got != "1 of 40" {
		t.Errorf("the loop tells %q", got)
	}
}

// TestGroupTriedAgain: what the first attempt did is to come once more.
func TestGroupTriedAgain(t *testing.T) {
	t.Parallel()
	s := newScript(nested(), false)
	s.play("started facts\nstarted facts/commits\ndone facts/commits\nfailed facts/tags: no\nretry facts: no")
	frame := s.m.frame(60, 30, s.now)
	for _, want := range []string{"↻ Gather facts", "attempt 2 of 3", "  ! no", "  · Read the commits", "  · Read the tags"} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is not there:\n%s", want, frame)
		}
	}
	s.play("started facts/commits")
	if got := s.m.rows["facts"].state; got != running {
		t.Errorf("the second attempt is in state %d", got)
	}
}

// TestPauseInAGroup: a question stands below what is finished in the group, and
// the group continues after it without that.
func TestPauseInAGroup(t *testing.T) {
	t.Parallel()
	s := newScript(nested(), false)
	s.play(firstGroup)
	above := s.m.finishedRecord(60, s.now)
	s.m.markPrinted()
	below := s.m.frame(60, 30, s.now)
	if !strings.Contains(above, "Gather facts") || !strings.Contains(above, "  ✓ Read the tags") || strings.Contains(above, "Read the commits") {
		t.Errorf("above the question:\n%s", above)
	}
	if !strings.Contains(below, "Gather facts") || strings.Contains(below, "Read the tags") || !strings.Contains(below, "Read the commits") {
		t.Errorf("after the question:\n%s", below)
	}
}

// TestTimerOfAResumedRun shows how long this process is at a step and at the
// group around it that an earlier process began, and one line of what that one
// brought to its end, also of what stands in the group.
func TestTimerOfAResumedRun(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	m := newModel([]Step{
		{ID: "a", Name: "Prepare", Type: "t"},
		{ID: "g", Name: "Release", Kind: "steps", Steps: []Step{{ID: "b", Name: "Push", Type: "t"}, {ID: "c", Name: "Approval", Type: "t"}}},
	}, start, false)
	for _, e := range []engine.Event{
		{Type: "step_started", Path: "a"}, {Type: "step_done", Path: "a"},
		{Type: "step_started", Path: "g"}, {Type: "step_started", Path: "g/b"}, {Type: "step_done", Path: "g/b"},
		{Type: "step_started", Path: "g/c"}, {Type: "waiting", Path: "g/c"},
	} {
		e.At, e.Replayed = start, true
		m.apply(e)
	}
	line := func(now time.Time, name string) string {
		for _, l := range strings.Split(m.frame(80, 20, now)+"\n"+m.record(80, now), "\n") {
			if strings.Contains(l, name) {
				return strings.Join(strings.Fields(l)[1:], " ")
			}
		}
		return ""
	}
	for name, want := range map[string]string{
		"Prepare": "", "Push": "", "earlier": "2 done earlier", "Release": "Release 42.0s", "Approval": "Approval 42.0s waiting",
	} {
		if got := line(start.Add(42*time.Second), name); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	m.apply(engine.Event{Type: engine.EventStepDone, Path: "g/c", At: start.Add(50 * time.Second)})
	if got := line(start.Add(time.Hour), "Approval"); got != "Approval 50.0s" {
		t.Errorf("done, it is %q", got)
	}
}

// TestWaitSaysWhenItAsksNext counts down to the next question, in few words
// where there is little room, and says nothing of it once the run is over.
func TestWaitSaysWhenItAsksNext(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	m := newModel([]Step{{ID: "a", Name: "Approval", Type: "t"}, {ID: "l", Name: "Each", Loop: true, Steps: []Step{{ID: "x", Name: "Merge", Type: "t"}}}}, now, false)
	for _, e := range []engine.Event{
		{Type: "step_started", Path: "a"}, {Type: "waiting", Path: "a", Next: now.Add(90 * time.Second)},
		{Type: "step_started", Path: "l", Items: 1}, {Type: "step_started", Path: "l[1]"},
		{Type: "step_started", Path: "l[1]/x"}, {Type: "waiting", Path: "l[1]/x", Next: now.Add(time.Minute)},
	} {
		e.At = now
		m.apply(e)
	}
	for _, test := range []struct {
		width int
		after time.Duration
		want  string
	}{
		{80, 30 * time.Second, "polls again at 12:01:30 (in 60s)"},
		{80, 30500 * time.Millisecond, "polls again at 12:01:30 (in 60s)"},
		{80, 0, "Merge: polls again at 12:01:00"},
		{40, 30 * time.Second, "again in 60s"},
		{80, 90 * time.Second, "waiting\n"},
	} {
		if got := m.frame(test.width, 20, now.Add(test.after)); !strings.Contains(got, test.want) {
			t.Errorf("%d columns after %s: no %q in\n%s", test.width, test.after, test.want, got)
		}
	}
	if got := m.record(80, now); strings.Contains(got, "again") {
		t.Errorf("nobody asks once the run is over:\n%s", got)
	}
}

// TestPausesTellTheirTime counts down to the next attempt, and says how often it
// is asked where another process asks and it is unknown when.
func TestPausesTellTheirTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	m := newModel([]Step{{ID: "a", Name: "Push", Type: "t"}, {ID: "b", Name: "Approval", Type: "t"}, {ID: "l", Name: "Each", Loop: true, Steps: []Step{{ID: "x", Name: "Merge", Type: "t"}}}}, now, false)
	busy := types.Errorf(types.Unavailable, "busy")
	for _, e := range []engine.Event{
		{Type: "step_started", Path: "a"}, {Type: "step_retry", Path: "a", Attempt: 1, Attempts: 3, Error: busy, Next: now.Add(90 * time.Second)},
		{Type: "step_started", Path: "b"}, {Type: "waiting", Path: "b", Every: "30s"},
		{Type: "step_started", Path: "l", Items: 2}, {Type: "step_started", Path: "l[1]"}, {Type: "step_started", Path: "l[1]/x"},
		{Type: "step_retry", Path: "l[1]/x", Attempt: 1, Attempts: 2, Error: busy, Next: now.Add(time.Minute)},
		{Type: "step_started", Path: "l[2]"}, {Type: "step_started", Path: "l[2]/x"}, {Type: "waiting", Path: "l[2]/x", Every: "30s"},
	} {
		e.At = now
		m.apply(e)
	}
	for _, test := range []struct {
		after time.Duration
		want  []string
	}{
		{30 * time.Second, []string{"attempt 2 of 3 in 60s\n", "Approval", "polled every 30s\n", "Merge: attempt 2 of 2 at 12:01:00: busy\n", "Merge: polled every 30s\n"}},
		{90 * time.Second, []string{"attempt 2 of 3\n"}},
	} {
		got := m.frame(80, 20, now.Add(test.after))
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("after %s: no %q in\n%s", test.after, want, got)
			}
		}
	}
	m.apply(engine.Event{Type: engine.EventStepStarted, Path: "a", At: now, Attempt: 2, Attempts: 3})
	if got := m.frame(80, 20, now); !strings.Contains(got, "attempt 2 of 3\n") {
		t.Errorf("the attempt has begun:\n%s", got)
	}
	if got := m.record(80, now); strings.Contains(got, "every") || strings.Contains(got, " in ") {
		t.Errorf("nobody asks once the run is over:\n%s", got)
	}
}
