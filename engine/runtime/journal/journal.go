// Package journal keeps the durable history of runs: what was about to be
// sent, what came back, and enough to continue after a kill at any point.
//
// A run is a folder (0700, files 0600):
//
//	journal.jsonl   one record a line; the truth
//	run.json        a cache for listings, written by rename; never trusted
//	inbox/          requests of others (cancel, approve); the writer turns them into records
//	blobs/          outputs above 256 KiB, by digest
//	workspaces/     the run's own files; thrown away and made again at will
//	programs/       a file for each program that was started, locked while it runs
//
// Beside the runs a site has locks/ (of concurrency groups), machine (the
// machine's id, for locks that machines share), removed/ (what [Store.Prune]
// is about to empty) and incoming/ (a run that [Store.Import] is about to put in
// place).
//
// # Records
//
// A line is a JSON object: the [Record], a checksum of the line, and the hash
// of the line before, so that a flipped bit, a missing line and an edited line
// are found. A torn end (a write cut short: the start of a line without its
// newline, or, after a power cut, sectors that read as zeros) is cut off and
// reported. A line with its newline that does not verify is damage and refused,
// also when it is the last one, and so is anything else behind the last record.
// The first record is [Header]. [Store.Verify] reads all of a folder.
//
// # Durability
//
// [Journal.Append] returns after write(2). Records whose loss would let an
// effect happen twice (header, intent, done of a write) are appended with
// sync, and are then on the disk when Append returns. After a failed write or
// sync the journal is poisoned: every later Append fails, so that nothing is
// sent that could not be recorded. No room is reserved for the records that end
// a write: when the disk is full only then, the outcome counts as unknown, and
// the process that continues looks for the effect first.
//
// # One writer
//
// A kernel lock (flock) on the folder's lock file, held by the writing
// process, dies with it. Readers need no lock and never write: [Store.After]
// follows a run, [Store.Ask] leaves the holder a request in its inbox.
//
// # One place
//
// A parked run moves to another machine as an archive: see archive.go for what
// that is, and move.go for why it never continues in two places that follow the
// rules, and always can in one.
package journal

import (
	"encoding/json"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/types"
)

// Kind names a record.
type Kind string

// The kinds of records.
const (
	Header   Kind = "header"   // first: what runs
	Intent   Kind = "intent"   // a write is about to be looked for and sent
	Event    Kind = "event"    // something a machine folds
	Parked   Kind = "parked"   // the run releases its process: Reason says for what
	Resumed  Kind = "resumed"  // a process took the run up again
	Approved Kind = "approved" // a person agreed to what Plan is the digest of
	Resolved Kind = "resolved" // a write of unknown outcome did not happen, or is what Ref names: a person said so, or it was looked for before an undo
	Undoing  Kind = "undoing"  // an effect is about to be reversed; with an Error: it surely was not
	Undone   Kind = "undone"   // it is reversed
	Finished Kind = "finished" // State says how it ended
	Exported Kind = "exported" // from here on the run continues where its archive is imported
	Imported Kind = "imported" // it continues here
)

// Record is one line of a journal. Fields of other kinds are empty.
type Record struct {
	Seq  int       `json:"seq"` // from 1
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`

	Run *RunHeader `json:"run,omitempty"` // of Header

	Path   string `json:"path,omitempty"` // of Intent, Event, Resolved, Undoing, Undone; of Approved: the node that asked, "" for the writes
	Step   string `json:"step,omitempty"`
	Effect string `json:"effect,omitempty"`
	// Identity is that of the called skills Path stands in; see [machine.Action].
	Identity []string `json:"identity,omitempty"`
	Key      string   `json:"key,omitempty"` // of a write
	// Service and Host are where a write goes, also of Undoing and Undone: the
	// service of skillrun.yaml, and its host or that of the repository. Journals of
	// earlier programs have neither.
	Service string          `json:"service,omitempty"`
	Host    string          `json:"host,omitempty"`
	Digest  string          `json:"digest,omitempty"` // of a write: the argument digest
	Input   json.RawMessage `json:"input,omitempty"`  // exactly what the step got; of Undoing: the call that takes it back, where the skill says one

	Event   *machine.Event `json:"event,omitempty"`   // of Event
	Outcome string         `json:"outcome,omitempty"` // of a write's Event: created, confirmed (it may have been sent, and was found), adopted, updated, resolved or unknown; unseen when nothing was sent, for want of a look; of an Intent: updated when it is to bring up to date what is there
	Ref     string         `json:"ref,omitempty"`     // of Resolved: what the person found, in the words of the step
	Blob    string         `json:"blob,omitempty"`    // digest of the event's output when it is kept in blobs/

	Reason string `json:"reason,omitempty"` // of Parked: confirm, approve, await, lock, unknown_outcome, repeat; of Resumed: restart, see Restart; of Resolved: what becomes of a write that is done; of Finished: a person's words
	State  string `json:"state,omitempty"`  // of Finished: done, failed, cancelled, rejected, refused, undone or partly_undone
	By     string `json:"by,omitempty"`     // of what a person did: the user
	// To are the keys that an archive is encrypted to, of Exported; none is plain.
	To []string `json:"to,omitempty"`
	// Reach is what the run is bound to from here on, where a person agreed to another; see
	// [RunHeader].
	Reach []string     `json:"reach,omitempty"`
	Plan  string       `json:"plan,omitempty"`  // of Approved and Parked: the digest of what was shown
	Error *types.Error `json:"error,omitempty"` // of Parked, Finished and Undoing; of Resolved: why it could not be looked for, so that a person's word stands alone
}

// Restart is the Reason of a Resumed record after which the run began again:
// nothing had been written, so its reads and checks were done again. Events
// before the last such record do not count.
const Restart = "restart"

// RunHeader says what runs. It is everything a machine needs beside the
// events, and everything a person needs to repeat the run.
type RunHeader struct {
	ID    string `json:"id"`
	Site  string `json:"site,omitempty"`
	User  string `json:"user,omitempty"` // who started it, by the word of the machine
	Work  string `json:"work"`           // the work part of every effect's key
	Skill string `json:"skill"`
	File  string `json:"file"` // where the skill was read from, as people see it
	// Origin is the kind of place that it was found in, and Path the file's path
	// from the root; journals of earlier programs have neither.
	Origin  string `json:"origin,omitempty"`
	Path    string `json:"path,omitempty"`
	Text    string `json:"text"`    // the skill itself
	Command string `json:"command"` // the repeatable command
	// Invocation is how the program is called so that it comes to the run's
	// site, such as "skillrun --sandbox"; "" is "skillrun".
	Invocation string `json:"invocation,omitempty"`
	// Reach is what the run may reach, a line for each thing: it continues only where
	// that is the same, or a person agreed to another. Journals of earlier programs
	// have none.
	Reach     []string        `json:"reach,omitempty"`
	StartedAt time.Time       `json:"started_at"`
	Zone      string          `json:"zone"`
	Versions  Versions        `json:"versions"`
	Digest    string          `json:"program_digest"`
	Program   json.RawMessage `json:"program"`
}

// Versions name the formats a journal was written in, so that a later program
// reads it rightly or refuses it.
type Versions struct {
	Journal  int    `json:"journal"`
	Language int    `json:"language"`
	Program  string `json:"skillrun"`
}

// Format is the version of the journal's format. Journals of earlier ones are
// read, and resumed; [Versions] keeps the one a run began with.
//
//	1  header, intent, event, parked, resumed, approved, finished (done, failed)
//	2  resolved, undoing, undone; finished also cancelled, rejected, undone; Plan
//	3  finished also refused, partly_undone; undoing with an Error; parked for repeat, and what is resolved of it
//	4  exported, imported
//	5  the program has the defaults of its steps
const Format = 5

// Journal is the history of one run, open for its one writer.
type Journal interface {
	// Append adds a record, setting its Seq; with sync it is on the disk when
	// Append returns. After an error every later Append fails.
	Append(r Record, sync bool) error
	// Records returns everything appended so far, oldest first, with blobs
	// read back.
	Records() []Record
	// Close releases the writer's lock.
	Close() error
}
