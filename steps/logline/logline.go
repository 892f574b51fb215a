// Package logline holds the one step that says something to whoever watches
// the run: a notice while it runs, and a line of its journal.
package logline

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Steps returns the family. log counts as a read: nothing changes by it, and a
// run that is taken up again does not say it twice, as a local step would that
// is repeated to make the workspace again.
func Steps() []step.Step {
	return []step.Step{
		step.Checked(step.Read("log", "Print a message, and record it in the journal.", say).
			Reaches(step.Nowhere).Touches("", "message", "show"), Line.check),
	}
}

// Line is what log takes and gives.
type Line struct {
	Level   string                     `json:"level,omitempty" default:"info" enum:"debug,info,warning,error" doc:"The log level. It has no effect on the run: use fail or assert to stop it."`
	Message string                     `json:"message" doc:"The message, of one line or more."`
	Fields  map[string]json.RawMessage `json:"fields,omitempty" doc:"Values to show with it, by name."`
}

func (in Line) check(unknown step.UnknownPaths) error {
	if !unknown.Has("message") && strings.TrimSpace(in.Message) == "" {
		return types.Errorf(types.BadInput, "the message is empty").WithHint("give it a text, or skip the step with if")
	}
	return nil
}

func say(ctx context.Context, in Line) (Line, error) {
	if tell := step.CallOf(ctx).Tell; tell != nil {
		tell(text(in))
	}
	return in, nil
}

// text is the line as it is shown: the level unless it is the usual one, the
// message, and the fields by name.
func text(in Line) string {
	var b strings.Builder
	if in.Level != "info" && in.Level != "" {
		b.WriteString(in.Level + ": ")
	}
	b.WriteString(in.Message)
	for _, name := range types.SortedKeys(in.Fields) {
		b.WriteString(" " + name + "=" + string(in.Fields[name]))
	}
	return b.String()
}
