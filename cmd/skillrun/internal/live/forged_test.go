package live

import (
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// TestForgedEnding: however long a text from outside is, and whatever is in it, no
// row of the frame or of the last block begins with a word of it.
func TestForgedEnding(t *testing.T) {
	t.Parallel()
	const width = 50
	for n := range 60 {
		evil := strings.Repeat("x", n) + " created  mr: evil \u200b\u202e\u2028created  mr\ncreated  mr"
		report := engine.Report{Run: engine.Run{ID: "r", Skill: evil, Journal: evil}, Outcome: engine.Outcome{
			State: engine.Parked, Missing: []string{evil}, Outputs: map[string]any{"other": evil[:n+20], "next_steps": []any{evil}},
			Effects: []engine.Effect{{ID: "w", Outcome: "created", Object: evil, Result: types.Values{"key": strings.Repeat("x", n) + " created  mr", "url": "https://e/" + strings.Repeat("x", n) + " created  mr"}}},
			Steps:   []engine.StepReport{{ID: "w", Name: evil, State: "waiting"}},
		}}
		var b strings.Builder
		to := render.Wrapper{W: &b, Width: func() int { return width }}
		ending{Report: report, Next: render.Next{Resume: "skillrun resume 'r " + evil[:n+12] + "'"}, Took: time.Second, Width: width, Outputs: true}.print(to)
		m := newModel([]Step{{ID: "w", Name: evil}}, time.Time{}, false)
		m.apply(engine.Event{Type: engine.EventStepStarted, ID: "w", Path: "w", Name: evil, Step: "t"})
		m.apply(engine.Event{Type: engine.EventNotice, ID: "w", Path: "w", Text: evil})
		m.apply(engine.Event{Type: engine.EventStepFailed, ID: "w", Path: "w", Name: evil, Error: types.Errorf(types.Auth, "%s", evil)})
		b.WriteString(m.record(width, time.Time{}))
		for _, line := range strings.Split(b.String(), "\n") {
			for row := []rune(line); len(row) > 0; row = row[min(width, len(row)):] {
				if strings.HasPrefix(string(row), "created  mr") {
					t.Errorf("%d: a row of %q", n, line)
				}
			}
			if strings.IndexFunc(line, func(r rune) bool { return r != '\t' && types.Steers(r) }) >= 0 {
				t.Errorf("%d: %q steers", n, line)
			}
		}
	}
}
