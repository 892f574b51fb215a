package gittest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/server"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// one is a loader of the one repository a request is about.
type one struct{ sto storer.Storer }

// Load returns it.
func (o one) Load(*transport.Endpoint) (storer.Storer, error) { return o.sto, nil }

// body returns the request's body, unzipped, as git clients may zip it.
func body(r *http.Request) (io.ReadCloser, error) {
	if r.Header.Get("Content-Encoding") == "gzip" {
		return gzip.NewReader(r.Body)
	}
	return r.Body, nil
}

func (s *Server) advertise(w http.ResponseWriter, r *http.Request, name string, sto *filesystem.Storage, service string) {
	l := s.lock(name)
	l.RLock()
	defer l.RUnlock()
	var refs *packp.AdvRefs
	var err error
	t := server.NewServer(one{sto})
	switch service {
	case "git-upload-pack":
		var session transport.UploadPackSession
		if session, err = t.NewUploadPackSession(nil, nil); err == nil {
			refs, err = session.AdvertisedReferencesContext(r.Context())
		}
	case "git-receive-pack":
		var session transport.ReceivePackSession
		if session, err = t.NewReceivePackSession(nil, nil); err == nil {
			refs, err = session.AdvertisedReferencesContext(r.Context())
		}
	default:
		http.Error(w, "only smart HTTP is served", http.StatusForbidden)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	w.Header().Set("Cache-Control", "no-cache")
	refs.Prefix = [][]byte{[]byte("# service=" + service), pktline.Flush}
	refs.Encode(w) // a client that went away is not our error
}

// uploadPack answers one round of a fetch. Clients that negotiate in several
// rounds are told NAK until they say done, or have asked for nothing in
// common.
func (s *Server) uploadPack(w http.ResponseWriter, r *http.Request, name string, sto *filesystem.Storage) {
	l := s.lock(name)
	l.RLock()
	defer l.RUnlock()
	in, err := body(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	req, done, err := readRequest(in, sto)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
	if !done {
		pktline.NewEncoder(w).EncodeString("NAK\n")
		return
	}
	session, err := server.NewServer(one{sto}).NewUploadPackSession(nil, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	resp, err := session.UploadPack(r.Context(), req)
	if err != nil {
		pktline.NewEncoder(w).EncodeString("ERR " + err.Error() + "\n")
		return
	}
	resp.Encode(w)
}

// readRequest reads wants, and the haves that go-git's own decoder leaves in
// the stream. Haves that this repository does not know are dropped.
func readRequest(in io.Reader, sto storer.EncodedObjectStorer) (req *packp.UploadPackRequest, done bool, err error) {
	all, err := io.ReadAll(io.LimitReader(in, 16<<20))
	if err != nil {
		return nil, false, err
	}
	wants, rest := split(all)
	req = packp.NewUploadPackRequest()
	if err := req.UploadRequest.Decode(bytes.NewReader(wants)); err != nil {
		return nil, false, err
	}
	scan := pktline.NewScanner(bytes.NewReader(rest))
	for scan.Scan() {
		line := strings.TrimSpace(string(scan.Bytes()))
		if sha, ok := strings.CutPrefix(line, "have "); ok {
			if h := plumbing.NewHash(sha); sto.HasEncodedObject(h) == nil {
				req.Haves = append(req.Haves, h)
			}
		}
		done = done || line == "done"
	}
	return req, done, scan.Err()
}

// split cuts a request after the flush that ends the wants.
func split(all []byte) (wants, rest []byte) {
	for i := 0; i+4 <= len(all); {
		var n int
		if _, err := fmt.Sscanf(string(all[i:i+4]), "%04x", &n); err != nil {
			return all, nil
		}
		if n == 0 {
			return all[:i+4], all[i+4:]
		}
		i += max(n, 4)
	}
	return all, nil
}

func (s *Server) receivePack(w http.ResponseWriter, r *http.Request, name string, sto *filesystem.Storage) {
	l := s.lock(name)
	l.Lock()
	defer l.Unlock()
	in, err := body(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-git-receive-pack-result")
	buffered := bufio.NewReader(in)
	if probe, err := buffered.Peek(4); err == nil && string(probe) == "0000" {
		return // git's probe before a large push
	}
	req := packp.NewReferenceUpdateRequest()
	if err := req.Decode(io.NopCloser(buffered)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if refusal := s.refusal(name, sto, req); refusal != nil {
		refusal.Encode(w)
		return
	}
	if onlyDeletes(req) {
		req.Packfile = nil // there is none, and go-git would read one
	}
	session, err := server.NewServer(one{sto}).NewReceivePackSession(nil, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	status, err := session.ReceivePack(r.Context(), req)
	if status == nil {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	if s.o.Changed != nil {
		s.o.Changed()
	}
	status.Encode(w)
}

func onlyDeletes(req *packp.ReferenceUpdateRequest) bool {
	return !slices.ContainsFunc(req.Commands, func(c *packp.Command) bool { return c.Action() != packp.Delete })
}

// refusal says no to a push whose old value is not the reference's, and to one
// that the hook refuses.
func (s *Server) refusal(name string, sto storer.ReferenceStorer, req *packp.ReferenceUpdateRequest) *packp.ReportStatus {
	out := packp.NewReportStatus()
	out.UnpackStatus = "ok"
	refused := false
	for _, c := range req.Commands {
		why := ""
		if current(sto, c.Name) != c.Old {
			why = "stale info"
		} else if s.o.RefusePush != nil {
			why = s.o.RefusePush(name, c.Name.String(), c.Old.String(), c.New.String())
		}
		if why != "" {
			refused = true
		} else {
			why = "ok"
		}
		out.CommandStatuses = append(out.CommandStatuses, &packp.CommandStatus{ReferenceName: c.Name, Status: strings.ReplaceAll(why, "\n", " ")})
	}
	if !refused {
		return nil
	}
	for _, c := range out.CommandStatuses {
		if c.Status == "ok" {
			c.Status = "refused with the others"
		}
	}
	return out
}

// current is a reference's value, zero when there is none.
func current(sto storer.ReferenceStorer, name plumbing.ReferenceName) plumbing.Hash {
	ref, err := sto.Reference(name)
	if err != nil {
		return plumbing.ZeroHash
	}
	return ref.Hash()
}
