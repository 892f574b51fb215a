package gittest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/server"
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

func (s *Server) advertise(w http.ResponseWriter, r *http.Request, name string, sto storer.Storer, service string) {
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
		if err == nil {
			peel(sto, refs)
		}
	case "git-receive-pack":
		var session transport.ReceivePackSession
		if session, err = t.NewReceivePackSession(nil, nil); err == nil {
			refs, err = session.AdvertisedReferencesContext(r.Context())
		}
		if err == nil {
			err = refs.Capabilities.Set(capability.Sideband64k)
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
func (s *Server) uploadPack(w http.ResponseWriter, r *http.Request, name string, sto storer.Storer) {
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
	pack, err := s.pack(r.Context(), name, sto, req)
	if err != nil {
		pktline.NewEncoder(w).EncodeString("ERR " + err.Error() + "\n")
		return
	}
	w.Write(pack)
}

// pack is what is sent for wants and haves. It does not change, so a server in
// memory makes each once.
func (s *Server) pack(ctx context.Context, name string, sto storer.Storer, req *packp.UploadPackRequest) ([]byte, error) {
	asked := fmt.Sprint(name, req.Wants, req.Haves, req.Capabilities)
	s.mu.Lock()
	made := s.packs[asked]
	s.mu.Unlock()
	if made != nil {
		return made, nil
	}
	session, err := server.NewServer(one{sto}).NewUploadPackSession(nil, nil)
	if err != nil {
		return nil, err
	}
	resp, err := session.UploadPack(ctx, req)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := resp.Encode(&out); err != nil {
		return nil, err
	}
	if s.o.Memory {
		s.mu.Lock()
		s.packs[asked] = out.Bytes()
		s.mu.Unlock()
	}
	return out.Bytes(), nil
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

func (s *Server) receivePack(w http.ResponseWriter, r *http.Request, name string, sto storer.Storer) {
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
	banded := req.Capabilities.Supports(capability.Sideband64k)
	req.Capabilities.Delete(capability.Sideband64k) // which go-git's server does not know
	status, err := s.apply(r.Context(), name, sto, req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if status != nil {
		report(w, banded, status)
	}
}

// report sends a push's status, and before it, to clients that take it, what a
// hook printed.
func report(w io.Writer, banded bool, status *packp.ReportStatus) {
	var printed strings.Builder
	for _, c := range status.CommandStatuses {
		first, rest, _ := strings.Cut(c.Status, "\n")
		c.Status = first
		printed.WriteString(rest)
	}
	if !banded {
		status.Encode(w)
		return
	}
	var text bytes.Buffer
	status.Encode(&text)
	mux := sideband.NewMuxer(sideband.Sideband64k, w)
	if printed.Len() > 0 {
		mux.WriteChannel(sideband.ProgressMessage, []byte(printed.String()+"\n"))
	}
	mux.Write(text.Bytes())
	pktline.NewEncoder(w).Flush()
}

// apply carries a push out, or refuses it.
func (s *Server) apply(ctx context.Context, name string, sto storer.Storer, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	if refusal := s.refusal(name, sto, req); refusal != nil {
		return refusal, nil
	}
	if !onlyDeletes(req) {
		if refusal, err := take(sto, req); refusal != nil || err != nil {
			return refusal, err
		}
	}
	req.Packfile = nil // it is taken, or there is none
	session, err := server.NewServer(one{sto}).NewReceivePackSession(nil, nil)
	if err != nil {
		return nil, err
	}
	status, err := session.ReceivePack(ctx, req)
	if status == nil {
		return nil, err
	}
	if s.o.Changed != nil {
		s.o.Changed()
	}
	return status, nil
}

func onlyDeletes(req *packp.ReferenceUpdateRequest) bool {
	return !slices.ContainsFunc(req.Commands, func(c *packp.Command) bool { return c.Action() != packp.Delete })
}

// refusal says no to a push whose old value is not the reference's, and to one
// that the hook refuses.
func (s *Server) refusal(name string, sto storer.ReferenceStorer, req *packp.ReferenceUpdateRequest) *packp.ReportStatus {
	return statuses(req, "ok", func(c *packp.Command) string {
		if current(sto, c.Name) != c.Old {
			return "stale info"
		}
		if s.o.RefusePush == nil {
			return ""
		}
		return s.o.RefusePush(name, c.Name.String(), c.Old.String(), c.New.String())
	})
}

// statuses asks of each command why it is refused, and returns the report of a
// refused push; nil when there is nothing to refuse. All is done, or nothing.
func statuses(req *packp.ReferenceUpdateRequest, unpack string, why func(*packp.Command) string) *packp.ReportStatus {
	out := packp.NewReportStatus()
	out.UnpackStatus = strings.ReplaceAll(unpack, "\n", " ")
	refused := false
	for _, c := range req.Commands {
		status := &packp.CommandStatus{ReferenceName: c.Name, Status: "refused with the others"}
		if text := why(c); text != "" {
			status.Status, refused = text, true
		}
		out.CommandStatuses = append(out.CommandStatuses, status)
	}
	if !refused {
		return nil
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
