package journal

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// RequestKind names what is asked of a run.
type RequestKind string

// The kinds of requests.
const (
	Approve RequestKind = "approve" // agree to what Plan is the digest of
	Reject  RequestKind = "reject"  // say no to it
	Cancel  RequestKind = "cancel"  // end the run
)

// Request is what someone who does not hold a run asks of the one who does. It
// is a file in the run's inbox, written by rename, and it stays there until
// the holder has made a record of it.
type Request struct {
	Kind   RequestKind `json:"kind"`
	By     string      `json:"by"`
	At     time.Time   `json:"at"`
	Plan   string      `json:"plan,omitempty"`   // of Approve and Reject: the digest of what was shown
	Path   string      `json:"path,omitempty"`   // of Approve and Reject: the node that asked, "" for the writes
	Reason string      `json:"reason,omitempty"` // a person's words

	name string // of the file
}

const (
	requestEnd   = ".json"
	requestTime  = "20060102T150405.000000000Z"
	requestLimit = 64 << 10 // bytes
)

// Ask leaves a request in the inbox of a run. It needs no lock.
func (s *Store) Ask(id string, r Request) error {
	dir, err := s.find(id)
	if err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	text, err := encode(r)
	if err != nil {
		return unfit(err)
	}
	if len(text) > requestLimit {
		return types.Errorf(types.BadInput, "the request takes %d bytes, more than %d", len(text), requestLimit).
			WithHint("give a shorter reason")
	}
	inbox := filepath.Join(dir, inboxName)
	if err := checkDir(inbox); err != nil {
		return err
	}
	name := r.At.UTC().Format(requestTime) + "-" + strings.ToLower(rand.Text()) + requestEnd
	if err := s.fs.replace(filepath.Join(inbox, name), append(text, '\n'), true); err != nil {
		return disk("leave the request", err)
	}
	return nil
}

func (r Request) check() error {
	switch {
	case !slices.Contains([]RequestKind{Approve, Reject, Cancel}, r.Kind):
		return types.Errorf(types.BadInput, "there is no request to %q", r.Kind).
			WithHint("ask to approve, reject or cancel")
	case r.At.IsZero():
		return types.Errorf(types.BadInput, "a request without a time").WithHint("say when it was made")
	}
	return nil
}

// Requests returns what is asked of the run, oldest first. The error tells of
// files that are left out because they are no requests, or because others could
// have written them; the requests beside it are good. A file is told of once.
func (f *File) Requests() ([]Request, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found, bad, err := f.fs.requests(f.Inbox())
	if err != nil {
		return nil, err
	}
	var news []error
	for name, why := range bad {
		if !f.told[name] {
			news = append(news, why)
		}
	}
	f.told = map[string]bool{}
	for name := range bad {
		f.told[name] = true
	}
	return found, errors.Join(news...)
}

// Requests returns what is asked of a run and has not been answered. It needs
// no lock, and leaves out what is no request.
func (s *Store) Requests(id string) ([]Request, error) {
	dir, err := s.find(id)
	if err != nil {
		return nil, err
	}
	found, _, err := s.fs.requests(filepath.Join(dir, inboxName))
	return found, err
}

// Answered takes a request that [File.Requests] returned out of the inbox. The
// holder does so after what became of it is in the journal: a kill in between
// shows the request again, and never loses it.
func (f *File) Answered(r Request) error {
	if r.name == "" || r.name != filepath.Base(r.name) {
		return types.Errorf(types.Internal, "the request is not of an inbox")
	}
	if err := f.fs.Remove(f.path(inboxName, r.name)); err != nil {
		return disk("remove the request from the inbox", err)
	}
	return nil
}

// requests reads an inbox: what is good, and why the rest is not.
func (o Options) requests(inbox string) (found []Request, bad map[string]error, err error) {
	if err := checkDir(inbox); err != nil {
		return nil, nil, err
	}
	entries, err := os.ReadDir(inbox) // sorted by name, so by time
	if err != nil {
		return nil, nil, disk("read the inbox", err)
	}
	bad = map[string]error{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), tmpEnd) {
			continue // someone is at it, or was killed while he was
		}
		r, err := o.request(filepath.Join(inbox, e.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			bad[e.Name()] = err
		default:
			found = append(found, r)
		}
	}
	return found, bad, nil
}

func (o Options) request(path string) (r Request, err error) {
	text, err := o.readUpTo(path, requestLimit+1)
	if errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if err != nil {
		return r, disk("read a request", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // what is asked for is understood in full, or not done
	err = d.Decode(&r)
	if err == nil && len(bytes.TrimSpace(text[d.InputOffset():])) > 0 {
		err = errTorn
	}
	if err == nil {
		err = r.check()
	}
	if err != nil || !strings.HasSuffix(path, requestEnd) {
		return r, types.Errorf(types.BadInput, "%s is not a request", path).WithHint("remove it")
	}
	r.name = filepath.Base(path)
	return r, nil
}
