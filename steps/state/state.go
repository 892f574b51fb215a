// Package state holds the steps that remember values from one run to the next:
// the last version released, how often something failed, the issues that were
// reported already.
//
// A value has a name and lives in a file of its own in the state folder of the
// site, so that all runs of one site on one machine share it. It is any JSON.
// A file is changed under a lock, written beside itself, flushed and renamed:
// a kill leaves the old value or the new one.
//
// A write happens once. Beside the value stand the keys of the last writes, put
// there by the same rename: whether a write is done is read from the very file
// that it changed, so that an increment that was killed is not repeated. An undo
// takes the key with it, so that the same work can write again.
package state

import (
	"context"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/step"
)

// readReach says what a read sees: the value of its name.
func readReach(_ context.Context, u step.Use) step.Reach {
	return step.Reach{Sees: u.Places(step.State, "name")}
}

// writeReach says what a write sees and changes: the same.
func writeReach(ctx context.Context, u step.Use) step.Reach {
	r := readReach(ctx, u)
	r.Changes = r.Sees
	return r
}

type getIn struct {
	Name    string          `json:"name" pattern:"^[a-z][a-z0-9_.-]{0,63}$" doc:"The name of the value."`
	Default json.RawMessage `json:"default,omitempty" doc:"The result if there is no value of that name."`
}

type getOut struct {
	Name  string          `json:"name" doc:"The name, as given."`
	Found bool            `json:"found" doc:"Whether there is a value of that name."`
	Value json.RawMessage `json:"value,omitempty" doc:"The value, or the default; absent without either."`
	// Digest is there always: an argument that may be absent would be left out.
	Digest string `json:"digest" doc:"The digest of the stored value, sha256:…, or absent, as state_set takes it."`
}

type setIn struct {
	Name  string          `json:"name" pattern:"^[a-z][a-z0-9_.-]{0,63}$" doc:"The name of the value."`
	Value json.RawMessage `json:"value" doc:"The value to store, up to 1 MiB as JSON; null deletes it."`
	// What was there before does not tell one effect from another: Expect is cosmetic.
	Expect *string `json:"expect" cosmetic:"true" pattern:"^(absent|sha256:[0-9a-f]{64})$" doc:"What must be stored before: absent, or the digest that state_get gave; otherwise the step fails with conflict. Without it, any value is replaced."`
}

func (in setIn) out() setOut { return setOut{in.Name, in.Value} }

type setOut struct {
	Name  string          `json:"name" doc:"The name, as given."`
	Value json.RawMessage `json:"value" doc:"The value that was set."`
}

type appendIn struct {
	Name string          `json:"name" pattern:"^[a-z][a-z0-9_.-]{0,63}$" doc:"The name of the list; it is created if it does not exist."`
	Item json.RawMessage `json:"item" doc:"What to add at the end."`
	Keep int             `json:"keep,omitempty" default:"1000" minimum:"1" maximum:"10000" doc:"How many items the list has at most; the oldest are removed."`
}

type appendOut struct {
	Name  string `json:"name" doc:"The name, as given."`
	Count int    `json:"count" doc:"How many items the list has, with the new one."`
}

type incrementIn struct {
	Name string `json:"name" pattern:"^[a-z][a-z0-9_.-]{0,63}$" doc:"The name of the integer; it starts at 0."`
	By   int    `json:"by,omitempty" default:"1" doc:"How much to add; may be negative."`
}

type incrementOut struct {
	Name  string `json:"name" doc:"The name, as given."`
	Value int    `json:"value" doc:"The new integer."`
}
