package render_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// log plays events such as "failed deploy/roll Roll out: no healthy pod" and
// returns the lines.
func log(events string) string {
	var out bytes.Buffer
	lines := render.NewLines(&out)
	for l := range strings.Lines(events) {
		lines.Event(eventOf(strings.TrimSpace(l)))
	}
	return out.String()
}

func eventOf(line string) engine.Event {
	line, message, wrong := strings.Cut(line, ": ")
	words := strings.SplitN(line, " ", 3)
	word, path := words[0], words[1]
	id := path[strings.LastIndexByte(path, '/')+1:]
	id, _, item := strings.Cut(id, "[")
	e := engine.Event{Type: engine.EventType("step_" + word), Path: path, ID: id, Name: id, Step: "t"}
	if len(words) > 2 {
		e.Name = words[2]
	}
	if wrong {
		e.Error, e.Text = types.Errorf(types.Unavailable, "%s", message), message
	}
	switch word {
	case "group":
		e.Type, e.Kind, e.Step = engine.EventStepStarted, "steps", ""
	case "grouped":
		e.Type, e.Kind, e.Step = engine.EventStepDone, "steps", ""
	case "loop":
		e.Type, e.Kind, e.Items = engine.EventStepStarted, "steps", 200
	case "set":
		e.Type, e.Kind, e.Step = engine.EventStepDone, "set", ""
	case "return":
		e.Type, e.Kind, e.Step = engine.EventStepDone, "return", ""
	case "earlier":
		e.Type, e.Replayed = engine.EventStepDone, true
	case "passed":
		e.Type, e.Handled = engine.EventStepFailed, true
	case "retry":
		e.Attempt, e.Attempts = 1, 3
	case "waiting", "notice":
		e.Type = engine.EventType(word)
	case "created", "adopted":
		e = engine.Event{Type: engine.EventEffect, Effect: &engine.Effect{ID: path, Path: path, Outcome: word, Verb: "merge", Object: "merge request",
			Result: types.Values{"url": "https://gitlab.example.com/" + id}}}
	}
	if item && wrong {
		e.Handled = true
	}
	return e
}

// TestLines is the log of a run that has everything.
func TestLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`started list List
set hidden
earlier list List
notice list: waiting 5s: rate limited
group facts Gather facts
started facts/commits Read the commits
set facts/n
done facts/commits Read the commits
set facts/range Work out the range
done facts/tags
grouped facts Gather facts
skipped billing Billing too
retry push Push the branch: the token has expired
started push/before.1/login Log in
done push/before.1/login Log in
passed push Push the branch: the branch is protected
group deploy
started deploy/roll Roll out
failed deploy/roll Roll out: no healthy pod
created deploy/back
done deploy/back Roll back
stopped deploy/tell Tell the team
grouped deploy: no healthy pod
loop review Review
`)
	for i := range 200 {
		at := fmt.Sprintf("review[%d]", i)
		fmt.Fprintf(&b, "group %s Review\nstarted %s/merge Merge\n", at, at)
		switch {
		case i == 3 || i == 50:
			fmt.Fprintf(&b, "retry %s/merge Merge: gateway time-out\nfailed %s/merge Merge: has conflicts %d\npassed %s Review: has conflicts %d\n", at, at, i, at, i)
		case i%10 == 5:
			fmt.Fprintf(&b, "skipped %s Review\n", at)
		default:
			fmt.Fprintf(&b, "created %s/merge\ndone %s/merge Merge\ngrouped %s Review !%d\n", at, at, at, i)
		}
	}
	b.WriteString(`grouped review Review
return enough
waiting ok Agree
failed last Look once more: that is the end
`)
	golden(t, "lines.golden", log(b.String()))
}

// TestLinesOfFewItems tells every item, and an item that is tried once more
// counts once.
func TestLinesOfFewItems(t *testing.T) {
	t.Parallel()
	got := log("set k[1]\nloop h\npassed h[a]: no\nstarted h[a]\ndone h[a]\ndone g/i[%5B]\nretry g: \x1b[2Jno\ndone g/i[%5B]\ngrouped h")
	anew := strings.Split(strings.TrimSpace(log("loop h\ndone h[a]\nstopped h\nloop h\ndone h[a]")), "\n")
	if got := anew[len(anew)-1]; got != "done     h[a] (1 of 200)" {
		t.Errorf("begun anew: %q", got)
	}
	if got := strings.TrimSpace(log("notice : stopping")); got != "note     stopping" {
		t.Errorf("of the run: %q", got)
	}
	want := `started  h (200 items)
failed   h[a] (no) (1 of 200); the run continues
done     h[a] (1 of 200)
done     g/i[%5B] (1)
retry    g: attempt 1 of 3 failed (␛[2Jno)
done     g/i[%5B] (1)
done     h (1 of 200)
`
	if got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// TestResumeDoesNotReprint: what an earlier process did was told then. It is
// counted; what went wrong, or is about to be tried again, is told again.
func TestResumeDoesNotReprint(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := render.NewLines(&out)
	for i, id := range []string{"a", "b", "c"} {
		l.Event(engine.Event{Type: engine.EventStepDone, ID: id, Path: id, Name: id, Step: "git_log", Replayed: true})
		if i == 1 {
			l.Event(engine.Event{Type: engine.EventEffect, ID: id, Path: id, Replayed: true, Effect: &engine.Effect{ID: id, Verb: "push", Object: "branch", Outcome: "created"}})
		}
	}
	l.Event(engine.Event{Type: engine.EventStepSkipped, ID: "d", Path: "d", Name: "D", Step: "git_log", Replayed: true})
	l.Event(engine.Event{Type: engine.EventWaiting, ID: "w", Path: "w", Name: "w", Step: "gitlab_mr_view", Replayed: true})
	l.Event(engine.Event{Type: engine.EventWaiting, ID: "w", Path: "loop[1]/w", Name: "w", Step: "gitlab_mr_view", Replayed: true})
	now := time.Date(2026, 11, 23, 14, 4, 30, 0, time.Local)
	for _, path := range []string{"r", "loop[1]/r"} { // that pause is over
		l.Event(engine.Event{Type: engine.EventStepRetry, At: now, ID: "r", Path: path, Name: "r", Step: "git_push", Attempt: 1, Attempts: 3, Next: now.Add(-time.Second), Replayed: true})
	}
	l.Event(engine.Event{Type: engine.EventStepRetry, At: now, ID: "r", Path: "r", Name: "r", Step: "git_push", Attempt: 2, Attempts: 3, Next: now.Add(4 * time.Second), Replayed: true})
	l.Event(engine.Event{Type: engine.EventStepDone, ID: "w", Path: "w", Name: "w", Step: "gitlab_mr_view"})
	want := "done     3 steps before\nretry    r: attempt 2 of 3 failed, tries again at 14:04:34 (in 4s) (earlier)\ndone     w\n"
	if got := out.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestResumeDoesNotReprintLoops: items that an earlier process ended are counted
// with its steps, and one that continues says how far the loop is.
func TestResumeDoesNotReprintLoops(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := render.NewLines(&out)
	item := func(typ engine.EventType, key string, replayed bool) engine.Event {
		return engine.Event{Type: typ, ID: "loop", Path: "loop[" + key + "]", Name: "Each", Step: "jira_add_link", Kind: "uses", Replayed: replayed}
	}
	l.Event(engine.Event{Type: engine.EventStepDone, ID: "a", Path: "a", Name: "A", Step: "git_log", Replayed: true})
	l.Event(engine.Event{Type: engine.EventStepStarted, ID: "loop", Path: "loop", Name: "Each", Items: 3, Replayed: true})
	l.Event(item(engine.EventStepDone, "1", true))
	l.Event(item(engine.EventStepSkipped, "2", true))
	l.Event(engine.Event{Type: engine.EventEffect, ID: "loop", Path: "loop[3]", Effect: &engine.Effect{ID: "loop", Path: "loop[3]", Verb: "create", Object: "link", Outcome: "created"}})
	l.Event(item(engine.EventStepDone, "3", false))
	l.Event(engine.Event{Type: engine.EventStepDone, ID: "loop", Path: "loop", Name: "Each", Kind: "uses", Step: "jira_add_link"})
	want := "done     2 steps before\ncreated  loop: create link\ndone     loop[3] (3 of 3)\ndone     Each (3 of 3, created 1)\n"
	if got := out.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestWaitSaysWhenItAsksNext: a line of what waits says when it is asked again,
// with the day where that is another one.
func TestWaitSaysWhenItAsksNext(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 14, 4, 30, 0, time.Local)
	for _, test := range []struct {
		next time.Time
		err  *types.Error
		want string
	}{
		{at.Add(time.Minute), nil, "waiting  Merge, polls again at 14:05:30 (in 60s)\n"},
		{at.Add(45 * time.Minute), nil, "waiting  Merge, polls again at 14:49:30 (in 45m)\n"},
		{at.Add(12 * time.Hour), nil, "waiting  Merge, polls again at 2026-11-24 02:04:30 (in 12h0m)\n"},
		{at.Add(time.Minute), types.Errorf(types.Unavailable, "busy"), "waiting  Merge (busy), polls again at 14:05:30 (in 60s)\n"},
		{time.Time{}, types.Errorf(types.Unavailable, "busy"), "waiting  Merge (busy), and polls again\n"},
		{time.Time{}, nil, "waiting  Merge\n"},
	} {
		var b strings.Builder
		render.NewLines(&b).Event(engine.Event{Type: engine.EventWaiting, At: at, ID: "w", Path: "w", Name: "Merge", Step: "t", Error: test.err, Next: test.next})
		if b.String() != test.want {
			t.Errorf("got %q, want %q", b.String(), test.want)
		}
	}
	for want, e := range map[string]engine.Event{
		"waiting  Merge, polled every 30s\n":                                                    {Type: "waiting", Every: "30s"},
		"waiting  Merge (busy), polled every 30s\n":                                             {Type: "waiting", Every: "30s", Error: types.Errorf(types.Unavailable, "busy")},
		"retry    Merge: attempt 1 of 3 failed (busy), tries again at 14:04:34 (in 4s)\n":       {Type: "step_retry", Attempt: 1, Attempts: 3, Next: at.Add(4 * time.Second), Error: types.Errorf(types.Unavailable, "busy")},
		"retry    Merge: attempt 1 of 3 failed (busy)\n":                                        {Type: "step_retry", Attempt: 1, Attempts: 3, Error: types.Errorf(types.Unavailable, "busy")},
		"retry    Merge: attempt 2 of 3 failed, tries again at 2026-11-24 14:04:30 (in 1d0h)\n": {Type: "step_retry", Attempt: 2, Attempts: 3, Next: at.Add(24 * time.Hour)},
	} {
		var b strings.Builder
		e.At, e.ID, e.Path, e.Name, e.Step = at, "w", "w", "Merge", "t"
		if render.NewLines(&b).Event(e); b.String() != want {
			t.Errorf("got %q, want %q", b.String(), want)
		}
	}
}
