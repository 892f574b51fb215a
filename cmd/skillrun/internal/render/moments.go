package render

import (
	"fmt"
	"io"
	"time"

	"github.com/skillrun/skillrun/engine"
)

// printMoments prints what happened to a run as a whole, a line each.
func printMoments(w io.Writer, history []engine.Moment) {
	for _, m := range history {
		what := m.What
		switch {
		case m.What == "parked":
			what = StateOf("parked", m.Reason)
		case m.What == "restarted":
			what = "restarted: nothing had been written"
		}
		if m.Path != "" && m.What != "parked" {
			what += " " + m.Path
		}
		if m.By != "" {
			what += " by " + m.By
			if m.What == "approved" || m.What == "rejected" {
				what += " " + knownBy(m.Known)
			}
		}
		if m.Plan != "" && m.What == "approved" {
			what += ": " + map[bool]string{true: "plan ", false: "commit "}[m.Known == engine.KnownByMachine] + m.Plan
		}
		if m.Reason != "" && m.What != "parked" && m.What != "restarted" {
			what += " (" + firstLine(m.Reason) + ")"
		}
		if m.Error != nil {
			what += ": " + firstLine(m.Error.Message)
		}
		fmt.Fprintf(w, "  %s\t%s\n", m.At.Local().Format(time.DateTime), Flat(what))
	}
}

// knownBy says on whose word it is known who someone is.
func knownBy(known string) string {
	if known == engine.KnownByMachine {
		return "(user of this machine)"
	}
	return "(user of " + known + ")"
}
