package jira

import (
	"encoding/json"
	"slices"

	"github.com/skillrun/skillrun/engine/step"
)

// A piece of work may move one issue more than once. The mark of one transition
// says that it happened; that the issue is elsewhere now because the same work
// moved it on, and no one else, only the last of these transitions can say. It
// leaves a second property, one for the work, which each of them writes over.

// movedBy is the property that a transition leaves on the issue.
func movedBy(key step.Key) string { return "skillrun.moved." + key.String() }

// movedLast is the property of the last transition of a piece of work.
func movedLast(key step.Key) string { return "skillrun.moves." + key.Work }

// lastMove is where a piece of work moved an issue last.
type lastMove struct {
	To   string   `json:"to"`   // the id of the status
	Past []string `json:"past"` // the keys of the transitions of that work before it
}

// maxPast keeps a mark within the 32 KB that a property holds.
const maxPast = 200

// lastMoveOf is what a transition to a status leaves for its work. What the run
// found done counts as what it did.
func lastMoveOf(call step.Call, issue, to string) lastMove {
	m := lastMove{To: to, Past: []string{}}
	if call.Results == nil {
		return m
	}
	for _, r := range call.Results("jira_transition") {
		if r.Out["issue"] == any(issue) && r.Key != call.Key.String() {
			m.Past = append(m.Past, r.Key)
		}
	}
	m.Past = m.Past[max(0, len(m.Past)-maxPast):]
	return m
}

// movedOn reports whether a later transition of the same work put the issue there.
func (i issue) movedOn(key step.Key) bool {
	var m lastMove
	return json.Unmarshal(i.Properties[movedLast(key)], &m) == nil && m.To != "" &&
		m.To == i.Fields.Status.ID && slices.Contains(m.Past, key.String())
}
