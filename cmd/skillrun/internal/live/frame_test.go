package live

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

var update = flag.Bool("update", false, "write the golden files")

// recorded returns the events of a real run of the production release against
// the sandbox, each answer slowed down by 300 ms.
func recorded(t *testing.T, file string) []engine.Event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var events []engine.Event
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		var e engine.Event
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// announced returns the steps as they are known before the run.
func announced(events []engine.Event) []Step {
	unknown := map[string]string{
		"on_default_branch": "Commit is on ${{ steps.commit.default_branch }}",
		"deploy_file":       "Read ${{ config.deploy_file }}",
		"alone":             "Looked at ${{ steps.under_way.looked_at }} open release merge requests",
	}
	writes := map[string]bool{"jira": true, "push": true, "mr": true, "link": true}
	var steps []Step
	seen := map[string]bool{}
	for _, e := range events {
		if e.Type == engine.EventEffect || seen[e.Path] {
			continue
		}
		seen[e.Path] = true
		s := Step{ID: e.ID, Name: e.Name, Type: e.Step, Effect: step.Reads}
		if name, ok := unknown[e.ID]; ok {
			s.Name = name
		}
		if writes[e.ID] {
			s.Effect = step.Writes
		}
		steps = append(steps, s)
	}
	return steps
}

// moment is a place in the recorded run.
type moment struct {
	name string
	draw func(width, height int, colour bool) string
}

// until returns a model that has seen the events before the first one of that
// type of that step, and the time then.
func until(t *testing.T, file, id, kind string, colour bool) (*model, time.Time) {
	events := recorded(t, file)
	m := newModel(announced(events), events[0].At, colour)
	for _, e := range events {
		if e.Type == engine.EventType(kind) && !e.Replayed && (e.ID == id || e.Effect != nil && e.Effect.ID == id) {
			return m, e.At
		}
		m.apply(e)
	}
	return m, events[len(events)-1].At
}

func moments(t *testing.T) []moment {
	frame := func(id, kind string, more ...engine.Event) func(int, int, bool) string {
		return func(width, height int, colour bool) string {
			m, now := until(t, "release.jsonl", id, kind, colour)
			for _, e := range more {
				e.At = now
				m.apply(e)
			}
			return m.frame(width, height, now.Add(1200*time.Millisecond))
		}
	}
	notice := engine.Event{Type: engine.EventNotice, ID: "image", Path: "image", Step: "quay_get_tag", Text: "waiting 5s: rate limited by quay.io"}
	failure := engine.Event{Type: engine.EventStepFailed, ID: "image", Path: "image", Name: "Verify image in Quay", Step: "quay_get_tag",
		Error: types.Errorf(types.NotFound, "Image not found for 6eed4fee29032154ed77b411a6b42a2453258fc0 in aap/backend. Build first.")}
	record := func(file, id, kind string, more ...engine.Event) func(int, int, bool) string {
		return func(width, _ int, colour bool) string {
			m, now := until(t, file, id, kind, colour)
			for _, e := range more {
				e.At = now
				m.apply(e)
			}
			return m.record(width, now)
		}
	}
	return []moment{
		{"start", frame("commit", "step_done")},
		{"retry", frame("image", "step_done", notice)},
		{"middle", frame("jira", "effect")},
		{"late", frame("mr", "step_done")},
		{"waiting", frame("", "")},
		{"stopping", func(width, height int, colour bool) string {
			m, now := until(t, "release.jsonl", "push", "step_done", colour)
			m.stopping = true
			return m.frame(width, height, now)
		}},
		{"resumed", func(width, height int, colour bool) string {
			m, now := until(t, "resumed.jsonl", "", "", colour)
			return m.frame(width, height, now)
		}},
		{"record, interrupted", record("release.jsonl", "push", "step_done")},
		{"record, failed", record("release.jsonl", "image", "step_done", failure)},
		{"record, parked", record("release.jsonl", "", "")},
		{"ending", func(width, _ int, colour bool) string { return endingOf(t, width, colour, false) }},
		{"ending, stdout is a file", func(width, _ int, colour bool) string { return endingOf(t, width, colour, true) }},
	}
}

func endingOf(t *testing.T, width int, colour, outputs bool) string {
	text, err := os.ReadFile("testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Run, Skill, State, Reason, Journal string
		Outputs                            map[string]any
		Steps                              []engine.StepReport
		Effects                            []engine.Effect
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	report := engine.Report{}
	report.ID, report.Skill, report.Journal = r.Run, r.Skill, r.Journal
	report.State, report.Reason, report.Outputs, report.Steps, report.Effects = engine.Parked, r.Reason, r.Outputs, r.Steps, r.Effects
	var b strings.Builder
	ending{Report: report, Next: render.Next{Resume: "skillrun resume " + r.Run}, Took: 12 * time.Second, Width: width, Colour: colour, Outputs: outputs}.print(&b)
	return b.String()
}

// TestFrames checks the frames of a real release against the golden files.
func TestFrames(t *testing.T) {
	t.Parallel()
	sizes := []struct {
		width, height int
		colour        bool
	}{{200, 50, false}, {60, 24, false}, {60, 24, true}, {20, 5, false}}
	for _, s := range sizes {
		name := fmt.Sprintf("%dx%d", s.width, s.height)
		if s.colour {
			name += "-colour"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			for _, m := range moments(t) {
				fmt.Fprintf(&b, "== %s\n%s\n", m.name, strings.ReplaceAll(m.draw(s.width, s.height, s.colour), "\x1b", "␛"))
			}
			golden(t, name+".golden", b.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

var sgr = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// fits reports what is wrong with a frame on a terminal of that size.
func fits(frame string, width, height int) string {
	lines := strings.Split(frame, "\n")
	if len(lines) > height {
		return fmt.Sprintf("%d lines", len(lines))
	}
	for _, l := range lines {
		if w := lipgloss.Width(l); w > width {
			return fmt.Sprintf("%d cells: %q", w, l)
		}
		if i := strings.IndexFunc(sgr.ReplaceAllString(l, ""), unicode.IsControl); i >= 0 {
			return fmt.Sprintf("a control character: %q", l)
		}
	}
	return ""
}

// TestFramesFit draws random runs with hostile names at random sizes.
func TestFramesFit(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for i := range 400 {
		m := newModel(randomSteps(r), start, i%2 == 0)
		now := start
		for range r.IntN(40) {
			now = now.Add(time.Duration(r.IntN(5000)) * time.Millisecond)
			m.apply(randomEvent(r, m, now))
		}
		m.stopping = r.IntN(5) == 0
		width, height := 1+r.IntN(120), 1+r.IntN(40)
		if wrong := fits(m.frame(width, height, now), width, height); wrong != "" {
			t.Fatalf("run %d at %dx%d: %s", i, width, height, wrong)
		}
		if wrong := fits(m.record(width, now), width, mostRows+1); wrong != "" {
			t.Fatalf("record of run %d at %d: %s", i, width, wrong)
		}
	}
}

var hostile = []string{
	"plain", "日本語の名前はとても長いです", "👩‍👩‍👧 family 🚀", "\x1b[2J\x1b[31mred", "tab\there", "two\nlines", "bell\a\x9b", "e\u0301\u0301 combining",
	"\u202eright to left", "", strings.Repeat("long ", 400), strings.Repeat("宽", 300), "${{ steps.x.y }}", "\xff\xfe not UTF-8",
}

func randomText(r *rand.Rand) string { return hostile[r.IntN(len(hostile))] }

func randomSteps(r *rand.Rand) []Step {
	names := 0
	var some func(depth int) []Step
	some = func(depth int) []Step {
		var steps []Step
		for range r.IntN(40 / (1 + 4*depth)) {
			names++
			s := Step{ID: fmt.Sprintf("s%d", names), Name: randomText(r), Type: []string{"", "t"}[r.IntN(2)], Effect: step.Writes}
			if depth < 3 && r.IntN(4) == 0 {
				s.Kind, s.Type, s.Loop = []string{"steps", "skill"}[r.IntN(2)], "", r.IntN(2) == 0
				s.Steps, s.Rescue, s.Always = some(depth+1), some(depth+2), some(depth+2)
			}
			s.Before = some(4)
			steps = append(steps, s)
		}
		return steps
	}
	return some(0)
}

func randomEvent(r *rand.Rand, m *model, now time.Time) engine.Event {
	kinds := []string{"step_started", "step_done", "step_skipped", "step_failed", "step_retry", "step_stopped", "waiting", "notice", "effect", "unheard_of"}
	paths := []string{"s1/new", "s1[k]", "s2[%1b]/s3", "s2/before.1/login", "[", "[x]", "a//b", ""}
	e := engine.Event{Type: engine.EventType(kinds[r.IntN(len(kinds))]), At: now, ID: "new", Path: paths[r.IntN(len(paths))], Name: randomText(r), Step: "t", Replayed: r.IntN(6) == 0}
	if known := types.SortedKeys(m.rows); len(known) > 0 && r.IntN(5) > 0 {
		e.Path = known[r.IntN(len(known))] + []string{"", "", "[1]", "[日]", "/x", "[2]/s4"}[r.IntN(6)]
	}
	e.Kind, e.Attempt, e.Attempts, e.Items, e.Handled = []string{"", "steps", "return"}[r.IntN(3)], r.IntN(3), r.IntN(4), r.IntN(50), r.IntN(3) == 0
	e.Text, e.Error = randomText(r), types.Errorf(types.Internal, "%s", randomText(r))
	if e.Type == engine.EventStepDone && r.IntN(2) == 0 {
		e.Error = nil
	}
	e.Result = map[string]any{"key": randomText(r), "url": randomText(r), "count": 7}
	e.Effect = &engine.Effect{ID: e.ID, Path: e.Path, Step: "t", Outcome: "created", Result: types.Values{"url": randomText(r)}}
	return e
}

// TestRowsOfALoop puts steps that no one announced after their siblings.
func TestRowsOfALoop(t *testing.T) {
	t.Parallel()
	m := newModel([]Step{{ID: "a"}, {ID: "b"}, {ID: "c"}}, time.Time{}, false)
	for _, p := range []string{"b/1", "b/2", "z", "b/1/x"} {
		m.apply(engine.Event{Type: engine.EventStepStarted, Path: p, ID: p, Step: "t"})
	}
	var got []string
	var walk func(*row)
	walk = func(r *row) {
		for _, x := range r.inner {
			got = append(got, x.path)
			walk(x)
		}
	}
	walk(m.root)
	if diff := cmp.Diff([]string{"a", "b", "b/1", "b/1/x", "b/2", "c", "z"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestHeadline(t *testing.T) {
	t.Parallel()
	issue := map[string]any{"key": "AAP-7", "url": "https://jira.example.com/browse/AAP-7", "id": "1"}
	for _, test := range []struct {
		result map[string]any
		room   int
		want   string
	}{
		{issue, 80, "AAP-7  https://jira.example.com/browse/AAP-7"},
		{issue, 20, "AAP-7"},
		{issue, 4, "AAP…"},
		{map[string]any{"url": "https://example.com/a"}, 12, "https://exa…"},
		{map[string]any{"sha": "6eed4fee29032154ed77b411a6b42a2453258fc0"}, 40, "6eed4fee2903"},
		{map[string]any{"text": "two\nlines", "looked_at": 3}, 40, "looked at 3"},
		{map[string]any{"text": "\x1b]0;title\a"}, 40, "␛]0;title␇"},
		{map[string]any{"iid": 3}, 40, ""},
		{nil, 40, ""},
	} {
		if got := headline(test.result, test.room); got != test.want {
			t.Errorf("headline(%v, %d) = %q, want %q", test.result, test.room, got, test.want)
		}
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0s", 0: "0.0s", 340 * time.Millisecond: "0.3s", 59940 * time.Millisecond: "59.9s",
		59990 * time.Millisecond: "0m59s", 187 * time.Second: "3m07s", 125 * time.Minute: "2h05m", 80 * time.Hour: "80h00m",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}

// TestThinkingTakesNoTime leaves the time of a question out of the step that
// it held up, and shows above the frame what was finished before.
func TestThinkingTakesNoTime(t *testing.T) {
	t.Parallel()
	m, now := until(t, "release.jsonl", "jira", "effect", false)
	before := strings.Count(m.frame(100, 40, now), "✓")
	m.markPrinted()
	m.delay(time.Hour)
	after := m.frame(100, 40, now.Add(time.Hour))
	if before < 10 || strings.Contains(after, "✓") {
		t.Errorf("%d steps were done; the frame after the question still shows them:\n%s", before, after)
	}
	if !regexp.MustCompile(`Create Jira issue +\d\.\ds`).MatchString(after) {
		t.Errorf("the step took the time of the question:\n%s", after)
	}
}

func TestWipe(t *testing.T) {
	t.Parallel()
	frame := strings.Repeat("x", 25) + "\nab"
	if diff := cmp.Diff("\x1b[2K\x1b[A\x1b[2K\x1b[A\x1b[2K\x1b[A\x1b[2K\r\x1b[1B", wipe(frame, 10, false)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("\x1b[2K\r", wipe("ab", 10, false)); diff != "" {
		t.Error(diff)
	}
}
