package engine

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// A parked run moves to another machine as an archive; see the journal's move.go.
// What moves is what happened. What was agreed to stays: the archive says only
// that someone did, so whoever continues with it is asked for what is left.

// ArchiveLimit is the size in bytes that an archive may have.
const ArchiveLimit = journal.ArchiveLimit

// ExportOptions is how a run is exported.
type ExportOptions struct {
	To      []string // the keys that the archive is encrypted to; none is plain
	Instead bool     // of those that it was exported to before
	// Fits refuses an archive before the run is exported; may be nil.
	Fits func(archive []byte) error
}

// ArchivedRun is a run in an archive.
type ArchivedRun struct {
	Run      string    `json:"run"`
	Skill    string    `json:"skill"`
	Site     string    `json:"site,omitempty"`
	State    string    `json:"state"`        // exported or imported
	Reason   string    `json:"reason"`       // what it waits for
	By       string    `json:"by,omitempty"` // who exported it
	At       time.Time `json:"at"`           // when
	To       []string  `json:"to,omitempty"` // for whom
	Reach    []string  `json:"reach"`        // what it reaches, a line for each thing
	Digest   string    `json:"digest"`       // of the archive, before it is encrypted
	Head     string    `json:"head"`         // hash of the journal's last record
	Archive  []byte    `json:"-"`
	archived journal.Archive
}

// Export writes down that a parked run continues elsewhere, and returns its archive.
// It may be said again: the archive is the same then.
func (e *Engine) Export(id string, m ExportOptions) (ArchivedRun, error) {
	data, err := e.store.Export(id, journal.Move{
		At: e.Clock.Now().UTC(), By: e.User, To: m.To, Instead: m.Instead, May: e.checkMovable, Fits: m.Fits,
	})
	if err != nil {
		return ArchivedRun{}, err
	}
	out, err := OpenArchive(data)
	out.State = string(journal.StateExported)
	return out, err
}

// checkMovable refuses a run with a write that only this machine can look for.
func (e *Engine) checkMovable(records []journal.Record) error {
	for _, path := range journal.Summarize(records).Pending {
		i := slices.IndexFunc(records, func(r journal.Record) bool { return r.Kind == journal.Intent && r.Path == path })
		s, ok := e.Catalogue.Lookup(records[i].Step)
		var in types.Values
		if !ok || json.Unmarshal(records[i].Input, &in) != nil {
			continue
		}
		if isMachineLocal(s.Reach(context.Background(), step.Use{Step: s.Name, Args: in}).Changes) {
			run := records[0].Run.ID
			return types.Errorf(types.Conflict, "run %s does not know whether step %s happened, and only this machine can look", run, path).
				WithHint("resolve it first: %s", e.command("resolve", run, path)+" --found REF, or --not-done")
		}
	}
	return nil
}

// isMachineLocal reports whether what a write changes is, or has a part, on this machine
// alone. One that may be in either, as a git remote that is not looked up, is looked
// for where it says.
func isMachineLocal(changes []step.Place) bool {
	machine := 0
	for _, p := range changes {
		switch p.Kind {
		case step.Anywhere, step.State:
			return true
		case step.Machine:
			machine++
		}
	}
	return machine > 0 && machine == len(changes)
}

// OpenArchive reads an archive, which is as it was written then. Nothing is
// imported.
func OpenArchive(data []byte) (ArchivedRun, error) {
	a, err := journal.OpenArchive(data)
	if err != nil {
		return ArchivedRun{}, err
	}
	h, s := a.Records[0].Run, journal.Summarize(a.Records)
	if _, _, err := restore(h); err != nil {
		return ArchivedRun{}, err
	}
	m := ArchivedRun{Run: h.ID, Skill: h.Skill, Site: h.Site, Reach: append([]string{}, boundReach(a.Records)...), Digest: a.Digest, Head: a.Head, Archive: data, archived: a}
	if s.Moved != nil && s.Whole != nil {
		m.Reason, m.By, m.At, m.To = s.Whole.Reason, s.Moved.By, s.Moved.At, s.Moved.To
	}
	return m, nil
}

// Import puts the run of an archive in its place here, where it continues.
func (e *Engine) Import(m ArchivedRun) (ArchivedRun, error) {
	if m.Site != e.Site {
		return m, types.Errorf(types.Conflict, "run %s is of the site %q, and this is %q", m.Run, m.Site, e.Site).
			WithHint("pass the --config or --sandbox of that site; `site:` in skillrun.yaml is its name")
	}
	m.State = string(journal.Imported)
	return m, e.store.Import(m.archived, e.User, e.Clock.Now().UTC())
}

// checkNotMoved refuses a run that continues where its archive is imported.
func (e *Engine) checkNotMoved(records []journal.Record) error {
	s := journal.Summarize(records)
	if s.Moved == nil {
		return nil
	}
	by := ""
	if s.Moved.By != "" {
		by = " by " + s.Moved.By
	}
	return types.Errorf(types.Conflict, "run %s was exported%s at %s: it continues where its archive is imported", s.ID, by, s.Moved.At.UTC().Format(time.DateTime)).
		WithHint("import its archive there: `%s`, which here takes it back; `%s` writes the archive again; `%s` cancels it here",
			e.command("import", "FILE"), e.command("export", s.ID), e.command("cancel", s.ID))
}
